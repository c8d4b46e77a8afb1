"""Masks are frozen: no pixel of a published version ever changes, on any platform.

``tests/golden/masks.json`` holds the SHA-256 of masks of every suite, by specification. A new
suite, a further specification, or a new version of a suite is added by

    python tests/test_masks_golden.py [SPECIFICATION …]

which draws what is not in the file yet (of the specifications named, or of every discovered suite)
and never changes an entry that is: where a suite's pixels change, its `version` must be raised.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from mask_cases import SUITES, Formula

from inpaintbench.planning.case import array_sha256, draw_mask, kind_of
from inpaintbench.plugins import registry

FILE = Path(__file__).parent / "golden" / "masks.json"
SIZES = [(256, 256, 3, 8), (61, 83, 1, 16), (32, 32, 3, 8)]

GOLDEN: dict[str, dict[str, str]] = json.loads(FILE.read_text()) if FILE.exists() else {}
"""Specification and version → mask → SHA-256."""


def entry(specification: str) -> str:
    return f"{specification} v{registry.masks().make(specification).version}"


def draw(specification: str) -> dict[str, str]:
    """Digest one mask of each kind at each size, drawn as a run draws them."""
    suite = registry.masks().make(specification)
    digests = {}
    for size in SIZES:
        dataset = Formula(*size)
        sample = dataset.load("07")
        for index in range(len(suite.kinds)):
            kind = kind_of(dataset, sample.id, suite, index)
            mask = draw_mask(dataset, sample, suite, index, seed=0)
            name = f"{'x'.join(map(str, size[:3]))} {sample.image.dtype} {kind} {index}"
            digests[name] = array_sha256(mask)
    return digests


@pytest.mark.parametrize("specification", SUITES)
def test_every_suite_is_frozen(specification: str) -> None:
    if entry(specification) not in GOLDEN:
        pytest.fail(f"no golden masks of {entry(specification)}: run tests/test_masks_golden.py")


@pytest.mark.parametrize("name", GOLDEN)
def test_no_pixel_has_changed(name: str) -> None:
    specification, _, version = name.rpartition(" v")
    if registry.masks().make(specification).version != int(version):
        pytest.skip("an earlier version, no longer drawn")
    drawn = draw(specification)
    changed = [mask for mask, digest in GOLDEN[name].items() if drawn.get(mask) != digest]
    assert not changed, f"{name} draws other pixels: raise its version, never the golden file"


def add(specifications: list[str]) -> None:
    missing = [s for s in specifications or SUITES if entry(s) not in GOLDEN]
    added = {entry(specification): draw(specification) for specification in missing}
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(json.dumps({**GOLDEN, **added}, indent=1, sort_keys=True) + "\n")
    sys.stdout.write("".join(f"added {name}\n" for name in added) or "nothing to add\n")


if __name__ == "__main__":
    add(sys.argv[1:])
