"""Results made elsewhere: export the cases, fill them with another tool, read them."""

from __future__ import annotations

import hashlib
import os

import cv2
import numpy as np
import pytest

from inpaintbench.methods.precomputed import Precomputed, case_name
from inpaintbench.planning.keys import method_key


@pytest.fixture
def case() -> tuple[np.ndarray, np.ndarray]:
    image = np.random.default_rng(0).integers(0, 255, (9, 12, 3), dtype=np.uint8)
    mask = np.zeros((9, 12), dtype=bool)
    mask[3:6, 4:9] = True
    image[mask] = 0
    return image, mask


def test_the_name_is_as_documented(case):
    image, mask = case
    content = image.tobytes() + mask.astype(np.uint8).tobytes()
    assert case_name(image, mask) == hashlib.sha256(content).hexdigest()[:16]
    truth = image.copy()
    truth[mask] = 77
    assert case_name(truth, mask) == case_name(image, mask)  # what the hole hid doesn't count
    assert case_name(image, ~mask) != case_name(image, mask)


def test_export_fill_read(case, tmp_path):
    image, mask = case
    folder = tmp_path / "results"
    method = Precomputed(folder=str(folder), export=True)
    with pytest.raises(FileNotFoundError, match="is there to be filled"):
        method.inpaint(image, mask)

    (damaged,) = folder.glob("*.image.png")  # another tool at work
    holes = cv2.imread(str(damaged).replace(".image.", ".mask."), cv2.IMREAD_GRAYSCALE)
    filled = cv2.inpaint(cv2.imread(str(damaged)), holes, 3, cv2.INPAINT_TELEA)
    cv2.imwrite(str(damaged).replace(".image.", "."), filled)

    result = Precomputed(folder=str(folder)).inpaint(image, mask)
    own = cv2.inpaint(image[..., ::-1].copy(), mask.astype(np.uint8), 3, cv2.INPAINT_TELEA)
    assert (result == own[..., ::-1]).all()


@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 1), ("uint16", 1), ("uint16", 3)])
def test_exports_are_lossless(dtype, channels, tmp_path):
    image = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (7, 5, channels), dtype=dtype)
    mask = np.zeros((7, 5), dtype=bool)
    mask[2, 2] = True
    image[mask] = 0
    method = Precomputed(folder=str(tmp_path), export=True)
    with pytest.raises(FileNotFoundError):
        method.inpaint(image, mask)
    name = case_name(image, mask)
    (tmp_path / f"{name}.image.png").rename(tmp_path / f"{name}.png")
    result = method.inpaint(image, mask)
    assert result.dtype == image.dtype
    assert (result == image).all()


def test_new_results_change_the_key_and_exports_do_not(case, tmp_path):
    method = Precomputed(folder=str(tmp_path), export=True)
    empty = method.fingerprint()
    with pytest.raises(FileNotFoundError):
        method.inpaint(*case)
    assert method.fingerprint() == empty
    cv2.imwrite(str(tmp_path / f"{case_name(*case)}.png"), case[0])
    assert method.fingerprint() != empty


def test_the_key_follows_the_results_content_and_not_their_times_or_place(case, tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
        cv2.imwrite(str(folder / f"{case_name(*case)}.png"), case[0])
        os.utime(folder / f"{case_name(*case)}.png", (len(folder.name), 0))
    keys = [method_key(Precomputed(folder=str(folder)), "cpu") for folder in (here, there)]
    assert keys[0] == keys[1]
    result = here / f"{case_name(*case)}.png"
    state = result.stat()
    content = bytearray(result.read_bytes())
    content[-1] ^= 1
    result.write_bytes(content)
    os.utime(result, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert method_key(Precomputed(folder=str(here)), "cpu") != keys[0]


def test_a_missing_result_and_a_missing_folder_are_told(case, tmp_path):
    with pytest.raises(FileNotFoundError, match=case_name(*case)):
        Precomputed(folder=str(tmp_path)).inpaint(*case)
    absent = Precomputed(folder=str(tmp_path / "none"))
    assert "export=yes" in absent.unavailable()
    assert "no folder" in Precomputed().unavailable()
