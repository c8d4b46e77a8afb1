"""Tables of FID, KID, P-IDS and U-IDS: of a run, and of folders made elsewhere."""

from __future__ import annotations

import io
import subprocess
import sys
import warnings
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import typer
from small_runs import small_run
from synthetic_run import SyntheticPictures, synthetic_run
from tiny_inception import save_network
from typer.testing import CliRunner

from inpaintbench.cli import main
from inpaintbench.cli.score import score as score_command
from inpaintbench.errors import BenchError
from inpaintbench.images.png import write_png
from inpaintbench.metrics import distribution
from inpaintbench.metrics.distribution import SET_METRICS, measure
from inpaintbench.metrics.inception import Inception, load_inception
from inpaintbench.report import tables
from inpaintbench.report.distribution import distribution_table, set_scores
from inpaintbench.report.figures import Request, applied, draw
from inpaintbench.report.figures.style import STYLES
from inpaintbench.report.kinds import FigureKind, Format, StyleName
from inpaintbench.report.summary import Summary
from inpaintbench.storage.rows import RunRows
from inpaintbench.storage.runs import RunPictures
from inpaintbench.storage.store import Store


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_network(tmp_path_factory.mktemp("network") / "tiny.pt")


@pytest.fixture(scope="module")
def network(file: Path) -> Inception:
    return load_inception(file)


class TestTable:
    def made(self, rows: RunRows, network: Inception) -> tuple[str, pd.DataFrame]:
        table = distribution_table(Summary(rows), SyntheticPictures(rows), network)
        return tables.render(table, Format.markdown), table.frame

    def test_sets_are_the_common_support(self, network: Inception) -> None:
        rows = synthetic_run(
            ["telea", "lama", "mat"],
            images=10,
            datasets=("photos", "textures"),
            suites=("small-holes", "textures"),
            unfinished={"telea": 0.05, "mat": 0.5},
        )
        text, frame = self.made(rows, network)
        places = frame[["dataset", "suite"]].drop_duplicates().itertuples(index=False, name=None)
        suites = ("small-holes", "textures")
        assert list(places) == [
            *(("all", suite) for suite in suites),
            *product(("photos", "textures"), suites),
        ]
        telea = set(rows.cells[rows.cells["status"] != "done"].query("variant == 'telea'")["case"])
        for (dataset, suite), own in frame.groupby(["dataset", "suite"]):
            cases = rows.cases[rows.cases["suite"] == suite]
            if dataset != "all":
                cases = cases[cases["dataset"] == dataset]
            counts = own.groupby("variant")["images"].unique().map(list).to_dict()
            whole = [len(set(cases["case"]) - telea)]
            assert counts == {"telea": whole, "lama": whole, "mat": [0]}
        assert frame.loc[frame["variant"] == "mat", "value"].isna().all()
        assert "| mat<sup>†</sup> | – | – | – | – | – |" in text
        assert "the cases that every method compared finished" in text

    def test_the_plane_takes_fid_for_perception(self, network: Inception) -> None:
        rows = synthetic_run(
            ["telea", "lama", "mat"],
            images=10,
            datasets=("photos", "textures"),
            suites=("small-holes", "textures"),
            unfinished={"mat": 0.5},
        )
        _, frame = self.made(rows, network)
        with applied(STYLES[StyleName.paper]):
            sets = set_scores(frame, "fid")
            drawing = draw(FigureKind.plane, Request(Summary(rows), sets=sets))
            lpips = draw(FigureKind.plane, Request(Summary(rows, ("LPIPS",)), sets=sets))
        assert "Perception (FID) against fidelity (LPIPS)" in lpips.caption
        assert "Perception (FID) against fidelity (PSNR)" in drawing.caption
        whole = frame[(frame["dataset"] == "all") & (frame["label"] == "FID")].dropna()
        for panel in drawing.figure.axes:
            points = [line.get_ydata()[0] for line in panel.lines if line.get_marker() != "None"]
            told = whole.loc[whole["suite"] == panel.get_title(), "value"]
            assert sorted(points) == pytest.approx(sorted(told))

    def test_few_images_are_warned_of(self, network: Inception) -> None:
        few, _ = self.made(synthetic_run(1, images=2, datasets=("photos",)), network)
        assert "Warning: fewer images (2) than features (12)." in few
        many, _ = self.made(synthetic_run(1, images=14, datasets=("photos",)), network)
        assert "Warning" not in many

    def test_repeated_references_are_counted_once(self, network: Inception) -> None:
        rows = synthetic_run(1, images=3, masks=2, datasets=("photos",), suites=("textures",))
        text, frame = self.made(rows, network)
        assert set(frame["images"]) == {6}
        assert set(frame["references"]) == {3}
        assert "(6 of 6 cases, 3 references)" in text

    def test_images_without_a_true_content_are_left_out(self, network: Inception) -> None:
        rows = synthetic_run(1, images=2, datasets=("photos", "damaged"))
        text, frame = self.made(rows, network)
        assert set(frame["dataset"]) == {"photos"}
        assert "Left out, its true images aren't known: damaged." in text
        with pytest.raises(BenchError, match="no dataset whose true images are known"):
            self.made(synthetic_run(1, images=2, datasets=("damaged",)), network)

    def test_without_its_library_a_metric_is_missing(
        self, network: Inception, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda module: None)
        text, frame = self.made(synthetic_run(1, images=2, datasets=("photos",)), network)
        assert "pip install 'inpaintbench\\[distribution\\]'" in text
        there = frame.dropna(subset="value")["label"].unique()
        assert list(there) == ["FID", "KID"]


PROGRAM = """
import sys
from inpaintbench.cli import main
try:
    main()
finally:
    assert "torchvision" not in sys.modules
"""


@pytest.fixture
def ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """Run a command that ends with an error, and return its one line."""
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)

    def run(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["inpaintbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            main()
        printed = capsys.readouterr()
        assert (caught.value.code, printed.out, printed.err.count("\n")) == (1, "", 1)
        return printed.err

    return run


class TestCommands:
    def test_a_table_of_a_run(self, tmp_path: Path, file: Path, network: Inception) -> None:
        rows = small_run(tmp_path / "run", "telea", "mean-fill", masks=("small-holes",))
        out = tmp_path / "made" / "sets.csv"
        made = subprocess.run(
            [
                *(sys.executable, "-c", PROGRAM, "table", "distribution", str(tmp_path / "run")),
                *("--inception", str(file), "-f", "csv", "-o", str(out)),
            ],
            capture_output=True,
            text=True,
        )
        assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
        frame = pd.read_csv(io.StringIO(out.read_text()))
        assert set(frame["images"]) == {len(rows.cases)}
        assert list(frame["variant"].unique()) == ["telea", "mean-fill"]
        real, fake = [], []
        with Store.read(tmp_path / "run") as store:
            pictures = RunPictures(store)
            for case in rows.cases["case"]:
                truth, hole = pictures.reference(case), pictures.mask(case)[..., None]
                composite = np.where(hole, pictures.output(case, "telea"), truth)
                real.append(network.features(truth))
                fake.append(network.features(composite))
        wanted = measure(np.stack(real), np.stack(fake))
        for metric in SET_METRICS:
            here = (frame["variant"] == "telea") & (frame["metric"] == metric.id(network))
            assert frame.loc[here, "value"].tolist() == pytest.approx(
                [wanted[metric.name]], nan_ok=True
            )
        assert wanted["fid"] > 0

    def test_missing_weights_are_one_line_and_nothing_is_written(
        self, tmp_path: Path, ended: Callable[..., str]
    ) -> None:
        small_run(tmp_path / "run", "mean-fill", masks=("small-holes",), limit=1)
        out = tmp_path / "made" / "sets.md"
        line = ended(
            *("table", "distribution", tmp_path / "run"),
            *("--inception", tmp_path / "none.pt", "-o", out),
        )
        assert "none.pt: can't be read: No such file or directory" in line
        assert not out.parent.exists()

    @pytest.fixture
    def folders(self, tmp_path: Path) -> Path:
        rng = np.random.default_rng(0)
        for number in range(14):
            image = rng.integers(0, 256, (24, 20, 3), np.uint8)
            write_png(tmp_path / "truth" / f"{number}.png", image)
            write_png(tmp_path / "same" / f"{number}.png", image)
            mask = np.zeros((24, 20, 1), np.uint8)
            mask[:12] = 255
            write_png(tmp_path / "masks" / f"{number}.png", mask)
            if number:
                write_png(tmp_path / "dark" / f"{number}.png", image // 4)
                # differs outside the hole alone, where the reference is pasted back
                write_png(tmp_path / "odd" / f"{number}.png", np.where(mask, image, 9))
        return tmp_path

    def score(self, folder: Path, *arguments: object) -> tuple[str, pd.DataFrame]:
        application = typer.Typer()
        application.command()(score_command)
        out = folder / "scores.csv"
        words = ["--distribution", "--metric", "psnr", "-o", out, *arguments]
        done = CliRunner(env={"COLUMNS": "120"}).invoke(application, list(map(str, words)))
        assert done.exit_code == 0, done.exception
        return done.output, pd.read_csv(out)

    def test_folders_made_elsewhere(self, folders: Path, file: Path) -> None:
        names = ("same", "dark", "odd")
        output, frame = self.score(
            *(folders, folders / "truth", *(folders / name for name in names)),
            *("--masks", folders / "masks", "--inception", file),
        )
        assert "13 of 14 cases" in output
        of_sets = frame[frame["image"].isna()]
        assert len(frame) - len(of_sets) == 14 + 13 + 13
        values = {
            (row.method, row.metric.partition("[")[0]): row.value for row in of_sets.itertuples()
        }
        for name in ("same", "odd"):
            assert values[name, "fid"] == pytest.approx(0, abs=1e-9)
            if not distribution.discriminator_missing():
                assert (values[name, "p-ids"], values[name, "u-ids"]) == (0, 0.5)
        assert values["dark", "fid"] > 0.01

    def test_a_network_that_is_none_ends_before_anything_is_scored(
        self, folders: Path, ended: Callable[..., str]
    ) -> None:
        out = folders / "scores.csv"
        line = ended(
            *("score", folders / "truth", folders / "same", "--distribution", "-o", out),
            *("--inception", folders / "truth" / "0.png"),
        )
        assert "0.png: not the Inception network" in line
        assert not out.exists()
