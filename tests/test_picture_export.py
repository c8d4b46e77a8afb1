"""Exported pictures: their names, and what is pasted back into them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from synthetic_run import SyntheticPictures, synthetic_run

from inpaintbench.errors import BenchError
from inpaintbench.images.png import read_png
from inpaintbench.standalone.picture_export import export_pictures


class Scenes(SyntheticPictures):
    """Pictures whose input is darker than the truth, everywhere."""

    def given(self, case: str) -> np.ndarray:
        return self.reference(case) // 2

    def output(self, case: str, variant: str) -> np.ndarray:
        return self.given(case)


@pytest.mark.parametrize("has_input", [False, True])
def test_known_pixels_are_pasted_back_unless_the_input_differs(
    has_input: bool, tmp_path: Path
) -> None:
    rows = synthetic_run(["telea"], images=1, datasets=("photos",), suites=("textures",))
    rows.cases["input_sha256"] = "0" * 64 if has_input else ""
    pictures = Scenes(rows)
    (written,) = export_pictures(rows, pictures, tmp_path)
    place = (tmp_path / written.file).parent
    reference, mask = pictures.reference(written.case), pictures.mask(written.case)
    known = reference // 2 if has_input else reference
    assert (read_png((tmp_path / written.file).read_bytes())[~mask] == known[~mask]).all()
    assert (place / "_input.png").exists() is has_input
    assert (read_png((place / "_original.png").read_bytes()) == reference).all()


@pytest.mark.parametrize("name", ["_original", "_mask", "_input"])
def test_no_method_takes_the_name_of_what_lies_beside(name: str, tmp_path: Path) -> None:
    rows = synthetic_run([name], images=1)
    with pytest.raises(BenchError, match="another name"):
        export_pictures(rows, SyntheticPictures(rows), tmp_path)
    assert not list(tmp_path.iterdir())
