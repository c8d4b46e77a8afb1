"""Plugins: ours, a file's, an installed package's, and broken ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fault_table import record

from inpaintbench.errors import BenchError
from inpaintbench.plugins import registry

INVERT = '''
"""A method in a file of its own."""
from dataclasses import dataclass

import numpy as np

from inpaintbench.methods.base import Method


@dataclass(frozen=True)
class {name}(Method):
    """Fill with a constant."""

    value: int = 128

    def inpaint(self, image, mask):
        return np.where(mask[..., None], np.array(self.value, image.dtype), image)
'''


@pytest.fixture
def method_file(tmp_path: Path) -> Path:
    path = tmp_path / "constant.py"
    path.write_text(INVERT.format(name="Constant"))
    return path


def test_a_method_in_a_file_takes_parameters(method_file: Path) -> None:
    method = registry.make_method(f"{method_file}[value=7]")
    assert method.name == "constant"
    assert method.value == 7  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("import no_such_library_here", "ModuleNotFoundError: No module named"),
        ("import sys; sys.exit('needs a GPU')", "SystemExit: needs a GPU"),
        ("import argparse; argparse.ArgumentParser().parse_args(['-x'])", "SystemExit: 2"),
        ("raise GeneratorExit('odd')", "GeneratorExit: odd"),
        ("def f(:", "SyntaxError"),
        ("x = 1", "must define exactly one Method, found none"),
        (INVERT.format(name="One") + INVERT.format(name="Two"), "found one, two"),
    ],
)
def test_a_file_that_is_no_method_says_why(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.py"
    path.write_text(content)
    with pytest.raises(BenchError, match=message) as caught:
        registry.make_method(str(path))
    assert "\n" not in str(caught.value)


PLUGINS = {
    "methods": INVERT.format(name="Own"),
    "datasets": """
from inpaintbench.datasets.base import Dataset
class Own(Dataset):
    preparation = "none"
    def ids(self): return []
    def load(self, sample_id): ...
""",
    "masks": """
from inpaintbench.masks.base import MaskSuite
class Own(MaskSuite):
    def draw(self, sample, kind, random): ...
""",
    "metrics": """
from inpaintbench.metrics.base import Metric
class Own(Metric):
    name = id = "own"
    label = "own"
    def bind(self, reference): ...
""",
}


@pytest.mark.parametrize("kind", PLUGINS)
def test_every_kind_of_plugin_loads_from_a_file(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "my drive [2]"
    folder.mkdir()
    (folder / "own.py").write_text(PLUGINS[kind])
    monkeypatch.chdir(folder)
    catalogue = getattr(registry, kind)()
    assert catalogue.make("./own.py").name == "own"
    text = registry.absolute("./own.py")
    monkeypatch.chdir(tmp_path)
    assert catalogue.make(text).name == "own"
    with pytest.raises(BenchError, match="must define exactly one"):
        (folder / "none.py").write_text("")
        catalogue.make(f"{folder}/none.py")


NEIGHBOUR = """
from inpaintbench.methods.base import Method
from network import VALUE

class {name}(Method):
    value = VALUE

    def inpaint(self, image, mask):
        import network
        return network.VALUE
"""


def two_repositories(folder: Path) -> list[Path]:
    files = []
    for name, value in (("One", 1), ("Two", 2)):
        (folder / name).mkdir()
        (folder / name / "network.py").write_text(f"VALUE = {value}")
        files.append(folder / name / "method.py")
        files[-1].write_text(NEIGHBOUR.format(name=name))
    return files


def test_neighbours_of_a_name_never_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = two_repositories(tmp_path)
    stranger = type(sys)("network")
    monkeypatch.setitem(sys.modules, "network", stranger)
    path = list(sys.path)
    values = [registry.make_method(str(file)).value for file in (one, two, one)]  # type: ignore[attr-defined]
    assert values == [1, 2, 1]
    assert sys.path == path
    assert sys.modules["network"] is stranger
    assert not list(tmp_path.rglob("__pycache__"))  # stale bytecode could pass for new code


def test_a_method_may_import_its_neighbours_later_on_in_a_process_of_its_own(
    tmp_path: Path,
) -> None:
    _, two = two_repositories(tmp_path)
    code = (
        "import sys; from inpaintbench.plugins import registry; "
        "registry.make_method(sys.argv[1]); "  # as when its key is computed
        "method = registry.make_method(sys.argv[1], keep_importable=True); "
        "import network; assert network.VALUE == method.inpaint(None, None) == 2"
    )
    subprocess.run([sys.executable, "-c", code, str(two)], check=True)


def test_a_file_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "helper_of_a_failure.py").write_text("")
    (tmp_path / "bad.py").write_text("import helper_of_a_failure; raise RuntimeError('no')")
    path = list(sys.path)
    with pytest.raises(BenchError, match="RuntimeError: no"):
        registry.make_method(str(tmp_path / "bad.py"))
    assert sys.path == path
    assert "helper_of_a_failure" not in sys.modules


def test_only_files_are_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert registry.absolute("telea[radius=5]") == "telea[radius=5]"
    assert registry.absolute("m.py[a=1]") == f"{tmp_path}/m.py[a=1]"
    assert registry.absolute(" ./a b/m.py ") == f"{tmp_path}/a b/m.py"


def test_ours_are_told_from_others_without_importing_these(method_file: Path) -> None:
    assert registry.is_ours("telea[radius=5]")
    assert not registry.is_ours(str(method_file))
    assert not registry.is_ours("telia")


def test_unknown_names_suggest_the_nearest() -> None:
    with pytest.raises(BenchError, match="did you mean 'telea'"):
        registry.make_method("telia")
    with pytest.raises(BenchError, match="no such file"):
        registry.make_method("./nothing.py")


@pytest.mark.parametrize("kind", ["methods", "datasets", "masks", "metrics"])
def test_every_plugin_of_the_package_imports_and_has_a_summary(kind: str) -> None:
    catalogue = getattr(registry, kind)()
    assert catalogue.broken == ()
    assert catalogue.plugins
    for name, cls in catalogue.plugins.items():
        assert registry.summary(cls).endswith("."), f"{name}: {registry.summary(cls)!r}"


PACKAGE = {
    "pyproject.toml": """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "elsewhere"
version = "1.0"
[project.entry-points."inpaintbench.methods"]
constant = "elsewhere.method:Constant"
broken = "elsewhere.missing:Nothing"
leaving = "elsewhere.leaving:Nothing"
[project.entry-points."inpaintbench.datasets"]
ramps = "elsewhere.dataset:Ramps"
[project.entry-points."inpaintbench.masks"]
dots = "elsewhere.masks:Dots"
[project.entry-points."inpaintbench.metrics"]
bias = "elsewhere.metric:Bias"
""",
    "elsewhere/__init__.py": "",
    "elsewhere/leaving.py": "import sys; sys.exit('needs a GPU')",
    "elsewhere/method.py": INVERT.format(name="Constant"),
    "elsewhere/dataset.py": '''
from dataclasses import dataclass
import numpy as np
from inpaintbench.datasets.base import Dataset, Sample

@dataclass(frozen=True)
class Ramps(Dataset):
    """Grey ramps."""
    preparation = "none"
    def ids(self):
        return ["down", "across"]
    def load(self, sample_id):
        ramp = np.repeat(np.arange(64, dtype=np.uint8)[:, None], 64, axis=1)
        ramp = ramp if sample_id == "down" else ramp.T
        return Sample(sample_id, np.ascontiguousarray(ramp)[..., None])
''',
    "elsewhere/masks.py": '''
from dataclasses import dataclass
import numpy as np
from inpaintbench.masks.base import MaskSuite

@dataclass(frozen=True)
class Dots(MaskSuite):
    """One dot."""
    def draw(self, sample, kind, random):
        mask = np.zeros(sample.image.shape[:2], bool)
        mask[random.integer(0, 64), random.integer(0, 64)] = True
        return mask
''',
    "elsewhere/metric.py": '''
from dataclasses import dataclass
from typing import ClassVar
from inpaintbench.metrics.base import Metric

@dataclass(frozen=True)
class Bias(Metric):
    """Mean error."""
    name: ClassVar[str] = "bias"
    label: str = "bias"
    @property
    def id(self):
        return "bias"
    def bind(self, reference):
        return lambda result: float(result.composite.astype(float).mean() - reference.mean())
''',
}


@pytest.mark.slow
def test_an_installed_package_brings_plugins_of_every_kind(tmp_path: Path) -> None:
    for name, content in PACKAGE.items():
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    site = tmp_path / "site"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--target", str(site), str(tmp_path / "package")),
        ],
        check=True,
    )
    environment = {**os.environ, "PYTHONPATH": str(site), "COLUMNS": "120"}

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "inpaintbench", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    listed = command("list", "methods").stdout
    assert "Fill with a constant." in listed
    assert "broken = elsewhere.missing:Nothing" in listed
    assert "No module named" in listed
    assert "SystemExit: needs a GPU" in listed

    ran = command(
        *("run", "-m", "constant[value=9]", "-m", "telea", "-d", "ramps", "--masks", "dots"),
        *("--metric", "bias", "--out", "run", "--no-timing", "--no-report"),
    )
    assert ran.returncode == 0, ran.stderr
    rows = (tmp_path / "run" / "rows.csv").read_text()
    assert "constant[value=9]" in rows
    record(
        "Installed plugin that exits when imported",
        1,
        "`list` names it and why; runs of others go on",
        "nothing",
    )
    assert "bias" in rows
