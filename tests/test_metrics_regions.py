"""Regions of the composite and of the raw output: what each sees, and that they're exact."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_cases import Pair, pairs
from skimage.metrics import structural_similarity
from synthetic_run import synthetic_run

from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics.base import Metric, MetricUnavailable, Result
from inpaintbench.metrics.difference import Region
from inpaintbench.metrics.lpips import LPIPS
from inpaintbench.metrics.pixelwise import MAE, PSNR, BrushNetPSNR, KnownChange
from inpaintbench.metrics.scoring import score_group
from inpaintbench.metrics.ssim import SSIM
from inpaintbench.plugins import registry
from inpaintbench.statistics.scores import read_scores

REGIONS: tuple[Region, ...] = get_args(Region)

# Compiling for a new kind of array takes seconds; everything after is fast.
exactly = settings(deadline=None, max_examples=40)


def score(metric: Metric, result: Result) -> float:
    return metric.bind(result.reference)(result)


def all_metrics() -> list[Metric]:
    """Make every metric of every region; LPIPS needs its weights."""
    made: list[Metric] = [kind(region=r) for kind in (PSNR, MAE, SSIM) for r in REGIONS]
    try:
        LPIPS().setup()
    except MetricUnavailable:
        return made
    return made + [LPIPS(region=region) for region in REGIONS]


def pixels(pair: Pair, effect: Mask) -> dict[Region, Mask]:
    """Mark each region's pixels, the plain way."""
    hole, everywhere = pair.mask, np.ones_like(pair.mask)
    rows, columns = np.nonzero(~hole)
    near = np.zeros_like(hole)
    for y, x in np.argwhere(hole):
        near[y, x] = (np.maximum(abs(rows - y), abs(columns - x)) <= 4).any()
    return {
        "image": everywhere,
        "hole": hole,
        "boundary": near,
        "raw": everywhere,
        "known": ~hole,
        "effect": effect & ~hole,
        "untouched": ~hole & ~effect,
    }


def effect_mask(shape: tuple[int, int], seed: int) -> Mask:
    rng = np.random.default_rng(seed)
    effect = np.zeros(shape, bool)
    y, x = (int(rng.integers(side)) for side in shape)
    effect[y // 2 : y + 1, x // 2 : x + 1] = True
    return effect


@given(pairs(least=12, most=40), st.integers(0, 99))
@exactly
def test_every_region_is_the_plain_mean_over_its_pixels(pair: Pair, seed: int) -> None:
    effect = effect_mask(pair.mask.shape, seed)
    result = replace(pair.result, effect=effect)
    valid = np.zeros_like(pair.mask)
    valid[5:-5, 5:-5] = True
    keywords = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    for region, where in pixels(pair, effect).items():
        image = pair.composite if region in ("image", "hole", "boundary") else pair.output
        levels = np.abs(image.astype(float) - pair.reference)[where] * 255 / pair.top
        _, similarity = structural_similarity(
            pair.reference, image, channel_axis=2, data_range=pair.top, full=True, **keywords
        )
        inside = similarity[where & valid]
        error = (levels**2).mean() if where.any() else math.nan
        wanted = {
            MAE: levels.mean() if where.any() else math.nan,
            PSNR: math.inf if error == 0 else 10 * math.log10(255**2 / error),
            SSIM: inside.mean() if inside.size else math.nan,
        }
        for kind, value in wanted.items():
            got = score(kind(region=region), result)
            assert got == pytest.approx(value, abs=1e-7, nan_ok=True), (kind, region)


@given(pairs(least=1), st.integers(0, 99))
@exactly
def test_hole_effect_and_untouched_are_all_of_the_raw_output(pair: Pair, seed: int) -> None:
    result = replace(pair.result, effect=effect_mask(pair.mask.shape, seed))
    raw, *parts = (result.sums(region) for region in ("raw", "hole", "effect", "untouched"))
    known = result.sums("known")
    for part in ("squares", "absolutes", "values"):
        hole, effect, untouched = (getattr(sums, part) for sums in parts)
        assert hole + effect + untouched == getattr(raw, part)
        assert effect + untouched == getattr(known, part)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("network", ["alex", "vgg"])
def test_lpips_of_a_region_is_the_mean_of_the_packages_map(network: str) -> None:
    import torch
    from lpips_package import package_network

    try:
        LPIPS(network).setup()  # type: ignore[arg-type]
    except MetricUnavailable as error:
        pytest.skip(str(error))
    package = package_network(network)

    def package_map(reference: Image, image: Image) -> np.ndarray:
        first, second = (
            torch.from_numpy(np.broadcast_to(x, (*x.shape[:2], 3)).astype(np.float32) / top * 2 - 1)
            .permute(2, 0, 1)[None]
            .contiguous()
            for x, top in ((x, np.iinfo(x.dtype).max) for x in (reference, image))
        )
        package.spatial = True
        try:
            with torch.inference_mode():
                return package(first, second)[0, 0].numpy()
        finally:
            package.spatial = False

    rng = np.random.default_rng(2)
    shapes = [((33, 32, 1), np.uint8), ((64, 97, 3), np.uint8), ((80, 48, 3), np.uint16)]
    for shape, dtype in shapes[: 1 if network == "vgg" else 3]:
        reference, output = rng.integers(0, np.iinfo(dtype).max, (2, *shape), dtype, endpoint=True)
        mask = np.zeros(shape[:2], bool)
        mask[4:18, 9:30] = True
        pair = Pair(reference, output, mask)
        result = replace(pair.result, effect=effect_mask(mask.shape, 5))
        maps = {
            image.tobytes(): package_map(reference, image) for image in (pair.composite, output)
        }
        for region, where in pixels(pair, effect_mask(mask.shape, 5)).items():
            if region in ("image", "raw"):
                continue
            image = pair.composite if region in ("hole", "boundary") else output
            wanted = maps[image.tobytes()][where].mean(dtype=np.float64)
            got = score(LPIPS(network, region), result)  # type: ignore[arg-type]
            assert got == pytest.approx(wanted, abs=1e-5), (shape, region)


@pytest.fixture(scope="module")
def scene() -> Result:
    """Make a photograph with an object in its hole and a shadow beside; the output is the truth."""
    from skimage import data

    truth = np.ascontiguousarray(data.astronaut()[60:156, 40:168])
    hole, shadow = np.zeros((2, *truth.shape[:2]), bool)
    hole[30:60, 30:60] = True
    shadow[52:66, 40:90] = True
    given = truth.copy()
    given[shadow] //= 2
    given[hole] = (250, 20, 60)
    return Result(truth, hole, truth, given, shadow)


def with_output(scene: Result, output: Image) -> Result:
    return Result(output, scene.mask, scene.reference, scene.input, scene.effect)


def test_the_truth_is_perfect_everywhere(scene: Result) -> None:
    for metric in all_metrics():
        perfect = math.inf if metric.name == "psnr" else metric.bounds[metric.higher_is_better]
        assert score(metric, scene) == perfect, metric.id
    assert score(BrushNetPSNR(), scene) == 1000


def test_a_fill_of_the_hole_alone_leaves_the_shadow(scene: Result) -> None:
    output = np.where(scene.mask[..., None], scene.reference, scene.input)
    result = with_output(scene, output)
    beside = scene.effect & ~scene.mask
    shadow = np.abs(scene.input.astype(float) - scene.reference)[beside]
    assert score(MAE("effect"), result) == pytest.approx(shadow.mean(), abs=1e-9)
    decibels = 10 * math.log10(255**2 / (shadow**2).mean())
    assert score(PSNR("effect"), result) == pytest.approx(decibels, abs=1e-9)
    for region in ("image", "hole", "boundary", "untouched"):
        assert score(PSNR(region), result) == math.inf
    assert score(KnownChange(), result) == 0
    assert 0 < score(MAE("raw"), result) < score(MAE("known"), result) < shadow.mean()
    assert score(SSIM(region="effect"), result) < score(SSIM(region="raw"), result) < 1


def test_a_tint_is_caught_outside_the_hole_and_not_inside(scene: Result) -> None:
    tinted = np.minimum(scene.reference, 245) + np.array([8, 0, 0], np.uint8)
    output = np.where(scene.mask[..., None], scene.reference, tinted)
    for metric in all_metrics():
        value = score(metric, with_output(scene, output))
        perfect = math.inf if metric.name == "psnr" else metric.bounds[metric.higher_is_better]
        of_composite = metric.region in ("image", "hole", "boundary")  # type: ignore[attr-defined]
        assert (value == perfect) == of_composite, metric.id
    # the tint of a whole output is in its hole too, and its composite says no more than that
    everywhere = with_output(scene, tinted)
    assert score(MAE("untouched"), everywhere) > 2
    assert score(MAE("image"), everywhere) < 0.5


def test_a_copy_of_the_input_has_the_object_as_its_error(scene: Result) -> None:
    result = with_output(scene, scene.input)
    wanted = np.abs(scene.input.astype(float) - scene.reference)[scene.mask].mean()
    assert score(MAE("hole"), result) == pytest.approx(wanted, abs=1e-9)
    assert score(KnownChange(), result) == 0
    assert score(MAE("untouched"), result) == 0


def test_known_change_is_from_what_was_given(scene: Result) -> None:
    beside = scene.effect & ~scene.mask
    wanted = np.abs(scene.input.astype(int) - scene.reference)[beside].max()
    assert score(KnownChange(), scene) == wanted
    assert score(KnownChange(), replace(scene, input=None)) == 0


@given(pairs(least=1, most=40))
@exactly
def test_brushnets_psnr_is_its_script(pair: Pair) -> None:
    known = ~pair.mask[..., None]
    first, second = (
        np.broadcast_to(image, (*pair.mask.shape, 3)).astype(np.float64) / pair.top * known
        for image in (pair.reference, pair.output)
    )
    got = score(BrushNetPSNR(), pair.result)
    if pair.mask.all():
        assert math.isnan(got)
        return
    error = ((first - second) ** 2).sum() / known.sum()
    wanted = 1000 if error < 1e-10 else 20 * math.log10(1 / math.sqrt(error))
    assert got == pytest.approx(wanted, abs=1e-9)
    if error >= 1e-10:
        assert got == pytest.approx(score(PSNR("known"), pair.result) - 4.7712, abs=1e-4)


def test_the_effect_is_none_without_its_mask(scene: Result) -> None:
    bare = replace(scene, effect=None, output=scene.input)
    for kind in (PSNR, MAE, SSIM):
        assert math.isnan(score(kind(region="effect"), bare))
        known, untouched = (score(kind(region=r), bare) for r in ("known", "untouched"))
        assert known == untouched
    assert math.isnan(score(PSNR("known"), replace(bare, mask=scene.mask | True)))


def test_scores_are_the_same_alone_and_together(scene: Result) -> None:
    metrics = all_metrics()
    for metric in metrics:
        metric.setup()
    rng = np.random.default_rng(0)
    kept = np.where(scene.mask[..., None], scene.input, scene.reference)
    outputs = [kept, scene.input, rng.integers(0, 256, kept.shape, np.uint8)]
    together = score_group(
        metrics, scene.reference, scene.mask, outputs, input=scene.input, effect=scene.effect
    )
    alone = [metric.bind(scene.reference) for metric in metrics]
    for output, row in zip(outputs, together, strict=True):
        values = [one(with_output(scene, output)) for one in alone]
        assert row == pytest.approx(values, rel=1e-5)


def test_what_does_not_fit_is_refused(scene: Result) -> None:
    with pytest.raises(ValueError, match="the input is uint8"):
        replace(scene, input=scene.reference[1:])
    with pytest.raises(ValueError, match="the effect mask is bool"):
        replace(scene, effect=scene.mask[1:])


def test_ids_and_labels_are_those_of_the_table() -> None:
    page = (Path(__file__).parent.parent / "docs" / "metrics.md").read_text(encoding="utf-8")
    bare = {name: registry.metrics().make(name) for name in ("psnr", "mae", "ssim", "lpips")}
    for region in REGIONS[1:]:
        for name, metric in bare.items():
            made = registry.metrics().make(f"{name}[region={region}]")
            in_id = made.id.removeprefix(metric.id.removesuffix("]")).removesuffix("]")
            in_label = made.label.removeprefix(metric.label).strip()
            assert f"| `{region}` | `{in_id}` | {in_label} |" in page


@pytest.mark.parametrize("others", [["psnr[dtype-range,hole]"], []])
def test_a_run_without_the_composite_is_ranked_by_the_raw_frame(others: list[str]) -> None:
    rows = synthetic_run(methods=2, images=2)
    raw = {"psnr[dtype-range]": "psnr[dtype-range,raw]", "lpips[alex,v0.1]": "lpips[alex,v0.1,raw]"}
    names = {"PSNR": "PSNR (raw)", "LPIPS": "LPIPS (raw)"}
    kept = rows.metrics["metric"].isin([*raw, *others, "ssim[gauss11,valid,hole]"])
    metrics = rows.metrics[kept].replace({"metric": raw, "label": names})
    found = read_scores(replace(rows, metrics=metrics)).main_metrics()
    assert [metric.label for metric in found] == ["PSNR (raw)", "SSIM (hole)", "LPIPS (raw)"]
