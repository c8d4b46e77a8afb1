"""Answer requests to inpaint with the package exemplar-based-inpainting, in its own environment.

Reads a line of JSON for each request (``image``, ``mask``, ``output``: paths of ``.npy`` files;
``equal_settings``) and answers with the seconds of processor time that it took, on one thread.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time

import cv2
import numpy as np
from exemplar_based_inpainting.inpainter import Inpainter

SETTINGS: dict[bool, dict[str, object]] = {
    False: {},
    True: {"search_color_space": "lab", "search_original_source_only": True},
}


def main() -> None:
    cv2.setNumThreads(1)
    for line in sys.stdin:
        request = json.loads(line)
        image = np.ascontiguousarray(np.load(request["image"])[..., ::-1])
        mask = np.load(request["mask"]) * np.uint8(255)
        inpainter = Inpainter(show_progress_bar=False, **SETTINGS[request["equal_settings"]])
        start = time.process_time()
        with contextlib.redirect_stdout(sys.stderr):  # its progress bar, though switched off
            filled = inpainter.inpaint(image, mask)
        seconds = time.process_time() - start
        np.save(request["output"], filled[..., ::-1])
        print(seconds, flush=True)  # noqa: T201 - the answer


if __name__ == "__main__":
    main()
