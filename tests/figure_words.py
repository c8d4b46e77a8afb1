"""The words that a figure shows, and whether they can be read."""

from __future__ import annotations

from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from inpaintbench.report.figures import Drawing, applied
from inpaintbench.report.figures.style import STYLES
from inpaintbench.report.kinds import StyleName


def words(figure: Figure) -> list[tuple[str, tuple[float, float, float, float]]]:
    """List the words that drawing a figure puts on it, with their boxes in points."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    drawn_texts: list[Text] = []

    def record(*args: object, mtext: Text | None = None, **options: object) -> None:
        if mtext is not None and mtext.get_text().strip() and mtext not in drawn_texts:
            drawn_texts.append(mtext)

    for name in dir(renderer):
        if name.startswith("draw_"):  # most of the time, and no word's place, is in the pixels
            setattr(renderer, name, record)
    figure.draw(renderer)
    scale = 72 / figure.dpi
    return [
        # of an annotation, the words alone without its line
        (text.get_text(), tuple(Text.get_window_extent(text, renderer).extents * scale))
        for text in drawn_texts
    ]


def assert_readable(drawing: Drawing) -> None:
    with applied(STYLES[StyleName.paper]):
        boxes = words(drawing.figure)
    width, height = drawing.figure.get_size_inches() * 72
    for word, (left, bottom, right, top) in boxes:
        assert left >= -1, f"{word} leaves the figure on the left"
        assert bottom >= -1, f"{word} leaves the figure at the bottom"
        assert right <= width + 1, f"{word} leaves the figure on the right"
        assert top <= height + 1, f"{word} leaves the figure at the top"
    for (one, a), (other, b) in combinations(boxes, 2):
        overlap = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        # boxes hold room for descenders, so a point of overlap can't be seen
        assert overlap[0] <= 1 or overlap[1] <= 1.5, f"{one!r} and {other!r} overlap"
