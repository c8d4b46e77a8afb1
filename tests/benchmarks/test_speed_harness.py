"""What the harness itself costs: planning, keys, storing, one cell, a million rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from inpaintbench.execution.cell import CellTask, run_cell
from inpaintbench.execution.method_process import MethodTask
from inpaintbench.images.png import encode_png, read_png
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.case import array_sha256, make_cases
from inpaintbench.planning.plan import Plan, describe, make_plan
from inpaintbench.plugins import registry
from inpaintbench.storage import schema
from inpaintbench.storage.environment import Environment
from inpaintbench.storage.outcome import CaseFacts, CellOutcome, Score
from inpaintbench.storage.store import Store

HERE = Environment("synthetic", 2, 2**34, "cpu", "Linux")
FACTS = CaseFacts(1, "centre", 256, 256, 3, "uint8", 0.25, 2.0, False, "1" * 64, "2" * 64)


def plan_of(cases: int, methods: int) -> Plan:
    """Plan `cases` × `methods` cells without touching an image."""
    base = make_plan(
        Benchmark(
            name="large",
            datasets=("photos",),
            masks=("large-regions",),
            methods=tuple(f"telea[radius={radius}]" for radius in range(1, methods + 1)),
            metrics=("psnr",),
            limit=1,
        )
    )
    dataset = ("photos", registry.datasets().make("photos"))
    suite = ("large-regions", registry.masks().make("large-regions"))
    names = [f"image-{number}" for number in range(cases // 10)]
    return Plan(
        base.benchmark,
        tuple(make_cases(dataset, names, suite, 10, 0)),
        base.variants,
        base.metrics,
    )


@pytest.mark.parametrize("cells", [100_000, 1_000_000])
def test_plan(benchmark: BenchmarkFixture, cells: int) -> None:
    plan = benchmark.pedantic(plan_of, (cells // 10, 10), rounds=3)
    assert plan.cell_count == cells


@pytest.mark.parametrize("cells", [100_000, 1_000_000])
def test_resume(benchmark: BenchmarkFixture, tmp_path: Path, cells: int) -> None:
    """Open a run of which all but the last case is done, and find what is missing."""
    plan = plan_of(cells // 10, 10)
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        with store.transaction():
            for case in plan.cases:
                store.add_case(case, FACTS)
            # one as the program writes it, and all others like it, at once
            done = CellOutcome("done", output_sha256="0" * 64, seconds=0.1)
            store.add_cell(plan.cases[0], plan.variants[0], done, HERE)
            (cell,) = store.records(schema.CELLS)
            store.add_records(
                schema.CELLS,
                (
                    cell | {"case": case.id, "key": variant.key}
                    for case in plan.cases[:-1]
                    for variant in plan.variants
                ),
            )

    def resume() -> int:
        with Store.write(tmp_path / "run") as store:
            store.set_plan(plan)
            return len(store.pending_cells(0, len(plan.cases)))

    assert benchmark.pedantic(resume, rounds=3) == 10


def test_store_a_cell(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Commit one 256² output and its row."""
    plan = plan_of(10_000, 10)
    image = registry.datasets().make("photos").load("astronaut").image.copy()
    numbers = iter(range(10**9))
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)

        def fresh() -> tuple[tuple[object, ...], dict[str, object]]:
            number = next(numbers)
            image[0, 0] = (number % 256, number // 256 % 256, number // 65536)
            outcome = CellOutcome(
                "done", output_sha256=array_sha256(image), seconds=0.1, png=encode_png(image)
            )
            case, variant = plan.cases[number % 10_000], plan.variants[number % 10]
            return (case, variant, outcome, HERE), {}

        benchmark.pedantic(store.add_cell, setup=fresh, rounds=300)


def test_store_scores(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Commit the nine scores of five outputs of a case."""
    plan = plan_of(10, 1)
    with Store.write(tmp_path / "run") as store:
        store.set_plan(plan)
        scores = [
            Score("0" * 16, f"{output:064}", f"metric {metric}", 1.0)
            for output in range(5)
            for metric in range(9)
        ]
        benchmark(store.add_scores, scores, HERE)


def test_cell_overhead(benchmark: BenchmarkFixture) -> None:
    """All that surrounds the call of a method on 256²: the cost of a cell beside its method."""
    plan = plan_of(10, 1)
    dataset = ("photos", registry.datasets().make("photos"))
    suite = ("large-regions", registry.masks().make("large-regions"))
    (case,) = make_cases(dataset, ["astronaut"], suite, 1, 0)
    assert plan.variants
    variant = describe("mean-fill", "cpu")
    task = CellTask(case, MethodTask("mean-fill", variant.key, "cpu", 0, 60, 60))
    outcome, _ = run_cell(task)
    benchmark(run_cell, task)
    benchmark.extra_info["method_seconds"] = outcome.seconds


@pytest.mark.parametrize("codec", [encode_png, None], ids=["encode", "decode"])
def test_png(benchmark: BenchmarkFixture, codec: object) -> None:
    image = registry.datasets().make("photos").load("astronaut").image
    data = encode_png(image)
    if codec is None:
        assert np.array_equal(benchmark(read_png, data), image)
    else:
        benchmark(encode_png, image)
