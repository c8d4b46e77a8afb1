"""What a person is told of a method that fails: where, why, and by the exit status."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Command

from inpaintbench.plugins.specification import without_folders

BAD = '''
from inpaintbench.methods.base import Method


class Bad(Method):
    """Fail in a line of its own."""

    def inpaint(self, image, mask):
        return self.wrong(image)

    def wrong(self, image):
        raise ValueError(f"no luck in {__file__}")
'''

RUN = ("run", "-d", "photos[size=64]", "--masks", "small-holes", "--metric", "psnr")
RUN = (*RUN, "--limit", "2", "--no-timing", "--no-report", "-o", "run")


@pytest.mark.slow
def test_a_method_that_failed_everywhere_is_told_with_its_line(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "bad.py").write_text(BAD)
    ran = command(*RUN, "-m", "telea", "./bad.py")
    assert ran.returncode == 3
    assert "inpainting 4/4" in ran.stderr.splitlines()
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("inpaintbench: failed: bad on every case (2): exception: ValueError")
    assert last.endswith("(bad.py:12)")
    assert command(*RUN, "-m", "telea", "./bad.py", "--allow-failures").returncode == 0

    told = command("failures", "run").stdout
    assert "bad: exception on 2 of 2 cases: ValueError: no luck" in told
    assert "(bad.py:12)" in told
    assert "Traceback" not in told
    traced = command("failures", "run", "--traceback").stdout
    assert f'File "{tmp_path}/bad.py", line 9, in inpaint' in traced
    assert (
        "Every cell that was reached is finished and scored."
        in command("failures", "run", "-m", "telea").stdout
    )

    assert command("leaderboard", "run", "-o", "site").returncode == 0
    page = (tmp_path / "site" / "methods" / "bad.html").read_text()
    assert "bad.py:12" in page
    assert "File &#34;bad.py&#34;, line 9, in inpaint" in page
    for path in (tmp_path / "site").rglob("*.html"):
        assert str(tmp_path) not in path.read_text()


METRIC = '''
from dataclasses import dataclass

from inpaintbench.metrics.base import Metric


@dataclass(frozen=True)
class Unlucky(Metric):
    """Never has a value."""

    def score(self, result):
        raise ValueError("no luck")
'''


@pytest.mark.slow
def test_a_metric_that_failed_is_told_with_its_reason(command: Command, tmp_path: Path) -> None:
    (tmp_path / "unlucky.py").write_text(METRIC)
    assert command(*RUN, "-m", "telea", "--metric", "./unlucky.py").returncode == 3
    told = command("failures", "run").stdout
    assert "unlucky: not scored on 2 results: ValueError: no luck" in told
    assert "finished" not in told


@pytest.mark.slow
def test_check_says_once_what_every_check_meets(command: Command, tmp_path: Path) -> None:
    (tmp_path / "bad.py").write_text(BAD.replace("no luck", "unlucky"))
    ran = command("check", "./bad.py")
    assert ran.returncode == 1
    assert ran.stdout.count("unlucky") == 1
    assert ran.stdout.count("bad.py:12") > 5


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("No such file: '/home/me/data/a.png'", "No such file: 'a.png'"),
        ('  File "/home/my user/x [1]/mine.py", line 3', '  File "mine.py", line 3'),
        (r'  File "C:\Users\me\mine.py", line 3', '  File "mine.py", line 3'),
        ("~/models/net.pt is missing", "net.pt is missing"),
        ("https://example.org/a/b", "https://example.org/a/b"),
        ("1/2 of a/b/c", "1/2 of a/b/c"),
        ("folder[path=/home/me/pictures]", "folder[path=pictures]"),
    ],
)
def test_no_folder_of_a_machine_is_published(text: str, kept: str) -> None:
    assert without_folders(text) == kept
