"""Environments in the cache: read from headers, built once and whole, locked, listed, removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Command
from fault_table import record

from inpaintbench.environments import building
from inpaintbench.environments.environment import VARIABLE, find, known, provide, unfinished
from inpaintbench.environments.header import Header, read_header
from inpaintbench.environments.indexes import uv_variables
from inpaintbench.errors import BenchError
from inpaintbench.plugins import registry

NUMPY = '# /// script\n# requires-python = ">=3.8"\n# dependencies = ["numpy<3"]\n# ///\n'
FILL = "def inpaint(image, mask):\n    return image\n"

BUILD = """
import sys
from pathlib import Path
from inpaintbench.environments.environment import provide
from inpaintbench.environments.header import read_header
print(provide(read_header(Path(sys.argv[1]))).folder)
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a cache of its own for each test, where nothing is compiled."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setenv("UV_COMPILE_BYTECODE", "0")
    return tmp_path / "cache"


def write(path: Path, header: str = NUMPY) -> Path:
    path.write_text(header + FILL)
    return path


def header_of(path: Path) -> Header:
    found = read_header(path)
    assert found is not None
    return found


def start(path: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", BUILD, str(path)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(words, text=True, start_new_session=True, **pipes)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_header_is_read_as_pep_723_says(tmp_path: Path, end: str) -> None:
    text = (
        '"""A method."""\n\n'
        "# /// script\n# requires-python = '>=3.8'\n# dependencies = [\n"
        '#   "numpy<2",\n#   "scipy",\n# ]\n#\n# [tool.uv]\n# exclude-newer = "2025-01-01"\n# ///\n'
        '\n# /// other\n# dependencies = "no"\n# ///\n'
    )
    path = tmp_path / "mine.py"
    path.write_bytes(text.replace("\n", end).encode())
    found = header_of(path)
    assert found.dependencies == ("numpy<2", "scipy")
    assert found.requires_python == ">=3.8"
    assert found.has_tools


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (NUMPY + "\n" + NUMPY, "two headers"),
        ("# /// script\n# dependencies = [\n# ///\n", "isn't TOML"),
        ("# /// script\n# dependencies = 'numpy'\n# ///\n", "must be a list"),
        ("# /// script\n# dependencies = [3]\n# ///\n", "must be a list"),
        ("# /// script\n# requires-python = 3.8\n# ///\n", "must be a text"),
        ("# /// script\n# requires-python = 'new'\n# ///\n", "'new'"),
        ("# /// script\n# dependencies = ['numpy<']\n# ///\n", "'numpy<' isn't a requirement"),
        ("# /// script\n# dependancies = ['numpy']\n# ///\n", "unknown key 'dependancies'"),
        ("# /// script\n", "isn't one"),
        ("# /// script\n# dependencies = []\n", "isn't one"),
        ("# /// script \n# dependencies = []\n# ///\n", "isn't one"),
    ],
)
def test_a_wrong_header_is_refused_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path / "mine.py", text)
    with pytest.raises(BenchError, match=r"mine\.py: ") as error:
        registry.header_of(str(path))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "    # /// script\n    # dependencies = []\n    # ///\n",
        "# /// other\n# dependencies = []\n# ///\n",
    ],
)
def test_what_is_no_header_asks_for_nothing(tmp_path: Path, text: str) -> None:
    assert registry.header_of(str(write(tmp_path / "mine.py", text))) is None


def test_pips_settings_are_said_in_words_of_uv() -> None:
    settings = {
        "index-url": "https://one.example/simple",
        "extra-index-url": "https://two.example/simple\nhttps://three.example/simple",
        "find-links": "/wheels /more",
        "cert": "/ca.pem",
        "no-index": "false",
        "user": "true",
    }
    assert uv_variables(settings, {"SSL_CERT_FILE": "/mine.pem"}) == {
        "UV_DEFAULT_INDEX": "https://one.example/simple",
        "UV_INDEX": "https://two.example/simple https://three.example/simple",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }


@pytest.mark.slow
def test_one_of_two_processes_builds_for_both_and_for_files_with_equal_headers(
    command: Command, tmp_path: Path, cache: Path
) -> None:
    files = [write(tmp_path / name) for name in ("one.py", "two.py")]
    ended = [started.communicate() for started in map(start, files)]
    folders = {folder.strip() for folder, _ in ended}
    assert len(folders) == 1
    assert sum("building the environment of" in said for _, said in ended) == 1
    assert {Path(file) for file in known()[0].files} == set(files)
    assert "numpy" in known()[0].record.versions
    third = write(tmp_path / "three.py")
    assert provide(header_of(third)).folder == Path(folders.pop())
    listed = command("environments")
    for word in (known()[0].folder.name, "one.py", "three.py", "numpy<3", str(cache)):
        assert word in listed.stdout
    near = command("environments", "--remove", known()[0].folder.name[:-1])
    assert near.returncode == 1
    assert f"did you mean {known()[0].folder.name!r}?" in near.stderr
    assert command("environments", "--remove", known()[0].folder.name).returncode == 0
    assert known() == []


@pytest.mark.slow
def test_a_build_that_is_killed_leaves_nothing_broken(
    command: Command, tmp_path: Path, cache: Path
) -> None:
    path = write(tmp_path / "mine.py")
    started = start(path)
    while not list(cache.glob(".building-*/*/venv")):
        assert started.poll() is None
        time.sleep(0.001)
    os.killpg(started.pid, signal.SIGKILL)
    started.communicate()
    assert find(header_of(path)) is None
    assert len(unfinished()) == 1
    assert "unfinished" in command("environments").stdout
    provide(header_of(path))
    assert unfinished() == []
    found = find(header_of(path))
    assert found is not None
    said = subprocess.check_output([found.python, "-c", "import numpy; print(numpy.__name__)"])
    assert said == b"numpy\n"
    record(
        "SIGKILL while the environment of a method is built",
        1,
        "none is there; the next command builds it, and removes what was left",
        "nothing",
    )


@pytest.mark.slow
def test_a_lock_file_is_used_counts_and_is_refused_when_stale(
    command: Command, tmp_path: Path
) -> None:
    path = write(tmp_path / "mine.py")
    words = ("run", "-m", "./mine.py", "-d", "textures[size=32]", "--masks", "large-regions")
    words = (*words, "--limit", "1", "--no-timing", "--no-report", "--metric", "psnr", "--locked")
    refused = command(*words)
    assert refused.returncode == 1
    assert "mine.py.lock: no such lock file; run: uv lock --script" in refused.stderr
    uv = building.find_uv()
    assert uv is not None
    subprocess.run([uv, "lock", "--quiet", "--script", str(path)], check=True)
    assert command(*words, "-o", "run").returncode == 0
    locked = provide(header_of(path))
    assert len(locked.identity["lock"]) == 64
    write(path, NUMPY.replace("<3", "<2.9"))
    stale = command(*words)
    assert stale.returncode == 1
    assert "mine.py.lock doesn't fit the header; run: uv lock --script" in stale.stderr
    anew = provide(header_of(path))
    assert anew.identity == {"python": anew.identity["python"], **anew.record.versions}


@pytest.mark.slow
def test_without_uv_pip_builds_and_says_what_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "find_uv", lambda: None)
    assert "numpy" in provide(header_of(write(tmp_path / "mine.py"))).record.versions
    for name, header in (
        ("old.py", NUMPY.replace(">=3.8", "<3.9")),
        ("tool.py", NUMPY.replace("# ///\n", "# [tool.uv]\n# ///\n")),
    ):
        with pytest.raises(BenchError, match=r"needs uv: pip install 'inpaintbench\[env"):
            provide(header_of(write(tmp_path / name, header)))


def test_an_installed_plugin_with_a_header_is_listed_without_being_imported(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site-packages"
    (site / "fills").mkdir(parents=True)
    (site / "fills" / "__init__.py").write_text("raise RuntimeError('imported')\n")
    text = (
        NUMPY + 'def inpaint(image, mask, level=7):\n    """Fill in a way."""\n    return image\n'
    )
    (site / "fills" / "way.py").write_text(text)
    metadata = site / "fills-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: fills\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[inpaintbench.methods]\nway = fills.way\n")
    monkeypatch.setenv("PYTHONPATH", str(site))
    listed = subprocess.run(
        [sys.executable, "-m", "inpaintbench", "list", "methods"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert any(
        line.split() == ["way", "Fill", "in", "a", "way."] for line in listed.stdout.splitlines()
    )
