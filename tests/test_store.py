"""The run directory: what is committed stays, what can't be read is said in a line."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import shutil
import sqlite3
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fault_table import record

from inpaintbench.errors import BenchError
from inpaintbench.images.png import encode_png
from inpaintbench.metrics.base import Axis, Metric
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.case import array_sha256
from inpaintbench.planning.plan import Plan, make_plan
from inpaintbench.statistics.runtimes import read_runtimes
from inpaintbench.statistics.scores import read_scores
from inpaintbench.storage import tables
from inpaintbench.storage.environment import Environment, current_environment
from inpaintbench.storage.outcome import CaseFacts, CellOutcome, Failure, Score, Timing
from inpaintbench.storage.outputs import output_path, read_output
from inpaintbench.storage.rows import long_rows
from inpaintbench.storage.runs import read_rows, read_run
from inpaintbench.storage.store import Store

TIMING = Timing(0.5, False, 1, 0.0, 0.6, 1e6)
FACTS = CaseFacts(1, "centre", 8, 8, 3, "uint8", 0.25, 2.0, False, "1" * 64, "2" * 64)
HERE = Environment("Slow CPU", 2, 2**34, "cpu", "Linux", libraries={"numpy": "2.0"})
THERE = dataclasses.replace(HERE, processor="Fast CPU")


@pytest.fixture
def plan() -> Plan:
    return make_plan(
        Benchmark(
            name="small",
            datasets=("photos",),
            masks=("large-regions",),
            methods=("telea", "mean-fill"),
            metrics=("psnr",),
            limit=3,
        )
    )


def outcome(value: int = 0) -> CellOutcome:
    image = np.full((8, 8, 3), value, np.uint8)
    return CellOutcome(
        "done", output_sha256=array_sha256(image), seconds=0.1, png=encode_png(image)
    )


def fill(store: Store, plan: Plan, environment: Environment = HERE) -> None:
    """Record every case and cell of a plan."""
    store.set_plan(plan)
    for number, case in enumerate(plan.cases):
        store.add_case(case, FACTS)
        for variant in plan.variants:
            store.add_cell(case, variant, outcome(number), environment)


@pytest.fixture
def run(tmp_path: Path, plan: Plan) -> Path:
    with Store.write(tmp_path / "run") as store:
        fill(store, plan)
        metric = plan.metrics[0].id
        digest = outcome().output_sha256
        store.add_scores([Score(plan.cases[0].id, digest, metric, 20.0)], HERE)
        store.add_timings(plan.cases[0], plan.variants[0], [TIMING], HERE)
    return tmp_path / "run"


def names(folder: Path) -> dict[str, tuple[int, int]]:
    """Return every file with its size and date."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
    }


def test_pending_cells_are_those_without_a_result(tmp_path: Path, plan: Plan) -> None:
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        assert store.pending_cases() == [0, 1, 2]
        assert store.pending_cell_count() == 6
        assert store.pending_cells(0, 3) == []  # a case comes before its cells
        for case in plan.cases[:2]:
            store.add_case(case, FACTS)
        assert store.pending_cases() == [2]
        assert store.pending_cells(0, 3) == [(0, 0), (1, 0), (0, 1), (1, 1)]
        assert store.contents(1, 3) == {plan.cases[1].id: FACTS.content}
        store.add_cell(plan.cases[0], plan.variants[1], outcome(), HERE)
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        assert store.pending_cells(0, 1) == [(0, 0)]
        assert store.pending_cell_count() == 5
        assert read_output(tmp_path / "run", outcome().output_sha256).shape == (8, 8, 3)


def test_results_of_another_plan_are_kept_but_not_reported(tmp_path: Path, plan: Plan) -> None:
    benchmark = dataclasses.replace(plan.benchmark, limit=1)
    smaller = Plan(benchmark, plan.cases[:1], plan.variants[:1], plan.metrics)
    with Store.write(tmp_path / "run") as store:
        fill(store, plan)
        store.set_plan(smaller)
        rows = read_rows(store)
        assert len(rows.cells) == rows.planned_cells == 1
        assert rows.provenance.benchmark == benchmark
        store.set_plan(plan)
        assert store.pending_cell_count() == 0
        # the stored benchmark is the plan's, even where cases and methods are the same
        changed = dataclasses.replace(plan.benchmark, timeout=7.0)
        store.set_plan(dataclasses.replace(plan, benchmark=changed))
        assert store.provenance().benchmark == changed


def test_a_case_that_could_not_be_made_is_a_failed_cell_of_everybody(
    tmp_path: Path, plan: Plan
) -> None:
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        store.add_case(plan.cases[0], Failure("dataset", "not an image", "folder.py:3", "Trace"))
        store.add_case(plan.cases[1], FACTS)
        rows = read_rows(store)
        assert rows.cases["height"].tolist() == [0, 8, 0]
        assert np.isnan(rows.cases["coverage"][0])
        assert rows.cells["status"].tolist() == ["failed", "failed"]
        assert rows.cells["location"].tolist() == ["folder.py:3"] * 2
        assert long_rows(rows)["failure"].tolist() == ["dataset", "dataset"]
        assert store.pending_cases() == [2]
        assert store.pending_cell_count() == 4
        place = f"photos/{plan.cases[0].sample}, large-regions"
        assert f"not made: dataset: not an image (1, first {place})" in store.unanswered()
        assert store.forget(["timeout"]) == 0
        assert store.forget(["dataset"]) == 1
        assert store.pending_cases() == [0, 2]


@pytest.mark.parametrize("value", [np.float32(1.5), 1e16, "good", 1j])
def test_a_row_that_would_be_called_damaged_is_never_written(
    tmp_path: Path, plan: Plan, value: float
) -> None:
    case, metric = plan.cases[0], plan.metrics[0].id
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        store.add_case(case, FACTS)
        store.add_cell(case, plan.variants[0], outcome(), HERE)
        with pytest.raises(BenchError, match="a row of scores can't be kept"):
            store.add_scores([Score(case.id, outcome().output_sha256, metric, value)], HERE)
        with pytest.raises(BenchError, match="a row of cases can't be kept: width isn't a count"):
            store.add_case(plan.cases[1], dataclasses.replace(FACTS, width=-1))
    with Store.write(tmp_path / "run") as store:
        assert read_rows(store).cells["status"].tolist() == ["done"]
        assert list(store.pending_scores([metric])) == [(0, [outcome().output_sha256])]


def test_rows_are_typed_and_scores_follow_the_output(tmp_path: Path, plan: Plan) -> None:
    case, (telea, mean) = plan.cases[0], plan.variants
    failed = CellOutcome("failed", Failure("timeout", "still running after 1 s", "mine.py:12"))
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        store.add_case(case, FACTS)
        store.add_cell(case, telea, outcome(), HERE)
        store.add_cell(case, mean, failed, HERE)
        assert list(store.pending_scores([plan.metrics[0].id])) == [(0, [outcome().output_sha256])]
        score = Score(case.id, outcome().output_sha256, plan.metrics[0].id, np.inf)
        store.add_scores([score], THERE)
        assert list(store.pending_scores([plan.metrics[0].id])) == []
        store.add_timings(case, telea, [TIMING], HERE)
        rows = read_rows(store)
    assert rows.cells["status"].tolist() == ["done", "failed"]
    assert rows.cells["location"].tolist() == ["", "mine.py:12"]
    assert rows.scores["value"].tolist() == [np.inf]
    assert rows.timings["contended"].dtype == bool
    assert rows.cases["border_contact"].tolist() == [False] * 3
    assert rows.planned_cells == 6
    machine = {id: known.machine for id, known in rows.environments.items()}
    assert rows.cells["environment"].map(machine).tolist() == [HERE.machine] * 2
    assert rows.scores["environment"].map(machine).tolist() == [THERE.machine]
    assert rows.timings["environment"].map(machine).tolist() == [HERE.machine]


def test_an_undefined_score_is_nan_and_not_computed_again(tmp_path: Path, plan: Plan) -> None:
    score = Score(plan.cases[0].id, outcome().output_sha256, plan.metrics[0].id, np.nan)
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        store.add_case(plan.cases[0], FACTS)
        store.add_cell(plan.cases[0], plan.variants[0], outcome(), HERE)
        store.add_scores([score], HERE)
        assert list(store.pending_scores([plan.metrics[0].id])) == []
        assert np.isnan(read_rows(store).scores["value"].item())
        # but one that a metric failed to give is, when failures are tried again
        store.add_scores([dataclasses.replace(score, reason="ValueError: odd")], HERE)
        assert any("PSNR: ValueError: odd" in line for line in store.unanswered())
        assert store.forget(["timeout"]) == 0
        assert store.forget(None) == 1
        assert len(list(store.pending_scores([plan.metrics[0].id]))) == 1


def test_only_the_failures_named_are_forgotten(tmp_path: Path, plan: Plan) -> None:
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        for case, kind in zip(plan.cases, ("timeout", "crash", "crash"), strict=True):
            failure = Failure(kind, "")
            store.add_cell(case, plan.variants[0], CellOutcome("failed", failure), HERE)
        store.add_timings(plan.cases[0], plan.variants[1], Failure("crash", "died"), HERE)
        assert store.forget(["timeout"]) == 1
        assert store.forget(None) == 3


def test_a_case_whose_pixels_changed_is_refused(tmp_path: Path, plan: Plan) -> None:
    changed = dataclasses.replace(FACTS, mask_sha256="3" * 64)
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        store.add_case(plan.cases[0], FACTS)
        with pytest.raises(BenchError, match="isn't the one this run started with"):
            store.add_case(plan.cases[0], changed)


class TestTimings:
    def test_only_readings_of_one_machine_complete_a_case(self, run: Path, plan: Plan) -> None:
        case, (telea, mean) = plan.cases[0], plan.variants
        newer = dataclasses.replace(HERE, python="3.14")
        with Store.write(run) as store:
            # here telea was timed; elsewhere nothing was
            assert store.pending_timings(plan, newer, 1) == [(case, [mean])]
            assert store.pending_timings(plan, newer, 2) == [(case, [telea, mean])]
            assert store.pending_timings(plan, THERE, 1) == [(case, [telea, mean])]
            store.add_timings(case, mean, [dataclasses.replace(TIMING, contended=True)], HERE)
            assert store.pending_timings(plan, HERE, 1) == [(case, [mean])]
            store.add_timings(case, mean, [TIMING], THERE)
            assert store.pending_timings(plan, HERE, 1) == [(case, [mean])]
            # a failure on this machine is an answer too, and takes the place of what was there
            store.add_timings(case, mean, Failure("timeout", "still running"), newer)
            assert store.pending_timings(plan, HERE, 1) == []
            assert store.pending_timings(plan, THERE, 1) == []
            assert any("mean-fill: timeout: still running" in t for t in store.unanswered())
            rows = read_rows(store)
        assert not rows.timings["contended"].any()

    def test_a_table_is_of_the_machine_that_timed_most_cells(self, run: Path, plan: Plan) -> None:
        case, (telea, mean) = plan.cases[0], plan.variants
        again = [dataclasses.replace(TIMING, seconds=9.0)] * 9
        with Store.write(run) as store:
            store.add_timings(case, mean, [TIMING], HERE)
            store.add_timings(case, telea, again, THERE)
            rows = read_rows(store)
        cases = pd.Index(rows.cases["case"])
        found = read_runtimes(rows, cases, (telea.label, mean.label))
        assert found.machine == HERE.machine
        assert {name: of.median for name, of in found.of.items()} == {
            "telea": 0.5,
            "mean-fill": 0.5,
        }
        assert found.elsewhere == {THERE.machine: 9}
        # of equal numbers of cells, the one with more readings
        assert read_runtimes(rows, cases, (telea.label,)).machine == THERE.machine


def test_the_machine_is_what_this_process_may_use() -> None:
    found = current_environment("cpu", ("pytest",))
    assert found.cores == len(os.sched_getaffinity(0))
    assert found.libraries["pytest"] == pytest.__version__
    other = dataclasses.replace(
        found, python="0", libraries={}, memory_bytes=found.memory_bytes + 1
    )
    assert other.id != found.id
    assert other.machine == found.machine
    for fact in ("processor", "device", "system"):
        assert dataclasses.replace(found, **{fact: "another"}).machine != found.machine
    assert dataclasses.replace(found, cores=found.cores + 1).machine != found.machine
    assert Environment.from_facts(found.row) == found


def test_two_processes_never_write_to_one_run(tmp_path: Path) -> None:
    with Store.write(tmp_path / "run"):
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            answer = pool.apply(_try_to_write, (tmp_path / "run",))
    assert "another inpaintbench is running there" in answer


def _try_to_write(directory: Path) -> str:
    try:
        with Store.write(directory):
            return "opened"
    except BenchError as error:
        return str(error)


class TestWhatIsOurs:
    def test_a_directory_with_other_files_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "thesis.tex").write_text("years of work")
        with pytest.raises(BenchError, match="not a run"), Store.write(tmp_path):
            pass
        with pytest.raises(BenchError, match="holds no run"), Store.read(tmp_path):
            pass
        with Store.write(tmp_path, fresh=True):
            pass
        assert (tmp_path / "thesis.tex").exists()

    def test_fresh_removes_what_the_run_wrote_and_nothing_else(self, run: Path, plan: Plan) -> None:
        mine = ("outputs/thesis.txt", "outputs/ab/notes.png", "report/notes.md", "thesis.tex")
        listed = ("report/index.html", "report/tables/suites.md")
        for name in (*mine, *listed, "rows.csv", "../outside.txt"):
            (run / name).parent.mkdir(parents=True, exist_ok=True)
            (run / name).write_text(name)
        names_of_report = ("index.html", "tables/suites.md", "../../outside.txt", "missing.md")
        (run / "report" / ".inpaintbench-files").write_text("\n".join(names_of_report))
        with Store.write(run, fresh=True) as store:
            store.set_plan(plan)
            assert store.pending_cell_count() == 6
        left = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
        assert left == {*mine, ".lock", "run.db"}
        assert (run / ".." / "outside.txt").exists()

    def test_a_report_without_a_list_stays(self, run: Path) -> None:
        (run / "report").mkdir()
        (run / "report" / "index.html").write_text("mine")
        with Store.write(run, fresh=True):
            pass
        assert (run / "report" / "index.html").exists()


def test_a_plan_that_others_changed_is_written_anew(run: Path, plan: Plan) -> None:
    swapped = 'UPDATE plan_cases SET "case" = ? WHERE position = ?'
    with sqlite3.connect(run / "run.db") as connection:
        moved = [("x" * 16, 0), (plan.cases[0].id, 1), (plan.cases[1].id, 0)]
        for id, position in moved:
            connection.execute(swapped, (id, position))
    with Store.write(run) as store:
        assert store.cases()[0].id == plan.cases[1].id
        store.set_plan(plan)
        assert store.cases() == list(plan.cases)


class TestLostOutputs:
    @pytest.mark.parametrize("harm", ["gone", "empty", "cut"])
    def test_a_lost_output_is_one_cell_to_run_again(self, run: Path, plan: Plan, harm: str) -> None:
        """What a power cut leaves: the row is there, its file isn't or is of another size."""
        lost = plan.cases[1]
        path = run / output_path(outcome(1).output_sha256)
        if harm == "gone":
            path.unlink()
        else:
            path.write_bytes(b"" if harm == "empty" else path.read_bytes()[:-1])
        with Store.write(run) as store:
            store.set_plan(plan)
            assert store.forget_lost_outputs() == 2  # both methods gave this output
            assert store.pending_cells(0, 3) == [(1, 0), (1, 1)]
            store.add_cell(lost, plan.variants[0], outcome(1), HERE)
            store.add_cell(lost, plan.variants[1], outcome(1), HERE)
            assert store.forget_lost_outputs() == 0
            assert store.pending_cell_count() == 0
        assert array_sha256(read_output(run, outcome(1).output_sha256)) == path.stem

    def test_reading_one_says_what_to_do(self, run: Path) -> None:
        digest = outcome(1).output_sha256
        (run / output_path(digest)).unlink()
        with pytest.raises(BenchError, match="run the same command again"):
            read_output(run, digest)

    @pytest.mark.parametrize(
        "harm", ["another image", "link", "pipe", "folder", "900 megapixels", "no PNG", "trailing"]
    )
    def test_what_is_no_output_is_refused_at_once(self, run: Path, harm: str) -> None:
        digest = outcome(1).output_sha256
        path = run / output_path(digest)
        path.unlink()
        head = struct.pack(">4sIIBBBBB", b"IHDR", 30000, 30000, 8, 2, 0, 0, 0)
        if harm == "another image":
            path.write_bytes(encode_png(np.zeros((8, 8, 3), np.uint8)))
        elif harm == "link":
            path.symlink_to(run / output_path(outcome(2).output_sha256))
        elif harm == "pipe":
            os.mkfifo(path)
        elif harm == "folder":
            path.mkdir()
        elif harm == "no PNG":
            path.write_bytes(b"GIF89a" + bytes(100))
        else:
            parts = struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head))
            path.write_bytes(b"\x89PNG\r\n\x1a\n" + parts + bytes(1000))
        with pytest.raises(BenchError, match="the output can't be read") as caught:
            read_output(run, digest, (8, 8, 3))
        assert "\n" not in str(caught.value)

    def test_another_shape_is_refused(self, run: Path) -> None:
        with pytest.raises(BenchError, match=r"is \(8, 8, 3\), the image \(16, 16, 3\)"):
            read_output(run, outcome(1).output_sha256, (16, 16, 3))

    def test_no_path_is_made_of_what_is_no_digest(self) -> None:
        for text in ("a/../../../../payload", "", "A" * 64, "a" * 63 + "\0"):
            with pytest.raises(ValueError, match="isn't a digest"):
                output_path(text)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((8, 8), np.uint8),
        np.zeros((8, 8, 2), np.uint8),
        np.zeros((8, 8, 3), np.float32),
        np.zeros((0, 8, 3), np.uint8),
    ],
)
def test_only_images_are_written(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match="H×W×1 or H×W×3 of uint8 or uint16"):
        encode_png(image)


class TestReadingNeverWrites:
    def test_a_finished_run_is_left_as_it_is(self, run: Path) -> None:
        before = names(run)
        run.chmod(0o555)
        (run / "run.db").chmod(0o444)
        try:
            assert len(read_run(run).cells) == 6
            assert names(run) == before
        finally:
            run.chmod(0o755)

    @pytest.mark.parametrize("shared", [True, False])
    def test_what_a_killed_run_left_is_read_beside_it(
        self, run: Path, plan: Plan, tmp_path: Path, shared: bool
    ) -> None:
        with Store.write(run) as store:
            store.forget(None)
            failed = CellOutcome("failed", Failure("crash", "late"))
            store.add_cell(plan.cases[0], plan.variants[0], failed, HERE)
            # as it lies there while a run goes on, or after it was killed
            shutil.copytree(run, tmp_path / "killed")
            assert read_run(run).cells["failure"][0] == "crash"
        if not shared:
            (tmp_path / "killed" / "run.db-shm").unlink()
        before = names(tmp_path / "killed").keys()
        assert "run.db-wal" in before
        assert read_run(tmp_path / "killed").cells["failure"][0] == "crash"
        assert names(tmp_path / "killed").keys() == before


@dataclasses.dataclass(frozen=True)
class Strangeness(Metric):
    """A metric that only this test has."""

    axis = "perception"
    bounds = (0.0, 9.0)
    higher_is_better = False


def test_a_metric_from_elsewhere_keeps_its_axis_and_bounds(run: Path, plan: Plan) -> None:
    with Store.write(run) as store:
        store.set_plan(dataclasses.replace(plan, metrics=(*plan.metrics, Strangeness())))
    known = {metric.name: metric for metric in read_scores(read_run(run)).metrics}
    assert known["strangeness"].axis is Axis.perception
    assert known["strangeness"].bounds == (0.0, 9.0)


class TestVersion1:
    """A database that the code of version 1 made, from before there were environments."""

    @pytest.fixture
    def old(self, tmp_path: Path) -> Path:
        folder = tmp_path / "old"
        folder.mkdir()
        script = (Path(__file__).parent / "old_run.sql").read_text(encoding="utf-8")
        with sqlite3.connect(folder / "run.db") as connection:
            connection.executescript(script)
        connection.close()
        return folder

    def test_it_is_read_as_it_is(self, old: Path) -> None:
        before = names(old)
        rows = read_run(old)
        assert names(old) == before
        assert len(rows.cells) == rows.planned_cells == 4
        ((id, maker),) = rows.environments.items()
        assert maker.machine.startswith("AMD EPYC, 2 cores, 24 GiB, cpu, Linux")
        assert maker.libraries["numpy"] == "2.4.6"
        for frame in (rows.cells, rows.scores, rows.timings):
            assert set(frame["environment"]) == {id}
        assert rows.provenance.benchmark is not None
        assert rows.provenance.benchmark.methods == ("telea", "mean-fill")
        assert rows.provenance.started == "2026-11-28T20:32:34+00:00"
        psnr = rows.scores.set_index(["case", "variant"])["value"]
        assert psnr["a59b477c0508b68b", "telea"] == 13.102782615798045
        found = read_runtimes(rows, pd.Index(rows.cases["case"]), ("telea", "mean-fill"))
        assert set(found.of) == {"telea", "mean-fill"}
        assert found.machine == maker.machine

    def test_it_is_carried_on(self, old: Path, plan: Plan) -> None:
        before = read_run(old)
        with Store.write(old) as store:
            assert store.forget_lost_outputs() == 4  # the files aren't here
            store.set_plan(plan)
            store.add_case(plan.cases[0], FACTS)
            store.add_cell(plan.cases[0], plan.variants[0], outcome(), HERE)
        rows = read_run(old)
        assert rows.provenance.benchmark == plan.benchmark
        assert len(rows.environments) == 2
        assert rows.cells["environment"].tolist() == [HERE.id]
        assert set(before.environments) < set(rows.environments)
        happens = "read as it is; brought up to date when carried on"
        record("Run of an earlier version", 2, happens, "nothing")

    def test_version_2_is_read_with_the_axes_that_its_metrics_have(self, tmp_path: Path) -> None:
        script = (Path(__file__).parent / "old_run_2.sql").read_text(encoding="utf-8")
        with sqlite3.connect(tmp_path / "run.db") as connection:
            connection.executescript(script)
        connection.close()
        rows = read_run(tmp_path)
        assert rows.metrics.set_index("name")["axis"].to_dict() == {
            "psnr": "fidelity",
            "lpips": "perception",
            "known-change": "",
        }
        scores = read_scores(rows)
        assert [metric.bounds for metric in scores.metrics][:2] == [(0.0, np.inf)] * 2
        assert len(rows.environments) == 1
        assert rows.scores["value"].notna().all()

    def test_version_3_is_read_as_of_methods_and_cases_without_an_input(
        self, tmp_path: Path
    ) -> None:
        script = (Path(__file__).parent / "old_run_3.sql").read_text(encoding="utf-8")
        with sqlite3.connect(tmp_path / "run.db") as connection:
            connection.executescript(script)
        connection.close()
        rows = read_run(tmp_path)
        assert set(rows.variants["sees"]) == {"known"}
        assert set(rows.variants["prompts"]) == {"ignored"}
        assert not rows.cases[["input_sha256", "effect_sha256", "prompt"]].any(axis=None)
        assert rows.metrics.set_index("name")["most"].to_dict() == {"psnr": np.inf, "lpips": np.inf}
        assert rows.scores["value"].notna().all()
        with Store.write(tmp_path) as store:  # and carried on
            assert len(store.contents(0, 2)) == 2

    def test_one_that_is_not_its_tables_is_refused(self, old: Path) -> None:
        with sqlite3.connect(old / "run.db") as connection:
            connection.execute("ALTER TABLE cells ADD COLUMN extra TEXT")
        with pytest.raises(BenchError, match="its tables aren't those of a run"):
            read_run(old)


HARM = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON cells BEGIN DELETE FROM cells; END",
    "a view": "CREATE VIEW v AS SELECT * FROM cells",
    "a dropped column": "ALTER TABLE cells DROP COLUMN stderr",
    "a dropped table": "DROP TABLE timings",
    "a column more": "ALTER TABLE cells ADD COLUMN more TEXT",
    "bytes for text": "UPDATE cells SET message = x'00ff'",
    "text for a number": "UPDATE cells SET seconds = 'soon'",
    "no text": "UPDATE plan_cases SET sample = NULL",
    "a NUL": "UPDATE variants SET variant = 'a' || char(0) || 'b'",
    "not UTF-8": "UPDATE variants SET variant = CAST(x'ff' AS TEXT)",
    "a long text": "UPDATE cells SET message = CAST(zeroblob(5000000) AS TEXT)",
    "no finite number": "UPDATE timings SET seconds = 9e999",
    "a negative size": "UPDATE cases SET height = -1",
    "a huge image": "UPDATE cases SET height = 1000000, width = 1000000",
    "two channels": "UPDATE cases SET channels = 2",
    "a path for a digest": "UPDATE cells SET output_sha256 = 'a/../../payload'",
    "a digest with more behind it": "UPDATE cells SET output_sha256 = output_sha256 || char(0)",
    "a long digest": "UPDATE cells SET output_sha256 = output_sha256 || 'a'",
    "an unknown status": "UPDATE cells SET status = 'great'",
    "an unknown failure": "UPDATE cells SET failure = 'bad luck', status = 'failed'",
    "a failure with an output": "UPDATE cells SET failure = 'crash', status = 'failed'",
    "a number no float holds": "UPDATE plan_cases SET mask_index = 9223372036854775807",
    "two of a name": "UPDATE variants SET variant = 'same'",
    "a variant that isn't there": "DELETE FROM variants",
    "a hole in the plan": "DELETE FROM plan_cases WHERE position = 0",
    "no JSON": "UPDATE variants SET settings = '{'",
    "deep JSON": "UPDATE variants SET settings = replace(hex(zeroblob(100000)), '0', '[')",
    "JSON of a list": "UPDATE environments SET libraries = '[]'",
    "no benchmark": "UPDATE meta SET value = '{}' WHERE key = 'benchmark'",
    "a deep benchmark": (
        "UPDATE meta SET value = replace(hex(zeroblob(100000)), '0', '[') WHERE key = 'benchmark'"
    ),
    "a list of numbers": "INSERT INTO meta VALUES ('merged', '[1]')",
}


@pytest.mark.parametrize("harm", HARM)
def test_a_hostile_database_is_one_clear_line(run: Path, harm: str) -> None:
    with sqlite3.connect(run / "run.db") as connection:
        connection.execute(HARM[harm])
    connection.close()
    with pytest.raises(BenchError) as caught:
        read_run(run)
    assert str(run / "run.db") in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400
    record(
        "Database made to do harm", len(HARM), "refused in one line before it is used", "nothing"
    )


@pytest.mark.parametrize(
    "damage", ["truncated", "overwritten", "other version", "another program's"]
)
def test_a_damaged_database_is_one_clear_line(run: Path, damage: str) -> None:
    path = run / "run.db"
    content = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "overwritten":
        path.write_bytes(b"\xff" * len(content))
    else:
        path.unlink(missing_ok=damage == "another program's")
        with sqlite3.connect(path) as connection:
            if damage == "other version":
                connection.execute("PRAGMA user_version = 99")
            connection.execute("CREATE TABLE mine (text)")
        connection.close()
    opens: tuple[Callable[..., object], ...] = (Store.write, Store.read)
    for opened in opens:
        with pytest.raises(BenchError) as caught, opened(run):  # type: ignore[attr-defined]
            pass
        assert "--fresh" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_texts_from_outside_are_stored_whatever_they_hold(run: Path, plan: Plan) -> None:
    odd = "a\0b\ud800" + "x" * 2_000_000
    with Store.write(run) as store:
        failure = Failure("exception", odd, odd, odd, odd)
        store.add_cell(plan.cases[0], plan.variants[0], CellOutcome("failed", failure), HERE)
    message = read_run(run).cells["message"][0]
    assert message.startswith(r"a\0b\ud800xx")
    assert len(message) < 1_100_000


def test_every_table_is_as_declared(run: Path) -> None:
    with sqlite3.connect(run / "run.db") as connection:
        for table in tables.TABLES:
            found = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
            assert [row[1] for row in found] == [column.name for column in table.columns]
    connection.close()
