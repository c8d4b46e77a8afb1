"""From rows to standings: cases in common, infinite scores, failures, runtimes, ties."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from synthetic_run import LPIPS, PSNR, SSIM, synthetic_run, with_scores

from inpaintbench.errors import BenchError
from inpaintbench.statistics.axes import RankBy
from inpaintbench.statistics.scores import DECIBEL_CAP, plain_name, read_scores
from inpaintbench.statistics.standings import Standing, standing
from inpaintbench.statistics.support import common_support
from inpaintbench.storage.rows import typed


def entry(here, variant):
    return next(entry for entry in here.entries if entry.variant == variant)


def done(table: dict[str, list[int]]) -> pd.DataFrame:
    return pd.DataFrame(table).astype(bool)


class TestSupport:
    def test_only_cases_that_all_compared_finished(self) -> None:
        support = common_support(done({"a": [1] * 10, "b": [1] * 9 + [0]}))
        assert support.compared == ("a", "b")
        assert list(support.cases) == list(range(9))
        assert "the 9 of 10 cases that both ranked methods finished" in support.rule()

    def test_a_method_that_finished_few_is_set_aside(self) -> None:
        support = common_support(done({"a": [1] * 10, "b": [1] * 8 + [0] * 2, "c": [1] * 9 + [0]}))
        assert support.compared == ("a", "c")
        assert support.set_aside == ("b",)
        assert len(support.cases) == 9
        assert support.finished == {"a": 10, "b": 8, "c": 9}
        assert "† finished fewer than 90 %" in support.rule()

    def test_the_share_is_of_the_most_complete_method(self) -> None:
        """So a run stopped half-way still ranks its methods."""
        support = common_support(done({"a": [1, 1, 0, 0, 0, 0], "b": [1, 1, 0, 0, 0, 0]}))
        assert support.compared == ("a", "b")
        assert len(support.cases) == 2

    def test_nobody_finished_anything(self) -> None:
        support = common_support(done({"a": [0, 0]}))
        assert support.compared == ()
        assert support.set_aside == ("a",)
        assert len(support.cases) == 0
        assert support.rule() == "No method finished a cell."

    def test_no_method_at_all(self) -> None:
        assert common_support(pd.DataFrame(index=[0, 1])).compared == ()


class TestScores:
    def test_tables_hold_what_the_rows_say(self) -> None:
        rows = synthetic_run(3, images=2)
        scores = read_scores(rows)
        row = rows.scores.sample(1, random_state=0).iloc[0]
        assert scores.values[row["metric"]].loc[row["case"], row["variant"]] == row["value"]
        assert list(scores.done.columns) == list(rows.variants["variant"])
        assert scores.done.all(axis=None)

    def test_images_are_numbered_by_dataset_and_sample(self) -> None:
        rows = synthetic_run(2, images=2, datasets=("photos", "textures"), masks=2)
        scores = read_scores(rows)
        assert len(np.unique(scores.images(scores.cases.index))) == 4
        assert scores.cases.groupby("image")[["dataset", "sample"]].nunique().eq(1).all(axis=None)

    def test_main_metrics_are_the_plain_ones(self) -> None:
        scores = read_scores(synthetic_run(2, images=1))
        assert [metric.id for metric in scores.main_metrics()] == [PSNR, SSIM, LPIPS]

    def test_main_metrics_by_label_id_and_name(self) -> None:
        scores = read_scores(synthetic_run(2, images=1))
        chosen = scores.main_metrics(["lpips-vgg", "mae[255-scale,hole]", "known-change"])
        assert [metric.label for metric in chosen] == ["LPIPS-VGG", "MAE (hole)", "Known change"]
        with pytest.raises(BenchError, match="no metric 'psnrr'; did you mean 'psnr'"):
            scores.main_metrics(["psnrr"])

    def test_a_run_without_the_usual_metrics_shows_its_first(self) -> None:
        rows = synthetic_run(2, images=1)
        metrics = rows.metrics[rows.metrics["name"].isin(["mae", "known-change"])]
        scores = read_scores(dataclasses.replace(rows, metrics=metrics))
        assert [m.label for m in scores.main_metrics()] == ["MAE", "MAE (hole)", "Known change"]

    @pytest.mark.parametrize(
        ("value", "counts_as"),
        [(np.inf, DECIBEL_CAP), (180.0, DECIBEL_CAP), (99.0, 99.0), (-np.inf, np.nan)],
    )
    def test_decibels_have_a_cap(self, value: float, counts_as: float) -> None:
        rows = synthetic_run(2, images=1)
        scores = rows.scores.copy()
        row = scores.index[scores["metric"] == PSNR][0]
        scores.loc[row, "value"] = value
        table = read_scores(with_scores(rows, scores))
        case, variant = scores.loc[row, ["case", "variant"]]
        got = table.values[PSNR].loc[case, variant]
        assert got == counts_as or (np.isnan(got) and np.isnan(counts_as))
        assert table.exact[PSNR].loc[case, variant] == (value > DECIBEL_CAP)

    def test_infinite_values_of_other_units_count_as_none(self) -> None:
        rows = synthetic_run(2, images=1)
        scores = rows.scores.copy()
        scores.loc[scores["metric"] == SSIM, "value"] = np.inf
        assert read_scores(with_scores(rows, scores)).values[SSIM].isna().all(axis=None)

    def test_plain_name(self) -> None:
        assert plain_name("photos[size=128]") == "photos"
        assert plain_name("photos") == "photos"


def ranks(here: Standing) -> list[str]:
    return [str(e.places[here.rank_by].rank) for e in here.entries]


def groups(here: Standing) -> list[str]:
    return [e.places[here.rank_by].group for e in here.entries]


class TestStanding:
    def test_means_and_ranks_are_those_of_the_rows(self) -> None:
        rows = synthetic_run(4)
        here = standing(rows)
        psnr = rows.scores[rows.scores["metric"] == PSNR].pivot(
            index="case", columns="variant", values="value"
        )
        for name in psnr:
            assert entry(here, name).qualities[PSNR].estimate.mean == pytest.approx(
                psnr[name].mean()
            )
        for by, metrics in (
            (RankBy.perception, [(LPIPS, 1)]),
            (RankBy.fidelity, [(PSNR, -1), (SSIM, -1)]),
            (RankBy.both, [(PSNR, -1), (SSIM, -1), (LPIPS, 1)]),
        ):
            ranks = []
            for metric, sign in metrics:
                table = rows.scores[rows.scores["metric"] == metric].pivot(
                    index="case", columns="variant", values="value"
                )
                ranks.append(stats.rankdata(sign * table[list(psnr)], axis=1))
            expected = dict(zip(psnr, np.mean(ranks, axis=(0, 1)), strict=True))
            here = standing(rows, rank_by=by)
            for name, rank in expected.items():
                assert entry(here, name).places[by].mean_rank.mean == pytest.approx(rank)
            assert here.order == tuple(sorted(expected, key=expected.get))

    def test_what_is_best_by_one_axis_may_be_worst_by_the_other(self) -> None:
        """A blur is close to the truth and looks wrong: one rank would call it average."""
        rows = synthetic_run(3, spread=3)
        scores = rows.scores.copy()
        lpips = scores["metric"] == LPIPS
        scores.loc[lpips, "value"] = 1 - scores.loc[lpips, "value"]
        scores = with_scores(rows, scores)
        by_perception = standing(scores)
        assert list(by_perception.rankings) == [RankBy.perception, RankBy.fidelity]
        assert by_perception.order == ("mean-fill", "telea", "navier-stokes")
        by_fidelity = standing(scores, rank_by=RankBy.fidelity)
        assert list(by_fidelity.rankings) == [RankBy.fidelity, RankBy.perception]
        assert by_fidelity.order == ("navier-stokes", "telea", "mean-fill")
        for name in by_fidelity.order:
            for by in (RankBy.perception, RankBy.fidelity):
                assert entry(by_fidelity, name).places[by] == entry(by_perception, name).places[by]

    def test_a_rank_is_made_from_the_metrics_shown(self) -> None:
        rows = synthetic_run(3)
        here = standing(rows, metrics=["psnr"])
        assert [metric.label for metric in here.main] == ["PSNR"]
        assert list(here.rankings) == [RankBy.fidelity]
        assert standing(rows, metrics=["known-change"]).rankings == {}

    def test_later_methods_of_the_synthetic_run_win(self) -> None:
        here = standing(synthetic_run(5, spread=3))
        assert here.order == ("shiftmap", "biharmonic", "navier-stokes", "telea", "mean-fill")
        assert ranks(here) == ["1", "2", "3", "4", "5"]
        assert groups(here) == ["a", "b", "c", "d", "e"]
        assert here.entries[0].qualities[PSNR].best
        assert here.entries[1].qualities[PSNR].second

    def test_equal_methods_share_the_first_rank(self) -> None:
        here = standing(synthetic_run(4, spread=0, seed=1))
        assert set(ranks(here)) == {"1–4"}
        assert set(groups(here)) == {"a"}
        tied = [e.qualities[LPIPS].tied or e.qualities[LPIPS].best for e in here.entries]
        assert all(tied)

    def test_identical_methods_share_the_best(self) -> None:
        rows = synthetic_run(2, images=4)
        scores = rows.scores
        twin = scores[scores["variant"] == "telea"].assign(variant="mean-fill")
        both = pd.concat([scores[scores["variant"] == "telea"], twin])
        here = standing(with_scores(rows, both))
        assert all(e.qualities[PSNR].best for e in here.entries)
        assert [p.mean_rank.mean for e in here.entries for p in e.places.values()] == [1.5] * 4

    def test_failures_do_not_help(self) -> None:
        """A method that fails on its worst cases is judged on the others like everybody."""
        rows = synthetic_run(3, images=10, spread=2)
        psnr = rows.scores[(rows.scores["metric"] == PSNR) & (rows.scores["variant"] == "telea")]
        worst = set(psnr.nsmallest(5, "value")["case"])
        failed = rows.cells["case"].isin(worst) & (rows.cells["variant"] == "telea")
        cells = rows.cells.assign(
            status=np.where(failed, "failed", "done"), failure=np.where(failed, "crash", "")
        )
        here = standing(dataclasses.replace(rows, cells=typed("cells", cells)))
        assert here.order == ("navier-stokes", "telea", "mean-fill")
        assert entry(here, "telea").failures == {"crash": 5}
        assert entry(here, "telea").finished == 85
        assert not set(here.comparisons[PSNR].cases) & worst
        cases = {e.qualities[PSNR].estimate.cases for e in here.entries}
        assert cases == {85}

    def test_a_method_with_few_cells_is_listed_last_over_its_own_cases(self) -> None:
        rows = synthetic_run(3, unfinished={"navier-stokes": 0.5})
        here = standing(rows)
        last = here.entries[-1]
        assert last.variant == "navier-stokes"
        assert not last.ranked
        assert last.places == {}
        own = rows.scores[
            (rows.scores["variant"] == "navier-stokes") & (rows.scores["metric"] == PSNR)
        ]["value"]
        assert last.qualities[PSNR].estimate.mean == pytest.approx(own.mean())
        assert not last.qualities[PSNR].best
        assert len(here.support.cases) == 45

    def test_unreached_cells_are_counted(self) -> None:
        rows = synthetic_run(2, images=10)
        kept = rows.cells[~((rows.cells["variant"] == "telea") & (rows.cells.index % 20 == 1))]
        here = standing(dataclasses.replace(rows, cells=kept))
        missing = len(rows.cells) - len(kept)
        assert entry(here, "telea").failures == ({"not reached": missing} if missing else {})

    def test_a_missing_metric_leaves_the_others(self) -> None:
        here = standing(synthetic_run(3, missing_lpips="no weights"))
        assert [m.missing for m in here.main] == ["", "", "no weights"]
        assert LPIPS not in here.comparisons
        assert here.ranking is not None

    def test_no_score_at_all(self) -> None:
        rows = synthetic_run(2)
        here = standing(with_scores(rows, rows.scores.iloc[:0]))
        assert here.ranking is None
        assert all(not e.ranked and not e.qualities for e in here.entries)

    def test_undefined_scores_leave_the_case_out_for_everybody(self) -> None:
        rows = synthetic_run(3)
        scores = rows.scores.copy()
        row = scores.index[(scores["metric"] == SSIM) & (scores["variant"] == "telea")][0]
        scores.loc[row, "value"] = np.nan
        here = standing(with_scores(rows, scores))
        assert len(here.comparisons[SSIM].cases) == 44
        assert len(here.comparisons[PSNR].cases) == 45

    def test_part_of_a_run(self) -> None:
        rows = synthetic_run(3)
        here = standing(rows, dataset="textures", suite="small-holes")
        assert here.support.reached == 5
        cases = rows.cases.set_index("case").loc[list(here.support.cases)]
        assert set(cases["dataset"]) == {"textures"}
        assert set(cases["suite"]) == {"small-holes"}

    def test_training_data_of_the_same_collection_is_flagged(self) -> None:
        trained = {"telea": "photos/train,places2/train", "mean-fill": "places2/train"}
        here = standing(synthetic_run(3, trained_on=trained))
        assert entry(here, "telea").seen == entry(here, "telea").seen_images == ("photos/train",)
        assert entry(here, "mean-fill").seen == ()

    def test_grey_images_and_one_method_and_one_image(self) -> None:
        rows = synthetic_run(1, images=1, datasets=("medical",), suites=("textures",), channels=1)
        only = standing(rows).entries[0]
        assert [str(place.rank) for place in only.places.values()] == ["1", "1"]
        assert not only.qualities[PSNR].estimate.has_interval
        assert not only.qualities[PSNR].best


class TestRuntimes:
    def test_median_of_medians_over_common_cases(self) -> None:
        rows = synthetic_run(2)
        found = standing(rows).runtimes
        timings = rows.timings[rows.timings["variant"] == "telea"]
        per_case = timings.groupby("case")["seconds"].median()
        telea = found.of["telea"]
        assert telea.median == pytest.approx(per_case.median())
        assert telea.low_quartile == pytest.approx(np.quantile(per_case, 0.25))
        assert telea.high_quartile == pytest.approx(np.quantile(per_case, 0.75))
        assert telea.peak_bytes == timings["peak_bytes"].max()
        assert telea.common
        assert found.threads == (1,)

    def test_contended_readings_are_left_out(self) -> None:
        rows = synthetic_run(2)
        slow = rows.timings["repeat"] == 2
        timings = rows.timings.assign(
            contended=slow, seconds=rows.timings["seconds"].where(~slow, 1e6)
        )
        found = standing(dataclasses.replace(rows, timings=timings)).runtimes
        assert found.contended == slow.sum()
        assert all(runtime.high_quartile < 1e3 for runtime in found.of.values())

    def test_only_cases_timed_for_all_that_were_timed(self) -> None:
        rows = synthetic_run(3)
        first = rows.timings["case"].unique()[0]
        timings = rows.timings[
            (rows.timings["variant"] != "navier-stokes")
            & ((rows.timings["variant"] != "telea") | (rows.timings["case"] == first))
        ]
        found = standing(dataclasses.replace(rows, timings=timings)).runtimes
        assert found.common_cases == 1
        assert found.of["mean-fill"].cases == 1
        assert "navier-stokes" not in found.of

    def test_no_common_case_falls_back_to_own_and_says_so(self) -> None:
        rows = synthetic_run(2)
        cases = list(rows.timings["case"].unique())
        half = set(cases[: len(cases) // 2])
        timings = rows.timings[
            (rows.timings["variant"] == "telea") == rows.timings["case"].isin(half)
        ]
        found = standing(dataclasses.replace(rows, timings=timings)).runtimes
        assert found.common_cases == 0
        assert not found.of["telea"].common
        assert found.of["telea"].cases == len(half)

    def test_no_timings(self) -> None:
        assert standing(synthetic_run(2, timings=False)).runtimes.of == {}
