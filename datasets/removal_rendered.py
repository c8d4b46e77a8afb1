"""Objects rendered into photographs: what object removal should leave is known exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from inpaintbench.datasets.base import Dataset, Image, Sample, wanted
from inpaintbench.datasets.reading.bundled import LICENSE, bundled_image
from inpaintbench.datasets.reading.preparation import area_average, refuse_no_size
from inpaintbench.datasets.rendering.objects import OBJECTS
from inpaintbench.datasets.rendering.scene import Light, View, render
from inpaintbench.images.types import contiguous

_COUNT = 72
_SMALLEST = 32


@dataclass(frozen=True)
class _Place:
    """Ground in a photograph that objects can stand on.

    Crops are left, top and side in pixels of the file; spots, the foot's column and row, in
    shares of the crop; `size` is that of the object's unit, likewise.
    """

    file: str
    prompt: str
    crops: tuple[tuple[int, int, int], ...]
    spots: tuple[tuple[float, float], ...]
    size: tuple[float, float]
    angle: tuple[float, float]
    """Sine and cosine of how far the camera looks down."""
    light: Light
    gloss: float = 0.0
    tint: tuple[float, float, float] | None = None


_PLACES: Mapping[str, _Place] = {
    "coffee": _Place(
        "coffee.png",
        "a cup of coffee on a wooden table",
        ((200, 0, 400),),
        ((0.84, 0.78), (0.8, 0.93), (0.88, 0.62), (0.78, 0.86), (0.86, 0.9)),
        (0.26, 0.34),
        (0.6, 0.8),
        Light((-0.5, 1.0, -0.35), 0.75, 0.35, 0.2, (1.0, 0.88, 0.74)),
        gloss=0.45,
    ),
    "brick": _Place(
        "brick.png",
        "a pavement of bricks",
        ((0, 0, 512), (64, 100, 400), (100, 20, 380)),
        ((0.5, 0.7), (0.36, 0.62), (0.62, 0.78), (0.55, 0.55)),
        (0.3, 0.42),
        (0.6, 0.8),
        Light((0.75, 1.0, -0.3), 0.85, 0.3, 0.1),
        tint=(1.0, 0.8, 0.7),
    ),
    "motorcycle": _Place(
        "motorcycle_left.png",
        "a motorcycle in a garage",
        ((0, 60, 440), (121, 0, 500), (60, 40, 460)),
        ((0.2, 0.93), (0.4, 0.95), (0.3, 0.96), (0.14, 0.9)),
        (0.2, 0.28),
        (0.28, 0.96),
        Light((-0.6, 1.0, 0.5), 0.6, 0.45, 0.2, (1.0, 0.96, 0.9)),
        gloss=0.3,
    ),
    "grass": _Place(
        "grass.png",
        "grass",
        ((0, 0, 512), (90, 60, 400), (20, 130, 380)),
        ((0.5, 0.7), (0.4, 0.62), (0.6, 0.75), (0.52, 0.58)),
        (0.3, 0.42),
        (0.68, 0.733),
        Light((-0.8, 1.0, -0.2), 0.85, 0.3, 0.06),
        tint=(0.84, 1.0, 0.56),
    ),
    "camera": _Place(
        "camera.png",
        "a man with a camera on a lawn",
        ((0, 0, 512), (112, 112, 400)),
        ((0.82, 0.86), (0.86, 0.92), (0.8, 0.78), (0.84, 0.95)),
        (0.2, 0.28),
        (0.28, 0.96),
        Light((-0.5, 1.0, 0.25), 0.5, 0.45, 0.3),
    ),
    "gravel": _Place(
        "gravel.png",
        "gravel",
        ((0, 0, 512), (110, 0, 400), (0, 120, 380)),
        ((0.5, 0.68), (0.38, 0.6), (0.62, 0.72), (0.48, 0.56)),
        (0.3, 0.42),
        (0.68, 0.733),
        Light((0.6, 1.0, -0.5), 0.8, 0.35, 0.12),
        tint=(1.0, 0.95, 0.86),
    ),
    "coins": _Place(
        "coins.png",
        "old coins on a dark cloth",
        ((0, 0, 303), (81, 0, 303), (40, 20, 270)),
        ((0.44, 0.58), (0.62, 0.55), (0.3, 0.8), (0.55, 0.8)),
        (0.22, 0.3),
        (0.68, 0.733),
        Light((-0.7, 1.0, -0.4), 0.7, 0.3, 0.15),
    ),
    "moon": _Place(
        "moon.png",
        "the surface of the moon with craters",
        ((0, 0, 512), (100, 100, 400)),
        ((0.35, 0.6), (0.6, 0.7), (0.45, 0.45), (0.25, 0.75)),
        (0.26, 0.36),
        (0.68, 0.733),
        Light((0.8, 0.8, -0.2), 0.8, 0.12, 0.04),
    ),
}


@dataclass(frozen=True)
class RemovalRendered(Dataset):
    """Objects rendered into photographs of scikit-image, with shadow and some with a reflection.

    Balls, boxes, bottles and turned bodies, and cut-outs of scikit-image's pictures, traced by
    rays: shadows have the width of the lamp's disc, contact shadows come from the sky that the
    object hides, and a glossy ground mirrors it. Light is mixed linearly. The reference is the
    photograph, the mask every pixel that the object covers, even in part, and the effect every
    other pixel that differs. Several scenes share a photograph, so what is said of them holds for
    other objects in these few photographs.

    Parameters
    ----------
    size : int
        Side of the square images in pixels, at least 32. Photographs that are smaller are
        enlarged, by linear interpolation.
    """

    size: int = 256

    source = "rendered here into the images of scikit-image (skimage.data)"
    license = LICENSE

    def __post_init__(self) -> None:
        refuse_no_size(self.size)
        if self.size < _SMALLEST:
            raise ValueError(f"size must be at least {_SMALLEST}, not {self.size}")

    @property
    def preparation(self) -> str:
        """How the images are made."""
        return f"crops of photographs at {self.size} px, three tinted; objects rendered into them"

    def ids(self) -> list[str]:
        """List the scenes as ``<number>-<photograph>-<object>``, photographs in turn."""
        return list(_scenes())

    def load(self, sample_id: str) -> Sample:
        """Render one scene."""
        number = wanted(self, _scenes(), sample_id)
        _, kind, thing = sample_id.split("-", 2)
        place = _PLACES[kind]
        # of NumPy's generators, the one whose numbers never change
        random = np.random.RandomState([15, number])
        left, top, side = place.crops[random.randint(len(place.crops))]
        photo = bundled_image(place.file)[top : top + side, left : left + side]
        column, row = place.spots[random.randint(len(place.spots))]
        column += 0.03 * (2 * random.random_sample() - 1)
        row += 0.02 * (2 * random.random_sample() - 1)
        low, high = place.size
        scale = low + (high - low) * random.random_sample()
        mirrored = bool(random.randint(2))
        photo = _sized(_tinted(photo, place.tint), self.size)
        view = View(self.size * row, self.size * column, self.size * scale, *place.angle)
        rendered = render(
            photo, OBJECTS[thing](number // len(_PLACES)), view, place.light, place.gloss, 0.2
        )
        turn = -1 if mirrored else 1
        reference, given = contiguous(photo[:, ::turn]), contiguous(rendered.input[:, ::turn])
        mask = np.ascontiguousarray(rendered.object[:, ::turn])
        effect = (reference != given).any(axis=2) & ~mask
        return Sample(sample_id, reference, mask, given, effect, place.prompt)


@lru_cache(maxsize=1)
def _scenes() -> Mapping[str, int]:
    """Name the scenes: every photograph in turn, each with every object in time."""
    photos, things = list(_PLACES), list(OBJECTS)
    names = [f"{n:02}-{photos[n % len(photos)]}-{things[n % len(things)]}" for n in range(_COUNT)]
    return {name: n for n, name in enumerate(names)}


def _tinted(photo: Image, tint: tuple[float, float, float] | None) -> Image:
    """Give a grey photograph a colour."""
    if tint is None:
        return photo
    tinted: Image = np.floor(photo * np.array(tint) + 0.5).astype(np.uint8)
    return tinted


def _sized(photo: Image, size: int) -> Image:
    """Bring a square to a size: by area average down, by linear interpolation up."""
    side = len(photo)
    if size <= side:
        return area_average(photo, size, size)
    for axis in (0, 1):
        # the centre of pixel i lies at ((2i + 1)·side - size) / 2·size of the source
        place = np.clip((2 * np.arange(size) + 1) * side - size, 0, 2 * size * (side - 1))
        first, share = place // (2 * size), place % (2 * size)
        share = share.reshape((-1, 1, 1) if axis == 0 else (1, -1, 1))
        near = photo.take(first, axis=axis).astype(np.int64)
        far = photo.take(np.minimum(first + 1, side - 1), axis=axis).astype(np.int64)
        photo = ((near * (2 * size - share) + far * share + size) // (2 * size)).astype(np.uint8)
    return photo
