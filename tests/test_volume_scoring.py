"""BraTS's metrics of volumes: equal to the package's, over folders in two layouts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from inpaintbench.cli.score import score as score_command
from inpaintbench.images.png import write_png

nibabel = pytest.importorskip("nibabel")

# From the package inpainting 0.0.12 (its compute_image_quality_metrics, with torchmetrics 1.9.0
# and torch 2.14.1) on the volumes below; first with them voided by healthy tissue and lesion, as
# BraTS's inputs are, then by the healthy tissue alone.
GOLDEN = {
    "brats-ssim[gauss11,slices,data-range,hole]": (0.96000645, 0.94431393),
    "brats-psnr[target-range,hole]": (15.46598757, 15.61917314),
    "brats-psnr-01[0-1,hole]": (19.7144146, 24.43078232),
    "brats-mse[0-1,hole]": (0.01067968644, 0.003605135716),
}

# the same of the fill stored as int16 with a scale
SCALED_MSE = 0.01078883931


def volumes() -> dict[str, np.ndarray]:
    """Make a scan with dark air and a bright lesion, and a fill with one value far too bright."""
    z, y, x = np.mgrid[:24, :20, :16].astype(float)
    t1n = 400 + 300 * np.sin(z / 3) * np.cos(y / 4) + 10 * x + 25 * np.cos(7.3 * z + 11.9 * y)
    t1n[2:6, 2:6, 8:14] += 900
    t1n[:, :, :3] = 0
    made = 0.9 * t1n + 60 * np.sin(x / 2)
    made[11, 10, 8] += 2000
    healthy = np.zeros(t1n.shape)
    healthy[8:16, 6:14, 4:12] = 1
    voided = t1n * (1 - healthy)
    voided[2:6, 2:6, 8:14] = 0
    return {
        "t1n": np.rint(t1n).astype(np.int16),
        "mask-healthy": healthy.astype(np.uint8),
        "t1n-voided": np.rint(voided).astype(np.int16),
        "made": made.astype(np.float32),
    }


def save(path: Path, values: np.ndarray) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.save(nibabel.Nifti1Image(values, np.eye(4)), path)
    return path


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Write folders of volumes of one name, the results of two methods among them."""
    for folder, kind in (
        ("truth", "t1n"),
        ("masks", "mask-healthy"),
        ("voided", "t1n-voided"),
        ("mine", "made"),
        ("oracle", "t1n"),
    ):
        save(tmp_path / folder / "deep" / "a.nii.gz", volumes()[kind])
    return tmp_path


def run(*arguments: object) -> tuple[str, str]:
    application = typer.Typer()
    application.command()(score_command)
    done = CliRunner(env={"COLUMNS": "140"}).invoke(application, list(map(str, arguments)))
    return done.output, str(done.exception or "")


def scores(folder: Path, *arguments: object) -> pd.Series:
    out = folder / "scores.csv"
    output, error = run(*arguments, "-o", out)
    assert not error, output
    rows = pd.read_csv(out)
    return rows.set_index(["method", "metric"])["value"]


def test_they_are_those_of_the_package(plain: Path) -> None:
    asked = plain / "truth", plain / "mine", plain / "oracle", "--masks", plain / "masks"
    voided = scores(plain, *asked, "--inputs", plain / "voided")
    zeroed = scores(plain, *asked)
    for metric, (first, second) in GOLDEN.items():
        assert voided["mine", metric] == pytest.approx(first, rel=1e-5)
        assert zeroed["mine", metric] == pytest.approx(second, rel=1e-5)
    assert list(voided["oracle"]) == [1.0, np.inf, np.inf, 0.0]


def test_files_are_matched_by_the_endings_of_brats(tmp_path: Path) -> None:
    for brain in ("BraTS-GLI-00001-000", "BraTS-GLI-00002-000"):
        for kind in ("t1n", "mask-healthy", "t1n-voided"):
            save(tmp_path / "data" / brain / f"{brain}-{kind}.nii.gz", volumes()[kind])
        healthy = volumes()["mask-healthy"]
        save(tmp_path / "data" / brain / f"{brain}-mask.nii.gz", np.ones_like(healthy))
    save(tmp_path / "mine" / "BraTS-GLI-00002-000-t1n-inference.nii.gz", volumes()["made"])
    data = tmp_path / "data"
    found = scores(tmp_path, data, tmp_path / "mine", "--masks", data, "--inputs", data)
    assert found["mine"].to_dict() == pytest.approx(
        {metric: first for metric, (first, _) in GOLDEN.items()}, rel=1e-5
    )


def test_volumes_whose_stored_integers_are_scaled_are_cut_to_them_as_by_the_package(
    plain: Path,
) -> None:
    path = plain / "mine" / "deep" / "a.nii.gz"
    image = nibabel.Nifti1Image(volumes()["made"], np.eye(4))
    image.set_data_dtype(np.int16)  # nibabel finds a scale for the fractions
    nibabel.save(image, path)
    asked = plain / "truth", plain / "mine", "--masks", plain / "masks", "--inputs"
    found = dict(scores(plain, *asked, plain / "voided"))
    assert found["mine", "brats-mse[0-1,hole]"] == pytest.approx(SCALED_MSE, rel=1e-5)
    save(path, nibabel.load(path).get_fdata().astype(np.int16))
    assert dict(scores(plain, *asked, plain / "voided")) == found


def test_the_other_value_of_a_mask_can_be_the_hole(plain: Path) -> None:
    asked = plain / "truth", plain / "mine", "--metric", "brats-mse", "--masks", plain / "masks"
    known = scores(plain, *asked)
    save(plain / "masks" / "deep" / "a.nii.gz", 1 - volumes()["mask-healthy"])
    assert list(scores(plain, *asked, "--invert")) == list(known)


class TestRefusals:
    def error(self, folder: Path, *arguments: object) -> str:
        asked = folder / "truth", folder / "mine", "--masks", folder / "masks"
        _, error = run(*asked, *arguments)
        assert "\n" not in error
        return error

    def test_of_what_volumes_have_not(self, plain: Path) -> None:
        assert "no metric of volumes is called 'brats-mae'; did you mean" in self.error(
            plain, "--metric", "brats-mae"
        )
        assert "have no effects or distribution" in self.error(plain, "--distribution")
        assert "name the masks with --masks" in run(plain / "truth", plain / "mine")[1]
        write_png(plain / "pictures" / "a.png", np.zeros((8, 8, 1), np.uint8))
        _, error = run(plain / "pictures", plain / "pictures", "--metric", "brats-ssim")
        assert "brats-ssim is of NIfTI volumes" in error

    def test_of_files_that_do_not_belong_together(self, plain: Path) -> None:
        error = self.error(plain, "--inputs", plain / "mine" / "..")
        assert "no input called deep/a for it" in error
        save(plain / "mine" / "deep" / "a.nii.gz", volumes()["made"][1:])
        assert "has 23×20×16 voxels, but its reference 24×20×16" in self.error(plain)
        (plain / "mine" / "deep" / "a.nii.gz").rename(plain / "mine" / "b.nii.gz")
        assert "no volume in it has the name of one in" in self.error(plain)

    def test_of_volumes_that_say_nothing(self, plain: Path) -> None:
        made = volumes()["made"]
        made[9, 9, 9] = np.nan
        path = save(plain / "mine" / "deep" / "a.nii.gz", made)
        assert self.error(plain) == f"{path}: holds values that are NaN or infinite"
        save(plain / "voided" / "deep" / "a.nii.gz", np.zeros_like(made))
        assert "gives no scale" in self.error(plain, "--inputs", plain / "voided")
        save(plain / "masks" / "deep" / "a.nii.gz", np.zeros(made.shape, np.uint8))
        assert "the mask is empty" in self.error(plain)
        path.write_bytes(b"not a volume")
        save(plain / "masks" / "deep" / "a.nii.gz", np.ones(made.shape, np.uint8))
        assert "not a NIfTI file" in self.error(plain, "--inputs", plain / "truth")
