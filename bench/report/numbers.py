"""Write numbers with as many digits as their uncertainty leaves."""

from __future__ import annotations

import math
from collections.abc import Iterable

MISSING = "\N{EN DASH}"


def decimals(
    half_widths: Iterable[float],
    otherwise: int,
    least: int = 0,
    most: int = 5,
    means: Iterable[float] = (),
) -> int:
    """Choose the decimals of a column from the intervals in it.

    The middle half-width keeps one significant digit, or two where its first digit is 1 or 2:
    ``±0.034`` asks for two decimals, ``±0.017`` for three.

    Parameters
    ----------
    half_widths : iterable of float
        Half-widths of the column's intervals; NaN and 0 are passed over.
    otherwise : int
        Decimals of a column without intervals.
    least, most : int
        Never fewer or more than these.
    means : iterable of float
        What is written: all but 0 show a digit other than 0, if `most` allows.
    """
    sizes = [abs(mean) for mean in means if math.isfinite(mean) and mean]
    if sizes:
        least = min(most, max(least, -math.floor(math.log10(min(sizes)))))
    known = sorted(width for width in half_widths if math.isfinite(width) and width > 0)
    if not known:
        return max(otherwise, least)
    width = known[len(known) // 2]
    exponent = math.floor(math.log10(width))
    leading = width / 10.0**exponent
    return min(most, max(least, -exponent + int(leading < 2.5)))


def fixed(value: float, digits: int) -> str:
    """Write a number with fixed decimals; no ``-0.00``, and a dash for what isn't a number."""
    if not math.isfinite(value):
        return MISSING
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text


def significant(value: float, digits: int = 2) -> str:
    """Write a positive number with significant digits, never with an exponent."""
    if not math.isfinite(value):
        return MISSING
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    rounded = float(f"{value:.{digits - 1}e}")
    if rounded and math.floor(math.log10(abs(rounded))) > math.floor(math.log10(abs(value))):
        places = max(0, places - 1)
    return f"{rounded:.{places}f}"


def percent(share: float) -> str:
    """Write a share in whole percent: ``95 %``."""
    return f"{100 * share:.0f} %"


def case_decimals(unit: str) -> int:
    """Return the decimals of a score of a single case, or of a column without intervals."""
    return 2 if unit == "dB" else 4


def duration(seconds: float) -> str:
    """Write a runtime with two significant digits: ``16 ms``, ``2.4 s``."""
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 0.9995:
        return f"{significant(seconds * 1000)} ms"
    return f"{significant(seconds)} s"


def p_value(p: float) -> str:
    """Write a p-value: three decimals, or ``<0.001``."""
    if not math.isfinite(p):
        return MISSING
    return "<0.001" if p < 0.0005 else f"{p:.3f}"
