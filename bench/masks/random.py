"""Random numbers that are the same on every machine, platform and library version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from math import frexp, sqrt
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

_WORD = 1 << 64
_LOG_2 = 0.6931471805599453
_SQRT_HALF = 0.7071067811865476


class RandomStream:
    """A stream of integers and exactly rounded floats, seeded by text.

    The raw words are those of PCG64, whose stream NumPy guarantees; everything above them
    (NumPy's distributions may change between versions) is integer arithmetic of our own.

    Parameters
    ----------
    *key : str or int
        What the stream depends on; equal keys give equal streams.
    """

    def __init__(self, *key: str | int) -> None:
        digest = hashlib.sha256("\x1f".join(str(part) for part in key).encode()).digest()
        self._words = np.random.PCG64(int.from_bytes(digest, "big"))

    def integer(self, low: int, high: int) -> int:
        """Draw an integer, uniform over ``low <= n < high``."""
        span = high - low
        if span <= 0:
            raise ValueError(f"empty range {low}..{high}")
        limit = _WORD - _WORD % span
        while (word := int(self._words.random_raw())) >= limit:
            pass
        return low + word % span

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Draw a float, uniform over ``[low, high)``, from 53 random bits."""
        fraction = (int(self._words.random_raw()) >> 11) / (1 << 53)
        return low + (high - low) * fraction

    def normal(self, mean: float = 0.0, deviation: float = 1.0) -> float:
        """Draw a normal deviate by Marsaglia's polar method, with a logarithm of our own."""
        while True:
            x, y = self.uniform(-1.0, 1.0), self.uniform(-1.0, 1.0)
            square = x * x + y * y
            if 0.0 < square < 1.0:
                return mean + deviation * x * sqrt(-2.0 * _logarithm(square) / square)

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self.uniform() < probability

    def choice(self, items: Sequence[T]) -> T:
        """Draw one of the items."""
        return items[self.integer(0, len(items))]

    def uniforms(self, count: int) -> NDArray[np.float64]:
        """Draw `count` floats at once, uniform over ``[0, 1)``: those that `uniform` gives."""
        return (self.words(count) >> np.uint64(11)) / np.float64(1 << 53)

    def words(self, count: int) -> NDArray[np.uint64]:
        """Draw `count` raw 64-bit words at once, for masks that need noise at every pixel."""
        return np.asarray(self._words.random_raw(count), dtype=np.uint64)


def _logarithm(x: float) -> float:
    """Natural logarithm within 1e-15, the same on every machine: the series of 2 artanh."""
    mantissa, exponent = frexp(x)
    if mantissa < _SQRT_HALF:
        mantissa, exponent = mantissa * 2, exponent - 1
    ratio = (mantissa - 1) / (mantissa + 1)
    square = ratio * ratio
    series = 0.0
    for odd in range(21, 0, -2):
        series = series * square + 1 / odd
    return exponent * _LOG_2 + 2 * ratio * series
