"""Answer requests to inpaint with exemplar packages from PyPI, in their own environment.

Reads a line of JSON for each request (``peer``, a key of `PEERS`; ``image``, ``mask``, ``output``:
paths of ``.npy`` files) and answers with one: ``seconds`` of processor time on one thread, or
``error``.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from exemplar_based_inpainting.inpainter import Inpainter
from numpy.typing import NDArray
from patch_based_inpainting import Inpaint

Picture = NDArray[np.uint8]


def exemplar_based(image: Picture, mask: Picture, **settings: object) -> Picture:
    inpainter = Inpainter(show_progress_bar=False, **settings)
    filled: Picture = inpainter.inpaint(np.ascontiguousarray(image[..., ::-1]), mask)
    return filled[..., ::-1]


def patch_based(image: Picture, mask: Picture, **settings: object) -> Picture:
    """Fill with patches of the size and overlap that its repository's examples have."""
    np.random.seed(0)  # noqa: NPY002 - it draws from this one
    inpainter = Inpaint(image, mask, 10, 7, method="linear", **settings)
    filled: Picture = inpainter.resolve()
    return filled


PEERS: dict[str, Callable[[Picture, Picture], Picture]] = {
    "exemplar-based-inpainting, equal settings": partial(
        exemplar_based, search_color_space="lab", search_original_source_only=True
    ),
    "exemplar-based-inpainting, its defaults": exemplar_based,
    "patch-based-inpainting": patch_based,
    "patch-based-inpainting, step of 4": partial(patch_based, window_step=4),
}


def answer(request: dict[str, str]) -> dict[str, object]:
    image, mask = np.load(request["image"]), np.load(request["mask"]) * np.uint8(255)
    start = time.process_time()
    try:
        with contextlib.redirect_stdout(sys.stderr):  # a progress bar, though switched off
            filled = PEERS[request["peer"]](image, mask)
    except Exception as error:  # whatever it is, the table says so
        return {"error": type(error).__name__}
    seconds = time.process_time() - start
    np.save(request["output"], filled)
    return {"seconds": seconds}


def main() -> None:
    cv2.setNumThreads(1)
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
