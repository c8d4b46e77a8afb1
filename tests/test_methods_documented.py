"""The table of docs/methods.md has a row for every method, with what the method itself says."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from inpaintbench.methods.base import Method
from inpaintbench.plugins import registry
from inpaintbench.plugins.specification import parameter_types

DOCUMENT = (Path(__file__).parent.parent / "docs" / "methods.md").read_text(encoding="utf-8")
ROWS = {
    row.split("|")[1].strip(" `"): row
    for row in DOCUMENT.splitlines()
    if row.startswith("| `") and row.count("|") == 7
}
ELSEWHERE = {"learned": "[learned](learned.md)", "other": "[adapters](adapters.md)"}
EXACT = ("exact-mean", "exact-sample")
ADAPTERS = ("diffusers", "iopaint", "lama", "migan", "onnx", "pypatchmatch", "torchscript")


def documented_row(cls: type[Method]) -> str:
    """Write a method's row: name, family, parameters, images taken, deterministic, paper."""
    cells = (
        f"`{cls.name}`",
        cls.family,
        ", ".join(_parameters(cls)),
        _images(cls),
        "yes" if cls.deterministic else "no",
        cls.paper,
    )
    return f"| {' | '.join(cells)} |"


def _parameters(cls: type[Method]) -> Iterator[str]:
    signature = inspect.signature(cls)
    for name in parameter_types(cls):
        default = signature.parameters[name].default
        if isinstance(default, str) and not default:
            yield f"`{name}`"
        elif isinstance(default, bool) or default is None:
            yield f"`{name}={str(default).lower()}`"
        else:
            yield f"`{name}={default}`"


def _images(cls: type[Method]) -> str:
    """Name the images taken, or where to read about it."""
    if cls.name in EXACT:
        return "[known-posterior](draws.md)"
    if cls.family in ELSEWHERE or cls.name in ADAPTERS:
        return ELSEWHERE["other" if cls.name in ADAPTERS else cls.family]
    method = cls()

    def takes(channels: int, dtype: type) -> bool:
        return method.skip((256, 256, channels), np.dtype(dtype)) is None

    depths = {
        (True, True): "8, 16",
        (True, False): "8",
        (False, True): "16",
    }
    grey = depths[takes(1, np.uint8), takes(1, np.uint16)]
    colour = depths[takes(3, np.uint8), takes(3, np.uint16)]
    bits = f"{grey} bits" if grey == colour else f"grey {grey} bits, colour {colour}"
    smallest = next(
        side for side in range(1, 257) if not method.skip((side, side, 1), np.dtype(np.uint8))
    )
    return bits if smallest == 1 else f"{bits}; from {smallest}²"


@pytest.mark.parametrize("name", registry.methods().plugins)
def test_method_has_its_row(name: str) -> None:
    assert ROWS.get(name) == documented_row(registry.methods().plugins[name])


def test_no_row_without_a_method() -> None:
    assert set(ROWS) == set(registry.methods().plugins)
