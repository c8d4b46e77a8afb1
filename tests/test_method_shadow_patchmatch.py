"""The simple remover takes shadows along, and leaves what is none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from inpaintbench.methods.patchmatch import PatchMatch
from inpaintbench.methods.shadow_patchmatch import ShadowPatchmatch

OBJECT = np.zeros((64, 64), bool)
OBJECT[20:36, 20:32] = True
SHADOW = np.zeros((64, 64), bool)
SHADOW[30:38, 32:44] = True


def ground(dtype: type = np.uint8, channels: int = 3) -> NDArray[np.generic]:
    """Draw a rough ground."""
    noise = np.random.default_rng(0).normal(150, 6, (64, 64, channels))
    return (noise * (1 if dtype == np.uint8 else 257)).astype(dtype)


def shaded(image: NDArray[np.generic], where: NDArray[np.bool_], share: float = 0.6) -> NDArray:
    dark = image.copy()
    dark[where] = (image[where] * share).astype(image.dtype)
    return dark


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_shadow_is_found_and_filled(dtype: type, channels: int) -> None:
    reference = ground(dtype, channels)
    image = shaded(reference, SHADOW)
    method = ShadowPatchmatch()
    found = method.shadow(image, OBJECT)
    assert (found & SHADOW).sum() > 0.9 * SHADOW.sum()
    assert (found & ~SHADOW & ~OBJECT).sum() < SHADOW.sum()
    assert not (found & OBJECT).any()
    unit = np.iinfo(dtype).max / 255
    error = np.abs(method.inpaint(image, OBJECT) - reference.astype(float))[SHADOW].mean()
    left = np.abs(PatchMatch().inpaint(image, OBJECT) - reference.astype(float))[SHADOW].mean()
    assert error < 15 * unit < 50 * unit < left


def test_without_a_shadow_it_is_patchmatch() -> None:
    image = ground()
    np.testing.assert_array_equal(
        ShadowPatchmatch().inpaint(image, OBJECT), PatchMatch().inpaint(image, OBJECT)
    )


def test_what_is_dark_elsewhere_or_of_another_hue_is_left() -> None:
    apart = np.roll(SHADOW, 12, axis=1)
    assert not ShadowPatchmatch().shadow(shaded(ground(), apart), OBJECT).any()
    red = ground()
    red[SHADOW] = (150, 60, 60)
    assert not (ShadowPatchmatch().shadow(red, OBJECT) & SHADOW)[2:-2].any()


def test_the_object_itself_has_no_say() -> None:
    image = shaded(ground(), SHADOW)
    other = image.copy()
    other[OBJECT] = 255
    method = ShadowPatchmatch()
    np.testing.assert_array_equal(method.shadow(image, OBJECT), method.shadow(other, OBJECT))


@pytest.mark.parametrize(
    "wrong", [{"darker": 0.0}, {"darker": 1.0}, {"spread": -1.0}, {"reach": 0.0}]
)
def test_a_wrong_parameter_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ShadowPatchmatch(**wrong)
