"""DICOM and NIfTI: percentile window to 16 bits, orientation, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path

import dataset_files
import numpy as np
import pytest

from inpaintbench.datasets.dicom import Dicom
from inpaintbench.datasets.nifti import Nifti
from inpaintbench.datasets.reading import window
from inpaintbench.images.errors import DataError


def windowed(values: np.ndarray, low: float = 0.5, high: float = 99.5) -> np.ndarray:
    """Follow the BraTS convention: cut at two percentiles, then stretch."""
    bottom, top = np.percentile(values, [low, high])
    return np.rint((np.clip(values, bottom, top) - bottom) / (top - bottom) * 65535)


class TestWindow:
    def test_it_is_the_percentile_window(self) -> None:
        values = np.random.default_rng(0).normal(300, 80, (50, 60))
        result = window.to_sixteen_bits(values, window.percentiles(values, 0.5, 99.5))
        assert result.dtype == np.uint16
        assert np.abs(result - windowed(values)).max() <= 1
        assert (result.min(), result.max()) == (0, 65535)

    def test_an_image_of_one_value_becomes_black(self) -> None:
        values = np.full((4, 4), 7.0)
        assert not window.to_sixteen_bits(values, window.percentiles(values, 0.5, 99.5)).any()

    def test_nan_becomes_black_and_infinity_is_cut(self) -> None:
        values = np.array([[np.nan, 0.0, 1.0, np.inf, -np.inf]])
        result = window.to_sixteen_bits(values, window.percentiles(values, 0, 100))
        assert result.tolist() == [[0, 0, 65535, 65535, 0]]

    def test_a_volume_without_any_finite_value_is_black(self) -> None:
        values = np.full((2, 2), np.nan)
        assert not window.to_sixteen_bits(values, window.percentiles(values, 0.5, 99.5)).any()


@pytest.mark.parametrize("module", ["pydicom", "nibabel"])
def test_a_missing_library_is_one_clear_line(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dicom = bytes(128) + b"DICM"
    (tmp_path / "IM0001").write_bytes(dicom)
    (tmp_path / "scan.nii").write_bytes(bytes(352))
    monkeypatch.setitem(sys.modules, module, None)
    dataset = Dicom(str(tmp_path)) if module == "pydicom" else Nifti(str(tmp_path))
    with pytest.raises(DataError, match=rf"need {module}: pip install 'inpaintbench\[medical\]'"):
        dataset.ids()


@pytest.mark.parametrize("cls", [Dicom, Nifti])
def test_impossible_percentiles_are_refused(cls: type[Dicom] | type[Nifti]) -> None:
    for low, high in ((5, 5), (-1, 99), (0, 101), (99, 1)):
        with pytest.raises(ValueError, match="percentiles"):
            cls(low=low, high=high)


class TestDicom:
    @pytest.fixture(autouse=True)
    def needs_pydicom(self) -> None:
        pytest.importorskip("pydicom")

    def test_a_grey_file_is_windowed(self, tmp_path: Path) -> None:
        values = np.random.default_rng(1).integers(0, 4096, (20, 16), dtype=np.uint16)
        path = dataset_files.dicom(tmp_path, values)
        dataset = Dicom(str(path))
        assert dataset.ids() == ["IM0001"]
        image = dataset.load("IM0001").image
        assert (image.dtype, image.shape) == (np.uint16, (20, 16, 1))
        assert np.abs(image[..., 0].astype(int) - windowed(values)).max() <= 1

    def test_signed_values_and_a_negative_slope_are_put_through_the_modality(
        self, tmp_path: Path
    ) -> None:
        values = np.arange(-160, 160, dtype=np.int16).reshape(20, 16)
        path = dataset_files.dicom(tmp_path, values, RescaleSlope=-2, RescaleIntercept=-1024)
        image = Dicom(str(path)).load("IM0001").image[..., 0]
        assert np.abs(image.astype(int) - windowed(values * -2.0 - 1024)).max() <= 1
        assert image[0, 0] == 65535
        assert image[-1, -1] == 0

    def test_where_low_is_white_the_image_is_turned_over(self, tmp_path: Path) -> None:
        plain = Dicom(str(dataset_files.dicom(tmp_path / "2"))).load("IM0001").image
        kind = "MONOCHROME1"
        path = dataset_files.dicom(tmp_path / "1", PhotometricInterpretation=kind)
        np.testing.assert_array_equal(Dicom(str(path)).load("IM0001").image, 65535 - plain)

    def test_every_frame_is_an_image(self, tmp_path: Path) -> None:
        frames = np.random.default_rng(2).integers(0, 999, (3, 20, 16), dtype=np.uint16)
        path = dataset_files.dicom(tmp_path, frames, NumberOfFrames=3)
        dataset = Dicom(str(path))
        assert dataset.ids() == ["IM0001/0000", "IM0001/0001", "IM0001/0002"]
        image = dataset.load("IM0001/0002").image[..., 0]
        assert np.abs(image.astype(int) - windowed(frames[2])).max() <= 1

    def test_colour_is_taken_as_it_is(self, tmp_path: Path) -> None:
        pixels = dataset_files.noise(3, 20, 16)
        path = dataset_files.dicom(
            tmp_path,
            pixels,
            Rows=20,
            Columns=16,
            SamplesPerPixel=3,
            PlanarConfiguration=0,
            PhotometricInterpretation="RGB",
        )
        np.testing.assert_array_equal(Dicom(str(path)).load("IM0001").image, pixels)

    def test_a_folder_is_searched_by_content_not_by_name(self, tmp_path: Path) -> None:
        dataset_files.dicom(tmp_path / "study/series")
        (tmp_path / "study/notes.dcm").write_text("not a DICOM file")
        assert Dicom(str(tmp_path)).ids() == ["study/series/IM0001"]

    def test_damaged_and_foreign_files_are_refused_in_a_line(self, tmp_path: Path) -> None:
        path = dataset_files.dicom(tmp_path)
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(DataError, match="pixels can't be read") as caught:
            Dicom(str(path)).load("IM0001")
        assert "\n" not in str(caught.value)
        other = dataset_files.dicom(tmp_path / "p", PhotometricInterpretation="PALETTE COLOR")
        with pytest.raises(DataError, match="PALETTE COLOR"):
            Dicom(str(other)).load("IM0001")
        with pytest.raises(DataError, match="no DICOM files"):
            (tmp_path / "empty").mkdir()
            Dicom(str(tmp_path / "empty")).ids()


class TestNifti:
    @pytest.fixture(autouse=True)
    def needs_nibabel(self) -> None:
        pytest.importorskip("nibabel")

    def test_slices_are_upright_and_windowed_with_the_volume(self, tmp_path: Path) -> None:
        path = dataset_files.nifti(tmp_path)
        dataset = Nifti(str(path))
        assert dataset.ids() == [f"scan.nii.gz/{n:03}" for n in range(7)]
        # Stored as LPS: x and y run the other way round than in RAS+.
        volume = np.arange(5 * 6 * 7).reshape(5, 6, 7)[::-1, ::-1]
        image = dataset.load("scan.nii.gz/004").image
        assert (image.dtype, image.shape) == (np.uint16, (6, 5, 1))
        expected = windowed(volume)[:, :, 4].T[::-1]  # first row: front, first column: left
        assert np.abs(image[..., 0].astype(int) - expected).max() <= 1

    @pytest.mark.parametrize(
        ("plane", "count", "shape"), [("coronal", 6, (7, 5)), ("sagittal", 5, (7, 6))]
    )
    def test_other_planes(
        self, plane: str, count: int, shape: tuple[int, int], tmp_path: Path
    ) -> None:
        dataset = Nifti(str(dataset_files.nifti(tmp_path)), plane=plane)  # type: ignore[arg-type]
        assert len(dataset.ids()) == count
        assert dataset.load(dataset.ids()[0]).image.shape == (*shape, 1)

    def test_a_plane_is_the_same_however_the_file_is_stored(self, tmp_path: Path) -> None:
        import nibabel

        path = dataset_files.nifti(tmp_path)
        turned = nibabel.load(path).as_reoriented(
            nibabel.orientations.axcodes2ornt(("I", "R", "A"))
        )
        nibabel.save(turned, tmp_path / "turned.nii")
        one, other = Nifti(str(path)), Nifti(str(tmp_path / "turned.nii"))
        assert [len(d.ids()) for d in (one, other)] == [7, 7]
        slices = one.load("scan.nii.gz/003").image, other.load("turned.nii/003").image
        np.testing.assert_array_equal(*slices)

    def test_only_the_central_slices_are_kept(self, tmp_path: Path) -> None:
        dataset = Nifti(str(dataset_files.nifti(tmp_path)), central=0.5)
        assert dataset.ids() == [f"scan.nii.gz/{n:03}" for n in (1, 2, 3, 4)]
        with pytest.raises(ValueError, match="central"):
            Nifti(central=0)

    def test_series_of_volumes_and_damaged_files_are_refused(self, tmp_path: Path) -> None:
        import nibabel

        nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2, 3)), np.eye(4)), tmp_path / "f.nii")
        with pytest.raises(DataError, match="one volume of three axes"):
            Nifti(str(tmp_path / "f.nii")).ids()
        (tmp_path / "g.nii.gz").write_bytes(b"no volume")
        with pytest.raises(DataError, match=r"g\.nii\.gz: not a NIfTI file") as caught:
            Nifti(str(tmp_path / "g.nii.gz")).ids()
        assert "\n" not in str(caught.value)
        path = dataset_files.nifti(tmp_path / "cut")
        plain = tmp_path / "cut.nii"
        nibabel.save(nibabel.load(path), plain)
        plain.write_bytes(plain.read_bytes()[:-50])
        with pytest.raises(DataError, match="values can't be read"):
            Nifti(str(plain)).load("cut.nii/003")

    def test_endings_in_capitals_and_what_macos_leaves_beside(self, tmp_path: Path) -> None:
        import nibabel

        path = dataset_files.nifti(tmp_path)
        volume = nibabel.load(path)
        nibabel.save(volume, tmp_path / "b.nii")
        (tmp_path / "b.nii").rename(tmp_path / "B.NII")
        path.rename(tmp_path / "A.NII.GZ")
        for name in ("._A.NII.GZ", "._B.NII"):
            (tmp_path / name).write_bytes(b"\0\5\x16\7" + bytes(100))
        dataset = Nifti(str(tmp_path))
        assert {name.split("/")[0] for name in dataset.ids()} == {"A.NII.GZ", "B.NII"}
        slices = [dataset.load(f"{name}/003").image for name in ("A.NII.GZ", "B.NII")]
        np.testing.assert_array_equal(*slices)

    @pytest.mark.parametrize("flat", [np.zeros((4, 4)), np.diag([1, 0, 1, 1])])
    def test_a_flat_affine_is_refused(self, flat: np.ndarray, tmp_path: Path) -> None:
        import nibabel

        image = nibabel.Nifti1Image(np.zeros((2, 3, 4), np.uint8), None)
        image.header["sform_code"] = 1
        for row, name in zip(flat, ("srow_x", "srow_y", "srow_z"), strict=False):
            image.header[name] = row
        (tmp_path / "f.nii").write_bytes(image.header.binaryblock + bytes(4) + bytes(24))
        with pytest.raises(DataError, match=r"f\.nii: its affine is flat") as caught:
            Nifti(str(tmp_path / "f.nii")).ids()
        assert "\n" not in str(caught.value)
