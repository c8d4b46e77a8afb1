"""The run directory: what is committed stays, what can't be read is said in a line."""

from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from inpaintbench.errors import BenchError
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.case import array_sha256
from inpaintbench.planning.plan import Plan, make_plan
from inpaintbench.storage.imagefile import encode_png
from inpaintbench.storage.outcome import CaseFacts, CellOutcome, Score, Timing
from inpaintbench.storage.rows import output_path
from inpaintbench.storage.runs import read_rows
from inpaintbench.storage.store import Store

FACTS = CaseFacts(1, "centre", (8, 8, 3), "uint8", 0.25, 2.0, False, "image", "mask")


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


def test_pending_cells_are_those_without_a_result(tmp_path: Path, plan: Plan) -> None:
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        assert len(list(store.pending_cells())) == store.pending_cell_count() == 6
        store.add_cell(plan.cases[0], plan.variants[1], outcome(), FACTS)
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        assert (0, 1) not in set(store.pending_cells())
        assert store.pending_cell_count() == 5
        assert store.output(outcome().output_sha256).shape == (8, 8, 3)


def test_results_of_another_plan_are_kept_but_not_reported(tmp_path: Path, plan: Plan) -> None:
    smaller = Plan(plan.benchmark, plan.cases[:1], plan.variants[:1], plan.metrics)
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        for case in plan.cases:
            for variant in plan.variants:
                store.add_cell(case, variant, outcome(), FACTS)
        store.set_plan(smaller)
        assert len(read_rows(store).cells) == read_rows(store).planned_cells == 1
        store.set_plan(plan)
        assert store.pending_cell_count() == 0


def test_rows_are_typed_and_scores_follow_the_output(tmp_path: Path, plan: Plan) -> None:
    case, (telea, mean) = plan.cases[0], plan.variants
    failed = CellOutcome("failed", "timeout", "still running after 1 s")
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        store.add_cell(case, telea, outcome(), FACTS)
        store.add_cell(case, mean, failed, None)
        assert list(store.pending_scores([plan.metrics[0].id])) == [(0, [outcome().output_sha256])]
        store.add_scores([Score(case.id, outcome().output_sha256, plan.metrics[0].id, np.inf)])
        assert list(store.pending_scores([plan.metrics[0].id])) == []
        store.add_timings([Timing(case.id, telea.key, 0, 0.5, False, 1, 0.0, 0.6, 1e6)])
        rows = read_rows(store)
    assert rows.cells["status"].tolist() == ["done", "failed"]
    assert rows.scores["value"].tolist() == [np.inf]
    assert rows.timings["contended"].dtype == bool
    assert rows.cases["border_contact"].tolist() == [False]
    assert rows.planned_cells == 6


def test_an_undefined_score_is_nan_and_not_computed_again(tmp_path: Path, plan: Plan) -> None:
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        store.add_cell(plan.cases[0], plan.variants[0], outcome(), FACTS)
        store.add_scores(
            [Score(plan.cases[0].id, outcome().output_sha256, plan.metrics[0].id, np.nan)]
        )
        assert list(store.pending_scores([plan.metrics[0].id])) == []
        assert np.isnan(read_rows(store).scores["value"].item())


def test_only_the_failures_named_are_forgotten(tmp_path: Path, plan: Plan) -> None:
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        for case, kind in zip(plan.cases, ("timeout", "crash", "crash"), strict=True):
            store.add_cell(case, plan.variants[0], CellOutcome("failed", kind), None)
        assert store.forget(["timeout"]) == 1
        assert store.forget(None) == 2


def test_a_case_whose_pixels_changed_is_refused(tmp_path: Path, plan: Plan) -> None:
    changed = CaseFacts(**{**FACTS.__dict__, "mask_sha256": "another"})
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        store.add_cell(plan.cases[0], plan.variants[0], outcome(), FACTS)
        with pytest.raises(BenchError, match="isn't the one this run started with"):
            store.add_cell(plan.cases[0], plan.variants[1], outcome(), changed)


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


def test_a_directory_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(BenchError, match="not a run"), Store.write(tmp_path):
        pass
    with pytest.raises(BenchError, match="holds no run"), Store.read(tmp_path):
        pass
    with Store.write(tmp_path, fresh=True):
        pass
    assert (tmp_path / "thesis.tex").exists()


def test_fresh_removes_the_results(tmp_path: Path, plan: Plan) -> None:
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        store.add_cell(plan.cases[0], plan.variants[0], outcome(), FACTS)
    with Store.write(tmp_path / "run", fresh=True) as store:
        store.set_plan(plan)
        assert store.pending_cell_count() == 6
    assert not (tmp_path / "run" / output_path(outcome().output_sha256)).exists()


@pytest.mark.parametrize("damage", ["truncated", "overwritten", "other version"])
def test_a_damaged_database_is_one_clear_line(tmp_path: Path, plan: Plan, damage: str) -> None:
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        for case in plan.cases:
            store.add_cell(case, plan.variants[0], outcome(), FACTS)
    path = tmp_path / "run" / "run.db"
    content = path.read_bytes()
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "overwritten":
        path.write_bytes(b"\xff" * len(content))
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
    with pytest.raises(BenchError) as caught, Store.write(tmp_path / "run"):
        pass
    assert "--fresh" in str(caught.value)
    assert "\n" not in str(caught.value)
