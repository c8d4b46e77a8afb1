"""Comparing runs: what is told from what, and what is said first."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
import typer
from small_runs import small_run
from synthetic_run import made_by, synthetic_run, with_scores
from typer.testing import CliRunner

import inpaintbench.regression.verdicts as rule
from inpaintbench.cli.compare import compare as compare_command
from inpaintbench.errors import BenchError
from inpaintbench.regression import machine, markdown
from inpaintbench.regression.comparison import compare
from inpaintbench.regression.kinds import Gate, Verdict
from inpaintbench.regression.matching import match_cases, match_variants, read_matches
from inpaintbench.regression.reading import read_results
from inpaintbench.regression.verdicts import (
    Comparison,
    Figure,
    MethodComparison,
    failures,
    judge,
    read_effects,
)
from inpaintbench.statistics.bootstrap import mean_intervals
from inpaintbench.statistics.scores import MetricInfo
from inpaintbench.storage.rows import RunRows, long_rows, typed

APPLICATION = typer.Typer()
APPLICATION.command()(compare_command)


@pytest.fixture(scope="module")
def base() -> RunRows:
    return synthetic_run(4, images=6)


def cases_of(rows: RunRows, suite: str) -> set[str]:
    return set(rows.cases.loc[rows.cases["suite"] == suite, "case"])


def moved(
    rows: RunRows, variant: str, shift: float, *, suite: str | None = None, noise: float = 0.0
) -> RunRows:
    """Give a variant other outputs, and a PSNR and LPIPS that is better by so many decibels."""
    random = np.random.default_rng(1)
    here = cases_of(rows, suite) if suite else set(rows.cases["case"])
    scores, cells, variants = rows.scores.copy(), rows.cells.copy(), rows.variants.copy()
    for metric, factor in (("psnr", 1.0), ("lpips", -0.02)):
        chosen = scores["case"].isin(here) & (scores["variant"] == variant)
        chosen &= scores["metric"].str.startswith(metric)
        scores.loc[chosen, "value"] += factor * (shift + random.normal(0, noise, chosen.sum()))
    other = cells["case"].isin(here) & (cells["variant"] == variant)
    cells.loc[other, "output_sha256"] = cells.loc[other, "output_sha256"].str[::-1]
    variants.loc[variants["variant"] == variant, "key"] = "edited"
    changed = dataclasses.replace(with_scores(rows, scores), cells=cells)
    return dataclasses.replace(changed, variants=typed("variants", variants))


def slowed(rows: RunRows, factor: float, *variants: str, edited: bool = True) -> RunRows:
    timings, known = rows.timings.copy(), rows.variants.copy()
    random = np.random.default_rng(2)
    timings["seconds"] *= random.normal(1, 0.01, len(timings))
    timings.loc[timings["variant"].isin(variants), "seconds"] *= factor
    if edited:
        known.loc[known["variant"].isin(variants), "key"] = "edited"
    return dataclasses.replace(rows, timings=timings, variants=known)


def method(comparison: Comparison, name: str) -> MethodComparison:
    return next(found for found in comparison.methods if found.base == name)


def figure(found: MethodComparison, label: str, suite: str = "") -> Figure:
    return next(f for f in found.figures if f.label == label and f.suite == suite)


def verdicts(comparison: Comparison) -> dict[str, Verdict]:
    return {found.base: found.verdict for found in comparison.methods}


def said(comparison: Comparison) -> str:
    return "\n".join(map(str, comparison.differences))


@pytest.mark.parametrize(("images", "level"), [(5, 0.999), (10, 0.95), (30, 0.996), (60, 0.95)])
def test_the_change_that_is_said_to_be_found_is_found_in_four_of_five_comparisons(
    images: int, level: float
) -> None:
    codes = np.repeat(np.arange(images), 2)
    metric = MetricInfo("psnr", "psnr", "PSNR", "dB", True, "")
    random = np.random.default_rng(images)

    def judged(change: float) -> Figure:
        noise = np.repeat(random.normal(0, 0.3, images), 2) + random.normal(0, 0.2, 2 * images)
        return rule.tested(metric, "", (0.0, 0.0), change + noise, codes, 0.05, level)

    said = float(np.median([judged(0.0).detectable for _ in range(100)]))
    found = np.mean([judged(said).verdict is Verdict.improved for _ in range(200)])
    assert 0.7 <= found <= 0.9


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.04, 0.05, Verdict.same),
        (0.0, 0.0, Verdict.same),
        (-0.2, -0.06, Verdict.worse),
        (-0.2, -0.05, Verdict.cant_tell),
        (-0.2, 0.2, Verdict.cant_tell),
        (0.051, 9.0, Verdict.improved),
        (float("nan"), float("nan"), Verdict.cant_tell),
    ],
)
def test_the_rule_places_the_interval_against_the_smallest_effect(
    low: float, high: float, expected: Verdict
) -> None:
    assert judge(low, high, 0.05) is expected


def test_identical_runs_are_the_same_and_pass(base: RunRows) -> None:
    comparison = compare(base, base)
    assert set(verdicts(comparison).values()) == {Verdict.same}
    assert all(found.outputs_equal for found in comparison.methods)
    assert not comparison.differences
    assert not failures(comparison, list(Gate))


def test_a_method_worse_on_textures_only_is_worse_there_and_the_same_elsewhere(
    base: RunRows,
) -> None:
    comparison = compare(base, moved(base, "telea", -0.5, suite="textures", noise=0.1))
    found = method(comparison, "telea")
    assert found.verdict is Verdict.worse
    for label in ("PSNR", "LPIPS"):
        assert figure(found, label, "textures").verdict is Verdict.worse
        for suite in ("small-holes", "large-regions"):
            assert figure(found, label, suite).verdict is Verdict.same
    assert {case.suite for case in found.moved} == {"textures"}
    others = [name for name in verdicts(comparison) if name != "telea"]
    assert {verdicts(comparison)[name] for name in others} == {Verdict.same}


def test_directions_are_known(base: RunRows) -> None:
    better = compare(base, moved(base, "telea", 0.5, noise=0.1))
    found = method(better, "telea")
    assert found.verdict is Verdict.improved
    assert figure(found, "PSNR").difference > 0 > figure(found, "LPIPS").difference
    back = compare(moved(base, "telea", 0.5, noise=0.1), base)
    assert method(back, "telea").verdict is Verdict.worse


def test_noise_is_not_taken_for_a_change_nor_for_none(base: RunRows) -> None:
    found = method(compare(base, moved(base, "telea", 0.0, noise=1.0)), "telea")
    assert figure(found, "PSNR").verdict is Verdict.cant_tell
    assert figure(found, "SSIM").verdict is Verdict.same
    assert found.verdict is Verdict.cant_tell


def test_a_change_too_small_to_matter_is_the_same(base: RunRows) -> None:
    new = moved(base, "telea", -0.02)
    assert figure(method(compare(base, new), "telea"), "PSNR").verdict is Verdict.same
    stricter = compare(base, new, effects=["psnr=0.01"])
    assert figure(method(stricter, "telea"), "PSNR").verdict is Verdict.worse


def test_two_images_are_too_few_for_a_verdict() -> None:
    base = synthetic_run(2, datasets=("photos",), images=2)
    found = method(compare(base, moved(base, "telea", -5, noise=0.1)), "telea")
    assert figure(found, "PSNR").verdict is Verdict.cant_tell
    assert figure(found, "PSNR").reason == "2 images, an interval needs 3"


def test_all_intervals_of_a_method_hold_together(base: RunRows) -> None:
    """Three metrics on three suites and all: twelve figures share the 5 % of error."""
    new = moved(base, "telea", -0.2, noise=0.5)
    found = figure(method(compare(base, new), "telea"), "PSNR")
    psnr = [rows.scores[rows.scores["metric"] == found.metric] for rows in (base, new)]
    old, now = (s[s["variant"] == "telea"].set_index("case")["value"] for s in psnr)
    images = base.cases.set_index("case").groupby(["dataset", "sample"]).ngroup().loc[old.index]
    expected = mean_intervals(
        (now - old).to_numpy()[:, None], images.to_numpy(), level=1 - 0.05 / 12
    )
    assert (found.low, found.high) == pytest.approx((expected.low[0], expected.high[0]))


def test_a_method_made_20_percent_slower_is_worse(base: RunRows) -> None:
    comparison = compare(base, slowed(base, 1.2, "telea"))
    found = method(comparison, "telea")
    assert found.verdict is Verdict.worse
    assert figure(found, "runtime").difference == pytest.approx(0.2, abs=0.02)
    assert found.outputs_equal
    assert failures(comparison, [Gate.worse]) == ["telea: runtime on all suites: worse"]
    assert method(comparison, "navier-stokes").verdict is Verdict.same
    assert method(compare(slowed(base, 1.2, "telea"), base), "telea").verdict is Verdict.improved


def test_a_slower_machine_is_not_a_slower_method(base: RunRows) -> None:
    everybody = list(base.variants["variant"])
    comparison = compare(base, slowed(base, 1.3, *everybody, edited=False))
    assert set(verdicts(comparison).values()) == {Verdict.same}
    assert not any(f.label == "runtime" for m in comparison.methods for f in m.figures)
    assert "the machine is not as fast as it was" in said(comparison)


@pytest.mark.parametrize("key", ["processor", "device"])
def test_runtimes_of_another_machine_are_not_compared(base: RunRows, key: str) -> None:
    new = slowed(base, 1.5, "telea")
    comparison = compare(base, made_by(new, **{key: "another"}))
    assert method(comparison, "telea").verdict is Verdict.same
    assert "machine: synthetic, 0 cores, 0 GiB, cpu, unknown → " in said(comparison)
    assert "runtimes aren't compared" in said(comparison)


def test_a_changed_mask_suite_is_said_first_and_not_compared(base: RunRows) -> None:
    cases = base.cases.copy()
    here = cases["suite"] == "textures"
    cases.loc[here, "mask_sha256"] = "x" + cases.loc[here, "mask_sha256"].str[1:]
    cases.loc[here, "suite_version"] = 2
    new = moved(dataclasses.replace(base, cases=cases), "telea", -9, suite="textures")
    comparison = compare(base, new)
    assert comparison.differences[0].text == "masks of textures differ in 18 cases (version 1 → 2)"
    assert comparison.differences[0].consequence == "not compared"
    assert comparison.cases == 36
    for found in comparison.methods:
        assert figure(found, "every metric", "textures").verdict is Verdict.cant_tell
        assert {f.verdict for f in found.figures if f.suite != "textures"} == {Verdict.same}
    assert not failures(comparison, [Gate.worse])
    assert len(failures(comparison, [Gate.cant_tell])) == 4


def test_masks_that_lie_elsewhere_are_the_same_cases(base: RunRows) -> None:
    def reading(folder: str) -> RunRows:
        suites = base.cases["suite"].replace("textures", f"folder[path={folder},hole=black]")
        return dataclasses.replace(base, cases=base.cases.assign(suite=suites))

    comparison = compare(reading("here"), reading('"there, too"'))
    assert comparison.cases == len(base.cases)
    assert not comparison.differences


def test_masks_that_changed_without_their_version_are_named(base: RunRows) -> None:
    cases = base.cases.copy()
    cases.loc[0, "mask_sha256"] = "0" * 64
    comparison = compare(base, dataclasses.replace(base, cases=cases))
    assert "differ in 1 case (though both are of version 1" in said(comparison)
    assert comparison.cases == len(cases) - 1


def test_other_images_are_not_compared(base: RunRows) -> None:
    cases = base.cases.copy()
    here = cases["dataset"] == "medical"
    cases.loc[here, "image_sha256"] = "0" * 64
    comparison = compare(base, dataclasses.replace(base, cases=cases))
    assert "images of medical differ in 18 cases: not compared" in said(comparison)


def test_runs_without_a_common_case_or_method_are_refused(base: RunRows) -> None:
    other = synthetic_run(4, datasets=("faces",))
    with pytest.raises(BenchError, match="no case in common"):
        compare(base, other)
    with pytest.raises(BenchError, match="no method in common"):
        compare(base, synthetic_run(["mine"], images=6))


def test_a_metric_that_moved_without_its_id_is_found_and_not_compared(base: RunRows) -> None:
    scores = base.scores.copy()
    ssim = scores["metric"] == "ssim[gauss11,valid]"
    scores.loc[ssim, "value"] -= 0.01
    comparison = compare(base, with_scores(base, scores))
    assert "metric ssim[gauss11,valid] scores 216 equal outputs differently" in said(comparison)
    assert not any(f.label == "SSIM" for m in comparison.methods for f in m.figures)
    assert set(verdicts(comparison).values()) == {Verdict.same}


def test_a_metric_of_one_run_only_is_named(base: RunRows) -> None:
    metrics = base.metrics[base.metrics["name"] != "lpips"]
    scores = base.scores[~base.scores["metric"].str.startswith("lpips")]
    new = dataclasses.replace(with_scores(base, scores), metrics=metrics)
    assert "metric lpips[alex,v0.1] is only in BASE" in said(compare(base, new))
    lacking = synthetic_run(4, images=6, missing_lpips="no weights")
    assert "NEW lacks lpips[alex,v0.1] (no weights)" in said(compare(base, lacking))


def test_cells_that_used_to_finish_are_worse() -> None:
    base = synthetic_run(3, images=6)
    new = synthetic_run(3, images=6, unfinished={"telea": 0.1}, failure="crash")
    comparison = compare(base, new)
    found = method(comparison, "telea")
    assert found.verdict is Verdict.worse
    assert found.moved[0].message == "crash: ended after 60 s"
    lost = [f for f in found.figures if f.label == "cells finished"]
    assert sum(f.difference for f in lost) == -5
    assert method(compare(new, base), "telea").verdict is Verdict.improved


def test_cells_that_were_not_reached_are_no_failures() -> None:
    base = synthetic_run(3, images=6)
    cells = base.cells.iloc[:-10]
    scores = base.scores.merge(cells[["case", "variant"]], on=["case", "variant"])
    new = dataclasses.replace(with_scores(base, scores), cells=cells)
    assert set(verdicts(compare(base, new)).values()) == {Verdict.same}


def test_a_deterministic_method_that_moved_can_fail_the_comparison(base: RunRows) -> None:
    comparison = compare(base, moved(base, "telea", 0.0, suite="textures"))
    assert method(comparison, "telea").verdict is Verdict.same
    assert failures(comparison, [Gate.changed]) == ["telea: 18 of 54 outputs changed"]
    assert not failures(comparison, [Gate.worse, Gate.cant_tell])


def test_variants_match_by_label_then_by_unique_method_then_as_told() -> None:
    def variants(*labels: str) -> pd.DataFrame:
        return pd.DataFrame({"variant": labels, "method": [n.split("[")[0] for n in labels]})

    old = variants("telea", "fsr[quality=best]", "lama[a=1]", "lama[a=2]")
    new = variants("telea", "fsr", "lama[a=3]", "lama[a=4]")
    assert match_variants(old, new, {}) == {"telea": "telea", "fsr[quality=best]": "fsr"}
    told = read_matches(["lama[a=1]=lama[a=4]"])
    assert match_variants(old, new, told)["lama[a=1]"] == "lama[a=4]"
    with pytest.raises(BenchError, match="NEW has no method 'lema'; did you mean"):
        match_variants(old, new, {"telea": "lema"})
    with pytest.raises(BenchError, match="write BASE-LABEL=NEW-LABEL"):
        read_matches(["lama[a=1]"])


def test_cases_match_wherever_their_files_lie(base: RunRows) -> None:
    moved_files = base.cases.assign(
        dataset=base.cases["dataset"].str.replace(
            "photos[size=128]", "photos[path=b]", regex=False
        ),
        case="0" + base.cases["case"].str[1:],
    )
    common = match_cases(base.cases, moved_files)
    assert set(common.base) == set(base.cases["case"])
    assert [id[1:] for id in common.base] == [id[1:] for id in common.new]


def test_effects_are_read_and_refused(base: RunRows) -> None:
    from inpaintbench.statistics.scores import read_scores

    metrics = read_scores(base).metrics
    effects = read_effects(["ssim[gauss11,valid]=0.01", "runtime=10%", "PSNR=0.2"], metrics)
    by_label = {metric.label: metric for metric in metrics}
    assert effects.of(by_label["SSIM"], 0.9) == 0.01
    assert effects.of(by_label["PSNR"], 30) == 0.2
    assert effects.of(by_label["PSNR (hole)"], 30) == 0.05
    assert effects.of(by_label["MAE"], 3.0) == pytest.approx(0.03)
    assert effects.runtime == 0.1
    for wrong in ("psnr", "psnr=", "psnr=-1", "psnr=5%", "psrn=1", "runtime=x"):
        with pytest.raises(BenchError, match="--effect"):
            read_effects([wrong], metrics)


def test_exported_rows_stand_for_a_run(base: RunRows, tmp_path: Path) -> None:
    new = moved(base, "telea", -0.5, noise=0.1)
    files = []
    for name, rows in (("base.csv", base), ("new.parquet", new)):
        table = long_rows(rows)
        files.append(tmp_path / name)
        if name.endswith("csv"):
            table.to_csv(files[-1], index=False)
        else:
            table.to_parquet(files[-1], index=False)
    old, now = map(read_results, files)
    found = compare(old, now)
    assert method(found, "telea").verdict is Verdict.worse
    assert method(found, "mean-fill").verdict is Verdict.same
    assert "BASE has no timings: runtimes aren't compared" in said(found)
    pd.testing.assert_frame_equal(old.cells.drop(columns="seconds"), sort_cells(base, old))


def test_the_order_of_a_run_changes_no_figure(base: RunRows) -> None:
    def figures(comparison: Comparison) -> set[tuple[str, Figure]]:
        return {(found.name, figure) for found in comparison.methods for figure in found.figures}

    new = moved(base, "telea", -0.2, noise=0.5)
    for seed in range(2):
        old, now = (
            dataclasses.replace(rows, cases=rows.cases.sample(frac=1, random_state=seed + i))
            for i, rows in enumerate((base, new))
        )
        assert figures(compare(old, now)) == figures(compare(base, new))


def sort_cells(rows: RunRows, like: RunRows) -> pd.DataFrame:
    keyed = rows.cells.set_index(["case", "variant"])
    order = list(like.cells[["case", "variant"]].itertuples(index=False, name=None))
    return keyed.loc[order].reset_index().drop(columns="seconds")


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", "case,value\nx,y\n"])
def test_other_tables_are_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.csv"
    path.write_text(content)
    with pytest.raises(BenchError, match=r"other\.csv: "):
        read_results(path)


def test_markdown_holds_names_as_text(base: RunRows) -> None:
    hostile = "<script>|`x`"
    renamed = dataclasses.replace(
        base,
        variants=base.variants.replace({"variant": {"telea": hostile}}),
        cells=base.cells.replace({"variant": {"telea": hostile}}),
        scores=base.scores.replace({"variant": {"telea": hostile}}),
        timings=base.timings.replace({"variant": {"telea": hostile}}),
    )
    comparison = compare(renamed, moved(renamed, hostile, -1, noise=0.1))
    text = markdown.write(comparison, [Gate.worse])
    assert text.startswith("### inpaintbench: fails")
    assert "<script>" not in text
    assert "&lt;script&gt;\\|\\`x\\`" in text


def test_junit_is_what_the_gates_say(base: RunRows) -> None:
    comparison = compare(base, moved(base, "telea", -0.5, noise=0.1))
    root = ElementTree.fromstring(machine.write_junit(comparison, [Gate.worse]))
    suite = root.find("testsuite")
    assert suite is not None
    failed = [case for case in suite.iter("testcase") if case.find("failure") is not None]
    assert {case.get("classname") for case in failed} == {"telea"}
    assert int(suite.get("failures", "")) == len(failed) > 0
    assert int(suite.get("tests", "")) == sum(len(m.figures) for m in comparison.methods)
    lenient = ElementTree.fromstring(machine.write_junit(comparison, [Gate.nothing]))
    assert lenient.find(".//failure") is None


def test_json_is_strict_and_complete(base: RunRows) -> None:
    comparison = compare(base, moved(base, "telea", -0.5, noise=0.1))
    content = json.loads(machine.write_json(comparison, [Gate.worse]), parse_constant=pytest.fail)
    assert content["passes"] is False
    telea = next(m for m in content["methods"] if m["name"] == "telea")
    assert telea["verdict"] == "worse"
    assert telea["figures"][0]["low"] < telea["figures"][0]["high"] < 0


@pytest.mark.slow
def test_real_runs_with_another_radius(tmp_path: Path) -> None:
    """Telea's larger radius blurs small holes: worse by half a decibel on bricks and grass."""
    changes = {"limit": 8, "masks": ("small-holes",), "datasets": ("textures[size=128]",)}
    small_run(tmp_path / "base", "telea", "mean-fill", **changes)
    small_run(tmp_path / "new", "telea[radius=5]", "mean-fill", **changes)
    run = CliRunner().invoke(
        APPLICATION,
        [
            *(str(tmp_path / "base"), str(tmp_path / "new"), "--metric", "psnr"),
            *("--format", "markdown", "-o", str(tmp_path / "comment.md")),
            *("--pictures", str(tmp_path / "sheet.png")),
        ],
    )
    assert run.exit_code == 1, run.output
    text = (tmp_path / "comment.md").read_text()
    assert "telea is compared with telea\\[radius=5\\]" in text
    assert "🔴 worse" in text
    assert "mean-fill | ⚪ same | all 8 outputs equal" in text
    from skimage.io import imread

    height, width = imread(tmp_path / "sheet.png").shape[:2]
    assert height > 0.6 * width

    itself = [str(tmp_path / "base"), str(tmp_path / "base")]
    same = CliRunner().invoke(APPLICATION, [*itself, "--fail-on", "changed", "--fail-on", "worse"])
    assert same.exit_code == 0
    assert "same telea: all 8 outputs equal" in same.output
    csv = [str(tmp_path / "base" / "rows.csv"), str(tmp_path / "new"), "--metric", "psnr"]
    assert CliRunner().invoke(APPLICATION, [*csv, "-o", str(tmp_path / "told.txt")]).exit_code == 1
    assert "PSNR on small-holes: worse" in (tmp_path / "told.txt").read_text()


def test_labels_to_match_may_hold_signs_between_brackets() -> None:
    texts = ['p[folder="a[1]=x"]=q', "telea[radius=3]=telea[radius=5]"]
    assert read_matches(texts) == {
        'p[folder="a[1]=x"]': "q",
        "telea[radius=3]": "telea[radius=5]",
    }
    with pytest.raises(BenchError, match="BASE-LABEL=NEW-LABEL"):
        read_matches(["a=b=c"])
