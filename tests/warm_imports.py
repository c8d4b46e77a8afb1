"""What commands and their workers have when they are forked: imports, and what is slow at first.

Imported by the process that they are forked from, and by no test.
"""

from __future__ import annotations

import gc
import os
from functools import wraps
from importlib import import_module
from multiprocessing.connection import Connection

import numpy as np
from warm_commands import fork_server

from inpaintbench.execution import pool
from inpaintbench.metrics.scoring import score_group
from inpaintbench.plugins import registry

LIBRARIES = (
    *("cv2", "jinja2", "matplotlib.backends.backend_agg", "matplotlib.backends.backend_pdf"),
    *("matplotlib.figure", "numpy.random", "pandas", "pyarrow.parquet", "rich.progress"),
    *("rich.table", "scipy.linalg", "scipy.ndimage", "scipy.stats"),
)
OURS = (
    *("cli.application", "cli.progress", "cli.terminal", "execution.run"),
    *("report.tables", "report.opening", "report.writing", "site.building"),
    *("storage.store",),
)


def load_kernels() -> None:
    """Score once: the first call of a compiled function has numba load most of itself."""
    reference = np.zeros((32, 32, 3), np.uint8)
    mask = np.zeros((32, 32), bool)
    mask[8:16, 8:16] = True
    metrics = [registry.metrics().make(name) for name in ("psnr", "ssim")]
    score_group(metrics, reference, mask, [reference + mask[..., None].astype(np.uint8)])


def serve_with_imports() -> None:
    """Have workers fork the server of their methods' processes, before they hold any picture."""
    serve = pool._serve

    @wraps(serve)
    def forked(connection: Connection) -> None:
        fork_server()
        serve(connection)

    pool._serve = forked


# the folder of this file was put first
_, *paths = os.environ.pop("PYTHONPATH").split(os.pathsep)
if paths:
    os.environ["PYTHONPATH"] = os.pathsep.join(paths)
for name in (*LIBRARIES, *(f"inpaintbench.{name}" for name in OURS)):
    import_module(name)
load_kernels()
serve_with_imports()
# looking for garbage in what is there would give each process pages of its own
gc.collect()
gc.freeze()
