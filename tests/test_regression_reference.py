"""The published reference run, made again in part: nobody moves a method without saying so."""

from __future__ import annotations

import dataclasses

import pytest
from conftest import ROOT
from small_runs import Quiet

from inpaintbench.cores import cores
from inpaintbench.execution.run import Options, run
from inpaintbench.planning import benchmark
from inpaintbench.planning.plan import make_plan
from inpaintbench.regression.comparison import compare
from inpaintbench.regression.reading import read_results
from inpaintbench.storage.rows import RunRows, main_environment
from inpaintbench.storage.runs import read_run

REFERENCE = ROOT / "results" / "reference" / "quick"

# One image of each dataset, with a hole of each suite: every method meets every suite.
IMAGES = 1

# Where another library or processor rounds otherwise, scores may move by as much on a single case:
# far below any effect that matters (0.05 dB; 0.002).
ROUNDING = {"dB": 0.01, "": 0.0005}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reference() -> RunRows:
    return read_results(REFERENCE / "rows.parquet")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> RunRows:
    directory = tmp_path_factory.mktemp("fresh") / "quick"
    part = dataclasses.replace(benchmark.read("quick"), limit=IMAGES)
    run(make_plan(part), directory, Options(jobs=cores(), timing=False), Quiet())
    return read_run(directory)


def same_libraries(reference: RunRows, fresh: RunRows) -> bool:
    """Whether two runs come from the same processor and versions, so that bytes must agree."""
    known, found = main_environment(reference), main_environment(fresh)
    return (known.processor, known.libraries) == (found.processor, found.libraries)


def moved(reference: RunRows, fresh: RunRows, *, exactly: bool) -> list[str]:
    """Name the cells of deterministic methods that differ from the reference, a line each.

    Parameters
    ----------
    reference, fresh : RunRows
        The runs.
    exactly : bool
        Whether outputs must agree byte for byte; else no score may move by more than rounding.
    """
    keys = ["case", "variant"]
    deterministic = fresh.variants.loc[fresh.variants["deterministic"], "variant"]
    cells = fresh.cells[fresh.cells["variant"].isin(deterministic)]
    both = cells.merge(reference.cells, on=keys, suffixes=("", "_then"), how="left")
    same = both["status"] == both["status_then"]
    same &= both["output_sha256"] == both["output_sha256_then"]
    scores = fresh.scores.merge(reference.scores, on=[*keys, "metric"], suffixes=("", "_then"))
    units = fresh.metrics.set_index("metric")["unit"]
    room = scores["metric"].map(units).map(ROUNDING).fillna(0.05)
    scores["off"] = (scores["value"] - scores["value_then"]).abs() > room
    off = scores[scores["off"]].groupby(keys)["metric"].agg(", ".join)
    lines = []
    for equal, row in zip(same, both.to_dict("records"), strict=True):
        apart = off.get((row["case"], row["variant"]), "")
        if apart or (not equal and (exactly or row["status"] != row["status_then"])):
            what = apart or f"{row['output_sha256_then'][:12]} → {row['output_sha256'][:12]}"
            lines.append(f"{row['variant']} on case {row['case']}: {row['status']}, {what}")
    return lines


def test_the_reference_is_of_the_benchmark_as_it_is(reference: RunRows, fresh: RunRows) -> None:
    """Masks, images, methods and metrics are those that were published; else: make reference."""
    comparison = compare(reference, fresh)
    assert comparison.cases == len(fresh.cases)
    kinds = {difference.subject for difference in comparison.differences}
    assert not kinds & {"images", "masks", "metric", "method"}, comparison.differences
    assert comparison.only_base == comparison.only_new == ()
    assert set(reference.metrics["metric"]) == set(fresh.metrics["metric"])


def test_no_deterministic_method_moved(reference: RunRows, fresh: RunRows) -> None:
    exactly = same_libraries(reference, fresh)
    found = moved(reference, fresh, exactly=exactly)
    assert not found, "meant? then: make reference\n" + "\n".join(found)


@pytest.mark.parametrize("exactly", [True, False])
def test_a_method_that_moved_is_found(reference: RunRows, exactly: bool) -> None:
    case = reference.cases["case"].iloc[0]
    cells, scores = reference.cells.copy(), reference.scores.copy()
    here = (cells["case"] == case) & (cells["variant"] == "telea")
    cells.loc[here, "output_sha256"] = "0" * 64
    edited = dataclasses.replace(reference, cells=cells)
    assert bool(moved(reference, edited, exactly=exactly)) == exactly
    here = (scores["case"] == case) & (scores["variant"] == "telea")
    scores.loc[here & scores["metric"].str.startswith("psnr"), "value"] += 0.05
    (line,) = moved(reference, dataclasses.replace(edited, scores=scores), exactly=exactly)
    assert line.startswith(f"telea on case {case}: done, psnr")
