"""Whatever is raised, by whomever, is told of the one to blame; all others have their results."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Command
from fault_table import record
from small_runs import Quiet

from inpaintbench.errors import BenchError
from inpaintbench.execution.method_process import describe_apart
from inpaintbench.execution.run import Options, Summary, run
from inpaintbench.images.png import write_png
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.plan import make_plan
from inpaintbench.storage.rows import RunRows, long_rows
from inpaintbench.storage.runs import read_run

pytestmark = [pytest.mark.slow, pytest.mark.waits, pytest.mark.usefixtures("warm")]

# How code from outside may end.
DEEDS = {
    "raises": "raise ValueError('no luck [today]')",
    "exits": "import sys; sys.exit(0)",
    "crashes": "import ctypes; ctypes.string_at(0)",
    "hangs": "import time; time.sleep(600)",
}

DATASET = '''
import numpy as np
from inpaintbench.datasets.base import Dataset, Sample


class Own(Dataset):
    """Three pictures, the second of which can't be had."""

    preparation = "none"

    def ids(self):
        return ["a", "b", "c"]

    def load(self, sample_id):
        if sample_id == "b":
            {deed}
        pixels = np.random.default_rng(ord(sample_id)).integers(0, 255, (32, 32, 3), np.uint8)
        return Sample(sample_id, pixels)
'''

SUITE = '''
import numpy as np
from inpaintbench.masks.base import MaskSuite


class OwnMasks(MaskSuite):
    """A square, which can't be drawn on the second picture."""

    def draw(self, sample, kind, random):
        if sample.id.endswith("p1.png"):
            {deed}
        mask = np.zeros(sample.image.shape[:2], bool)
        mask[5:9, 5:9] = True
        return mask
'''

METRIC = '''
from inpaintbench.metrics.base import Metric


class OwnMetric(Metric):
    """The mean, which can't be computed for the second picture."""

    name = "own-metric"
    id = "own-metric"
    label = "Own"

    def setup(self):
        {setup}

    def bind(self, reference):
        def score(result):
            if result.reference[0, 0, 0] == 1:
                {deed}
            return float(result.output.mean())
        return score
'''


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write three pictures, known by their first pixel."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(3):
        pixels = np.random.default_rng(number).integers(0, 255, (32, 32, 3), np.uint8)
        pixels[0, 0] = number
        write_png(folder / f"p{number}.png", pixels)
    return folder


def run_here(directory: Path, **changes: object) -> tuple[Summary, RunRows]:
    benchmark = Benchmark(
        **{  # type: ignore[arg-type]
            "name": "blame",
            "datasets": ("textures[size=32]",),
            "masks": ("large-regions",),
            "methods": ("telea", "mean-fill"),
            "metrics": ("psnr",),
            "limit": 3,
            **changes,
        }
    )
    plan = make_plan(benchmark, describe=describe_apart)
    summary = run(plan, directory, Options(timing=False), Quiet())
    return summary, read_run(directory)


def patience(how: str) -> dict[str, float]:
    """Wait a short time for what hangs, and on a busy machine as long as it takes for the rest."""
    seconds = 5.0 if how == "hangs" else 120.0
    return {"setup_timeout": seconds, "score_timeout": seconds}


def expected_message(how: str) -> str:
    return {
        "raises": "ValueError: no luck [today]",
        "exits": "SystemExit: 0",
        "crashes": "the process was ended by SIGSEGV",
        "hangs": "still running after 5 s",
    }[how]


@pytest.mark.parametrize("how", DEEDS)
def test_a_picture_that_can_not_be_had_is_the_datasets_fault(tmp_path: Path, how: str) -> None:
    (tmp_path / "own.py").write_text(DATASET.format(deed=DEEDS[how]))
    own = (str(tmp_path / "own.py"),)
    summary, rows = run_here(tmp_path / "run", datasets=own, **patience(how))
    assert len(rows.cases) == 3, "every planned case has a row"
    cells = rows.cells.merge(rows.cases[["case", "sample"]], on="case").set_index("sample")
    assert cells.loc["b", "failure"].tolist() == ["dataset", "dataset"]
    assert cells.loc["b", "message"].unique().tolist() == [expected_message(how)]
    assert (cells.loc[["a", "c"], "status"] == "done").all()
    assert len(rows.scores) == 4
    assert any("own.py/b" in line for line in summary.unanswered)
    again, _ = run_here(tmp_path / "run", datasets=own, **patience(how))
    assert again.ran == 0, "what failed runs again only when it is asked for"
    record(
        f"Dataset that {how} at a picture",
        1,
        "the case fails as `dataset`, for every method alike; the others run; status 3",
        "that case",
    )


@pytest.mark.parametrize("how", DEEDS)
def test_a_hole_that_can_not_be_drawn_is_the_mask_suites_fault(
    tmp_path: Path, pictures: Path, how: str
) -> None:
    (tmp_path / "own.py").write_text(SUITE.format(deed=DEEDS[how]))
    summary, rows = run_here(
        tmp_path / "run",
        datasets=(f'folder[path="{pictures}"]',),
        masks=(str(tmp_path / "own.py"), "large-regions"),
        **patience(how),
    )
    failed = rows.cells[rows.cells["status"] == "failed"]
    assert failed["failure"].tolist() == ["mask suite", "mask suite"]
    assert failed["message"].unique().tolist() == [expected_message(how)]
    assert (rows.cells["status"] == "done").sum() == 10
    assert len(summary.unanswered) == 1
    record(
        f"Mask suite that {how} at a picture",
        1,
        "the case fails as `mask suite`; the others run; status 3",
        "that case",
    )


@pytest.mark.parametrize("how", DEEDS)
def test_a_score_that_can_not_be_computed_is_the_metrics_fault(
    tmp_path: Path, pictures: Path, how: str
) -> None:
    (tmp_path / "own.py").write_text(METRIC.format(deed=DEEDS[how], setup="pass"))
    summary, rows = run_here(
        tmp_path / "run",
        datasets=(f'folder[path="{pictures}"]',),
        metrics=("psnr", str(tmp_path / "own.py"), "mae"),
        **patience(how),
    )
    assert (rows.cells["status"] == "done").all()
    values = rows.scores.merge(rows.cases[["case", "sample"]], on="case")
    own = values["metric"] == "own-metric"
    bad = own & (values["sample"] == "p1.png")
    assert values.loc[~bad, "value"].notna().all(), "the other metrics have their scores"
    assert values.loc[bad, "value"].isna().all()
    assert values.loc[bad, "reason"].unique().tolist() == [expected_message(how)]
    assert bad.sum() == 2
    assert len(values) == 3 * 2 * 3
    assert any("own" in line.lower() for line in summary.unanswered)
    reasons = long_rows(rows)["reason"]
    assert reasons.isin(["", expected_message(how)]).all()
    record(
        f"Metric that {how}",
        1,
        "NaN with the reason where it does; the other metrics have their scores; status 3",
        "those scores",
    )


GIVEN = {
    "{'b': pixels / 255.0}": "its image is float64 (32, 32, 3), wanted uint8 or uint16",
    "{'b': np.dstack([pixels, pixels[..., :1]])}": "its image is uint8 (32, 32, 4), wanted",
    "{'b': pixels[..., 0]}": "its image is uint8 (32, 32), wanted",
    "{'b': None}": "its image is None, wanted",
}


@pytest.mark.parametrize("given", GIVEN)
def test_a_picture_of_the_wrong_kind_is_the_datasets_fault(tmp_path: Path, given: str) -> None:
    text = DATASET.format(deed="pass").replace(", pixels)", f", {given}.get(sample_id, pixels))")
    (tmp_path / "own.py").write_text(text)
    summary, rows = run_here(tmp_path / "run", datasets=(str(tmp_path / "own.py"),))
    failed = rows.cells[rows.cells["status"] == "failed"]
    assert failed["failure"].tolist() == ["dataset"] * 2
    assert f"dataset own, b: {GIVEN[given]}" in failed["message"].iloc[0]
    assert len(rows.cells) == 6
    assert len(summary.unanswered) == 1


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        ("None", "load must return a Sample, not None"),
        ("pixels", "load must return a Sample, not uint8 (32, 32, 3)"),
        ("Sample('c', pixels)", "load returned the sample 'c'"),
        (
            "Sample(sample_id, pixels, np.ones((9, 9), bool))",
            "its mask is bool (9, 9), wanted bool (32, 32)",
        ),
    ],
)
def test_what_is_no_sample_is_the_datasets_fault(
    tmp_path: Path, returned: str, message: str
) -> None:
    text = DATASET.format(deed="pass").replace("Sample(sample_id, pixels)", returned)
    (tmp_path / "own.py").write_text(text)
    own = (str(tmp_path / "own.py"),)
    _, rows = run_here(tmp_path / "run", datasets=own, limit=1)
    assert rows.cells["message"].unique().tolist() == [f"dataset own, a: {message}"]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ("[1, 2]", "dataset own: ids must be texts, not 1"),
        ("['a', 'b', 'a']", "dataset own: lists the id 'a' twice"),
        ("None", "dataset own: TypeError: 'NoneType' object is not iterable"),
        ("[]", "dataset own holds no image"),
    ],
)
def test_ids_that_can_not_be_planned_are_refused(tmp_path: Path, ids: str, message: str) -> None:
    text = DATASET.format(deed="pass").replace('["a", "b", "c"]', ids)
    (tmp_path / "own.py").write_text(text)
    with pytest.raises(BenchError, match=re.escape(message)):
        run_here(tmp_path / "run", datasets=(str(tmp_path / "own.py"),))


VALUES = {
    "np.float32(1.5)": 1.5,
    "np.int64(3)": 3.0,
    "np.bool_(True)": 1.0,
    "np.array(1.5)": 1.5,
    "float('-inf')": -math.inf,
    "np.array([1.5])": "returned a ndarray, wanted a number",
    "'good'": "returned a str, wanted a number",
    "1j": "returned a complex, wanted a number",
    "None": "returned a NoneType, wanted a number",
    "1e16": "returned 1e+16, wanted a number below 10¹⁵, or inf",
    "10**400": "OverflowError: int too large to convert to float",
}


def test_a_value_is_a_number_or_the_metrics_fault(tmp_path: Path) -> None:
    texts = []
    for number, given in enumerate(VALUES):
        path = tmp_path / f"own{number}.py"
        text = METRIC.format(deed="pass", setup="pass").replace("own-metric", f"own-{number}")
        path.write_text(f"import numpy as np\n{text}".replace("float(result.output.mean())", given))
        texts.append(str(path))
    _, rows = run_here(tmp_path / "run", metrics=("psnr", *texts), limit=1, methods=("telea",))
    scores = rows.scores.set_index("metric")
    assert scores["value"].drop([f"own-{n}" for n in range(len(VALUES))]).notna().all()
    for number, wanted in enumerate(VALUES.values()):
        score = scores.loc[f"own-{number}"]
        if isinstance(wanted, float):
            assert (score["value"], score["reason"]) == (wanted, "")
        else:
            assert math.isnan(score["value"])
            assert score["reason"].removeprefix(f"own-{number} ") == wanted


@pytest.mark.parametrize("how", DEEDS)
def test_a_metric_that_can_not_be_set_up_is_missing_with_its_reason(
    tmp_path: Path, how: str
) -> None:
    (tmp_path / "own.py").write_text(METRIC.format(deed="pass", setup=DEEDS[how]))
    metrics = ("psnr", str(tmp_path / "own.py"))
    summary, rows = run_here(tmp_path / "run", metrics=metrics, limit=1, **patience(how))
    missing = rows.metrics.set_index("metric")["missing"]
    assert missing["own-metric"].endswith(expected_message(how))
    assert missing.drop("own-metric").eq("").all()
    assert rows.scores["value"].notna().all()
    assert len(summary.unanswered) == 1
    record(
        f"Metric whose set-up {how}",
        1,
        "missing, with the reason; the other metrics have their scores; status 3",
        "its scores",
    )


SETUP = '''
from inpaintbench.methods.base import Method


class Unready(Method):
    """Fail in set-up."""

    def setup(self, device, seed):
        {deed}

    def inpaint(self, image, mask):
        return image
'''


@pytest.mark.parametrize("how", DEEDS)
def test_a_method_that_can_not_be_set_up_fails_as_that(tmp_path: Path, how: str) -> None:
    (tmp_path / "unready.py").write_text(SETUP.format(deed=DEEDS[how]))
    summary, rows = run_here(
        tmp_path / "run", methods=("telea", str(tmp_path / "unready.py")), **patience(how)
    )
    cells = rows.cells.set_index("variant")
    assert cells.loc["unready", "failure"].unique().tolist() == ["set-up"]
    assert cells.loc["unready", "message"].unique().tolist() == [expected_message(how)]
    if how == "raises":
        assert cells.loc["unready", "location"].unique().tolist() == ["unready.py:9"]
    assert (cells.loc["telea", "status"] == "done").all()
    assert summary.unanswered == (), "a method's failure is an answer"
    record(f"Method whose set-up {how}", 1, "`set-up`; the other methods run", "its cells")


UNAVAILABLE = '''
from inpaintbench.methods.base import Method


class Absent(Method):
    """Lack its weights."""

    def unavailable(self):
        return "no weights: get some"

    def setup(self, device, seed):
        raise RuntimeError("set up in vain")

    def inpaint(self, image, mask):
        raise RuntimeError("called in vain")
'''


def test_a_method_that_is_unavailable_is_skipped_with_its_reason(tmp_path: Path) -> None:
    (tmp_path / "absent.py").write_text(UNAVAILABLE)
    summary, rows = run_here(tmp_path / "run", methods=("telea", str(tmp_path / "absent.py")))
    cells = rows.cells.set_index("variant")
    assert cells.loc["absent", "status"].unique().tolist() == ["skipped"]
    assert cells.loc["absent", "message"].unique().tolist() == ["no weights: get some"]
    assert (cells.loc["telea", "status"] == "done").all()
    assert summary.unanswered == (), "a method that isn't available is an answer"


def test_when_every_method_crashes_there_is_still_a_report(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "bad.py").write_text(
        SETUP.format(deed="pass").replace("return image", DEEDS["crashes"])
    )
    ran = command(
        *("run", "-m", "./bad.py", "-d", "textures[size=32]", "--masks", "large-regions"),
        *("--limit", "2", "--no-timing", "--no-report", "--metric", "psnr", "-o", "run"),
    )
    assert ran.returncode == 3, ran.stderr
    assert "0/2" in ran.stdout
    assert "2 crash" in ran.stdout
    rows = pd.read_csv(tmp_path / "run" / "rows.csv", keep_default_na=False)
    assert rows["failure"].tolist() == ["crash", "crash"]
    assert command("report", "run", "--site", cwd=tmp_path).returncode == 0
    record("Every method crashes", 1, "rows, counts (0/2), report and site say so", "nothing")


def test_the_exit_status_tells_what_has_no_answer(command: Command, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(DATASET.format(deed=DEEDS["raises"]))
    words = (
        "run",
        "-m",
        "telea",
        "--masks",
        "large-regions",
        "--no-timing",
        "--no-report",
        "--metric",
        "psnr",
    )
    ran = command(*words, "-d", "./own.py", "-o", "run")
    assert ran.returncode == 3
    assert "no answer" in ran.stderr
    assert "no luck [today]" in ran.stderr
    (tmp_path / "own.py").write_text(DATASET.format(deed="pass"))
    assert command(*words, "-d", "./own.py", "-o", "run").returncode == 0
    assert not math.isnan(read_run(tmp_path / "run").scores["value"].sum())
