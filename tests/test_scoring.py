"""Scores don't depend on order, company or process; folders of images are scored by name."""

from __future__ import annotations

import math
import multiprocessing
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from inpaintbench.cli.score import score as score_command
from inpaintbench.images.png import write_png
from inpaintbench.images.types import Image, Mask
from inpaintbench.metrics import scoring
from inpaintbench.metrics.base import Metric, MetricUnavailable, Score
from inpaintbench.metrics.pixelwise import PSNR
from inpaintbench.metrics.scoring import KEPT_REFERENCES, score_group
from inpaintbench.plugins import registry

NAMES = ["psnr", "ssim", "ssim[region=hole]", "mae[region=boundary]", "lpips", "known-change"]


def metrics() -> list[Metric]:
    """Make the metrics that can be had; LPIPS needs its weights."""
    made = []
    for text in NAMES:
        metric = registry.metrics().make(text)
        try:
            metric.setup()
        except MetricUnavailable:
            continue
        made.append(metric)
    return made


def images(seed: int, channels: int = 3) -> tuple[Image, list[Mask], list[Image]]:
    rng = np.random.default_rng(seed)
    reference, *outputs = rng.integers(0, 256, (4, 48, 56, channels), np.uint8)
    masks = [rng.random((48, 56)) < coverage for coverage in (0.02, 0.5)]
    masks.append(np.zeros((48, 56), bool))
    masks[-1][10:20, 30:] = True
    return reference, masks, outputs


def score_everything(order: int) -> dict[tuple[int, int], list[list[float]]]:
    """Score three images with three masks each, in one of several orders."""
    cases = [(image, mask) for image in range(3) for mask in range(3)]
    np.random.default_rng(order).shuffle(cases)
    scores = {}
    for image, mask in cases:
        reference, masks, outputs = images(image, channels=3 if image else 1)
        scores[image, mask] = score_group(metrics(), reference, masks[mask], outputs)
    return scores


def test_scores_do_not_depend_on_order_or_process() -> None:
    here = score_everything(0)
    assert_same(score_everything(1), here)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        for there in pool.map(score_everything, [2, 3]):
            assert_same(there, here)


def assert_same(
    one: dict[tuple[int, int], list[list[float]]], other: dict[tuple[int, int], list[list[float]]]
) -> None:
    """Compare scores: LPIPS up to the last digits, which some processors' BLAS doesn't repeat."""
    exact = [i for i, metric in enumerate(metrics()) if metric.name != "lpips"]
    assert one.keys() == other.keys()
    for case, rows in one.items():
        assert [[r[i] for i in exact] for r in rows] == [[r[i] for i in exact] for r in other[case]]
        for mine, yours in zip(rows, other[case], strict=True):
            assert mine == pytest.approx(yours, rel=1e-5, abs=1e-7, nan_ok=True)


def test_outputs_are_scored_apart() -> None:
    reference, masks, outputs = images(0)
    together = score_group(metrics(), reference, masks[0], outputs)
    apart = [score_group(metrics(), reference, masks[0], [output])[0] for output in outputs]
    assert_same({(0, 0): together}, {(0, 0): apart})
    assert score_group(metrics(), reference, masks[0], []) == []


class Counting(PSNR):
    """PSNR that counts how often it is bound."""

    bound = 0

    def bind(self, reference: Image) -> Score:
        type(self).bound += 1
        return super().bind(reference)


def test_work_on_a_reference_is_shared_between_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Counting, "bound", 0)
    for _ in range(2):
        reference, masks, outputs = images(7)  # equal pixels, another array
        for mask in masks:
            score_group([Counting()], reference, mask, outputs)
    assert Counting.bound == 1
    for seed in range(KEPT_REFERENCES):
        reference, masks, outputs = images(seed)
        score_group([Counting()], reference, masks[0], outputs)
    assert len(scoring._kept) == KEPT_REFERENCES
    assert Counting.bound == 1 + KEPT_REFERENCES


def test_numerical_libraries_are_held_to_one_thread() -> None:
    from threadpoolctl import threadpool_info

    class Threads(PSNR):
        def bind(self, reference: Image) -> Score:
            most = max(library["num_threads"] for library in threadpool_info())
            return lambda result: float(most)

    reference, masks, outputs = images(0)
    assert score_group([Threads()], reference, masks[0], outputs[:1]) == [[1.0]]


class TestCommand:
    @pytest.fixture
    def folders(self, tmp_path: Path) -> Path:
        """Write three references with masks, and the results of two methods."""
        for i, name in enumerate(("a", "deep/b", "c")):
            reference, masks, outputs = images(i)
            for folder, image in (
                ("truth", reference),
                ("masks", masks[2][..., None].astype(np.uint8) * 255),
                ("noise", outputs[0]),
                ("half", np.where(np.arange(56)[:, None] % 2, reference, outputs[0])),
            ):
                if (folder, name) != ("half", "c"):
                    write_png(tmp_path / folder / f"{name}.png", image)
        return tmp_path

    def run(self, *arguments: object) -> tuple[int, str, str]:
        application = typer.Typer()
        application.command()(score_command)
        done = CliRunner(env={"COLUMNS": "120"}).invoke(application, list(map(str, arguments)))
        return done.exit_code, done.output, str(done.exception or "")

    def test_rows_are_the_scores_of_each_image(self, folders: Path) -> None:
        out = folders / "scores.csv"
        code, output, error = self.run(
            folders / "truth", folders / "noise", folders / "half", "--masks", folders / "masks",
            "--metric", "psnr", "--metric", "ssim[region=hole]", "-o", out,
        )  # fmt: skip
        assert code == 0, error
        assert "Means are over the 2 of 3 images with a result in every folder." in output
        rows = pd.read_csv(out)
        assert len(rows) == (3 + 2) * 2
        reference, masks, outputs = images(0)
        metrics = [registry.metrics().make(text) for text in ("psnr", "ssim[region=hole]")]
        wanted = score_group(metrics, reference, masks[2], outputs[:1])[0]
        mine = rows[(rows["image"] == "a.png") & (rows["method"] == "noise")]
        assert mine["value"].tolist() == wanted
        assert mine["metric"].tolist() == [metric.id for metric in metrics]

    def test_inputs_and_effects_are_those_of_their_images(self, folders: Path) -> None:
        reference, masks, outputs = images(0)
        effect = np.zeros((48, 56, 1), np.uint8)
        effect[:9] = 255
        write_png(folders / "effects" / "a.png", effect)
        out = folders / "scores.csv"
        code, _, error = self.run(
            folders / "truth", folders / "half", "--masks", folders / "masks",
            "--inputs", folders / "noise", "--effects", folders / "effects",
            "--metric", "mae[region=effect]", "--metric", "known-change", "-o", out,
        )  # fmt: skip
        assert code == 0, error
        rows = pd.read_csv(out).pivot(index="image", columns="metric", values="value")
        half = np.where(np.arange(56)[:, None] % 2, reference, outputs[0]).astype(int)
        errors = rows["mae[255-scale,effect]"]
        assert errors["a.png"] == pytest.approx(abs(half - reference)[:9].mean())
        assert math.isnan(errors["deep/b.png"])
        change = abs(half - outputs[0])[~masks[2]].max()
        assert rows["known-change[max,255-scale]"]["a.png"] == change

    def test_without_masks_whole_images_are_scored(self, folders: Path) -> None:
        out = folders / "scores.parquet"
        code, output, error = self.run(
            folders / "truth", folders / "truth", "--metric", "psnr", "--metric", "ssim", "-o", out
        )
        assert code == 0, error
        assert "inf" in output
        values = pd.read_parquet(out)["value"]
        assert set(values) == {math.inf, 1.0}

    def test_inverted_masks(self, folders: Path) -> None:
        for path in (folders / "masks").rglob("*.png"):
            from inpaintbench.images.png import read_png

            write_png(path, 255 - read_png(path.read_bytes()))
        arguments = (folders / "truth", folders / "noise", "--masks", folders / "masks")
        tables = [
            self.run(*arguments, "--metric", "psnr[region=hole]", *extra)[1]
            for extra in ((), ("--invert",))
        ]
        assert tables[0] != tables[1]

    def test_masks_of_ones_are_those_of_white(self, folders: Path) -> None:
        from inpaintbench.images.png import read_png

        arguments = (folders / "truth", folders / "noise", "--masks", folders / "masks")
        white = self.run(*arguments, "--metric", "psnr[region=hole]")
        for path in (folders / "masks").rglob("*.png"):
            write_png(path, read_png(path.read_bytes()) // 255)
        assert self.run(*arguments, "--metric", "psnr[region=hole]") == white

    def test_two_references_of_one_name_are_refused(self, folders: Path) -> None:
        write_png(folders / "truth" / "a.bmp", np.zeros((12, 10, 3), np.uint8))
        error = self.run(folders / "truth", folders / "noise", "--metric", "psnr")[2]
        assert "a.png is there too, and either could be meant; keep one of them" in error

    @pytest.mark.parametrize(
        ("results", "options", "message"),
        [
            ("nowhere", [], "nowhere: no such folder"),
            ("other", [], "no image in it has the name of a reference"),
            ("small", [], "pixels 10×12, but"),
            ("grey", [], "channels 1, but"),
            ("deep16", [], "depth uint16, but"),
            ("noise", ["--masks", "few"], "no mask for it"),
            ("noise", ["--masks", "tiny"], "the mask is 10×12 pixels"),
            ("noise", ["--masks", "black"], "the mask is empty"),
            ("noise", ["--inputs", "noise"], "give --masks too"),
            *(
                ("noise", ["--masks", "masks", *options], message)
                for options, message in (
                    (["--inputs", "few"], "no input for it"),
                    (["--inputs", "tiny"], "pixels 10×12, but"),
                    (["--effects", "nowhere"], "nowhere: no such folder"),
                    (["--effects", "few"], "no image in it has the name of a reference"),
                    (["--effects", "tiny"], "the mask is 10×12 pixels"),
                    (
                        ["--inputs", "truth", "--effects", "masks"],
                        "is its reference all over this mask",
                    ),
                )
            ),
            ("noise", ["--out", "scores.txt"], "ending in .csv or .parquet"),
            ("noise", ["--metric", "psnrr"], "did you mean 'psnr'"),
        ],
    )
    def test_what_can_be_mended_is_said_in_a_line(
        self,
        folders: Path,
        monkeypatch: pytest.MonkeyPatch,
        results: str,
        options: list[str],
        message: str,
    ) -> None:
        monkeypatch.chdir(folders)
        black = np.zeros((48, 56, 1), np.uint8)
        for path, image in (
            ("other/z", images(0)[0]),
            ("small/a", np.zeros((12, 10, 3), np.uint8)),
            ("grey/a", black),
            ("deep16/a", images(0)[0].astype(np.uint16)),
            ("few/zz", black),
            *((f"tiny/{name}", np.zeros((12, 10, 1), np.uint8)) for name in ("a", "deep/b", "c")),
            *((f"black/{name}", black) for name in ("a", "deep/b", "c")),
        ):
            write_png(Path(f"{path}.png"), image)
        metric = [] if "--metric" in options else ["--metric", "psnr"]
        code, _, error = self.run("truth", results, *options, *metric)
        assert code != 0
        assert message in error
        assert "\n" not in error
        assert not Path("scores.txt").exists()

    @pytest.mark.parametrize(
        ("deed", "message"),
        [
            ("raise ValueError('boom')", "metric own: ValueError: boom"),
            ("return 'good'", "own returned a str, wanted a number"),
            ("return result.output", "own returned a ndarray, wanted a number"),
        ],
    )
    def test_what_a_metric_does_is_said_in_a_line(
        self, folders: Path, deed: str, message: str
    ) -> None:
        head = "from inpaintbench.metrics.base import Metric\n\n\nclass Own(Metric):\n"
        (folders / "own.py").write_text(f"{head}    def score(self, result):\n        {deed}\n")
        metric = ("--metric", folders / "own.py")
        code, _, error = self.run(folders / "truth", folders / "noise", *metric)
        assert (code, error) == (1, message)

    def test_references_without_a_result_are_counted(self, folders: Path) -> None:
        code, output, _ = self.run(folders / "truth", folders / "half", "--metric", "psnr")
        assert code == 0
        assert "2 of 3 references have a result" in output

    def test_two_folders_of_one_name_are_refused(self, folders: Path) -> None:
        (folders / "x").mkdir()
        (folders / "noise").rename(folders / "x" / "half")
        error = self.run(folders / "truth", folders / "half", folders / "x" / "half")[2]
        assert "same name" in error
