"""Every method keeps the contract, and every check of the contract is seen to fail."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from inpaintbench.audit.contract import (
    CHECKS,
    NotApplicable,
    Outcome,
    Subject,
    run_contract,
)
from inpaintbench.audit.scenes import holes, picture
from inpaintbench.plugins import registry

SLOW_METHODS = ("fsr-best",)

# Families whose methods may need weights or programs from outside the package, and a method that
# needs another package; they say through skip() what isn't there.
NEED_SOMETHING = ("learned", "other")
NEEDS_A_PACKAGE = "pypatchmatch"


def _methods() -> list[object]:
    catalogue = registry.methods().plugins
    slow = [name for name, cls in catalogue.items() if cls.family == "learned"]
    return [
        pytest.param(name, marks=[pytest.mark.slow] if name in (*slow, *SLOW_METHODS) else [])
        for name in catalogue
    ]


@pytest.mark.parametrize("name", _methods())
def test_method_keeps_the_contract(name: str) -> None:
    outcomes = list(run_contract(name))
    assert [outcome.check for outcome in outcomes] == list(CHECKS)
    accepts = next(outcome for outcome in outcomes if outcome.check == "accepts")
    family = registry.methods().plugins[name].family
    if accepts.verdict == "failed" and (family in NEED_SOMETHING or name == NEEDS_A_PACKAGE):
        pytest.skip(accepts.reason)
    assert [outcome for outcome in outcomes if outcome.verdict == "failed"] == []


FILE = """
import ctypes, time
from dataclasses import dataclass, field
import numpy as np
from inpaintbench.methods.base import Method

calls = []

@dataclass(frozen=True)
class Example(Method):
    # Fills with the mean of the known pixels, but for what a test puts in.
    level: int = 100
    {more}

    def inpaint(self, image, mask{prompt}):
        known = ~mask
        colour = image[known].mean(axis=0) if known.any() else self.level
        result = image.copy()
        {instead}
        result[mask] = colour
        return result
"""

# For each check, a method that breaks it and a word of the reason.
BAD: dict[str, tuple[dict[str, str], str]] = {
    "parameters": ({"more": "sizes: list = field(default_factory=list)"}, "'sizes' is a"),
    "accepts": ({"more": "def skip(self, shape, dtype): return 'not today'"}, "not today"),
    "setup twice": (
        {"more": "def setup(self, device, seed): calls.append(1); assert len(calls) < 2, 'twice'"},
        "twice",
    ),
    "fills the hole": ({"instead": "return result"}, "True is the hole"),
    "colour": ({"instead": "result = image[..., :1].copy(); colour = 9"}, "wanted (32, 32, 3)"),
    "grey": ({"instead": "result = image.repeat(2, 2)[..., :3]; colour = 9"}, "wanted (32, 32, 1)"),
    "8 bits": ({"instead": "result = result.astype('uint16')"}, "returned uint16, wanted uint8"),
    "16 bits": ({"instead": "result = result.astype('uint8')"}, "returned uint8, wanted uint16"),
    "odd sizes": ({"instead": "assert len(mask) % 2 == 0, 'odd'"}, "odd"),
    "small images": ({"instead": "assert len(mask) > 32, 'small'"}, "small"),
    "hole at the border": ({"instead": "assert not mask[0].any(), 'border'"}, "border"),
    "several holes": ({"instead": "assert mask[-1, -1] == mask[0, 0], 'several'"}, "several"),
    "full-image hole": (
        {"instead": "result, colour = image * 1.0, colour if known.any() else np.nan"},
        "NaN or infinite",
    ),
    "empty hole": ({"instead": "mask.nonzero()[0].min()"}, "zero-size"),
    "input unmodified": ({"instead": "result = image"}, "modifies the image"),
    "deterministic": (
        {"instead": "calls.append(1); colour = len(calls)"},
        "set deterministic = False",
    ),
    "no leak": ({"instead": "colour = image.mean(axis=(0, 1))"}, "change with what lies in"),
    "declarations": ({"more": "prompts = 'optional'"}, "takes no third argument"),
    "object": (
        {"more": "sees = 'input'", "instead": "assert not image[mask].any(), 'not empty'"},
        "not empty",
    ),
    "prompt": (
        {"more": "prompts = 'required'", "prompt": ", prompt", "instead": "prompt.encode('ascii')"},
        "'ascii' codec",
    ),
}

# For checks that have nothing to test on most methods, what one has that passes.
GOOD = {
    "object": {"more": "sees = 'input'"},
    "prompt": {"more": "prompts = 'optional'", "prompt": ", prompt=''"},
}


def _example(directory: Path, more: str = "", instead: str = "pass", prompt: str = "") -> str:
    path = directory / "example.py"
    path.write_text(FILE.format(more=more, instead=instead, prompt=prompt))
    return f"{path}[level=7]"


def _run(check: str, method: str) -> str:
    """Run one check in this process."""
    return CHECKS[check](Subject(method, "cpu"))


def test_every_check_has_a_method_that_breaks_it() -> None:
    assert set(BAD) == set(CHECKS)


@pytest.mark.parametrize("check", BAD)
def test_check_fails_on_a_method_that_breaks_it(check: str, tmp_path: Path) -> None:
    parts, reason = BAD[check]
    with pytest.raises(Exception, match=re.escape(reason)) as caught:
        _run(check, _example(tmp_path, **parts))
    assert not isinstance(caught.value, NotApplicable)


@pytest.mark.parametrize("check", CHECKS)
def test_check_passes_on_a_good_method(check: str, tmp_path: Path) -> None:
    _run(check, _example(tmp_path, **GOOD.get(check, {})))


@pytest.mark.parametrize(
    ("parts", "check"),
    [
        ({"more": "deterministic = False"}, "deterministic"),
        (
            {
                "more": "deterministic = False",
                "instead": "calls.append(1); colour = len(calls)",
            },
            "no leak",
        ),
        ({"more": "def skip(self, s, d): return 'grey only' if s[2] > 1 else None"}, "colour"),
        ({"more": "def skip(self, s, d): return '8 bits' if d.itemsize > 1 else None"}, "16 bits"),
        ({"more": "def skip(self, s, d): return 'small' if s[0] < 40 else None"}, "small images"),
        ({"more": "sees = 'input'"}, "no leak"),
        ({}, "object"),
        ({}, "prompt"),
    ],
)
def test_check_has_nothing_to_test(parts: dict[str, str], check: str, tmp_path: Path) -> None:
    with pytest.raises(NotApplicable):
        _run(check, _example(tmp_path, **parts))


def test_leak_is_found_in_a_method_that_draws_seeded_numbers(tmp_path: Path) -> None:
    method = _example(
        tmp_path,
        more="deterministic = False",
        instead="colour = image.mean(axis=(0, 1)) + np.random.random()",
    )
    with pytest.raises(Exception, match="change with what lies in"):
        _run("no leak", method)


def test_method_that_takes_large_images_only_is_checked_on_them(tmp_path: Path) -> None:
    method = _example(tmp_path, more="def skip(self, s, d): return 'small' if s[0] < 99 else None")
    assert "from 128²" in _run("accepts", method)
    assert _run("odd sizes", method) == "129x141"


def _by_check(method: str, limit: float) -> dict[str, Outcome]:
    return {outcome.check: outcome for outcome in run_contract(method, limit=limit)}


def test_crash_and_hang_end_their_own_check_only(tmp_path: Path) -> None:
    method = _example(
        tmp_path,
        instead="if len(mask) == 61: ctypes.string_at(0)\n        "
        "if len(mask) == 16: time.sleep(60)",
    )
    outcomes = _by_check(method, limit=15)
    assert "SIGSEGV" in outcomes["odd sizes"].reason
    assert "still running after 15 s" in outcomes["small images"].reason
    failed = {name for name, outcome in outcomes.items() if outcome.verdict == "failed"}
    assert failed == {"odd sizes", "small images"}
    assert list(outcomes) == list(CHECKS)


def test_picture_has_nothing_black_and_uses_its_range() -> None:
    for channels in (1, 3):
        for dtype in ("uint8", "uint16"):
            image = picture(61, 43, channels, dtype)
            assert image.shape == (61, 43, channels)
            assert image.dtype == dtype
            assert image.min() > 0.1 * np.iinfo(dtype).max
            assert image.std() > 0.1 * np.iinfo(dtype).max


def test_holes_are_what_their_names_say() -> None:
    from scipy.ndimage import label

    masks = holes(64, 64)
    rim = np.ones((64, 64), bool)
    rim[1:-1, 1:-1] = False
    assert not (masks["box"] & rim).any()
    assert all(side.any() for side in (masks["border"][0], masks["border"][-1]))
    assert label(masks["several"])[1] > 3
    assert masks["full"].all()
    assert not masks["empty"].any()
