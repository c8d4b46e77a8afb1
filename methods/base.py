"""The contract of an inpainting method: all that a method file needs to import."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from inpaintbench.images.types import Image, Mask
from inpaintbench.named import Named

__all__ = ["Image", "Mask", "Method"]


class Method(Named, ABC):
    """An inpainting method with fixed parameters.

    Subclass it as a dataclass. Every dataclass field is a parameter and can be set from the
    command line (``telea[radius=5]``), so fields are plain values: ``bool``, ``int``, ``float``,
    ``str``, ``Path``, or one of these with ``None``. The docstring's first line is shown by
    ``inpaintbench list methods``.

    Results are kept under a key that follows the code: this file, and whatever it imports that
    lies beside it, in its own package or elsewhere on the module path; of installed libraries,
    the version. Files that are read, such as weights, are named by `fingerprint`.

    The module that defines a method is imported to list it, so import heavy libraries (OpenCV,
    numba, torch, scikit-image) inside the functions that use them.
    """

    family: ClassVar[str] = "other"
    """``baseline``, ``diffusion``, ``exemplar``, ``transform``, ``learned`` or ``other``."""

    paper: ClassVar[str] = ""
    """The publication, as ``Authors, "Title", venue year``."""

    deterministic: ClassVar[bool] = True
    """Whether equal inputs give equal outputs, byte for byte."""

    requires: ClassVar[tuple[str, ...]] = ()
    """Distributions whose versions can change the output; part of the output key."""

    trained_on: ClassVar[tuple[str, ...]] = ()
    """Datasets, as ``name/split``, that a learned method has seen; tables flag the overlap."""

    locations: ClassVar[tuple[str, ...]] = ()
    """Parameters that only say where files lie whose content `fingerprint` stands for."""

    draw_parameters: ClassVar[tuple[str, ...]] = ("draw", "seed")
    """Parameters that only number the draws of a method that draws; tables sum several up."""

    sees: ClassVar[Literal["known", "input"]] = "known"
    """``known``: the pixels of the hole are 0. ``input``: a method that removes objects is shown
    the object too, in the sample's own hole, where the dataset has an input that differs from the
    truth there, or nobody knows the truth; everywhere else the pixels of the hole are 0 all the
    same."""

    prompts: ClassVar[Literal["ignored", "optional", "required"]] = "ignored"
    """Whether `inpaint` takes the sample's prompt as a third argument: ``prompt: str = ""``.
    Where it is ``required``, samples without one are skipped."""

    @abstractmethod
    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fill the hole: the only timed call.

        Before each call the harness seeds the global generators of Python, NumPy, OpenCV and
        (where imported) torch from the case, so a method may draw from them and stay
        reproducible.

        Parameters
        ----------
        image : (H, W, C) array of uint8 or uint16
            The damaged image, contiguous; the pixels of the hole are 0 (but see `sees`). Must not
            be modified.
        mask : (H, W) array of bool
            True where the image is to be filled. Must not be modified.

        Returns
        -------
        (H, W, C) array, or (H, W) when C is 1
            The image's dtype, or floating point on the image's own scale (0–255 or 0–65535),
            which the harness rounds to nearest and clips.
        """

    def unavailable(self) -> str | None:
        """Say what is missing here, such as weights or a library, or None.

        Asked before `setup`; where something is, neither that nor `inpaint` is called, and every
        cell is skipped with the reason.
        """
        return None

    def setup(self, device: str, seed: int) -> None:
        """Get ready, untimed and once for each process: load weights, compile kernels.

        Parameters
        ----------
        device : str
            ``cpu``, ``cuda`` or ``cuda:N``.
        seed : int
            Seed of the run, for a method that draws random state once.
        """

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Say why images of this shape ``(H, W, C)`` and dtype can't be handled, or None."""
        return None

    def refusal(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Say why such images aren't filled here: the method is unavailable, or skips them."""
        return self.unavailable() or self.skip(shape, dtype)

    def fingerprint(self) -> str:
        """Stand for the files that outputs depend on, such as weights; part of the output key.

        A digest of their content, so that equal files give the same key on any machine. Code that
        is imported needn't be named here; what it reads does.
        """
        return ""

    def programs(self) -> Sequence[Path]:
        """List the Python files that run in processes of their own; the key follows them too."""
        return ()
