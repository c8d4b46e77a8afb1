"""Methods in environments of their own: what is known of them, what they return, how they fail."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import Command
from fault_table import record
from small_runs import Quiet

from inpaintbench.environments import host
from inpaintbench.errors import BenchError
from inpaintbench.execution.method_process import MethodProcess, MethodTask, describe_apart
from inpaintbench.execution.process import Limits
from inpaintbench.execution.run import Options, run
from inpaintbench.methods.base import Method
from inpaintbench.planning.benchmark import Benchmark, TimingSettings
from inpaintbench.planning.plan import describe, make_plan
from inpaintbench.plugins.draws import HarnessDraw, seed_of_draw
from inpaintbench.storage.runs import read_run

HEADER = """# /// script
# dependencies = []
# ///
"""

SCRIPT = '''
import numpy as np

family = "diffusion"


def inpaint(image, mask, level: float = 100.0, upper=False, **more):
    """Fill with a level, lightly shaken."""
    result = image.copy()
    result[mask] = level + np.random.random() * 20 + 50 * upper
    return result
'''

CLASS = '''
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

import shades
from inpaintbench.methods.base import Image, Mask, Method


@dataclass(frozen=True)
class Shaken(Method):
    """Fill with a level, shaken."""

    level: float = 100.0
    name_of: Literal["one", "two"] = "one"
    most: int | None = None
    where: Path = Path("somewhere")
    deep: bool = False
    deterministic = {deterministic}
    family = "transform"
    trained_on = ("photos/all",)

    def __post_init__(self):
        assert isinstance(self.where, Path)

    def unavailable(self):
        return "it is told so" if self.name_of == "two" else None

    def skip(self, shape, dtype):
        return "too small" if shape[0] < 20 else None

    def fingerprint(self):
        return f"{{self.where}}"

    def setup(self, device, seed):
        import random

        object.__setattr__(self, "start", seed % 50)

    def inpaint(self, image: Image, mask: Mask):
        result = image.astype(float)
        result[mask] = self.level + self.start + shades.SHADE + 20 * np.random.random()
        return result
'''


def write(folder: Path, name: str, text: str) -> str:
    (folder / "shades.py").write_text("SHADE = 3\n")
    (folder / name).write_text(text)
    return str(folder / name)


def variants_of(text: str, tmp_path: Path, deterministic: bool = True) -> tuple[str, str]:
    """Write a class to run in process, and the same to run in an environment of its own."""
    code = CLASS.format(deterministic=deterministic)
    for folder in ("here", "apart"):
        (tmp_path / folder).mkdir(exist_ok=True)
    here = write(tmp_path / "here", "shaken.py", code)
    return here + text, write(tmp_path / "apart", "shaken.py", HEADER + code) + text


@pytest.fixture
def scene() -> tuple[np.ndarray, np.ndarray]:
    image = np.random.default_rng(0).integers(0, 255, (40, 30, 3), np.uint8)
    mask = np.zeros((40, 30), bool)
    mask[10:20, 5:25] = True
    image[mask] = 0
    return image, mask


@pytest.fixture
def process() -> Iterator[MethodProcess]:
    made = MethodProcess(Limits())
    yield made
    made.end()


def task(text: str) -> MethodTask:
    variant = describe_apart(text, "cpu")
    return MethodTask(variant.specification, variant.key, "cpu", 7, 60, 60)


def test_a_class_is_known_as_it_is_in_process(tmp_path: Path) -> None:
    text = "[level=7,most=3,where=else,deep=yes]"
    here, apart = (describe_apart(each, "cpu") for each in variants_of(text, tmp_path))
    assert apart.label == "shaken[level=7,most=3,where=else,deep=true]"
    unlike = {"specification", "key"}
    for field in dataclasses.fields(here):
        if field.name not in unlike:
            assert getattr(apart, field.name) == getattr(here, field.name)
    assert describe(apart.specification).key == apart.key


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("[lvel=7]", "no parameter 'lvel'; did you mean 'level'?"),
        ("[level=much]", "'much' is not of type float"),
        ("[name_of=three]", "must be one of one, two"),
    ],
)
def test_wrong_parameters_are_refused_as_in_process(
    tmp_path: Path, parameters: str, said: str
) -> None:
    for text in variants_of(parameters, tmp_path):
        with pytest.raises(BenchError, match="shaken") as error:
            describe_apart(text, "cpu")
        assert said in str(error.value)


@pytest.mark.parametrize("parameters", ["", "[draw=3]"])
def test_outputs_are_those_in_process(
    tmp_path: Path,
    scene: tuple[np.ndarray, np.ndarray],
    parameters: str,
) -> None:
    outputs = []
    for text in variants_of(parameters, tmp_path, deterministic=not parameters):
        made = MethodProcess(Limits())
        made.set_up(task(text))
        outputs.append([made.call(*scene, seed, 60).array for seed in (1, 2, 1)])
        made.end()
    for one, other in zip(*outputs, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (outputs[0][0] == outputs[0][2]).all()
    assert not (outputs[0][0] == outputs[0][1]).all()


def test_draws_are_numbered_by_equal_seeds() -> None:
    class Third(Method, HarnessDraw):  # type: ignore[misc]
        draw = 3

        def inpaint(self, image: object, mask: object) -> object:
            return image

    there = host._ForeignHost(None)  # type: ignore[arg-type]
    there._draw = 3
    assert there.seed_of(12345) == seed_of_draw(Third(), 12345)


def test_a_class_says_what_it_skips_and_what_it_lacks(
    tmp_path: Path, process: MethodProcess, scene: tuple[np.ndarray, np.ndarray]
) -> None:
    image, mask = scene
    process.set_up(task(variants_of("", tmp_path)[1]))
    assert process.call(image[:19], mask[:19], 0, 60).skip == "too small"
    other = MethodProcess(Limits())
    other.set_up(task(variants_of("[name_of=two]", tmp_path)[1]))
    assert other.call(image, mask, 0, 60).skip == "it is told so"
    other.end()


def test_a_script_is_a_method(
    tmp_path: Path, process: MethodProcess, scene: tuple[np.ndarray, np.ndarray]
) -> None:
    script = write(tmp_path, "my fill_2.py", HEADER + SCRIPT)
    variant = describe_apart(f"{script}[level=7]", "cpu")
    assert variant.label == "my-fill-2[level=7]"
    assert variant.family == "diffusion"
    assert variant.settings == {"level": 7.0, "upper": False}
    process.set_up(task(f"{script}[level=7,upper=true]"))
    filled = process.call(*scene, 0, 60).array
    assert filled is not None
    assert (filled[~scene[1]] == scene[0][~scene[1]]).all()
    assert set(np.unique(filled[scene[1]])) <= set(range(57, 78))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import nosuchlibrary", "No module named 'nosuchlibrary'"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import os; os._exit(3)", "its process ended with status 3"),
        ("x = 1", "must define exactly one Method, or a function inpaint"),
        ("def inpaint(image, mask, how=[]): ...", "the default of how must be"),
        ("import inpaintbench.images.reading", "No module named 'inpaintbench.images'"),
        ("def inpaint(image", "SyntaxError"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_line(tmp_path: Path, body: str, said: str) -> None:
    file = write(tmp_path, "bad.py", HEADER + body)
    with pytest.raises(BenchError, match=r"bad\.py: ") as error:
        describe_apart(file, "cpu")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_keys_follow_the_file_and_what_lies_beside_it(tmp_path: Path) -> None:
    def key() -> str:
        return describe_apart(file, "cpu").key

    file = variants_of("", tmp_path)[1]
    first = key()
    (tmp_path / "moved").mkdir()
    moved = write(tmp_path / "moved", "shaken.py", Path(file).read_text())
    assert describe_apart(moved, "cpu").key == first
    Path(file).with_name("shades.py").write_text("SHADE = 4\n")
    assert key() != first
    assert describe_apart(f"{moved}[where=else]", "cpu").key != first, "it is in the fingerprint"


def test_a_method_changed_since_the_plan_is_refused(tmp_path: Path, process: MethodProcess) -> None:
    file = variants_of("", tmp_path)[1]
    planned = task(file)
    Path(file).with_name("shades.py").write_text("SHADE = 4\n")
    with pytest.raises(Exception, match="aren't those of the plan"):
        process.set_up(planned)


def test_it_is_one_process_with_its_limits_and_a_baseline_of_its_own(
    tmp_path: Path, scene: tuple[np.ndarray, np.ndarray]
) -> None:
    body = """
import os, resource, sys
kept = []
def inpaint(image, mask):
    kept.append(bytearray(80 << 20))
    print(os.environ["OMP_NUM_THREADS"], resource.getrlimit(resource.RLIMIT_DATA)[0])
    print(os.getpid(), os.getsid(0), any("inpaintbench" in path for path in sys.path))
    return image
"""
    process = MethodProcess(Limits(3, 2 << 30))
    process.set_up(task(write(tmp_path, "tells.py", HEADER + body)))
    process.call(*scene, 0, 60)
    pid = str(process.pid)
    assert process.printed().split() == ["3", str(2 << 30), pid, pid, "False"]
    grown = process.memory("VmHWM") - process.baseline_bytes
    assert 80 << 20 <= grown < 200 << 20
    process.end()


def test_the_contract_there_is_the_one_here() -> None:
    public = {name for name in vars(Method) if not name.startswith("_")} - {"refusal"}
    assert public <= vars(host.Method).keys()
    for name in public:
        if not callable(getattr(Method, name)):
            assert getattr(host.Method, name) == getattr(Method, name) or name == "name"
    ast.parse(Path(host.__file__).read_text("utf-8"), feature_version=(3, 8))


def test_the_contract_suite_finds_the_one_thing_that_is_wrong(
    command: Command, tmp_path: Path
) -> None:
    worse = SCRIPT.replace("image.copy()", "image").replace("np.random.random()", "1")
    checked = command("check", write(tmp_path, "worse.py", HEADER + worse))
    assert checked.returncode == 1
    assert "modifies the image that it is given" in checked.stdout
    assert checked.stdout.count(" failed ") == 1, checked.stdout
    assert checked.stdout.count(" passed ") > 12, checked.stdout


def small(directory: Path, *methods: str) -> pd.DataFrame:
    benchmark = Benchmark(
        name="apart",
        datasets=("textures[size=32]",),
        masks=("large-regions",),
        methods=methods,
        metrics=("psnr",),
        limit=1,
        timing=TimingSettings(cases=1, repeats=1),
    )
    plan = make_plan(benchmark, describe=describe_apart)
    run(plan, directory, Options(jobs=2, timing=True), Quiet())
    return read_run(directory).cells.set_index("variant")


def test_a_run_and_its_replay(command: Command, tmp_path: Path) -> None:
    here, apart = variants_of("", tmp_path)
    code = Path(apart).read_text().replace("Shaken", "Apart")
    apart = write(tmp_path / "apart", "apart.py", code)
    rows = small(tmp_path / "run", here, apart)
    assert rows.loc["shaken", "output_sha256"] == rows.loc["apart", "output_sha256"]
    assert set(read_run(tmp_path / "run").timings["variant"]) == {"shaken", "apart"}
    made = read_run(tmp_path / "run").environments[rows.loc["apart", "environment"]]
    assert made.libraries.keys() == {"numpy"}
    words = ("replay", tmp_path / "run", rows.loc["apart", "case"], "apart")
    refused = command(*words)
    assert "--run-code" in refused.stderr
    replayed = command(*words, "--run-code")
    assert replayed.returncode == 0, replayed.stderr


def test_what_cannot_be_built_is_a_row_and_stops_nothing_else(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_NO_INDEX", "1")
    header = HEADER.replace("[]", '["no-such-package-of-anybody"]')
    bad = write(tmp_path, "bad.py", header + SCRIPT)
    words = ("-d", "textures[size=32]", "--masks", "large-regions", "--limit", "1", "--no-timing")
    ran = command(
        *("run", "-m", f"{bad}[level=7]", "mean-fill", *words, "--metric", "psnr"),
        *("--no-report", "-o", "run"),
    )
    assert ran.returncode == 3, ran.stderr
    cells = read_run(tmp_path / "run").cells.set_index("variant")
    assert cells.loc["mean-fill", "status"] == "done"
    failed = cells.loc["bad[level=7]"]
    assert failed["failure"] == "environment"
    assert "bad.py: its environment can't be built: " in failed["message"]
    assert "Because no-such-package-of-anybody was not found" in failed["message"]
    assert "Because no-such-package-of-anybody was not found" in ran.stderr
    assert "Traceback" not in ran.stderr
    record(
        "Environment of a method that can't be built",
        1,
        "its cells fail as `environment` with the resolver's last lines; all others run",
        "its cells",
    )
