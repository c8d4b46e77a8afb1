"""The history of runs: trends, change points, the first bad commit."""

from __future__ import annotations

import dataclasses
import json
import math
import sqlite3
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from synthetic_run import made_by, synthetic_run, with_scores
from typer.testing import CliRunner

from inpaintbench.cli.history import history as commands
from inpaintbench.errors import BenchError
from inpaintbench.regression.history import entry_of, figures_of, read_benchmark_json
from inpaintbench.regression.trends import Point, Trend, changes, read_trends
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.storage.history import Entry, Figure, History
from inpaintbench.storage.rows import Provenance, RunRows

PSNR = MetricInfo("psnr[dtype-range]", "psnr", "PSNR", "dB", True, "")
LPIPS = MetricInfo("lpips[alex,v0.1]", "lpips", "LPIPS", "", False, "")
RUNTIME = MetricInfo("runtime", "runtime", "runtime", "s", False, "")

APPLICATION = typer.Typer()
APPLICATION.add_typer(commands, name="history")


def run_at(day: int, *, psnr: float = 0.0, slower: float = 1.0, **facts: str) -> RunRows:
    """Make the run of a day; telea is better by some decibels, and slower by a factor."""
    rows = synthetic_run(2, datasets=("photos",), images=3)
    scores, timings = rows.scores.copy(), rows.timings.copy()
    ours = (scores["variant"] == "telea") & scores["metric"].str.startswith("psnr")
    scores.loc[ours, "value"] += psnr
    timings.loc[timings["variant"] == "telea", "seconds"] *= slower
    provenance = Provenance(started=f"2026-01-{day:02}T12:00:00+00:00")
    rows = dataclasses.replace(with_scores(rows, scores), timings=timings, provenance=provenance)
    return made_by(rows, code=f"commit{day:02}", **facts)


def remember(database: Path, *runs: RunRows) -> list[Trend]:
    with History.open(database, create=True) as history:
        for rows in runs:
            entry = entry_of(rows)
            history.add(entry, figures_of(rows, entry.machine))
        return read_trends(history)


def one(trends: list[Trend], metric: str, suite: str = "", variant: str = "telea") -> Trend:
    (found,) = every(trends, metric, suite, variant)
    return found


def every(trends: list[Trend], metric: str, suite: str = "", variant: str = "telea") -> list[Trend]:
    """Return the trends of a figure, one for each set of cases."""
    wanted = (metric, suite, variant)
    return [t for t in trends if (t.metric.id, t.suite, t.variant) == wanted]


def test_a_jump_names_its_first_bad_commit(tmp_path: Path) -> None:
    runs = [run_at(day, psnr=-0.5 if day >= 6 else 0.0) for day in (3, 1, 2, 8, 6, 7, 4, 5)]
    trends = remember(tmp_path / "history.db", *runs)
    trend = one(trends, PSNR.id)
    assert [point.commit for point in trend.points] == [f"commit{day:02}" for day in range(1, 9)]
    (change,) = trend.changes
    assert trend.points[change.at].commit == "commit06"
    assert change.worse
    assert change.after - change.before == pytest.approx(-0.5)
    assert not one(trends, "ssim[gauss11,valid]").changes
    assert not one(trends, PSNR.id, variant="mean-fill").changes


def test_the_newest_run_may_already_be_the_bad_one(tmp_path: Path) -> None:
    runs = [run_at(day, psnr=-0.2 * (day == 5)) for day in range(1, 6)]
    (change,) = one(remember(tmp_path / "history.db", *runs), PSNR.id).changes
    assert change.at == 4


def test_runtimes_are_compared_on_one_machine(tmp_path: Path) -> None:
    runs = [run_at(day, slower=1.2 if day >= 5 else 1.0) for day in range(1, 9)]
    runs += [run_at(day, slower=9, processor="slow") for day in range(9, 12)]
    trends = every(remember(tmp_path / "history.db", *runs), "runtime")
    ours, other = sorted(trends, key=lambda t: len(t.points), reverse=True)
    assert (ours.machine, other.machine) == (
        "synthetic, 0 cores, 0 GiB, cpu, unknown",
        "slow, 0 cores, 0 GiB, cpu, unknown",
    )
    (change,) = ours.changes
    assert ours.points[change.at].commit == "commit05"
    assert change.after / change.before == pytest.approx(1.2)
    assert not other.changes


def test_other_cases_begin_another_trend(tmp_path: Path) -> None:
    fewer = run_at(2)
    kept = fewer.cases.iloc[:-1]
    fewer = dataclasses.replace(fewer, cases=kept)
    trends = remember(tmp_path / "history.db", run_at(1), fewer)
    assert [len(trend.points) for trend in every(trends, PSNR.id)] == [1, 1]


def test_the_same_run_added_again_takes_its_own_place(tmp_path: Path) -> None:
    trends = remember(tmp_path / "history.db", run_at(1), run_at(2), run_at(2, psnr=1.0))
    points = one(trends, PSNR.id).points
    assert len(points) == 2
    assert points[1].value - points[0].value == pytest.approx(1.0)


VERSION_1 = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, identity TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    "commit" TEXT NOT NULL, date TEXT NOT NULL, machine TEXT NOT NULL);
CREATE TABLE figures (
    run INTEGER NOT NULL REFERENCES runs (id), variant TEXT NOT NULL, method TEXT NOT NULL,
    metric TEXT NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL, unit TEXT NOT NULL,
    higher_is_better INTEGER NOT NULL, suite TEXT NOT NULL, support TEXT NOT NULL,
    value REAL NOT NULL, PRIMARY KEY (run, variant, metric, suite)) WITHOUT ROWID;
INSERT INTO runs VALUES (7, 'digest', 'small', 'commit00', '2026-01-01', 'slow');
INSERT INTO figures
    VALUES (7, 'telea', 'telea', 'runtime', 'runtime', 'runtime', 's', 0, '', 'cases', 0.25);
PRAGMA user_version=1;
"""


def test_what_is_infinite_has_no_trend_and_harms_no_history(tmp_path: Path) -> None:
    figures = [
        Figure("v", "m", "psnr", "psnr", "PSNR", "dB", True, suite, "x", value)
        for suite, value in (("a", math.inf), ("b", math.nan), ("c", 30.0))
    ]
    with History.open(tmp_path / "h.db", create=True) as history:
        history.add(Entry("n", "c", "2026-01-01", "m"), figures)
    with History.open(tmp_path / "h.db") as history:
        assert [figure.suite for _, figure in history.figures()] == ["c"]


def test_a_history_of_version_1_is_read_and_added_to(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(VERSION_1)
    connection.close()
    before = path.read_bytes()
    with History.open(path) as history:
        (trend,) = read_trends(history)
    assert path.read_bytes() == before
    assert (trend.variant, trend.metric, trend.machine) == ("telea", RUNTIME, "slow")
    assert trend.points == (Point("commit00", "2026-01-01", 0.25),)
    trends = remember(path, run_at(1), run_at(2), run_at(1))
    assert trend in trends
    assert len(one(trends, PSNR.id).points) == 2


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_no_change_points_and_a_jump_in_it_has_one(seed: int) -> None:
    random = np.random.default_rng(seed)
    noise = random.normal(0, 0.03, 30)
    assert not changes(PSNR, list(30 + noise))
    noise[20:] -= 0.4
    (change,) = changes(PSNR, list(30 + noise))
    assert (change.at, change.worse) == (20, True)
    slow = np.exp(random.normal(0, 0.02, 30)) * np.where(np.arange(30) >= 12, 1.3, 1.0)
    (change,) = changes(RUNTIME, list(slow))
    assert (change.at, change.worse) == (12, True)


def test_directions_small_steps_and_single_slow_runs() -> None:
    (better,) = changes(LPIPS, [0.2] * 4 + [0.1] * 4)
    assert not better.worse
    assert not changes(LPIPS, [0.2] * 4 + [0.2015] * 4)
    assert not changes(RUNTIME, [1.0] * 6 + [1.5] + [1.0] * 3)
    assert not changes(RUNTIME, [1.0] * 6 + [1.5])
    assert not changes(PSNR, [30.0, 30.0, 29.0])
    (crash,) = changes(MetricInfo("finished", "finished", "", "", True, ""), [1.0] * 4 + [0.9])
    assert (crash.at, crash.worse) == (4, True)


def benchmark_json(folder: Path, median: float, day: int) -> Path:
    """Write what pytest-benchmark 5 writes, cut to what is read."""
    content = {
        "machine_info": {"node": "host", "machine": "x86_64", "cpu": {"brand_raw": "Fast CPU"}},
        "commit_info": {"id": f"{day:040}", "dirty": day == 3, "branch": "main"},
        "benchmarks": [
            {
                "group": None,
                "name": "test_telea",
                "fullname": "tests/test_speed.py::test_telea",
                "stats": {"min": 0.9 * median, "median": median, "rounds": 5},
            }
        ],
        "datetime": f"2026-01-{day:02}T12:00:00.000000+00:00",
        "version": "5.3.1",
    }
    path = folder / f"{day}.json"
    path.write_text(json.dumps(content))
    return path


def test_runtimes_of_pytest_benchmark_join_the_history(tmp_path: Path) -> None:
    entry, values = read_benchmark_json(benchmark_json(tmp_path, 0.5, 3))
    assert (entry.commit, entry.machine) == ("000000000000-dirty", "Fast CPU")
    assert [(v.variant, v.value) for v in values] == [("tests/test_speed.py::test_telea", 0.5)]
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(BenchError, match="isn't JSON of pytest-benchmark"):
        read_benchmark_json(tmp_path / "other.json")


@pytest.mark.slow
def test_the_commands_show_draw_and_say_what_is_wrong(tmp_path: Path) -> None:
    database = tmp_path / "history.db"

    def words(*arguments: object) -> str:
        run = CliRunner().invoke(APPLICATION, ["history", *map(str, arguments)])
        if run.exception is not None:
            raise run.exception
        return run.output

    for day in range(1, 9):
        file = benchmark_json(tmp_path, 0.5 if day < 5 else 0.7, day)
        added = words(
            "add", "--benchmark-json", file, "--database", database, "--commit", f"c{day}"
        )
        assert f"added pytest-benchmark at c{day}" in added
    remember(database, *(run_at(day, psnr=-1 if day == 5 else 0) for day in range(1, 6)))
    shown = words("show", "--database", database, "-o", tmp_path / "trends")
    assert "first bad commit c5 (2026-01-05): tests/test_speed.py::test_telea" in shown
    assert "the run before is of c4" in shown
    assert "first bad commit commit05" in shown
    pictures = sorted(path.name for path in (tmp_path / "trends").glob("*.png"))
    assert len(pictures) == 3
    assert pictures[:2] == ["mean-fill.png", "telea.png"]
    table = pd.read_csv(tmp_path / "trends" / "trends.csv")
    assert set(table["change"].dropna()) == {"worse"}
    only = words("show", "--database", database, "--method", "telea", "--metric", "psnr")
    assert "mean-fill" not in only
    with pytest.raises(BenchError, match="no method 'tela'; did you mean 'telea'"):
        words("show", "--database", database, "--method", "tela")
    with pytest.raises(BenchError, match="no history yet"):
        words("show", "--database", tmp_path / "none.db")
    with pytest.raises(BenchError, match="give a run directory"):
        words("add", "--database", database)
    (tmp_path / "text.db").write_text("not a database, but a text that is long enough " * 9)
    with pytest.raises(BenchError, match=r"text\.db"):
        words("show", "--database", tmp_path / "text.db")


def test_without_ruptures_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruptures", None)
    with pytest.raises(BenchError, match=r"pip install 'inpaintbench\[history\]'"):
        changes(PSNR, [30.0] * 4 + [29.0])
