"""Draw criminisi.png: the settings by which the paper explains exemplar-based filling.

Run ``python docs/pictures/criminisi.py``. The border between two textures is to be continued while
both are grown, and lines are to go on before what lies beside them. The methods are given the
second column.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from inpaintbench import registry

SIDE = 128
METHODS = ("harmonic", "criminisi", "patchmatch")
HOLE = np.array([230, 0, 230], np.uint8)


def textured(sample, level):
    """Halve a texture, for its grains to be smaller than patches, and set its mean."""
    image = registry.datasets().make("textures").load(sample).image[: 2 * SIDE, : 2 * SIDE]
    halved = image.reshape(SIDE, 2, SIDE, 2, 1).mean(axis=(1, 3))
    return np.clip(halved - halved.mean() + level, 0, 255).astype(np.uint8)


def scenes():
    """Yield title, image and mask: a border between textures twice, and lines across a hole."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    square = np.maximum(abs(x), abs(y)) < 24
    dark, light = textured("gravel-0-0", 80), textured("grass-0-0", 170)
    slanted = (x - y / 2 < 0)[..., None]
    yield "two textures,\nstraight border", np.where(slanted, dark, light), square
    bent = (np.hypot(x + 90, y) < 90)[..., None]
    yield "two textures,\nbent border", np.where(bent, dark, light), square
    line = (abs(y - x / 3) < 3)[..., None]
    yield "a line on\na texture", np.where(line, np.uint8(25), light), np.hypot(x, y) < 26
    bars = (abs(x + y / 4) < 5)[..., None] | (abs(y) < 5)[..., None]
    yield "two bars\nthat cross", np.where(bars, np.uint8(30), np.full_like(light, 200)), square


def main():
    """Fill every scene and write the picture."""
    shown = list(scenes())
    columns = ("image", "given", *METHODS)
    figure, axes = plt.subplots(
        len(shown), len(columns), figsize=(7.2, 1.24 * len(shown) + 0.25), squeeze=False
    )
    for row, (title, image, mask) in zip(axes, shown, strict=True):
        damaged = np.where(mask[..., None], 0, image).astype(np.uint8)
        colour = np.repeat(image, 3, axis=2)
        pictures = [colour, np.where(mask[..., None], HOLE, colour)]
        for name in METHODS:
            method = registry.make_method(name)
            method.setup("cpu", 0)
            filled = np.clip(np.rint(method.inpaint(damaged, mask)), 0, 255).astype(np.uint8)
            pictures.append(np.repeat(filled, 3, axis=2))
        for axis, picture in zip(row, pictures, strict=True):
            axis.imshow(picture, interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
        row[0].set_ylabel(title, rotation=0, ha="right", va="center", fontsize=9)
    for axis, title in zip(axes[0], columns, strict=True):
        axis.set_title(title, fontsize=9)
    figure.subplots_adjust(left=0.15, right=0.995, top=0.95, bottom=0.005, wspace=0.03, hspace=0.03)
    figure.savefig(Path(__file__).with_suffix(".png"), dpi=130)


if __name__ == "__main__":
    main()
