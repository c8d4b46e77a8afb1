"""Merging runs: the same as one run of everything, and every conflict named."""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
from small_runs import Quiet, small_run, write_nudged

from inpaintbench.audit.verification import verify
from inpaintbench.errors import BenchError
from inpaintbench.statistics.runtimes import read_runtimes
from inpaintbench.storage import database, tables
from inpaintbench.storage.environment import Environment
from inpaintbench.storage.merging import Conflicts, merge
from inpaintbench.storage.runs import read_run
from inpaintbench.storage.store import Store

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
        'INSERT INTO timings SELECT "case", key, environment, 0, ?, 0, 1, 0, 0, 1e6 FROM cells',
        seconds,
    )


def move_to(run: Path, **facts: str) -> str:
    """Let another machine have made a run; return its name."""
    with sqlite3.connect(run / "run.db") as connection:
        connection.row_factory = sqlite3.Row
        (row,) = connection.execute("SELECT * FROM environments").fetchall()
        other = dataclasses.replace(Environment.from_facts(dict(row)), **facts)
        database.insert(connection, tables.ENVIRONMENTS, [other.row])
        connection.execute("DELETE FROM environments WHERE id = ?", (row["id"],))
        for table in ("cells", "scores", "timings"):
            connection.execute(f"UPDATE {table} SET environment = ?", (other.id,))
    return other.machine


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


def test_every_row_keeps_its_maker(machines: Path) -> None:
    add_timings(machines / "a", 1.0)
    add_timings(machines / "b", 2.0)
    fast = move_to(machines / "b", processor="Fast CPU")
    merge([machines / "a", machines / "b"], machines / "out")
    rows = read_run(machines / "out")
    assert rows.provenance.merged == ("a", "b")
    machine = {id: known.machine for id, known in rows.environments.items()}
    assert len(machine) == 2
    made = rows.cells["environment"].map(machine) == fast
    assert set(rows.cells.loc[made, "variant"]) == {"navier-stokes"}
    timed = rows.timings.assign(fast=rows.timings["environment"].map(machine) == fast)
    seconds = timed.groupby(["variant", "fast"])["seconds"].unique().map(list).to_dict()
    assert seconds == {
        ("telea", False): [1.0],
        ("telea", True): [2.0],
        ("mean-fill", False): [1.0],
        ("navier-stokes", True): [2.0],
    }
    # runtimes of one machine alone make a table; of two that timed as much, the last by its id
    last = machine[max(machine)]
    other = "navier-stokes" if last == fast else "mean-fill"
    variants = tuple(rows.variants["variant"])
    found = read_runtimes(rows, pd.Index(rows.cases["case"]), variants)
    assert (set(found.of), found.machine) == ({"telea", other}, last)
    assert set(found.elsewhere.values()) == {4}


def test_nothing_is_copied_but_files_whose_names_are_digests(machines: Path) -> None:
    """A digest from somebody's database is no path, and a link no output."""
    (machines / "payload.png").write_bytes(b"private")
    shutil.copytree(machines / "b", machines / "c")
    key = "(SELECT key FROM variants WHERE variant = 'navier-stokes')"
    sql(
        machines / "b",
        f"UPDATE cells SET output_sha256 = 'a/../../../../payload' WHERE key = {key}",
    )
    with pytest.raises(BenchError, match="cells: output_sha256 isn't 64 hexadecimal digits"):
        merge([machines / "a", machines / "b"], machines / "out")
    for path in (machines / "c" / "outputs").rglob("*.png"):
        path.unlink()
        path.symlink_to(machines / "payload.png")
    with pytest.raises(BenchError, match="gone or isn't a file"):
        merge([machines / "a", machines / "c"], machines / "out")
    assert not (machines / "out").exists()


def test_a_case_that_one_run_could_not_make_comes_from_the_other(machines: Path) -> None:
    for name in ("cells", "scores"):
        sql(machines / "a", f"DELETE FROM {name}")
    sql(
        machines / "a",
        "UPDATE cases SET failure = 'dataset', message = 'gone', height = 0, width = 0, "
        "channels = 0, dtype = '', coverage = NULL, thickness = NULL, image_sha256 = '', "
        "mask_sha256 = ''",
    )
    merge([machines / "a", machines / "b"], machines / "out")
    rows = read_run(machines / "out")
    assert (rows.cases["image_sha256"] != "").all()
    assert set(rows.cells["status"]) == {"done"}
    with Store.read(machines / "out") as store:
        (line,) = store.unanswered()
    assert line.startswith("not run: mean-fill (2, first textures[size=64]/")


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
        (f"UPDATE cases SET mask_sha256 = '{'a' * 64}'", r"case \w+ \(textures.*: the mask of "),
        (f"UPDATE cases SET image_sha256 = '{'a' * 64}'", r"case \w+ \(textures.*: the image of "),
        (f"UPDATE cells SET output_sha256 = '{'a' * 64}'", r"telea on case \w+: its output in "),
        ("UPDATE scores SET value = value + 1", r"psnr\S+ on case \w+, output "),
        ("UPDATE plan_metrics SET higher_is_better = 0", "describe it differently"),
        (
            f"UPDATE plan_cases SET \"case\" = '{'a' * 16}' WHERE position = 0",
            "aren't of the same cases",
        ),
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
    sql(
        tmp_path / "b" / "run",
        "UPDATE cells SET status = 'failed', failure = 'crash', output_sha256 = ''",
    )
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
