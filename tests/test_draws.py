"""Draws that the harness numbers: `run --draws`, keys, seeds, replay."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_runs import small_run

from inpaintbench.audit.replay import replay
from inpaintbench.errors import BenchError
from inpaintbench.planning.benchmark import Benchmark, read
from inpaintbench.planning.plan import describe, make_plan
from inpaintbench.statistics.draws import read_draws
from inpaintbench.statistics.scores import read_scores

STOCHASTIC = '''
from dataclasses import dataclass
import numpy as np
from inpaintbench.methods.base import Method

{decorator}
class Noise(Method):
    """Fill with noise, or with a level drawn at set-up."""

    {field}
    deterministic = {deterministic}

    def setup(self, device, seed):
        Noise.drawn = np.random.default_rng(seed).normal(120, 20)

    def inpaint(self, image, mask):
        filled = image.astype(float)
        filled[mask] = {fill}
        return filled
'''
FIELDS = {
    "frozen": ("@dataclass(frozen=True)", "level: int = 3"),
    "open": ("@dataclass", "level: int = 3"),
    "no dataclass": ("", ""),
}


FILLS = {
    "in the call": "np.random.normal(120, 20, filled[mask].shape)",
    "at set-up": "Noise.drawn",
}


def write(
    folder: Path,
    kind: str = "frozen",
    deterministic: bool = False,
    field: str | None = None,
    fill: str = FILLS["in the call"],
) -> str:
    decorator, own = FIELDS[kind]
    folder.mkdir(exist_ok=True)
    path = folder / "noise.py"
    path.write_text(
        STOCHASTIC.format(
            decorator=decorator,
            field=own if field is None else field,
            deterministic=deterministic,
            fill=fill,
        )
    )
    return str(path)


def benchmark(*methods: str, draws: int = 3) -> Benchmark:
    return Benchmark(
        "drawn", ("textures[size=32]",), ("small-holes",), methods, ("psnr",), limit=1, draws=draws
    )


@pytest.mark.parametrize("kind", FIELDS)
def test_each_draw_is_a_variant_and_the_first_is_the_method_itself(
    kind: str, tmp_path: Path
) -> None:
    plan = make_plan(benchmark("mean-fill", write(tmp_path, kind)))
    assert [variant.label for variant in plan.variants] == [
        "mean-fill",
        "noise",
        "noise[draw=1]",
        "noise[draw=2]",
    ]
    assert len({variant.key for variant in plan.variants}) == 4
    assert plan.variants[1].key == describe(write(tmp_path, kind)).key
    again = make_plan(plan.benchmark)  # as a run that is carried on or replayed has it
    assert [v.key for v in again.variants] == [v.key for v in plan.variants]


def test_a_method_with_a_number_of_its_own_gets_that(tmp_path: Path) -> None:
    plan = make_plan(benchmark("vae-sample[weights=mine]", "vae-sample[draw=7]", draws=2))
    assert [variant.label for variant in plan.variants] == [
        "vae-sample[weights=mine]",
        "vae-sample[weights=mine,draw=1]",
        "vae-sample[draw=7]",
    ]
    seeded = write(tmp_path / "seeded", field="level: int = 3\n    seed: int = 0")
    plan = make_plan(benchmark(f"{seeded}[level=4]", draws=2))
    labels = [variant.label for variant in plan.variants]
    assert labels == ["noise[level=4]", "noise[level=4,seed=1]"]


def test_what_draws_nothing_takes_no_number(tmp_path: Path) -> None:
    method = write(tmp_path, deterministic=True)
    with pytest.raises(BenchError, match="no parameter 'draw'"):
        describe(f"{method}[draw=1]")
    with pytest.raises(BenchError, match="0 or more"):
        describe(f"{write(tmp_path / 'drawing')}[draw=-1]")
    with pytest.warns(UserWarning, match="3 draws: no method here declares itself stochastic"):
        assert len(make_plan(benchmark("telea")).variants) == 1


def test_draws_is_a_key_of_a_benchmark_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    lists = 'datasets = ["photos"]\nmasks = ["small-holes"]\nmethods = ["telea"]\n'
    path.write_text(f'{lists}metrics = ["psnr"]\ndraws = 8\n')
    assert read(str(path)).draws == 8
    path.write_text(f'{lists}metrics = ["psnr"]\ndraws = 0\n')
    with pytest.raises(BenchError, match="draws must be at least 1"):
        read(str(path))


@pytest.mark.parametrize("where", FILLS)
def test_draws_differ_come_again_and_are_replayed(where: str, tmp_path: Path) -> None:
    method = write(tmp_path, fill=FILLS[where])
    changes = {"datasets": ("textures[size=32]",), "masks": ("small-holes",), "limit": 2}
    rows = small_run(tmp_path / "run", method, draws=3, **changes)
    outputs = rows.cells.pivot(index="case", columns="variant", values="output_sha256")
    assert (outputs.nunique(axis=1) == 3).all()
    few = small_run(tmp_path / "few", f"{method}[draw=2]", method, **changes)
    again = few.cells.pivot(index="case", columns="variant", values="output_sha256")
    assert again.equals(outputs[again.columns])
    replayed = replay(tmp_path / "run", outputs.index[0], "noise[draw=1]")
    assert replayed.mismatches == ()
    (draws,) = read_draws(read_scores(rows))
    assert (draws.method, draws.variants) == ("noise", ("noise", "noise[draw=1]", "noise[draw=2]"))


def test_a_method_that_was_moved_is_replayed_as_the_variant_that_was_run(tmp_path: Path) -> None:
    method = write(tmp_path / "first")
    rows = small_run(
        tmp_path / "run",
        f"{method}[level=4,draw=1]",
        datasets=("textures[size=32]",),
        masks=("small-holes",),
        limit=1,
    )
    moved = write(tmp_path / "elsewhere")
    Path(method).unlink()
    cell = (tmp_path / "run", rows.cases["case"].item(), "noise[level=4,draw=1]")
    found = replay(*cell, method=moved)
    assert found.mismatches == ()
    assert found.notes == ("the method isn't deterministic: its output may differ each time",)
    found = replay(*cell, method=f"{moved}[level=4]")
    assert found.mismatches
    assert "the parameters aren't those of the run: this is noise[level=4]" in found.notes
