"""Plugins: ours, a file's, an installed package's, and broken ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
[project.entry-points."inpaintbench.datasets"]
ramps = "elsewhere.dataset:Ramps"
[project.entry-points."inpaintbench.masks"]
dots = "elsewhere.masks:Dots"
[project.entry-points."inpaintbench.metrics"]
bias = "elsewhere.metric:Bias"
""",
    "elsewhere/__init__.py": "",
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

    ran = command(
        *("run", "-m", "constant[value=9]", "-m", "telea", "-d", "ramps", "--masks", "dots"),
        *("--metric", "bias", "--out", "run", "--no-timing"),
    )
    assert ran.returncode == 0, ran.stderr
    rows = (tmp_path / "run" / "rows.csv").read_text()
    assert "constant[value=9]" in rows
    assert "bias" in rows
