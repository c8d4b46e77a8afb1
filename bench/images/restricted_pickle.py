"""Read pickles that hold only plain Python values and NumPy arrays.

A pickle can call any function it names. This reader knows the four names that NumPy's own arrays
need and refuses every other, before anything is called.
"""

from __future__ import annotations

import pickle
from typing import IO, Any

import numpy as np

from inpaintbench.images.errors import DataError


def _latin1(text: str, encoding: str) -> bytes:
    """Turn text back into bytes, as pickles of Python 3 in Python 2's protocol do."""
    if encoding not in ("latin1", "latin-1"):
        raise pickle.UnpicklingError(f"it encodes text as {encoding!r}, which is not allowed")
    return text.encode("latin1")


# What an array's pickle names, under the module names of NumPy 1 and 2.
_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    ("_codecs", "encode"): _latin1,
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ALLOWED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which is not allowed"
            ) from None


def load(file: IO[bytes], where: str) -> Any:
    """Read one pickle; text of Python 2 comes as bytes.

    Parameters
    ----------
    file : binary file
    where : str
        What to call the file in an error.

    Raises
    ------
    DataError
        When the pickle is damaged or names anything but NumPy arrays.
    """
    try:
        return _Unpickler(file, encoding="bytes").load()
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise DataError(f"{where}: refused or damaged pickle: {error}") from error
