"""What is wrong with a file of images."""

from __future__ import annotations

from inpaintbench.errors import BenchError


class DataError(BenchError):
    """Data that is missing, damaged or refused; one line that says what to do."""
