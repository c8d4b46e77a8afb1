"""Whole runs, as a person starts them: jobs, resume, interrupts, the oracle, errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from conftest import Command
from skimage.metrics import peak_signal_noise_ratio

from inpaintbench.planning import case as cases
from inpaintbench.storage.runs import RunPictures, read_rows, read_run
from inpaintbench.storage.store import Store

TEMPLATE = '''
from inpaintbench.methods.base import Method


class {name}(Method):
    """Behave badly."""

    def inpaint(self, image, mask):
        {body}
'''


def write_method(folder: Path, name: str, body: str) -> Path:
    path = folder / f"{name}.py"
    camel = "".join(word.title() for word in name.split("_"))
    path.write_text(TEMPLATE.format(name=camel, body=body))
    return path


def small_run(*extra: str | Path) -> list[str | Path]:
    """Two images × two suites with fast metrics, without the timing pass."""
    return [
        *("run", "-d", "photos[size=64]", "-d", "medical[size=64]", "--masks", "large-regions"),
        *("--masks", "small-holes", "--metric", "psnr", "--metric", "known-change", "--limit", "1"),
        *("--no-timing", "--no-report", "--out", "run", *extra),
    ]


def everything(run: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return cells with output digests, and scores: what must not depend on how it was run."""
    rows = read_run(run)
    return rows.cells.drop(columns="seconds"), rows.scores


@pytest.mark.slow
def test_jobs_do_not_change_results_and_a_second_run_does_nothing(
    command: Command, tmp_path: Path
) -> None:
    methods = ("-m", "mean-fill", "-m", "telea", "-m", "harmonic", "-m", "biharmonic")
    for jobs in ("1", "2"):
        folder = tmp_path / jobs
        folder.mkdir()
        assert command(*small_run(*methods, "--jobs", jobs), cwd=folder).returncode == 0
    one, two = (everything(tmp_path / jobs / "run") for jobs in ("1", "2"))
    pd.testing.assert_frame_equal(one[0], two[0])
    pd.testing.assert_frame_equal(one[1], two[1])

    database = tmp_path / "1" / "run" / "run.db"
    before = database.read_bytes()
    again = command(*small_run(*methods, "--jobs", "1"), cwd=tmp_path / "1")
    assert again.returncode == 0
    assert "inpainting" not in again.stderr
    assert database.read_bytes() == before


@pytest.mark.slow
def test_an_interrupt_stops_at_once_and_keeps_what_finished(tmp_path: Path) -> None:
    slow = write_method(tmp_path, "nap", "import time; time.sleep(60)")
    process = subprocess.Popen(
        [sys.executable, "-m", "inpaintbench", *map(str, small_run("-m", slow, "-m", "telea"))],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "120"},
        # a shell's background job ignores interrupts, and so would what the tests start in it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not list((tmp_path / "run").glob("outputs/*/*.png")):
        assert time.monotonic() < deadline, "no cell finished"
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "the same command carries on" in errors
    assert "Traceback" not in errors
    assert (read_run(tmp_path / "run").cells["status"] == "done").any()


@pytest.mark.slow
def test_opencv_methods_and_psnr_equal_direct_calls_on_every_case(
    command: Command, tmp_path: Path
) -> None:
    assert command(*small_run("-m", "telea", "-m", "navier-stokes")).returncode == 0
    flags = {"telea": cv2.INPAINT_TELEA, "navier-stokes": cv2.INPAINT_NS}
    with Store.read(tmp_path / "run") as store:
        rows, pictures = read_rows(store), RunPictures(store)
        psnr = rows.scores[rows.scores["metric"].str.startswith("psnr")]
        assert len(psnr) == 8
        for score in psnr.itertuples():
            reference, mask = pictures.reference(score.case), pictures.mask(score.case)
            damaged = np.where(mask[..., None], 0, reference).astype(np.uint8)
            direct = cv2.inpaint(damaged, mask.astype(np.uint8), 3, flags[score.variant])
            direct = direct.reshape(reference.shape)
            np.testing.assert_array_equal(pictures.output(score.case, score.variant), direct)
            composite = np.where(mask[..., None], direct, reference)
            expected = peak_signal_noise_ratio(reference, composite)
            assert score.value == pytest.approx(expected, abs=1e-9)


def test_a_method_never_sees_the_truth_in_the_hole(command: Command, tmp_path: Path) -> None:
    spy = write_method(tmp_path, "peek", "return image")
    assert command(*small_run("-m", str(spy))).returncode == 0
    with Store.read(tmp_path / "run") as store:
        rows, pictures = read_rows(store), RunPictures(store)
        for cell in rows.cells.itertuples():
            output, mask = pictures.output(cell.case, "peek"), pictures.mask(cell.case)
            assert not output[mask].any()
            np.testing.assert_array_equal(output[~mask], pictures.reference(cell.case)[~mask])


ORACLE = '''
from inpaintbench.plugins import registry
from inpaintbench.datasets.base import Sample
from inpaintbench.methods.base import Method
import numpy as np


class Oracle(Method):
    """Know the truth: the image whose known pixels agree."""

    def inpaint(self, image, mask):
        for name in ("photos[size=64]", "medical[size=64]"):
            dataset = registry.datasets().make(name)
            truth = dataset.load(dataset.ids()[0]).image
            if truth.shape == image.shape and (truth[~mask] == image[~mask]).all():
                return truth
        raise LookupError("no such image")
'''


@pytest.mark.slow
def test_the_oracle_scores_perfectly(command: Command, tmp_path: Path) -> None:
    (tmp_path / "oracle.py").write_text(ORACLE)
    perfect = ("psnr", "ssim", "ssim[definition=uniform7]", "lpips", "mae", "known-change")
    metrics = [word for metric in perfect for word in ("--metric", metric)]
    ran = command(
        *("run", "-m", "./oracle.py", "-d", "photos[size=64]", "-d", "medical[size=64]"),
        *(
            "--masks",
            "textures",
            "--limit",
            "1",
            "--no-timing",
            "--no-report",
            "--out",
            "run",
            *metrics,
        ),
    )
    assert ran.returncode == 0, ran.stderr
    rows = read_run(tmp_path / "run")
    values = rows.scores.merge(rows.metrics, on="metric").groupby("name")["value"].unique()
    assert {name: list(v) for name, v in values.items()} == {
        "psnr": [np.inf],
        "ssim": [1.0],
        "lpips": [0.0],
        "mae": [0.0],
        "known-change": [0.0],
    }


def test_masks_depend_on_nothing_but_the_case() -> None:
    from inpaintbench.planning.benchmark import Benchmark
    from inpaintbench.planning.plan import make_plan

    def masks(**changes: object) -> dict[str, str]:
        benchmark = Benchmark(
            **{
                "name": "one",
                "datasets": ("photos",),
                "masks": ("large-regions",),
                "methods": ("telea",),
                "metrics": ("psnr",),
                "limit": 2,
                **changes,
            }
        )
        plan = make_plan(benchmark)
        return {c.id: cases.array_sha256(cases.load(c).mask) for c in reversed(plan.cases)}

    base = masks()
    wider = masks(datasets=("textures", "photos"), limit=3, methods=("mean-fill",))
    assert base.items() <= wider.items()
    assert not base.items() & masks(seed=1).items()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "qiuck"), "did you mean 'quick'"),
        (("run", "-m", "tellea"), "did you mean 'telea'"),
        (("run", "-m", "telea[radios=3]"), "did you mean 'radius'"),
        (("run", "-d", "phtoos"), "did you mean 'photos'"),
        (("run", "--masks", "smal-holes"), "did you mean 'small-holes'"),
        (("run", "--metric", "psrn"), "did you mean 'psnr'"),
        (("run", "-m", "./none.py"), "no such file"),
        (("run", "--memory", "lots"), "not a size"),
        (("run", "--retry", "crahs"), "did you mean 'crash'"),
        (("run", "none.toml"), "no such file"),
        (("report", "nowhere"), "holds no run"),
        (("inpaint", "none.png", "none.png"), "no such file"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    command: Command, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    ran = command(*arguments)
    assert ran.returncode != 0
    assert message in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_pictures_without_a_reference_get_no_invented_score(
    command: Command, tmp_path: Path
) -> None:
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    mask = np.zeros((64, 64), np.uint8)
    mask[20:40, 20:40] = 255
    (tmp_path / "mine").mkdir()
    cv2.imwrite(str(tmp_path / "mine" / "beach.png"), image)
    cv2.imwrite(str(tmp_path / "mine" / "beach_mask.png"), mask)
    ran = command(
        *("run", "object-removal", "-d", "damaged[path=mine]", "--masks", "paired"),
        *("-m", "telea", "mean-fill", "--no-timing", "--out", "run"),
    )
    assert ran.returncode == 0, ran.stderr
    assert "No method is ranked" in " ".join(ran.stdout.split())
    values = read_run(tmp_path / "run").scores.set_index("metric")["value"]
    assert values[["known-change[max,255-scale]", "seam[ratio,4px]"]].notna().all()
    assert values.drop(["known-change[max,255-scale]", "seam[ratio,4px]"]).isna().all()
    assert len(read_run(tmp_path / "run").cases) == 1  # though the preset asks for two masks
    assert (tmp_path / "run" / "report" / "figures" / "pictures.png").is_file()


def test_a_run_may_end_without_tables_and_figures(command: Command, tmp_path: Path) -> None:
    words = ("-d", "photos[size=64]", "--masks", "large-regions", "--limit", "1", "-m", "telea")
    ran = command("run", *words, "--no-timing", "--no-report", "--metric", "psnr", "-o", "run")
    assert ran.returncode == 0, ran.stderr
    assert "Tables and figures: inpaintbench report run\n" in ran.stdout
    assert (tmp_path / "run" / "rows.csv").is_file()
    assert not (tmp_path / "run" / "report").exists()
    assert command("report", "run").returncode == 0
    assert (tmp_path / "run" / "report" / "tables" / "leaderboard.md").is_file()
