"""Where files of images were read before `inpaintbench.images`; kept for code outside."""

from inpaintbench.images.pixels import UPRIGHT as _UPRIGHT
from inpaintbench.images.reading import read_image, read_mask

__all__ = ["_UPRIGHT", "read_image", "read_mask"]
