"""Folders that are written to beside what a person keeps there."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from inpaintbench.errors import BenchError
from inpaintbench.folder import REPORT_FILES, SITE_FILES, Folder, listed, made_from, remove_listed


def files(directory: Path) -> set[str]:
    return {
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()
    }


def test_leftovers_go_and_a_persons_own_files_stay(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "own.csv").write_text("mine")
    first = Folder(tmp_path, REPORT_FILES)
    first.text("tables/a.csv", "1")
    first.text("figures/b.png", "2")
    first.finish("state 1")
    assert made_from(tmp_path) == "state 1"
    second = Folder(tmp_path, REPORT_FILES)
    second.text("tables/c.csv", "3")
    second.finish("state 2")
    own = {"thesis.txt", "tables/own.csv"}
    assert files(tmp_path) == {*own, "tables/c.csv", REPORT_FILES}
    assert not (tmp_path / "figures").exists()
    remove_listed(tmp_path)
    assert files(tmp_path) == own


def test_a_report_and_the_site_in_it_go_together(tmp_path: Path) -> None:
    report = tmp_path / "report"
    for folder, record in ((report, REPORT_FILES), (report / "site", SITE_FILES)):
        written = Folder(folder, record)
        written.text("index.html", "x")
        written.finish()
    remove_listed(report)
    assert not report.exists()


@pytest.mark.parametrize(
    "name", ["../outside", "/etc/hostname", "a/../../outside", "link/outside", "nul\0", "folder"]
)
def test_a_list_of_somebody_elses_removes_nothing_outside(tmp_path: Path, name: str) -> None:
    folder, outside = tmp_path / "here", tmp_path / "outside"
    (folder / "folder").mkdir(parents=True)
    outside.write_text("mine")
    (folder / "link").symlink_to(tmp_path)
    (folder / REPORT_FILES).write_text(f"{name}\n")
    Folder(folder, REPORT_FILES).finish()
    (folder / REPORT_FILES).write_text(f"{name}\n")
    remove_listed(folder)
    assert outside.read_text() == "mine"
    assert (folder / "folder").is_dir()


def test_a_folder_that_must_be_ours_alone_refuses_others(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BenchError, match="not a site"):
        Folder(tmp_path, SITE_FILES, "a site")
    with pytest.raises(BenchError, match="is a file"):
        Folder(tmp_path / "thesis.txt", REPORT_FILES)


WRITER = """
import sys
from pathlib import Path
from inpaintbench.folder import REPORT_FILES, Folder

folder = Folder(Path(sys.argv[1]), REPORT_FILES)
print("began", flush=True)
for number in range(100000):
    folder.text(f"part-{number // 50}/{number}.txt", sys.argv[2] * 9999)
folder.finish("done")
"""


def test_a_writer_killed_at_any_moment_leaves_nothing_unlisted(tmp_path: Path) -> None:
    moments = random.Random(0)
    (tmp_path / "own.txt").write_text("mine")
    for life in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), str(life)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(moments.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL if life % 2 else signal.SIGTERM)
        process.wait()
        process.stdout.close()
    assert len(files(tmp_path)) > 5
    unlisted = files(tmp_path) - {*listed(tmp_path / REPORT_FILES), REPORT_FILES, "own.txt"}
    assert all(name.endswith(".partial") for name in unlisted)
    assert made_from(tmp_path) == ""
    last = Folder(tmp_path, REPORT_FILES)
    last.text("index.html", "whole")
    last.finish("last")
    assert files(tmp_path) == {"own.txt", "index.html", REPORT_FILES}


def test_a_full_disk_is_one_line_and_leaves_no_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path, REPORT_FILES)
    folder.text("a.txt", "whole")

    def full(*words: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fdopen", full)
    with pytest.raises(BenchError, match=r"b\.txt: can't be written: No space left on device"):
        folder.text("b.txt", "x" * 10**6)
    assert files(tmp_path) == {"a.txt", REPORT_FILES}
