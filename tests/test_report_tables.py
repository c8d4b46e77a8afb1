"""Tables in every format: digits, marks, notes, gaps, and names that would like to be code."""

from __future__ import annotations

import dataclasses
import io
import re
import shutil
import subprocess
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from synthetic_run import LPIPS, PSNR, SSIM, synthetic_run, with_scores

from inpaintbench.masks.statistics import COVERAGE_EDGES, THICKNESS_EDGES
from inpaintbench.report import html, latex, markdown, tables
from inpaintbench.report.kinds import REPORT_TABLES, Format, IntervalStyle, TableKind
from inpaintbench.report.numbers import decimals, fixed, p_value, significant
from inpaintbench.report.summary import Summary
from inpaintbench.report.table import draw
from inpaintbench.storage.rows import RunRows

HOSTILE = (
    r"a|b`*_x_*~#1&<script>alert(1)</script>",
    r"\input{x} %$^{}~\\ --x 'y' ``z``",
    "[link](http://x.y)\nsecond line",
    "=1+2 @user",
)


class TestNumbers:
    @pytest.mark.parametrize(
        ("width", "places"),
        [(0.034, 2), (0.017, 3), (0.024, 3), (0.5, 1), (0.12, 2), (3.0, 0), (1.5, 1), (40, 0)],
    )
    def test_digits_fit_the_interval(self, width: float, places: int) -> None:
        assert decimals([width, np.nan, 0.0], otherwise=9) == places

    def test_digits_have_bounds(self) -> None:
        assert decimals([], otherwise=4) == 4
        assert decimals([1e-9], otherwise=4) == 5
        assert decimals([30.0], otherwise=4, least=1) == 1

    def test_small_means_do_not_read_zero(self) -> None:
        assert decimals([0.05], otherwise=4, means=[0.3, 0.004, 0.0, np.nan]) == 3
        assert decimals([], otherwise=2, means=[0.0002]) == 4
        assert decimals([0.05], otherwise=4, means=[1e-9]) == 5

    def test_fixed(self) -> None:
        assert fixed(-0.001, 2) == "0.00"
        assert fixed(-1.005, 1) == "-1.0"
        assert fixed(np.nan, 2) == "–"

    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0.00412, "0.0041"),
            (0.996, "1.0"),
            (1.0, "1.0"),
            (12.3, "12"),
            (99.6, "100"),
            (1234.0, "1200"),
            (0.0, "0"),
            (np.nan, "–"),
        ],
    )
    def test_significant(self, value: float, text: str) -> None:
        assert significant(value) == text

    def test_p_value(self) -> None:
        assert [p_value(p) for p in (0.0004, 0.0234, 1.0, np.nan)] == [
            "<0.001",
            "0.023",
            "1.000",
            "–",
        ]


def written(rows: RunRows, kind: TableKind, format: Format) -> str:
    return tables.write(kind, Summary(rows), format)


# A run without stochastic methods has no draws to tabulate: see test_report_draws.
KINDS = tuple(kind for kind in REPORT_TABLES if kind not in (TableKind.draws, TableKind.posterior))


def every_format(kind: TableKind, summary: Summary) -> dict[Format, str]:
    """Write a table in each format, as a report does: made once for each style of intervals."""
    styles = {tables.usual_intervals(format) for format in Format}
    made = {style: tables.make(kind, summary, style) for style in styles}
    return {f: tables.render(made[tables.usual_intervals(f)], f) for f in Format}


@cache
def halves() -> tuple[Summary, Summary]:
    """Work out the statistics of one run twice."""
    rows = synthetic_run(3, unfinished={"telea": 0.05}, images=3)
    return Summary(rows), Summary(rows)


def column(text: str, metric: str) -> int:
    """Find the column of a metric in a Markdown table."""
    heads = [head.split() for head in text.splitlines()[2].split("|")]
    return next(number for number, head in enumerate(heads) if head[:1] == [metric])


class TestContent:
    def test_best_bold_second_underlined_tied_marked(self) -> None:
        rows = synthetic_run(3, spread=0.1, images=6)
        text = written(rows, TableKind.leaderboard, Format.markdown)
        standing = Summary(rows).overall
        for entry in standing.entries:
            line = next(line for line in text.splitlines() if f"| {entry.variant}" in line)
            psnr = line.split("|")[column(text, "PSNR")]
            quality = entry.qualities[PSNR]
            assert ("**" in psnr) == quality.best
            assert ("<ins>" in psnr) == quality.second
            assert ("≈" in psnr) == quality.tied
        assert sum(entry.qualities[PSNR].tied for entry in standing.entries) >= 1

    def test_the_rule_of_comparison_is_below_every_table(self) -> None:
        summary = Summary(synthetic_run(4, unfinished={"telea": 0.05, "biharmonic": 0.4}))
        for kind in KINDS:
            if kind is TableKind.failures:
                continue
            for format, text in every_format(kind, summary).items():
                if format is Format.csv:
                    continue
                assert re.search(r"cases\s+that\s+(all|every)", text), (kind, format)
                assert "not ranked" in text, (kind, format)

    def test_unfinished_cells_are_shown(self) -> None:
        rows = synthetic_run(4, unfinished={"telea": 0.05, "biharmonic": 0.4}, failure="crash")
        board = written(rows, TableKind.leaderboard, Format.markdown)
        assert "| 43/45 |" in board
        assert "| 27/45 |" in board
        assert "biharmonic<sup>†</sup>" in board
        assert "Not finished: telea 2 crash; biharmonic 18 crash." in board
        failures = written(rows, TableKind.failures, Format.csv)
        frame = pd.read_csv(io.StringIO(failures))
        assert len(frame) == 20
        assert set(frame["failure"]) == {"crash"}

    def test_a_stopped_run_says_so(self) -> None:
        text = written(synthetic_run(2, reached=0.5), TableKind.leaderboard, Format.markdown)
        assert re.search(r"The run is unfinished: 46 of 90 cells not reached\.", text)

    def test_missing_lpips_has_a_column_of_dashes_and_the_reason(self) -> None:
        rows = synthetic_run(2, missing_lpips="no weights; run `inpaintbench weights`")
        text = written(rows, TableKind.leaderboard, Format.markdown)
        cells = {line.split("|")[column(text, "LPIPS")].strip() for line in text.splitlines()[4:6]}
        assert cells == {"–"}
        assert "LPIPS is missing: no weights; run \\`inpaintbench weights\\`" in text

    def test_exact_results_are_counted(self) -> None:
        rows = synthetic_run(2)
        scores = rows.scores.copy()
        first = scores.index[scores["metric"] == PSNR][:3]
        scores.loc[first, "value"] = np.inf
        text = written(with_scores(rows, scores), TableKind.leaderboard, Format.markdown)
        assert "3 scores above 100 dB (exact results) count as that." in text

    def test_one_image_has_no_interval_and_says_so(self) -> None:
        rows = synthetic_run(3, images=1, datasets=("photos",))
        text = written(rows, TableKind.leaderboard, Format.markdown)
        assert "Means over fewer than 3 images have no interval: none is possible." in text
        table = text[text.index("| Method") : text.index("Too few images")]
        psnr = [line.split("|")[column(text, "PSNR")] for line in table.splitlines()[2:] if line]
        assert all("[" not in cell for cell in psnr)

    def test_too_few_images_are_said_first(self) -> None:
        """Ten pairs on eight images: no signed-rank test can give a corrected p of 0.05."""
        few = synthetic_run(5, images=8, spread=9, datasets=("photos",), suites=("textures",))
        for kind in (TableKind.leaderboard, TableKind.groups, TableKind.suites, TableKind.pairs):
            table = tables.make(kind, Summary(few))
            assert table.notes[0] == (
                "Too few images to tell any two methods apart, whatever their scores: "
                "5 methods take 9 images."
            )
        enough = synthetic_run(5, images=9, spread=9, datasets=("photos",), suites=("textures",))
        board = tables.make(TableKind.leaderboard, Summary(enough))
        assert "Too few" not in " ".join(board.notes)
        assert any(mark in "abcde" for row in board.blocks[0].rows for mark in row[1].mark)

    def test_what_could_have_been_found_is_said(self) -> None:
        rows = synthetic_run(3, spread=0.2)
        board = " ".join(tables.make(TableKind.leaderboard, Summary(rows)).notes)
        assert re.search(r"true differences of PSNR [\d.]+ dB, SSIM [\d.]+ and LPIPS [\d.]+", board)
        assert re.search(r"tied neighbours apart by perception.*telea.* \d+", board)
        frame = tables.make(TableKind.pairs, Summary(rows)).frame
        frame = frame[frame["metric"] == PSNR]
        assert (frame["detectable"] > 0).all()
        assert (frame["images_needed"] >= 6).all()

    def test_intervals_stay_in_the_range_of_what_they_are_of(self) -> None:
        here = Summary(synthetic_run(5, images=3, spread=4)).overall
        for entry in here.entries:
            assert entry.qualities[SSIM].estimate.high <= 1
            assert entry.qualities[LPIPS].estimate.low >= 0
            for place in entry.places.values():
                assert 1 <= place.mean_rank.low <= place.mean_rank.high <= 5

    def test_one_method_is_neither_best_nor_tied(self) -> None:
        text = written(synthetic_run(1), TableKind.leaderboard, Format.markdown)
        assert "**" not in text[text.index("| Method") :]
        assert "can't be told apart" not in text

    def test_no_timings(self) -> None:
        text = written(synthetic_run(2, timings=False), TableKind.leaderboard, Format.markdown)
        assert "no timings taken alone on the machine" in text

    def test_contended_timings_are_counted(self) -> None:
        rows = synthetic_run(2)
        timings = rows.timings.assign(contended=rows.timings["repeat"] == 0)
        text = written(
            dataclasses.replace(rows, timings=timings), TableKind.leaderboard, Format.markdown
        )
        number = (timings["repeat"] == 0).sum()
        assert f"{number} timings are left out: the machine was busy with other work." in text

    def test_training_data_of_the_same_collection_is_flagged(self) -> None:
        trained = {"telea": "places2/train", "mean-fill": "cifar10/train"}
        rows = synthetic_run(
            2, datasets=("places365-val", "cifar10[split=train]"), trained_on=trained
        )
        text = written(rows, TableKind.leaderboard, Format.markdown)
        assert "telea<sup>‡</sup>" in text
        assert "‡ trained on data of the same collection: " in text
        assert "telea on places2/train" in text
        assert "mean-fill on cifar10/train (the images scored here)" in text

    def test_groups_have_a_block_each(self) -> None:
        rows = synthetic_run(2)
        table = tables.make(TableKind.groups, Summary(rows))
        assert len(table.blocks) == 9
        assert table.blocks[0].title == "photos[size=128], small-holes (5 of 5 cases)"
        assert all(len(block.rows) == 2 for block in table.blocks)

    @pytest.mark.parametrize("kind", [TableKind.coverage, TableKind.thickness])
    def test_holes_of_a_size_have_a_block_each(self, kind: TableKind) -> None:
        rows = synthetic_run(2)
        sizes = rows.cases[kind].to_numpy()
        table = tables.make(kind, Summary(rows))
        edges = {"coverage": COVERAGE_EDGES, "thickness": THICKNESS_EDGES}[kind]
        unit = {"coverage": "", "thickness": " px"}[kind]
        wanted = [
            f"{kind} in ({low:g}, {high:g}]{unit} ({count} of {count} cases)"
            for low, high in pairwise(edges)
            if (count := int(((sizes > low) & (sizes <= high)).sum()))
        ]
        assert [block.title for block in table.blocks] == wanted
        assert len(wanted) > 1
        assert any("open on the left and closed on the right" in note for note in table.notes)
        assert list(table.frame.groupby(kind, sort=False)["reached"].first()) == [
            int(title.split("(")[-1].split()[0]) for title in wanted
        ]

    def test_a_hole_on_the_end_of_a_bin_is_in_the_lower_one(self) -> None:
        rows = synthetic_run(2)
        cases = rows.cases.assign(coverage=0.3)
        cases.loc[:4, "coverage"] = 0.2
        table = tables.make(TableKind.coverage, Summary(dataclasses.replace(rows, cases=cases)))
        assert [block.title for block in table.blocks] == [
            "coverage in (0.1, 0.2] (5 of 5 cases)",
            "coverage in (0.2, 0.3] (40 of 40 cases)",
        ]

    def test_pairs_give_a_verdict(self) -> None:
        text = written(synthetic_run(2, spread=3), TableKind.pairs, Format.markdown)
        assert re.search(r"\| telea \| mean-fill \| \S+ .* \| better \|", text)
        text = written(synthetic_run(2, spread=0), TableKind.pairs, Format.markdown)
        assert "| can't tell |" in text

    @pytest.mark.parametrize("style", IntervalStyle)
    def test_interval_styles(self, style: IntervalStyle) -> None:
        text = tables.write(
            TableKind.suites, Summary(synthetic_run(2)), Format.markdown, intervals=style
        )
        body = text[text.index("| Method") : text.index("In each group")]
        assert ("\\[" in body) == (style is IntervalStyle.brackets)
        assert ("±" in body) == (style is IntervalStyle.plus_minus)

    def test_each_block_has_digits_of_its_own(self) -> None:
        rows = synthetic_run(3, datasets=("photos",), images=6)
        small = rows.cases.loc[rows.cases["suite"] == "small-holes", "case"]
        scores = rows.scores.copy()
        here = (scores["metric"] == LPIPS) & scores["case"].isin(small)
        scores.loc[here, "value"] *= 0.002
        rows = with_scores(rows, scores)
        table = tables.make(TableKind.groups, Summary(rows))
        place = next(i for i, column in enumerate(table.columns) if column.head == "LPIPS")
        digits = []
        for block in table.blocks[:2]:
            texts = [row[place].text for row in block.rows]
            assert all(float(text) > 0 for text in texts)
            (places,) = {len(text.partition(".")[2]) for text in texts}
            digits.append(places)
        assert digits[0] > digits[1]

    def test_csv_holds_full_precision(self) -> None:
        rows = synthetic_run(3)
        frame = pd.read_csv(io.StringIO(written(rows, TableKind.leaderboard, Format.csv)))
        telea = frame.set_index("variant").loc["telea"]
        here = Summary(rows).overall
        entry = next(entry for entry in here.entries if entry.variant == "telea")
        estimate = entry.qualities[LPIPS].estimate
        assert telea[LPIPS] == estimate.mean
        assert telea[f"{LPIPS}_low"] == estimate.low
        for by, place in entry.places.items():
            assert telea[f"{by}_rank"] == place.rank.rank
            assert telea[f"{by}_mean_rank"] == place.mean_rank.mean
        assert telea["finished"] == 45

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_same_rows_give_the_same_text(self, kind: TableKind) -> None:
        first, again = halves()
        texts = every_format(kind, first)
        assert texts == every_format(kind, again)
        assert tables.write(kind, first, Format.latex) == texts[Format.latex]

    @pytest.mark.parametrize(
        "options",
        [
            {"methods": 1, "images": 1, "datasets": ("photos",), "suites": ("textures",)},
            {"methods": 2, "channels": 1, "timings": False, "images": 3},
            {"methods": 3, "unfinished": {"telea": 1.0}, "images": 3},
            {"methods": 2, "unfinished": {"telea": 1.0, "mean-fill": 1.0}},
            {"methods": 2, "missing_lpips": "no weights", "reached": 0.3},
            {"methods": 12, "images": 1},
        ],
    )
    def test_odd_runs_have_every_table(self, options: dict[str, object]) -> None:
        summary = Summary(synthetic_run(**options))
        for kind in KINDS:
            assert all(every_format(kind, summary).values())


class Cells(HTMLParser):
    """Collect the texts of table cells, and every tag met."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.texts.append("")

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data


class TestEscaping:
    def test_html_keeps_names_as_text(self) -> None:
        rows = synthetic_run(HOSTILE, datasets=("<b>d</b>",), suites=("s&s",))
        for kind in KINDS:
            parser = Cells()
            parser.feed(written(rows, kind, Format.html))
            assert not parser.tags & {"script", "b", "a", "img"}
        parser = Cells()
        parser.feed(written(rows, TableKind.leaderboard, Format.html))
        assert HOSTILE[0] in parser.texts
        assert HOSTILE[1] in parser.texts

    def test_markdown_rows_keep_their_columns(self) -> None:
        text = written(synthetic_run(HOSTILE), TableKind.leaderboard, Format.markdown)
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert len(rows) == 2 + len(HOSTILE)
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1
        assert "<script>" not in text
        assert r"\[link\](http://x.y) second line" in text
        assert "&#64;user" in text

    def test_markdown_escape(self) -> None:
        assert markdown.escape("a_b*c|`d`<i>") == r"a\_b\*c\|\`d\`&lt;i&gt;"

    def test_latex_escape(self) -> None:
        assert latex.escape(r"50%_a&b#c$d{e}") == r"50\%\_a\&b\#c\$d\{e\}"
        assert latex.escape("\\x^~") == r"\textbackslash{}x\textasciicircum{}\textasciitilde{}"
        assert latex.escape("a--b---c") == "a-{}-b-{}-{}-c"
        assert latex.escape("1–2 ± ≈ ↑") == r"1--2 $\pm$ $\approx$ $\uparrow$"
        assert latex.escape("two\nlines\x07") == "two lines"

    def test_latex_has_no_bare_special_character(self) -> None:
        text = written(synthetic_run(HOSTILE), TableKind.leaderboard, Format.latex)
        body = text[text.index(r"\midrule") : text.index(r"\bottomrule")]
        rows = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert len(rows) == len(HOSTILE)
        for row in rows:
            assert len(re.findall(r"(?<!\\)&", row)) == 10
            assert not re.search(r"(?<!\\)[%#]", row)
            assert row.count("{") - row.count(r"\{") == row.count("}") - row.count(r"\}")

    def test_csv_survives_any_name(self) -> None:
        text = written(synthetic_run(HOSTILE), TableKind.leaderboard, Format.csv)
        frame = pd.read_csv(io.StringIO(text))
        assert set(frame["variant"]) == set(HOSTILE)

    def test_html_escape_of_captions(self) -> None:
        rows = dataclasses.replace(synthetic_run(1), name="<img src=x>")
        assert "<img" not in html.write(tables.make(TableKind.leaderboard, Summary(rows)))


LATEX = next((path for name in ("pdflatex", "tectonic") if (path := shutil.which(name))), None)


@pytest.mark.slow
@pytest.mark.skipif(LATEX is None, reason="no LaTeX here (pdflatex or tectonic)")
def test_latex_compiles_and_fits_the_page(tmp_path: Path) -> None:
    rows = synthetic_run(
        [*HOSTILE, "telea", "deepfill[version=2,weights=places2]"], unfinished={"telea": 0.5}
    )
    body = "\n".join(
        tables.write(kind, Summary(rows), Format.latex)
        for kind in (TableKind.leaderboard, TableKind.suites, TableKind.pairs)
    )
    document = (
        "\\documentclass[10pt]{article}\n\\usepackage[margin=0.75in]{geometry}\n"
        f"\\usepackage{{booktabs}}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    )
    (tmp_path / "tables.tex").write_text(document)
    options = ["-interaction=nonstopmode", "-halt-on-error"] if "pdflatex" in str(LATEX) else []
    result = subprocess.run(
        [str(LATEX), *options, "tables.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:]
    assert (tmp_path / "tables.pdf").stat().st_size > 1000


class TestTerminal:
    def drawn(self, rows: RunRows, width: int) -> str:
        console = Console(width=width, file=io.StringIO(), color_system=None)
        table = tables.leaderboard(Summary(rows), IntervalStyle.plus_minus, brief=True)
        console.print(draw(table, width))
        return console.file.getvalue()

    def test_five_methods_fit_into_100_columns(self) -> None:
        rows = synthetic_run(5, images=30)
        text = self.drawn(rows, 100)
        for variant in rows.variants["variant"]:
            line = next(line for line in text.splitlines() if f" {variant} " in line)
            assert line.rstrip().endswith("270/270")
            assert line.count("±") == 3

    def test_a_narrow_terminal_keeps_names_whole(self) -> None:
        text = self.drawn(synthetic_run(5), 80)
        assert "navier-stokes" in text

    def test_a_narrow_terminal_breaks_long_names_and_cuts_nothing_off(self) -> None:
        rows = synthetic_run(["telea[radius=5,with=everything]", "mean-fill"], images=30)
        text = self.drawn(rows, 80)
        assert "Finished" in text
        assert text.count("270/270") == 2
        assert max(map(len, text.splitlines())) <= 80
        assert "telea[radius=5" in text

    def test_names_are_no_markup(self) -> None:
        assert "[bold]x[/bold]" in self.drawn(synthetic_run(["[bold]x[/bold]", "y"]), 120)

    def test_the_rule_is_printed(self) -> None:
        text = " ".join(self.drawn(synthetic_run(3, unfinished={"telea": 0.5}), 100).split())
        assert "are over the 45 of 45 cases that both ranked methods finished" in text
        assert "† finished fewer than 90 % of the cells" in text
        assert "Ranks: perception from LPIPS and fidelity from PSNR and SSIM." in text
        assert "Ordered by perception" in text
