"""The error that a person can mend."""

from __future__ import annotations


class BenchError(Exception):
    """One clear line that says what is wrong and what to do; shown without a traceback."""
