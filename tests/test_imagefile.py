"""Outputs on disk: any PNG reader gets back the very pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image as Pillow

from inpaintbench.images.png import encode_png, read_png

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))


@given(arrays.arrays(st.sampled_from([np.uint8, np.uint16]), SHAPES))
def test_pixels_come_back(image: np.ndarray) -> None:
    read = read_png(encode_png(image))
    assert read.dtype == image.dtype
    assert np.array_equal(read, image)


@given(arrays.arrays(np.uint8, SHAPES))
def test_another_reader_gets_them_too(image: np.ndarray) -> None:
    with Pillow.open(io.BytesIO(encode_png(image))) as picture:
        assert np.array_equal(np.asarray(picture).reshape(image.shape), image)


def test_arrays_that_are_not_contiguous_are_written_as_they_look() -> None:
    image = np.arange(2 * 6 * 9 * 3, dtype=np.uint16).reshape(6, 9, 6)[::2, :, ::2]
    assert np.array_equal(read_png(encode_png(image)), image)


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(ValueError, match="not an image"):
        read_png(b"\x89PNG\r\n\x1a\n")
