"""The wheel holds everything, and the command starts quickly because it imports little."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT, Command


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)),
        ],
        check=True,
    )
    return next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    folders = {"bench": "inpaintbench", "methods": "inpaintbench/methods"}
    folders["datasets"] = "inpaintbench/datasets"
    tracked = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    expected = {f"{folders[(p := name.partition('/'))[0]]}/{p[2]}" for name in tracked}
    assert expected - packed == set()
    assert "inpaintbench/py.typed" in packed


@pytest.mark.slow
def test_the_wheel_runs_in_an_empty_directory(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", site, wheel],
        check=True,
    )
    # the libraries come from this environment, without its editable inpaintbench
    Path(site, "libraries.pth").write_text(
        f"import sys; sys.path.append({sysconfig.get_path('purelib')!r})\n"
    )
    empty = tmp_path / "empty"
    empty.mkdir()

    def command(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, "-m", "inpaintbench", *arguments],
            cwd=empty,
            capture_output=True,
            text=True,
            check=False,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        )

    where = subprocess.run(
        [python, "-c", "import inpaintbench; print(inpaintbench.__file__)"],
        cwd=empty,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert str(environment) in where
    for kind in ("methods", "datasets", "masks", "metrics", "presets"):
        listed = command("list", kind)
        assert listed.returncode == 0, listed.stderr
        assert "can't be imported" not in listed.stdout
    ran = command(
        *("run", "-m", "telea", "-d", "photos[size=64]", "--masks", "large-regions"),
        *("--metric", "psnr", "--limit", "2", "--no-timing", "-o", "results/runs/small"),
    )
    assert ran.returncode == 0, ran.stderr
    assert (empty / "results" / "runs" / "small" / "rows.csv").is_file()


def test_every_extra_that_is_named_is_there() -> None:
    there = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named: dict[str, str] = {}
    for folder, pattern in (("bench", "*.py"), ("methods", "*.py"), ("datasets", "*.py"),
                            ("docs", "*.md"), (".", "README.md"), (".", "Makefile")):  # fmt: skip
        for path in (ROOT / folder).rglob(pattern) if folder != "." else [ROOT / pattern]:
            for extras in re.findall(r"(?:inpaintbench|-e \"\.)\[([a-z,]+)\]", path.read_text()):
                named.update(dict.fromkeys(extras.split(","), path.name))
    assert "metrics" in named
    assert {extra: file for extra, file in named.items() if extra not in there} == {}


def test_dependencies_have_lower_bounds() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert all(">=" in name for name in project["dependencies"])


@pytest.mark.parametrize(
    "arguments", [("--help",), ("list", "methods"), ("list", "datasets", "--long")]
)
def test_looking_around_imports_no_heavy_library(arguments: tuple[str, ...]) -> None:
    program = (
        "import sys\nfrom inpaintbench.cli import main\n"
        f"sys.argv = ['inpaintbench', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'lpips', 'torchvision', 'cv2', 'numba', 'matplotlib', 'pandas', "
        "'skimage', 'scipy'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert "HEAVY []" in ran.stdout


def test_help_names_every_command_and_version_is_the_packages(command: Command) -> None:
    import inpaintbench

    helped = command("--help").stdout
    for name in ("run", "list", "report", "check", "inpaint", "masks", "weights"):
        assert f" {name} " in helped
    assert command("--version").stdout.strip() == inpaintbench.__version__
    assert command().returncode != 0
