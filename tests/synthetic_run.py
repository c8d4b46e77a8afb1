"""A run made of nothing but arithmetic: the same rows and pictures on every machine."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from inpaintbench.images.types import Image, Mask
from inpaintbench.report.pictures import Pictures
from inpaintbench.storage.environment import Environment
from inpaintbench.storage.rows import SCORES, Provenance, RunRows, typed

NAMES = (
    "mean-fill",
    "telea",
    "navier-stokes",
    "biharmonic",
    "shiftmap",
    "criminisi",
    "fsr[quality=best]",
    "context-encoder",
    "patchmatch[patch=5,iterations=12]",
    "deepfill[version=2,weights=places2]",
    "telea[radius=5]",
    "lama",
    "mat",
    "variational[beta=4]",
    "bscb",
    "pde_ours_100%",
    "diffusion[steps=50]",
    "migan",
    "repaint[steps=250,resampling=10]",
    "mean-fill[window=31]",
)

METRICS = (
    # id, name, label, unit, higher is better, worst
    ("psnr[dtype-range,hole]", "psnr", "PSNR (hole)", "dB", True, 0.0),
    ("psnr[dtype-range]", "psnr", "PSNR", "dB", True, 0.0),
    ("ssim[gauss11,valid]", "ssim", "SSIM", "", True, -1.0),
    ("ssim[uniform7,valid,sample-covariance]", "ssim", "SSIM-uniform7", "", True, -1.0),
    ("ssim[gauss11,valid,hole]", "ssim", "SSIM (hole)", "", True, -1.0),
    ("mae[255-scale]", "mae", "MAE", "levels", False, 255.0),
    ("mae[255-scale,hole]", "mae", "MAE (hole)", "levels", False, 255.0),
    ("lpips[vgg,v0.1]", "lpips", "LPIPS-VGG", "", False, 5.444),
    ("lpips[alex,v0.1]", "lpips", "LPIPS", "", False, 7.734),
    ("known-change[max,255-scale]", "known-change", "Known change", "levels", False, 255.0),
)
PSNR, SSIM, LPIPS = "psnr[dtype-range]", "ssim[gauss11,valid]", "lpips[alex,v0.1]"

# Coverage and thickness that the holes of a suite have, lowest and highest.
SUITES = {
    "small-holes": ((0.01, 0.05), (2.0, 12.0)),
    "large-regions": ((0.2, 0.6), (16.0, 60.0)),
    "textures": ((0.05, 0.3), (3.0, 30.0)),
}

SIDE = 96


def synthetic_run(
    methods: int | Sequence[str] = 5,
    *,
    datasets: Sequence[str] = ("photos[size=128]", "textures", "medical"),
    suites: Sequence[str] = tuple(SUITES),
    images: int = 5,
    masks: int = 1,
    seed: int = 0,
    unfinished: Mapping[str, float] | None = None,
    failure: str = "timeout",
    missing_lpips: str = "",
    timings: bool = True,
    channels: int = 3,
    trained_on: Mapping[str, str] | None = None,
    reached: float = 1.0,
    spread: float = 1.0,
) -> RunRows:
    """Make the rows of a run.

    Parameters
    ----------
    methods : int or sequence of str
        How many of `NAMES`, or the variants themselves; later ones are better, and slower.
    unfinished : mapping of str to float
        Variant → share of its cells that failed in the way `failure` says.
    missing_lpips : str
        Why LPIPS could not be computed, or empty.
    reached : float
        Share of the cases that were reached before the run was stopped.
    spread : float
        Distance between methods, in noise.
    """
    random = np.random.default_rng(seed)
    names = list(NAMES[:methods]) if isinstance(methods, int) else list(methods)
    cases = _cases(datasets, suites, images, masks, channels, random)
    cases = cases.iloc[: max(1, round(reached * len(cases)))]
    failed = {
        name: set(random.permutation(len(cases))[: round(share * len(cases))])
        for name, share in (unfinished or {}).items()
    }
    effects = spread * np.linspace(-1, 1, len(names)) if len(names) > 1 else np.zeros(1)
    image = cases.groupby(["dataset", "sample"], sort=False).ngroup().to_numpy()
    difficulty = random.normal(size=image.max() + 1)[image] - 3 * cases["coverage"].to_numpy()
    maker = Environment(processor="synthetic", device="cpu", code="0" * 40)
    cells, scores, times = [], [], []
    for column, name in enumerate(names):
        taste = 0.3 * random.normal(size=image.max() + 1)[image]
        quality = effects[column] + difficulty + taste + 0.3 * random.normal(size=len(cases))
        perception = quality + 0.3 * random.normal(size=len(cases))
        seconds = 0.004 * 4 ** (column % 7) * random.lognormal(sigma=0.2, size=len(cases))
        for row, case in enumerate(cases["case"]):
            done = row not in failed.get(name, ())
            cells.append(
                {
                    "case": case,
                    "variant": name,
                    "status": "done" if done else "failed",
                    "failure": "" if done else failure,
                    "message": "" if done else "ended after 60 s",
                    "output_sha256": _digest(name, case) if done else "",
                    "seconds": seconds[row],
                    "environment": maker.id,
                }
            )
            if not done:
                continue
            values = _values(quality[row], perception[row], missing=bool(missing_lpips))
            scores += [{"case": case, "variant": name, "metric": m, "value": v} for m, v in values]
            if timings and row % images == 0:
                times += [
                    {
                        "case": case,
                        "variant": name,
                        "repeat": repeat,
                        "seconds": seconds[row] * (1 + 0.02 * repeat),
                        "contended": False,
                        "threads": 1,
                        "setup_seconds": 0.01,
                        "first_seconds": 2 * seconds[row],
                        "peak_bytes": 1e6 * (10 + 7 * column),
                        "environment": maker.id,
                    }
                    for repeat in range(3)
                ]
    columns = ["case", "variant", "repeat", "seconds", "contended", "threads"]
    columns += ["setup_seconds", "first_seconds", "peak_bytes", "environment"]
    return RunRows(
        name="synthetic",
        directory=Path("synthetic"),
        cases=typed("cases", cases),
        variants=typed("variants", _variants(names, trained_on or {})),
        cells=typed("cells", pd.DataFrame(cells)),
        scores=typed("scores", pd.DataFrame(scores, columns=list(SCORES))),
        timings=typed("timings", pd.DataFrame(times, columns=columns)),
        metrics=typed("metrics", _metrics(missing_lpips)),
        planned_cells=len(names) * len(datasets) * len(suites) * images * masks,
        environments={maker.id: maker},
        provenance=Provenance(),
    )


def made_by(rows: RunRows, **facts: str | int) -> RunRows:
    """Give all that a run holds another maker: the same environment but for some facts."""
    (known,) = rows.environments.values()
    maker = dataclasses.replace(known, **facts)
    return dataclasses.replace(
        rows,
        environments={maker.id: maker},
        cells=rows.cells.assign(environment=maker.id),
        timings=rows.timings.assign(environment=maker.id),
    )


def with_scores(rows: RunRows, scores: pd.DataFrame) -> RunRows:
    """Replace the scores of a run."""
    return dataclasses.replace(rows, scores=typed("scores", scores))


def _cases(
    datasets: Sequence[str],
    suites: Sequence[str],
    images: int,
    masks: int,
    channels: int,
    random: np.random.Generator,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "case": _digest(dataset, sample, suite, index)[:16],
            "dataset": dataset,
            "sample": f"image-{sample}",
            "suite": suite,
            "suite_version": 1,
            "mask_index": index,
            "kind": "synthetic",
            "height": SIDE,
            "width": SIDE,
            "channels": channels,
            "dtype": "uint8",
            "coverage": random.uniform(*coverages),
            "thickness": np.sqrt(np.round(random.uniform(*thicknesses) ** 2)),
            "border_contact": bool(random.integers(2)),
            "image_sha256": _digest(dataset, sample),
            "mask_sha256": _digest(dataset, sample, suite, index, "mask"),
            "input_sha256": "",
            "effect_sha256": "",
            "prompt": "",
        }
        for dataset, sample, suite, index in itertools.product(
            datasets, range(images), suites, range(masks)
        )
        for coverages, thicknesses in [SUITES.get(suite, ((0.05, 0.3), (3.0, 30.0)))]
    )


def _variants(names: Sequence[str], trained_on: Mapping[str, str]) -> pd.DataFrame:
    families = ("baseline", "diffusion", "exemplar", "transform", "learned")
    return pd.DataFrame(
        {
            "variant": name,
            "method": name.split("[")[0],
            "family": families[i % len(families)],
            "paper": f'A. Author, "On {name}", Journal 2020',
            "deterministic": True,
            "trained_on": trained_on.get(name, ""),
            "settings": "{}",
            "key": _digest("key", name),
            "sees": "known",
            "prompts": "ignored",
        }
        for i, name in enumerate(names)
    )


def _metrics(missing_lpips: str) -> pd.DataFrame:
    columns = ["metric", "name", "label", "unit", "higher_is_better", "worst"]
    frame = pd.DataFrame(METRICS, columns=columns)
    frame["axis"] = np.where(frame["name"].str.startswith("lpips"), "perception", "fidelity")
    frame.loc[frame["name"] == "known-change", "axis"] = ""
    frame["least"] = np.where(frame["name"] == "ssim", -1.0, 0.0)
    frame["most"] = np.where(frame["name"] == "ssim", 1.0, np.inf)
    frame["missing"] = np.where(frame["name"].str.startswith("lpips"), missing_lpips, "")
    return frame


def _values(quality: float, perception: float, *, missing: bool) -> list[tuple[str, float]]:
    """Turn a quality in noise units into scores that look like the real ones."""
    psnr = 27 + 2.2 * quality
    ssim = 1 - 0.12 * 10 ** (-0.16 * quality)
    lpips = 0.08 * 10 ** (-0.2 * perception)
    values = {
        PSNR: psnr,
        "psnr[dtype-range,hole]": psnr - 8,
        SSIM: ssim,
        "ssim[uniform7,valid,sample-covariance]": ssim - 0.003,
        "ssim[gauss11,valid,hole]": 1 - 3 * (1 - ssim),
        "mae[255-scale]": 3 * 10 ** (-0.1 * quality),
        "mae[255-scale,hole]": 14 * 10 ** (-0.1 * quality),
        "known-change[max,255-scale]": 0.0,
    }
    if not missing:
        values |= {LPIPS: lpips, "lpips[vgg,v0.1]": 1.3 * lpips}
    return list(values.items())


def _digest(*parts: object) -> str:
    return hashlib.sha256("\x1f".join(map(str, parts)).encode()).hexdigest()


class SyntheticPictures(Pictures):
    """Waves with a hole, filled the worse the earlier the method."""

    def __init__(self, rows: RunRows) -> None:
        self._cases = rows.cases.set_index("case")
        self._variants = list(rows.variants["variant"])
        self._finished = set(
            rows.cells.loc[rows.cells["status"] == "done", ["case", "variant"]].itertuples(
                index=False, name=None
            )
        )

    def reference(self, case: str) -> Image:
        row = self._cases.loc[case]
        random = np.random.default_rng(int(row["image_sha256"][:12], 16))
        y, x = np.mgrid[: row["height"], : row["width"]] / SIDE
        planes = [
            np.sin(2 * np.pi * (random.uniform(1, 5) * x + random.uniform(1, 5) * y + phase))
            for phase in random.uniform(size=row["channels"])
        ]
        levels = 127.5 + 100 * np.stack(planes, axis=-1)
        return np.rint(levels).astype(row["dtype"])

    def mask(self, case: str) -> Mask:
        row = self._cases.loc[case]
        random = np.random.default_rng(int(row["mask_sha256"][:12], 16))
        y, x = np.mgrid[: row["height"], : row["width"]]
        radius = np.sqrt(row["coverage"] * row["height"] * row["width"] / (3 * np.pi))
        centres = random.uniform(0, SIDE, (3, 2))
        return np.logical_or.reduce([np.hypot(y - a, x - b) < radius for a, b in centres])

    def output(self, case: str, variant: str) -> Image:
        if (case, variant) not in self._finished:
            raise KeyError((case, variant))
        reference, mask = self.reference(case), self.mask(case)
        place = self._variants.index(variant) + 1
        random = np.random.default_rng(place)
        mean = reference[~mask].mean(axis=0)
        part = place / (len(self._variants) + 1)
        filled = part * reference + (1 - part) * mean + random.normal(0, 3, reference.shape)
        pixels = np.where(mask[..., None], np.clip(np.rint(filled), 0, 255), reference)
        return pixels.astype(reference.dtype)
