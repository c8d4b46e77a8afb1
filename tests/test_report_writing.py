"""The whole report of a run, several runs together, and the commands that a person types."""

from __future__ import annotations

import dataclasses
import io
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Command
from PIL import Image
from synthetic_run import PSNR, SyntheticPictures, made_by, synthetic_run

from inpaintbench.cli.figure import figure
from inpaintbench.cli.report import publish
from inpaintbench.cli.several_values import separated
from inpaintbench.cli.table import table
from inpaintbench.errors import BenchError
from inpaintbench.folder import REPORT_FILES, SITE_FILES
from inpaintbench.regression.comparison import compare
from inpaintbench.regression.reading import read_results
from inpaintbench.report import tables
from inpaintbench.report.combination import CombinedPictures, combine
from inpaintbench.report.kinds import FigureKind, Format, StyleName, TableKind
from inpaintbench.report.pictures import CheckedPictures, PictureMissing
from inpaintbench.report.selection import select
from inpaintbench.report.summary import Summary
from inpaintbench.report.writing import write_report
from inpaintbench.statistics.standings import Standing, standing
from inpaintbench.storage.rows import Provenance, RunRows


class Tags(HTMLParser):
    """Collect the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)


HOSTILE = "<script>x</script>"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[RunRows, Path, list[Path]]:
    """Write the report of a run whose names would like to be markup."""
    rows = synthetic_run(
        [HOSTILE, "telea", "lama"], images=2, datasets=("<i>d</i>",), unfinished={"telea": 0.17}
    )
    rows = dataclasses.replace(rows, name="<img src=y>", provenance=Provenance(merged=("<b>v",)))
    folder = tmp_path_factory.mktemp("report") / "new"
    return rows, folder, write_report(Summary(rows), folder, SyntheticPictures(rows))


class TestReport:
    def test_every_file_is_written(self, report: tuple[RunRows, Path, list[Path]]) -> None:
        _, folder, written = report
        present = {path for path in folder.rglob("*") if path.is_file()} - {folder / REPORT_FILES}
        assert set(written) == present
        assert all(path.stat().st_size > 0 for path in written)
        kinds = {path.stem for path in written if path.suffix == ".png"}
        # no method of this run has several draws
        assert kinds == {str(kind) for kind in FigureKind} - {"rank-histogram"}
        captions = (folder / "figures" / "captions.txt").read_text(encoding="utf-8")
        assert [line.split(":")[0] for line in captions.split("\n") if line] == list(FigureKind)
        assert "distribution: Distribution of scores over cases. " in captions

    def test_names_are_text_in_the_tables(self, report: tuple[RunRows, Path, list[Path]]) -> None:
        for path in (report[1] / "tables").glob("*.html"):
            tags = Tags()
            tags.feed(path.read_text(encoding="utf-8"))
            assert "table" in tags.found
            assert not tags.found & {"script", "i", "b", "img"}

    def test_quality_table_holds_every_metric_and_group(
        self, report: tuple[RunRows, Path, list[Path]]
    ) -> None:
        rows, folder, _ = report
        frame = pd.read_csv(folder / "tables" / "quality.csv")
        assert len(frame) == (1 + 3 + 3) * 3 * len(rows.metrics)
        everything = frame[(frame["dataset"] == "all") & (frame["suite"] == "all")]
        telea = everything[(everything["variant"] == "telea") & (everything["metric"] == PSNR)]
        scores = rows.scores[(rows.scores["variant"] == "telea") & (rows.scores["metric"] == PSNR)]
        assert telea["mean"].item() == pytest.approx(scores["value"].mean())
        assert not telea["ranked"].item()

    def test_what_can_not_be_drawn_is_said_and_removed(
        self, report: tuple[RunRows, Path, list[Path]], tmp_path: Path
    ) -> None:
        shutil.copytree(report[1], tmp_path, dirs_exist_ok=True)
        assert (tmp_path / "figures" / "runtime.pdf").is_file()
        assert (tmp_path / "tables" / "failures.md").is_file()
        write_report(Summary(synthetic_run(1, images=1, timings=False)), tmp_path, None)
        captions = (tmp_path / "figures" / "captions.txt").read_text(encoding="utf-8")
        assert "runtime: not drawn: no ranked method was timed alone on the machine" in captions
        assert "pictures: not drawn: the pictures of this run are not at hand" in captions
        assert not (tmp_path / "figures" / "runtime.pdf").exists()
        assert not (tmp_path / "tables" / "failures.md").exists()


class TestSelection:
    def test_methods_by_variant_and_by_name_in_the_order_given(self) -> None:
        rows = select(synthetic_run(11, images=1), methods=["telea[radius=5]", "mean-fill"])
        assert list(rows.variants["variant"]) == ["telea[radius=5]", "mean-fill"]
        assert set(rows.scores["variant"]) == {"telea[radius=5]", "mean-fill"}
        both = select(synthetic_run(["telea[radius=5]", "telea[radius=7]"]), methods=["telea"])
        assert len(both.variants) == 2

    def test_datasets_and_suites(self) -> None:
        rows = select(synthetic_run(2), datasets=["photos"], suites=["textures"])
        assert set(rows.cases["dataset"]) == {"photos[size=128]"}
        assert set(rows.cases["suite"]) == {"textures"}
        assert len(rows.cells) == rows.planned_cells == 10

    def test_nothing_named_keeps_everything(self) -> None:
        rows = synthetic_run(2, reached=0.5)
        kept = select(rows)
        assert len(kept.scores) == len(rows.scores)
        assert kept.planned_cells == rows.planned_cells

    @pytest.mark.parametrize(
        ("wanted", "message"),
        [
            ({"methods": ["tela"]}, "no method 'tela'; did you mean 'telea'"),
            ({"datasets": ["photo"]}, "no dataset 'photo'"),
            ({"suites": ["texture"]}, "no mask suite 'texture'; did you mean 'textures'"),
        ],
    )
    def test_unknown_names(self, wanted: dict[str, list[str]], message: str) -> None:
        with pytest.raises(BenchError, match=message):
            select(synthetic_run(2, images=1), **wanted)

    def test_separated(self) -> None:
        assert separated(["a, b[x=1,y=2]", "c,"]) == ["a", "b[x=1,y=2]", "c"]
        assert separated(None) == []


def mean_psnr(here: Standing, variant: str) -> float:
    entry = next(entry for entry in here.entries if entry.variant == variant)
    return entry.qualities[PSNR].estimate.mean


def named(rows: RunRows, name: str) -> RunRows:
    return dataclasses.replace(rows, directory=Path("runs") / name)


class TestCombination:
    def test_methods_of_two_runs_on_the_same_cases(self) -> None:
        one, two = synthetic_run(["telea", "lama"]), synthetic_run(["telea", "mat"])
        together = combine([one, two])
        assert list(together.rows.variants["variant"]) == ["telea", "lama", "mat"]
        assert together.origins["telea"] == [(0, "telea"), (1, "telea")]
        assert len(together.rows.cells) == 3 * 45 == together.rows.planned_cells
        here = standing(together.rows)
        assert len(here.support.cases) == 45
        alone = standing(one)
        for name in ("telea", "lama"):
            assert mean_psnr(here, name) == mean_psnr(alone, name)

    def test_datasets_of_two_runs_of_the_same_methods(self) -> None:
        one = synthetic_run(2, datasets=("photos",))
        two = synthetic_run(2, datasets=("textures",))
        together = combine([one, two]).rows
        assert set(together.cases["dataset"]) == {"photos", "textures"}
        assert len(together.cells) == len(one.cells) + len(two.cells)

    def test_cases_not_run_by_all_are_left_out_and_counted(self) -> None:
        one, two = synthetic_run(["telea"], images=4), synthetic_run(["lama"], images=2)
        together = combine([one, two]).rows
        assert len(together.cases) == 18
        assert together.provenance.left_out == (
            "Left out: 18 cases that not every method was run on.",
        )

    def test_the_same_name_with_another_key_is_another_method(self) -> None:
        one, two = named(synthetic_run(["telea"]), "old"), named(synthetic_run(["telea"]), "new")
        two = dataclasses.replace(two, variants=two.variants.assign(key="other"))
        together = combine([one, two])
        assert list(together.rows.variants["variant"]) == ["telea", "telea (new)"]
        assert together.origins["telea (new)"] == [(1, "telea")]

    def test_finished_cells_win_over_failed_ones(self) -> None:
        failed = synthetic_run(["telea"], unfinished={"telea": 1.0})
        together = combine([failed, synthetic_run(["telea"])]).rows
        assert (together.cells["status"] == "done").all()

    def test_a_metric_that_one_run_has_is_not_missing(self) -> None:
        without = synthetic_run(2, missing_lpips="no weights")
        together = combine([without, synthetic_run(2)]).rows
        assert (together.metrics["missing"] == "").all()
        assert list(together.metrics["metric"]) == list(without.metrics["metric"])

    def test_runtimes_of_other_machines_are_left_out(self) -> None:
        one, two = synthetic_run(["telea", "mean-fill"]), synthetic_run(["lama"])
        alike = Summary(combine([one, two]).rows)
        assert len(alike.rows.timings) == len(one.timings) + len(two.timings)
        assert set(alike.overall.runtimes.of) == {"telea", "mean-fill", "lama"}
        together = Summary(combine([one, made_by(two, processor="another")]).rows)
        assert set(together.overall.runtimes.of) == {"telea", "mean-fill"}
        text = " ".join(tables.make(TableKind.leaderboard, together).notes)
        number = len(two.timings)
        assert f"{number} timings of another machine (another, 0 cores, 0 GiB, cpu" in text

    def test_other_pixels_can_not_be_compared(self) -> None:
        one, two = synthetic_run(["telea"]), synthetic_run(["lama"])
        two = dataclasses.replace(two, cases=two.cases.assign(mask_sha256="another"))
        with pytest.raises(BenchError, match="has other pixels in another run"):
            combine([one, two])

    def test_the_same_files_elsewhere_are_the_same_cases(self) -> None:
        one = synthetic_run(["telea"], datasets=("photos",))
        two = synthetic_run(["lama"], datasets=("photos",))
        one, two = (
            dataclasses.replace(run, cases=run.cases.assign(dataset=f"folder[path={place}]"))
            for run, place in ((one, "here"), (two, "there"))
        )
        assert len(combine([one, two]).rows.cases) == len(one.cases)

    def test_runs_without_a_common_case(self) -> None:
        one = synthetic_run(["telea"], datasets=("photos",))
        two = synthetic_run(["lama"], datasets=("textures",))
        with pytest.raises(BenchError, match="no case was run by every method"):
            combine([one, two])

    def test_one_run_stays_as_it_is(self) -> None:
        rows = synthetic_run(2)
        assert combine([rows]).rows is rows

    def test_pictures_come_from_the_run_that_has_them(self) -> None:
        one = synthetic_run(["telea"], unfinished={"telea": 1.0})
        two = synthetic_run(["telea", "lama"])
        together = combine([one, two])
        pictures = CombinedPictures(together, [SyntheticPictures(one), SyntheticPictures(two)])
        case = together.rows.cases["case"][0]
        expected = SyntheticPictures(two).output(case, "telea")
        assert np.array_equal(pictures.output(case, "telea"), expected)
        assert pictures.mask(case).dtype == np.bool_
        with pytest.raises(KeyError):
            pictures.reference("nope")
        failed = CombinedPictures(combine([one]), [SyntheticPictures(one)])
        with pytest.raises(KeyError):
            failed.output(case, "telea")


def test_a_missing_picture_is_named_once() -> None:
    rows = synthetic_run(1, images=1, datasets=("photos",), suites=("textures",))
    first = rows.cases.iloc[0]
    name = f"photos/{first['sample']}"

    class Gone(SyntheticPictures):
        def reference(self, case: str) -> np.ndarray:
            raise OSError(f"{name}, textures: no such file")

        def mask(self, case: str) -> np.ndarray:
            raise OSError("no such file")

    pictures = CheckedPictures(Gone(rows), rows.cases)
    with pytest.raises(PictureMissing, match=f"^{re.escape(name)}, textures: no such file$"):
        pictures.reference(first["case"])
    with pytest.raises(PictureMissing, match=f"^{re.escape(name)}: no such file$"):
        pictures.mask(first["case"])


@pytest.fixture(scope="module")
def real_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three methods on three photographs."""
    folder = tmp_path_factory.mktemp("real") / "run"
    words = [*("run", "-d", "photos[size=64]", "--masks", "small-holes", "--metric", "psnr")]
    words += [*("--limit", "3", "--no-timing", "-m", "telea", "-m", "mean-fill")]
    words += ["-m", "navier-stokes", "--out", str(folder)]
    subprocess.run([sys.executable, "-m", "inpaintbench", *words], check=True, capture_output=True)
    return folder


@pytest.mark.slow
class TestCommands:
    """In this process; `test_an_error_is_one_line` goes through the shell."""

    def test_table_on_standard_output(
        self, real_run: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table(TableKind.leaderboard, [real_run])
        assert "| navier-stokes |" in capsys.readouterr().out
        table(TableKind.groups, [real_run], format=Format.csv, method=["telea", "mean-fill"])
        frame = pd.read_csv(io.StringIO(capsys.readouterr().out))
        assert set(frame["variant"]) == {"telea", "mean-fill"}

    def test_table_in_a_file(
        self, real_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "paper" / "t.tex"
        table(TableKind.suites, [real_run], format=Format.latex, output=path)
        assert capsys.readouterr().out == ""
        assert r"\toprule" in path.read_text()

    def test_figure(
        self, real_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        paths = [tmp_path / "f.png", tmp_path / "f.svg"]
        figure(FigureKind.suites, [real_run], width="89mm", output=paths)
        assert "Mean quality on each mask suite" in capsys.readouterr().out
        assert Image.open(paths[0]).width == int(89 / 25.4 * 300)
        assert paths[1].read_text().startswith("<?xml")

    def test_one_command_publishes_rows_tables_figures_and_site(
        self, real_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        publish(real_run, tmp_path, site=4)
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        count = len([path for path in files if path.name not in (REPORT_FILES, SITE_FILES)])
        assert f"{count} files written" in capsys.readouterr().out
        for name in ("rows.parquet", "tables/leaderboard.tex", "figures/suites.pdf"):
            assert (tmp_path / name).is_file()
        assert len(list((tmp_path / "site" / "methods").iterdir())) == 3
        pages = [path.read_text("utf-8") for path in tmp_path.rglob("*.html")]
        assert not any(str(real_run) in page for page in pages)
        published = read_results(tmp_path / "rows.csv")
        assert all(made.processor for made in published.environments.values())
        comparison = compare(published, read_results(real_run))
        assert [str(difference) for difference in comparison.differences] == [
            "BASE has no timings: runtimes aren't compared"
        ]

    def test_pictures_of_the_store(self, real_run: Path, tmp_path: Path) -> None:
        path = tmp_path / "grid.pdf"
        figure(
            FigureKind.pictures,
            [real_run, real_run],
            style=StyleName.web,
            errors=False,
            output=[path],
        )
        assert path.stat().st_size > 10_000

    def test_an_error_is_one_line(self, real_run: Path, command: Command) -> None:
        refused = command("figure", "suites", real_run, "-m", "tela")
        assert refused.returncode == 1
        assert "no method 'tela'; did you mean 'telea'" in refused.stderr
        assert len(refused.stderr.strip().splitlines()) == 1

    @pytest.mark.parametrize(
        ("kind", "options", "message"),
        [
            (FigureKind.runtime, {}, "no ranked method was timed"),
            (FigureKind.suites, {"width": "wide"}, "'wide' is not a width"),
            (FigureKind.suites, {"metric": ["psnrs"]}, "no metric 'psnrs'"),
            (FigureKind.pictures, {"case": ["nope"]}, "no case 'nope'"),
        ],
    )
    def test_bad_input(
        self, real_run: Path, kind: FigureKind, options: dict[str, object], message: str
    ) -> None:
        with pytest.raises(BenchError, match=message):
            figure(kind, [real_run], **options)

    def test_no_run(self, tmp_path: Path) -> None:
        with pytest.raises(BenchError, match="nowhere"):
            table(TableKind.suites, [tmp_path / "nowhere"])
