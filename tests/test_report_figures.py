"""Figures: sizes, no overlapping words, embedded fonts, the same bytes, and odd runs."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import re
import subprocess
import sys
import zlib
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from figure_words import assert_readable
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image
from synthetic_run import LPIPS, PSNR, SyntheticPictures, synthetic_run, with_scores

from inpaintbench.errors import BenchError
from inpaintbench.report.figures import Drawing, NothingToShow, Request, applied, draw, save
from inpaintbench.report.figures.labels import place_labels
from inpaintbench.report.figures.scatter import pareto_front
from inpaintbench.report.figures.shown_case import typical_cases
from inpaintbench.report.figures.style import (
    ONE_COLUMN,
    STYLES,
    TWO_COLUMNS,
    inches,
    looks,
    shortened,
)
from inpaintbench.report.kinds import FigureKind, StyleName
from inpaintbench.report.summary import Summary
from inpaintbench.storage.rows import RunRows


@cache
def summary_of(methods: int, missing_lpips: str = "") -> Summary:
    """Share the statistics of a run between the kinds of figure."""
    unfinished = {"telea": 0.5} if methods > 2 else {}
    return Summary(
        synthetic_run(methods, images=3, unfinished=unfinished, missing_lpips=missing_lpips)
    )


def drawn(
    run: RunRows | Summary,
    kind: FigureKind,
    style: StyleName = StyleName.paper,
    width: float = 7.2,
    *,
    rendered: bool = True,
) -> Drawing:
    summary = run if isinstance(run, Summary) else Summary(run)
    request = Request(summary, STYLES[style], width, SyntheticPictures(summary.rows))
    with applied(STYLES[style]):
        drawing = draw(kind, request)
        if rendered:
            drawing.figure.draw_without_rendering()
    return drawing


KINDS = [kind for kind in FigureKind if kind is not FigureKind.rank_histogram]
"""Those that a run without draws fills."""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [ONE_COLUMN, TWO_COLUMNS])
def test_no_words_overlap(kind: FigureKind, width: float) -> None:
    drawing = drawn(summary_of(5), kind, StyleName.paper, width, rendered=False)
    assert drawing.figure.get_size_inches()[0] == width
    assert drawing.figure.get_size_inches()[1] < 12
    assert_readable(drawing)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("methods", "style", "width"),
    [
        (20, StyleName.paper, ONE_COLUMN),
        (20, StyleName.paper, TWO_COLUMNS),
        (5, StyleName.web, 8.6),
        (2, StyleName.talk, 11.0),
    ],
)
def test_no_words_overlap_with_few_or_many_methods(
    kind: FigureKind, methods: int, style: StyleName, width: float
) -> None:
    assert_readable(drawn(summary_of(methods), kind, style, width, rendered=False))


@pytest.mark.parametrize("kind", KINDS)
def test_captions_are_sentences(kind: FigureKind) -> None:
    missing = "" if kind is FigureKind.plane else "no weights"
    run = summary_of(5, missing_lpips=missing)
    caption = drawn(run, kind, rendered=False).caption
    assert caption.endswith(".")
    assert "  " not in caption
    if kind not in (FigureKind.suites, FigureKind.pictures):
        assert "Not shown, since too few cells were finished: telea (13/27)." in caption
    if kind not in (FigureKind.plane, FigureKind.pictures):
        assert "LPIPS is missing: no weights." in caption


def test_methods_that_are_not_ranked_are_hollow_in_the_suites() -> None:
    drawing = drawn(synthetic_run(3, unfinished={"telea": 0.5}), FigureKind.suites)
    fills = {
        line.get_markerfacecolor()
        for panel in drawing.figure.axes
        for line in panel.lines
        if line.get_marker() not in ("None", "")
    }
    assert "white" in fills
    assert "Hollow" in drawing.caption


class TestBytes:
    def saved(self, tmp_path: Path, kind: FigureKind, suffix: str) -> bytes:
        path = tmp_path / f"figure{suffix}"
        summary = summary_of(5)
        with applied(STYLES[StyleName.paper]):
            request = Request(summary, pictures=SyntheticPictures(summary.rows))
            save(draw(kind, request).figure, path)
        return path.read_bytes()

    @pytest.mark.parametrize(
        "kind", [FigureKind.distribution, FigureKind.critical_difference, FigureKind.pictures]
    )
    def test_pdf_embeds_truetype_and_tells_no_time(self, tmp_path: Path, kind: FigureKind) -> None:
        data = self.saved(tmp_path, kind, ".pdf")
        text = data + b"".join(
            zlib.decompress(stream)
            for stream in re.findall(
                rb"FlateDecode.{0,80}?stream\r?\n(.*?)\r?\nendstream", data, re.S
            )
            if stream[:1] == b"x"
        )
        assert b"/FontFile2" in text
        assert b"/Type3" not in text
        assert b"CreationDate" not in text
        assert b"ModDate" not in text

    def test_png_holds_nothing_but_pixels_and_resolution(self, tmp_path: Path) -> None:
        self.saved(tmp_path, FigureKind.suites, ".png")
        picture = Image.open(tmp_path / "figure.png")
        assert picture.size[0] == 2160
        assert set(picture.info) == {"dpi"}

    def test_other_endings_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(BenchError, match=r"\.pdf, \.png or \.svg"):
            save(Figure(), tmp_path / "figure.jpg")

    @pytest.mark.slow
    def test_same_bytes_in_another_process_at_another_time(self, tmp_path: Path) -> None:
        """Nothing of the hash seed, the clock or a person's matplotlibrc gets in."""
        script = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "from pathlib import Path\n"
            "from synthetic_run import synthetic_run, SyntheticPictures\n"
            "from inpaintbench.report.figures import Request, applied, draw, save\n"
            "from inpaintbench.report.kinds import FigureKind\n"
            "from inpaintbench.report.summary import Summary\n"
            "rows = synthetic_run(2, images=3, datasets=['d'], suites=['textures'])\n"
            "request = Request(Summary(rows), pictures=SyntheticPictures(rows))\n"
            "with applied(request.style):\n"
            "    for kind in ('suites', 'pictures'):\n"
            "        figure = draw(FigureKind(kind), request).figure\n"
            "        for suffix in ('.png', '.pdf', '.svg'):\n"
            "            save(figure, Path(sys.argv[2]) / (kind + suffix))\n"
        )
        (tmp_path / "matplotlibrc").write_text("font.size: 20\nlines.linewidth: 9\n")
        runs = {
            "one": {"PYTHONHASHSEED": "1", "TZ": "UTC"},
            "two": {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "MATPLOTLIBRC": str(tmp_path)},
        }
        command = [sys.executable, "-c", script, str(Path(__file__).parent)]
        started = [
            subprocess.Popen([*command, str(tmp_path / run)], env={**os.environ, **extra})
            for run, extra in runs.items()
        ]
        assert [process.wait() for process in started] == [0, 0]
        files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*.*"))
        assert len(files) == 6
        for name in files:
            assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


class TestPlane:
    def test_each_panel_holds_a_suite_with_its_means_and_front(self) -> None:
        summary = Summary(synthetic_run(4))
        figure = drawn(summary, FigureKind.plane).figure
        assert [panel.get_title() for panel in figure.axes] == summary.scores.suites()
        for panel, here in zip(figure.axes, summary.suites, strict=True):
            points = [
                line.get_xydata()[0] for line in panel.lines if line.get_linestyle() == "None"
            ]
            means = [
                [entry.qualities[metric].estimate.mean for metric in (PSNR, LPIPS)]
                for entry in here.entries
            ]
            assert np.allclose(points, means)
            front = next(line for line in panel.lines if line.get_drawstyle() == "steps-post")
            corners = [means[i] for i in pareto_front([tuple(m) for m in means], (True, False))]
            assert np.allclose(front.get_xydata(), corners)


class TestCriticalDifference:
    @pytest.mark.parametrize(("methods", "width"), [(6, TWO_COLUMNS), (10, ONE_COLUMN)])
    def test_its_bars_are_the_ties_of_the_leaderboard(self, methods: int, width: float) -> None:
        summary = Summary(synthetic_run(methods, spread=0.5))
        figure = drawn(summary, FigureKind.critical_difference, width=width).figure
        lines = [line for panel in figure.axes for line in panel.lines]
        bars = [line for line in lines if line.get_color() == "white"]
        joined = [len(line.get_xdata()) for line in bars]
        ties = [
            len(group)
            for ranking in summary.overall.rankings.values()
            for group in ranking.groups
            if len(group) > 1
        ]
        assert joined == ties
        for ranking in summary.overall.rankings.values():
            apart = ranking.comparison.pairs.apart
            assert not any(apart[np.ix_(group, group)].any() for group in ranking.groups)

    def test_nemenyis_bars_are_joined_by_the_difference_and_said_to_differ(self) -> None:
        rows = synthetic_run(6)
        with applied(STYLES[StyleName.paper]):
            drawing = draw(FigureKind.critical_difference, Request(Summary(rows), nemenyi=True))
        assert "Nemenyi's critical difference" in drawing.caption
        assert "its ties aren't the leaderboard's" in drawing.caption
        assert any(text.get_text().startswith("CD = ") for text in drawing.figure.axes[0].texts)


class TestOddRuns:
    @pytest.mark.parametrize(
        ("kind", "options", "reason"),
        [
            (FigureKind.runtime, {"timings": False}, "timed"),
            (FigureKind.critical_difference, {"methods": 1}, "fewer than two methods"),
            (FigureKind.critical_difference, {"images": 1, "datasets": ("d",)}, "single image"),
            (FigureKind.ranks, {"methods": 1}, "fewer than two methods"),
            (FigureKind.plane, {"missing_lpips": "no weights"}, "no metric of perception"),
            (FigureKind.distribution, {"unfinished": {"mean-fill": 1.0, "telea": 1.0}}, "score"),
        ],
    )
    def test_nothing_to_show_says_why(
        self, kind: FigureKind, options: dict[str, object], reason: str
    ) -> None:
        with pytest.raises(NothingToShow, match=reason):
            drawn(synthetic_run(**{"methods": 2, **options}), kind)

    @pytest.mark.parametrize(
        "options",
        [
            {"methods": 1, "images": 1, "datasets": ("d",), "suites": ("textures",)},
            {"methods": 2, "channels": 1, "images": 2, "datasets": ("d",)},
            {"methods": 3, "missing_lpips": "no weights", "images": 2, "datasets": ("d",)},
            {"methods": ["$x_1$", "<script>", "a" * 80, "ü–日本"], "images": 3, "datasets": ("d",)},
            {"methods": 3, "reached": 0.2},
        ],
    )
    def test_odd_runs_are_drawn(self, options: dict[str, object]) -> None:
        summary = Summary(synthetic_run(**options))
        made = set()
        for kind in FigureKind:
            with contextlib.suppress(NothingToShow):
                drawn(summary, kind)
                made.add(kind)
        assert made >= {FigureKind.suites, FigureKind.distribution, FigureKind.pictures}

    def test_exact_results(self) -> None:
        rows = synthetic_run(2)
        scores = rows.scores.assign(
            value=np.where(rows.scores["metric"] == PSNR, np.inf, rows.scores["value"])
        )
        for kind in (FigureKind.distribution, FigureKind.runtime):
            drawn(with_scores(rows, scores), kind)

    def test_without_pictures(self) -> None:
        with applied(STYLES[StyleName.paper]), pytest.raises(NothingToShow, match="at hand"):
            draw(FigureKind.pictures, Request(Summary(synthetic_run(2))))


class TestPictures:
    def test_a_grid_shows_original_masked_and_every_method(self) -> None:
        rows = synthetic_run(3, suites=("textures",))
        drawing = drawn(rows, FigureKind.pictures)
        titles = [axes.get_title() for axes in drawing.figure.axes if axes.get_title()]
        assert titles == ["original", "masked", "navier-stokes", "telea", "mean-fill"]

    def test_a_cell_without_a_result_names_the_reason(self) -> None:
        rows = synthetic_run(3, suites=("textures",), unfinished={"telea": 1.0})
        figure = drawn(rows, FigureKind.pictures).figure
        assert "timeout" in [text.get_text() for axes in figure.axes for text in axes.texts]

    def test_composites_are_shown(self) -> None:
        """What a method did to known pixels isn't scored, so it isn't shown."""
        rows = synthetic_run(1, images=1, datasets=("d",), suites=("textures",))

        class Spoiling(SyntheticPictures):
            def output(self, case: str, variant: str) -> np.ndarray:
                return 255 - self.reference(case)

        pictures = Spoiling(rows)
        case = rows.cases["case"][0]
        with applied(STYLES[StyleName.paper]):
            request = Request(Summary(rows), pictures=pictures, insets=False, errors=False)
            figure = draw(FigureKind.pictures, request).figure
        shown = figure.axes[2].images[0].get_array()
        mask = pictures.mask(case)
        assert np.allclose(shown[~mask], pictures.reference(case)[~mask] / 255)
        assert not np.allclose(shown[mask], pictures.reference(case)[mask] / 255)

    def test_sixteen_bit_grey(self) -> None:
        rows = synthetic_run(2, images=1, datasets=("d",), suites=("textures",), channels=1)
        rows = dataclasses.replace(rows, cases=rows.cases.assign(dtype="uint16"))
        drawn(rows, FigureKind.pictures)

    def test_chosen_cases(self) -> None:
        rows = synthetic_run(2)
        case = rows.cases["case"].iloc[7]
        with applied(STYLES[StyleName.paper]):
            request = Request(Summary(rows), pictures=SyntheticPictures(rows), cases=(case,))
            figure = draw(FigureKind.pictures, request).figure
        row = rows.cases.iloc[7]
        assert figure.texts[0].get_text() == f"{row['dataset']} / {row['sample']}, {row['suite']}"
        with pytest.raises(BenchError, match="no case 'nope'"):
            draw(FigureKind.pictures, dataclasses.replace(request, cases=("nope",)))

    def test_typical_case_is_the_median_of_its_suite(self) -> None:
        rows = synthetic_run(3)
        chosen = typical_cases(Summary(rows))
        assert len(chosen) == 3
        psnr = rows.scores[rows.scores["metric"] == PSNR].groupby("case")["value"].mean()
        for case, suite in zip(chosen, rows.cases["suite"].unique(), strict=True):
            of_suite = psnr[list(rows.cases.loc[rows.cases["suite"] == suite, "case"])]
            assert (of_suite < psnr[case]).sum() == (len(of_suite) - 1) // 2


class TestParts:
    def test_pareto_front(self) -> None:
        points = [(1.0, 20.0), (2.0, 25.0), (3.0, 24.0), (4.0, 30.0), (1.0, 19.0)]
        assert pareto_front(points, (False, True)) == [0, 1, 3]
        assert pareto_front(points, (False, False)) == [4]
        assert pareto_front(points, (True, True)) == [3]
        assert pareto_front(points, (True, False)) == [3, 2, 4]

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12))
    def test_pareto_front_is_what_nothing_beats(self, points: list[tuple[int, int]]) -> None:
        front = pareto_front(points, (False, True))
        for i, (seconds, score) in enumerate(points):
            beaten = any(
                (s <= seconds and q >= score) and (s, q) != (seconds, score) for s, q in points
            )
            assert (not beaten) == ((seconds, score) in [points[j] for j in front]), i

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.floats(0, 300), st.floats(0, 200)), min_size=1, max_size=12))
    def test_labels_overlap_neither_each_other_nor_points(
        self, points: list[tuple[float, float]]
    ) -> None:
        placed = place_labels(points, [(30.0, 8.0)] * len(points), (0, 0, 300, 200), 3.0)
        if placed is None:
            return
        boxes = [place.box for place in placed]
        for a, b in combinations(boxes, 2):
            assert min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1])
        for x, y in points:
            assert not any(b[0] < x < b[2] and b[1] < y < b[3] for b in boxes)
        assert all(b[0] >= 0 and b[1] >= 0 and b[2] <= 300 and b[3] <= 200 for b in boxes)

    def test_lines_to_far_labels_pass_by_the_others(self) -> None:
        far = 0
        for seed in range(40):
            random = np.random.default_rng(seed)
            points = [(float(x), float(y)) for x, y in random.uniform(80, 120, (6, 2))]
            placed = place_labels(points, [(30.0, 8.0)] * 6, (0, 0, 200, 200), 3.0) or []
            for i, place in enumerate(placed):
                if not place.far:
                    continue
                far += 1
                left, bottom, right, top = place.box
                middle = np.array([(left + right) / 2, (bottom + top) / 2])
                line = points[i] + np.linspace(0, 1, 200)[:, None] * (middle - points[i])
                for other in placed[:i] + placed[i + 1 :]:
                    low, high = np.array(other.box[:2]), np.array(other.box[2:])
                    assert not ((line > low) & (line < high)).all(axis=1).any()
        assert far > 10

    def test_labels_that_do_not_fit_are_refused(self) -> None:
        assert place_labels([(5, 5), (6, 6)], [(50, 8)] * 2, (0, 0, 60, 10), 3.0) is None

    def test_looks_stay_apart_for_many_methods(self) -> None:
        found = looks([str(i) for i in range(40)])
        assert len({(look.colour, look.marker) for look in found.values()}) == 40

    @settings(deadline=None)
    @given(st.lists(st.text(max_size=40), unique=True, max_size=8), st.integers(8, 30))
    def test_shortened_names_stay_different(self, names: list[str], longest: int) -> None:
        short = shortened(names, longest)
        assert set(short) == set(names)
        assert len(set(short.values())) == len(names)

    def test_shortened(self) -> None:
        names = ["telea", "deepfill[version=2]", "lama[a=1,b=2,c=3]", "lama[a=1,b=2,c=4]"]
        assert list(shortened(names, 12).values()) == [
            "telea",
            "deepfill[…]",
            "lama[…b=2,c=3]"[:5] + "…2,c=3]",
            "lama[…2,c=4]",
        ]

    @pytest.mark.parametrize(
        ("text", "value"),
        [("3.5in", 3.5), ("89mm", 89 / 25.4), ("8.9 cm", 8.9 / 2.54), ("7", 7.0), ("252pt", 3.487)],
    )
    def test_widths(self, text: str, value: float) -> None:
        assert inches(text) == pytest.approx(value, rel=1e-3)

    @pytest.mark.parametrize("text", ["wide", "-3in", "0.1in", "1e9", "3.5.1in", ""])
    def test_bad_widths(self, text: str) -> None:
        with pytest.raises(BenchError, match="is not a width"):
            inches(text)
