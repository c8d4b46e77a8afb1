"""Several draws of a stochastic method: mean, best of them, diversity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from figure_words import assert_readable
from small_runs import small_run

from inpaintbench.errors import BenchError
from inpaintbench.plugins import registry
from inpaintbench.report import tables
from inpaintbench.report.combination import combine
from inpaintbench.report.figures import NothingToShow, Request, applied, draw
from inpaintbench.report.figures.style import STYLES
from inpaintbench.report.kinds import FigureKind, Format, IntervalStyle, StyleName, TableKind
from inpaintbench.report.selection import select
from inpaintbench.report.summary import Summary
from inpaintbench.statistics.draws import _without_number, read_draws
from inpaintbench.statistics.scores import read_scores
from inpaintbench.storage.rows import RunRows
from inpaintbench.storage.runs import RunPictures
from inpaintbench.storage.store import Store

# the first draw goes by the name of the method
DRAWS = ("vae-sample", "vae-sample[draw=1]", "vae-sample[draw=2]")
DRAWN = tuple(f"vae-sample[draw={number}]" for number in range(3))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> RunRows:
    return small_run(
        tmp_path_factory.mktemp("drawn"),
        *DRAWN,
        "vae",
        datasets=("textures[size=32]",),
        masks=("context-encoder-center",),
    )


def test_draws_of_one_case_differ_and_come_again(drawn: RunRows, tmp_path: Path) -> None:
    outputs = drawn.cells.pivot(index="case", columns="variant", values="output_sha256")
    assert (outputs[list(outputs.columns[:3])].nunique(axis=1) == 3).all()
    again = small_run(
        tmp_path,
        DRAWN[1],
        datasets=("textures[size=32]",),
        masks=("context-encoder-center",),
    )
    assert set(again.cells["output_sha256"]) == set(outputs[DRAWN[1]])


def test_mean_and_best_are_over_the_draws_of_each_case(drawn: RunRows) -> None:
    scores = read_scores(drawn)
    (draws,) = read_draws(scores)
    assert draws.method == "vae-sample"
    assert [scores.variants.loc[v, "method"] for v in draws.variants] == ["vae-sample"] * 3
    psnr, mae = (next(m.id for m in scores.metrics if m.name == name) for name in ("psnr", "mae"))
    values = scores.values[psnr][list(draws.variants)]
    assert draws.mean[psnr] == pytest.approx(values.to_numpy().mean())
    assert draws.best[psnr] == pytest.approx(values.max(axis=1).mean())
    errors = scores.values[mae][list(draws.variants)]
    assert draws.best[mae] == pytest.approx(errors.min(axis=1).mean())


@pytest.mark.parametrize(
    ("variant", "method"),
    [
        ("vae-sample", "vae-sample"),
        ("vae-sample[draw=3]", "vae-sample"),
        ("vae-sample[weights=mine,draw=3]", "vae-sample[weights=mine]"),
        ("x[seed=1,withdraw=2]", "x[withdraw=2]"),
    ],
)
def test_draws_go_by_what_they_share(variant: str, method: str) -> None:
    assert _without_number(variant) == method


def test_a_method_names_what_numbers_its_draws(
    drawn: RunRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _without_number("x[sample=3,seed=1]", ("sample",)) == "x[seed=1]"
    vae = registry.methods().plugins["vae-sample"]
    monkeypatch.setattr(vae, "draw_parameters", ("seed",))
    assert read_draws(read_scores(drawn)) == []


def test_the_table_says_how_far_draws_differ(drawn: RunRows) -> None:
    table = tables.make(TableKind.draws, Summary(drawn))
    (record,) = table.frame.to_dict("records")
    assert (record["method"], record["draws"], record["cases"]) == ("vae-sample", 3, 3)
    assert 0 < record["diversity"] < 1
    assert "| vae-sample | 3 | 3 |" in tables.render(table, Format.markdown)
    coverage, no_other, *_, p = [cell.text for cell in table.blocks[0].rows[0][-6:]]
    assert coverage.endswith("of 50 %")
    assert (no_other, p) == ("–", "–")
    assert "No p from fewer than 5 images." in table.notes
    assert any(note.startswith("Fewer than five draws have one interval") for note in table.notes)


def test_a_method_without_a_case_says_so(tmp_path: Path) -> None:
    skipping = small_run(tmp_path, *DRAWN[:2], datasets=("textures[size=256]",), limit=1)
    table = tables.make(TableKind.draws, Summary(skipping))
    assert table.notes[-1].startswith("No case that every draw finished")
    assert table.notes[-1].endswith(": vae-sample.")


def test_scores_of_draws_are_those_of_their_pictures(drawn: RunRows) -> None:
    import scoringrules  # which compiles for seconds, in every process that imports this file

    crps, energy = [], []
    with Store.read(drawn.directory) as store:
        pictures = RunPictures(store)
        for case in drawn.cases["case"]:
            hole = pictures.mask(case)
            truth = pictures.reference(case)[hole].ravel().astype(float)
            draws = np.array([pictures.output(case, v)[hole].ravel() for v in DRAWS], float)
            found = scoringrules.crps_ensemble(truth, draws.T, estimator="fair")
            crps.append(found.mean())
            whole = scoringrules.es_ensemble(truth, draws, estimator="fair")
            energy.append(whole / np.sqrt(truth.size))
    (record,) = tables.make(TableKind.draws, Summary(drawn)).frame.to_dict("records")
    assert record["crps"] == pytest.approx(np.mean(crps), abs=1e-9)
    assert record["energy"] == pytest.approx(np.mean(energy), abs=1e-9)
    shares = [float(share) for share in record["ranks"].split()]
    assert len(shares) == 4
    assert sum(shares) == pytest.approx(1, abs=1e-5)
    assert record["expected_0.5"] == 0.5  # between three draws
    assert record["coverage_0.5"] == pytest.approx(sum(shares[1:-1]), abs=1e-5)
    assert "coverage_0.9" not in record  # it would be the same interval


def test_without_pictures_there_is_no_diversity(drawn: RunRows, tmp_path: Path) -> None:
    from dataclasses import replace

    elsewhere = Summary(replace(drawn, directory=tmp_path))
    table = tables.make(TableKind.draws, elsewhere, IntervalStyle.none)
    assert [cell.text for cell in table.blocks[0].rows[0][-9:]] == 9 * ["–"]
    assert table.notes[-1].endswith("for lack of pictures here: vae-sample.")


def test_draws_in_another_run_than_the_first_have_no_diversity(
    drawn: RunRows, tmp_path: Path
) -> None:
    first = small_run(
        tmp_path, DRAWN[0], datasets=("textures[size=32]",), masks=("small-holes",), limit=1
    )
    table = tables.make(TableKind.draws, Summary(combine([first, drawn]).rows))
    assert table.frame["cases"].item() == 3
    assert table.frame["diversity"].isna().all()


def test_a_run_without_draws_says_how_to_make_some(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="has no method with several draws"):
        tables.make(TableKind.draws, Summary(small_run(tmp_path, "mean-fill")))


def test_the_rank_histogram_shows_the_shares_of_the_table(drawn: RunRows) -> None:
    summary = Summary(drawn)
    with applied(STYLES[StyleName.paper]):
        drawing = draw(FigureKind.rank_histogram, Request(summary))
    (panel,) = drawing.figure.axes
    heights = [bar.get_height() for bar in panel.patches]
    (told,) = tables.make(TableKind.draws, summary, IntervalStyle.none).frame["ranks"]
    assert heights == pytest.approx([4 * float(share) for share in told.split()], abs=1e-5)
    assert sum(heights) == pytest.approx(4)
    assert panel.get_ylim()[1] >= max(heights)
    assert_readable(drawing)


def test_without_draws_there_is_no_rank_histogram(drawn: RunRows) -> None:
    alone = Summary(select(drawn, ["vae"]))
    with pytest.raises(NothingToShow, match="--draws"):
        draw(FigureKind.rank_histogram, Request(alone))
