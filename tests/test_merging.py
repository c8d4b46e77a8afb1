"""Merging runs: the same as one run of everything, and every conflict named."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
from small_runs import Quiet, small_run, write_nudged

from inpaintbench.audit.merging import Conflicts, merge
from inpaintbench.audit.verification import verify
from inpaintbench.errors import BenchError
from inpaintbench.storage.runs import read_run

SMALL = {"limit": 2, "masks": ("small-holes",)}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("machines")
    small_run(folder / "a", "telea", "mean-fill", **SMALL)
    small_run(folder / "b", "telea", "navier-stokes", **SMALL)
    small_run(folder / "all", "telea", "mean-fill", "navier-stokes", **SMALL)
    return folder


@pytest.fixture
def machines(runs: Path, tmp_path: Path) -> Path:
    for name in ("a", "b"):
        shutil.copytree(runs / name, tmp_path / name)
    return tmp_path


def sql(run: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(run / "run.db") as connection:
        assert connection.execute(statement, values).rowcount > 0


def add_timings(run: Path, seconds: float) -> None:
    sql(
        run,
        'INSERT INTO timings SELECT "case", key, 0, ?, 0, 1, 0, 0, 1e6 FROM cells',
        seconds,
    )


def test_a_merged_run_is_one_run_of_everything(runs: Path, machines: Path) -> None:
    merged = merge([machines / "a", machines / "b"], machines / "out")
    assert (merged.variants, merged.cells, merged.notes) == (3, 6, ())
    out, whole = read_run(machines / "out"), read_run(runs / "all")
    for table in ("cases", "variants", "scores", "metrics"):
        pd.testing.assert_frame_equal(getattr(out, table), getattr(whole, table))
    pd.testing.assert_frame_equal(
        out.cells.drop(columns="seconds"), whole.cells.drop(columns="seconds")
    )
    assert out.planned_cells == 6
    assert not verify(machines / "out", 1, Quiet()).mismatches


def test_a_finished_cell_counts_more_than_a_failed_one(machines: Path) -> None:
    sql(
        machines / "a",
        "UPDATE cells SET status = 'failed', failure = 'timeout', output_sha256 = '' "
        "WHERE key IN (SELECT key FROM variants WHERE variant = 'telea')",
    )
    merged = merge([machines / "a", machines / "b"], machines / "out")
    assert (read_run(machines / "out").cells["status"] == "done").all()
    assert merged.notes == (
        "2 cells finished in one run and not in another; the finished ones count",
    )


def test_runtimes_of_another_machine_are_left_out(machines: Path) -> None:
    add_timings(machines / "a", 1.0)
    add_timings(machines / "b", 2.0)
    sql(machines / "b", "UPDATE meta SET value = 'Fast CPU' WHERE key = 'processor'")
    merged = merge([machines / "a", machines / "b"], machines / "out")
    timings = read_run(machines / "out").timings
    assert set(timings["variant"]) == {"telea", "mean-fill"}
    assert set(timings["seconds"]) == {1.0}
    assert "Fast CPU (cpu) isn't the " in merged.notes[0]


def test_runtimes_of_like_machines_are_kept(machines: Path) -> None:
    add_timings(machines / "a", 1.0)
    add_timings(machines / "b", 2.0)
    merge([machines / "a", machines / "b"], machines / "out")
    timings = read_run(machines / "out").timings.groupby("variant")["seconds"].unique()
    assert timings.map(list).to_dict() == {
        "telea": [1.0],
        "mean-fill": [1.0],
        "navier-stokes": [2.0],
    }


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE cases SET mask_sha256 = 'x'", r"case \w+ \(textures.*: the mask of "),
        ("UPDATE cases SET image_sha256 = 'x'", r"case \w+ \(textures.*: the image of "),
        ("UPDATE cells SET output_sha256 = 'x'", r"telea on case \w+: its output in "),
        ("UPDATE scores SET value = value + 1", r"psnr\S+ on case \w+, output "),
        ("UPDATE plan_metrics SET higher_is_better = 0", "describe it differently"),
        ("UPDATE plan_cases SET \"case\" = 'x' WHERE position = 0", "aren't of the same cases"),
        (
            "UPDATE meta SET value = replace(value, '\"seed\": 0', '\"seed\": 1')",
            "aren't of the same benchmark: seed is 0, 1",
        ),
    ],
)
def test_conflicts_are_named_and_nothing_is_written(
    machines: Path, statement: str, named: str
) -> None:
    sql(machines / "b", statement)
    with pytest.raises(Conflicts, match=named):
        merge([machines / "a", machines / "b"], machines / "out")
    assert {path.name for path in machines.iterdir()} == {"a", "b"}


def test_methods_of_one_name_must_be_shown_to_be_the_same(tmp_path: Path) -> None:
    for name, level in (("a", 100), ("b", 101)):
        (tmp_path / name).mkdir()
        method = write_nudged(tmp_path / name / "nudged.py", level)
        small_run(tmp_path / name / "run", method, **SMALL)
    with pytest.raises(Conflicts, match="nudged on case"):
        merge([tmp_path / "a" / "run", tmp_path / "b" / "run"], tmp_path / "out")
    sql(tmp_path / "b" / "run", "UPDATE cells SET status = 'failed'")
    with pytest.raises(Conflicts, match="no output shows that they do the same"):
        merge([tmp_path / "a" / "run", tmp_path / "b" / "run"], tmp_path / "out")


def test_nothing_is_overwritten(machines: Path) -> None:
    with pytest.raises(BenchError, match="exists already"):
        merge([machines / "a", machines / "b"], machines / "a")
    with pytest.raises(BenchError, match="two or more"):
        merge([machines / "a", machines / "a"], machines / "out")
    (machines / "b" / "outputs").rename(machines / "b" / "gone")
    with pytest.raises(BenchError, match="the output is gone"):
        merge([machines / "a", machines / "b"], machines / "out")
    assert not (machines / "out").exists()
