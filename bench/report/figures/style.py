"""How figures look: fixed sizes, fonts that print, colours that everybody can tell apart."""

from __future__ import annotations

import io
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from inpaintbench.errors import BenchError
from inpaintbench.images.files import write_whole
from inpaintbench.report.kinds import StyleName
from inpaintbench.statistics.scores import plain_name

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

ONE_COLUMN = 3.5
TWO_COLUMNS = 7.2
"""Widths in inches of a figure over one and two columns."""


@dataclass(frozen=True)
class Style:
    """What a figure is for: sizes in points, and the width in inches if no other is asked for."""

    font_size: float  # the smallest text is one point smaller
    line_width: float
    marker_size: float
    width: float
    dpi: int  # of PNG files

    @property
    def em(self) -> float:
        """Height of the font in inches."""
        return self.font_size / 72


STYLES = {
    StyleName.paper: Style(7, 0.9, 3.6, TWO_COLUMNS, 300),
    StyleName.talk: Style(13, 1.8, 7, 11.0, 150),
    StyleName.web: Style(9, 1.3, 5, 8.6, 150),
}

_PER_INCH = {"in": 1.0, "mm": 25.4, "cm": 2.54, "pt": 72.27}
_NARROWEST, _WIDEST = 2.5, 40.0

INK = "#1a1a1a"
GREY = "#8c8c8c"
FAINT = "#e4e4e4"
BAND = "#f5f5f5"

# Okabe and Ito's palette without its yellow, which is too light for lines on white.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#404040")
# 7 colours and 9 markers have no common factor: 63 methods before a combination comes again.
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">")
_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (4, 1.2, 1, 1.2)))

_COLOURED = ("axes.edgecolor", "axes.labelcolor", "text.color", "xtick.color", "ytick.color")
_OUTLINES = ("axes.linewidth", "grid.linewidth", "xtick.major.width", "ytick.major.width")


@dataclass(frozen=True)
class Look:
    """How a method or mask suite is told from the others."""

    colour: str
    marker: str
    dashes: Any

    def handle(self, label: str, line: Any = "-") -> Line2D:
        """Make the entry of a legend, with the marker on this kind of line."""
        from matplotlib.lines import Line2D

        return Line2D([], [], color=self.colour, marker=self.marker, linestyle=line, label=label)


def looks(names: Sequence[str]) -> dict[str, Look]:
    """Give each name a colour, marker and dash pattern, by its place in the run."""
    return {
        name: Look(
            _COLOURS[i % len(_COLOURS)], _MARKERS[i % len(_MARKERS)], _DASHES[i % len(_DASHES)]
        )
        for i, name in enumerate(names)
    }


def shortened(names: Sequence[str], longest: int) -> dict[str, str]:
    """Cut names so that they fit, and keep them different.

    A long name loses its parameters, ``deepfill[…]``, where no other would look the same then,
    and else its middle.
    """
    plain = {name: f"{plain_name(name)}[…]" for name in names}
    counts = Counter(plain.values())
    short: dict[str, str] = {}
    for name in names:
        text = " ".join(name.split())
        if len(text) > longest:
            tail = longest // 2
            cut = f"{text[: longest - tail - 1]}…{text[-tail:]}"
            fits = len(plain[name]) <= longest and counts[plain[name]] == 1
            text = plain[name] if fits else cut
        number = sum(other == text or other.startswith(f"{text} (") for other in short.values())
        short[name] = f"{text} ({number + 1})" if number else text
    return short


@contextmanager
def applied(style: Style) -> Iterator[None]:
    """Draw and save figures in a style, whatever a person's matplotlibrc says."""
    import matplotlib as mpl

    # a backend is for windows; figures here are only ever written to files
    defaults: dict[Any, Any] = {
        k: v for k, v in mpl.rcParamsDefault.items() if not k.startswith("backend")
    }
    size = style.font_size
    ours: dict[Any, Any] = {
        "font.family": "DejaVu Sans",
        "font.size": size,
        "axes.titlesize": size,
        "xtick.labelsize": size - 1,
        "figure.dpi": style.dpi,
        "savefig.dpi": style.dpi,
        **{f"figure.constrained_layout.{side}_pad": style.em * 0.4 for side in "hw"},
        **{f"figure.constrained_layout.{side}space": 0.0 for side in "hw"},
        "lines.linewidth": style.line_width,
        "lines.markersize": style.marker_size,
        **dict.fromkeys(_OUTLINES, style.line_width * 0.6),
        **dict.fromkeys(_COLOURED, INK),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "xtick.major.size": size * 0.35,
        "ytick.major.size": size * 0.35,
        "grid.color": FAINT,
        "legend.frameon": False,
        "legend.handletextpad": 0.4,
        "legend.columnspacing": 1.2,
        "text.parse_math": False,
        "pdf.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "inpaintbench",
    }
    with mpl.rc_context({**defaults, **ours}), warnings.catch_warnings():
        # a name in a script that the font lacks shows as boxes
        warnings.filterwarnings("ignore", r"Glyph \d+ .* missing from font")
        yield


def inches(text: str) -> float:
    """Read a length such as ``3.5in``, ``89mm``, ``8.9cm`` or ``252pt``; a bare number is inches.

    Raises
    ------
    BenchError
        When it isn't a length, or one that no figure fits.
    """
    match = re.fullmatch(r"\s*([0-9.]+)\s*(in|mm|cm|pt)?\s*", text)
    try:
        value = float(match[1]) / _PER_INCH[match[2] or "in"] if match else 0.0
    except ValueError:
        value = 0.0
    if not _NARROWEST <= value <= _WIDEST:
        raise BenchError(
            f"{text!r} is not a width; write it like 3.5in or 89mm, from {_NARROWEST:g} to "
            f"{_WIDEST:g} inches"
        )
    return value


@contextmanager
def _fonts_without_shaping() -> Iterator[None]:
    """Leave out of PDFs the font tables that lay text out.

    Nothing reads them there, and cutting them down is a third of the time that a report takes.
    """
    from fontTools.subset import Options

    dropped: list[str] = getattr(Options, "_drop_tables_default", [])
    count = len(dropped)
    dropped += ["GDEF", "GPOS", "GSUB", "MATH"]
    try:
        yield
    finally:
        del dropped[count:]


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, PDF or SVG, by the ending; the same figure gives the same bytes.

    Raises
    ------
    BenchError
        When the ending is another.
    """
    if path.suffix not in (".png", ".pdf", ".svg"):
        raise BenchError(f"{path}: figures are written as .pdf, .png or .svg")
    metadata: dict[str, dict[str, str | None]] = {
        ".png": {"Software": None},
        ".pdf": {"Creator": "inpaintbench", "Producer": None, "CreationDate": None},
        ".svg": {"Creator": "inpaintbench", "Date": None},
    }
    drawn = io.BytesIO()
    with _fonts_without_shaping():
        figure.savefig(drawn, format=path.suffix[1:], metadata=metadata[path.suffix])
    write_whole(path, drawn.getvalue())
