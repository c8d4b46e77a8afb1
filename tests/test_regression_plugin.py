"""The pytest fixture, used as a method's own repository would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from small_runs import write_nudged
from warm_commands import run_warm

TEST = """
def test_my_method(inpaint_regression):
    inpaint_regression(
        "./my_method.py", preset="mine.toml", baseline="baseline.csv", limit=10
    )
"""

BENCHMARK = """
datasets = ["textures[size=64]"]
masks = ["small-holes"]
methods = ["telea"]
metrics = ["psnr", "mae"]
"""

Pytest = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "test_my_method.py").write_text(TEST)
    (tmp_path / "mine.toml").write_text(BENCHMARK)
    write_nudged(tmp_path / "my_method.py", 128)
    return tmp_path


def run_pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    words = ("pytest", "-p", "inpaintbench.pytest_plugin", "-q", *words)
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    ended = run_warm(list(words), folder.parent, environment)
    return subprocess.CompletedProcess(words, *ended)


@pytest.mark.slow
def test_a_baseline_is_written_kept_and_broken(repository: Path) -> None:
    missing = run_pytest(repository, str(repository))
    assert missing.returncode == 1
    assert "write it with pytest --inpaint-update" in missing.stdout

    assert run_pytest(repository, str(repository), "--inpaint-update").returncode == 0
    baseline = (repository / "baseline.csv").read_text()
    assert baseline.startswith("case,")
    assert run_pytest(repository, str(repository)).returncode == 0

    write_nudged(repository / "my_method.py", 255)
    broken = run_pytest(repository, str(repository))
    assert broken.returncode == 1
    assert "nudged: PSNR on small-holes: worse" in broken.stdout
    assert "Traceback" not in broken.stdout
    assert (repository / "baseline.csv").read_text() == baseline


def test_bad_words_fail_in_one_line(repository: Path) -> None:
    (repository / "baseline.csv").write_text("case\n")
    test = repository / "test_my_method.py"
    test.write_text(TEST.replace("limit=10", "limti=10"))
    assert "unknown option 'limti'" in run_pytest(repository, str(repository)).stdout
    test.write_text(TEST.replace("./my_method.py", "./none.py"))
    assert "none.py: no such file" in run_pytest(repository, str(repository)).stdout


def test_pytest_starts_without_heavy_libraries() -> None:
    heavy = ("numpy", "pandas", "cv2", "torch", "scipy", "matplotlib", "rich", "typer")
    code = (
        "import sys, inpaintbench.pytest_plugin;"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
