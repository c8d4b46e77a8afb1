"""Whatever a method does to its process, it gets a row, and nobody else's results change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from fault_table import record
from small_runs import Quiet

from inpaintbench.execution import method_process
from inpaintbench.execution.method_process import MethodTask, describe_apart
from inpaintbench.execution.process import Limits
from inpaintbench.execution.run import Options, run
from inpaintbench.planning.benchmark import Benchmark
from inpaintbench.planning.plan import make_plan
from inpaintbench.storage.runs import read_run

pytestmark = pytest.mark.waits

# What a method does, and how its cells end; several where chance decides.
DEEDS: dict[str, tuple[str, str]] = {
    # its descriptors and streams
    "closes every descriptor": ("os.closerange(0, 4096)", "crash"),
    "closes its streams": ("sys.stdout.close(); sys.stderr.close()", "done"),
    "has no streams": ("sys.stdout = sys.stderr = None; sys.stdin = 5", "done"),
    "replaces its streams": ("sys.stdout = type('S', (), {'write': None})()", "done"),
    "uses every descriptor": ("use_descriptors(self)", "done or exception"),
    "prints without end": ("for _ in range(300): os.write(1, b'x' * 100000)", "done"),
    "writes to every descriptor": ("write_everywhere()", "crash"),
    # what surrounds it
    "leaves its folder": ("d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d)", "done"),
    "empties its environment": ("os.environ.clear()", "done"),
    "ignores signals": ("[signal.signal(s, signal.SIG_IGN) for s in (15, 10, 17, 13)]", "done"),
    "lowers its limits": (
        "[resource.setrlimit(r, (0, 0)) for r in (resource.RLIMIT_FSIZE, resource.RLIMIT_NPROC)]",
        "done",
    ),
    "has no processor time left": (
        "resource.setrlimit(resource.RLIMIT_CPU, (1, 1)); exec('while True: pass')",
        "crash",
    ),
    # the code that it shares its process with
    "patches numpy": ("np.asarray = np.frombuffer = np.ascontiguousarray = None", "exception"),
    "patches the clock": ("time.perf_counter = time.time = time.monotonic = lambda: 0", "done"),
    "patches the harness": ("method_host._Host.send = None", "crash"),
    "traces": ("sys.settrace(lambda *a: 1 / 0)", "exception"),
    # what it raises
    "raises a text that raises": ("raise Unreadable()", "exception"),
    "raises a text that is none": ("raise Numeric()", "exception"),
    "raises what can't be encoded": (r"raise ValueError('\ud800 \x00 \x1b[31m')", "exception"),
    "raises brackets": ("raise ValueError('no weights in [/data/weights]')", "exception"),
    "raises ten million letters": ("raise ValueError('x' * 10**7)", "exception"),
    "raises a million lines": (r"raise ValueError('x\n' * 10**6)", "exception"),
    "raises generator exit": ("raise GeneratorExit", "exception"),
    "raises an interrupt": ("raise KeyboardInterrupt", "exception"),
    "raises timeout": ("raise TimeoutError('no answer')", "exception"),
    "exits well": ("sys.exit(0)", "exception"),
    "exits at once": ("os._exit(0)", "crash"),
    "recurses": ("recurse()", "exception"),
    # what it returns
    "returns objects": ("return np.full(image.shape, None, object)", "wrong dtype"),
    "returns records": ("return np.zeros(image.shape, 'u1,u1')", "wrong dtype"),
    "returns letters": ("return np.full(image.shape, 'a')", "wrong dtype"),
    "returns complex numbers": ("return image.astype('complex64')", "wrong dtype"),
    "returns a huge shape": ("return np.broadcast_to(image[0, 0, 0], (1 << 40, 8))", "wrong shape"),
    "returns an array with a mind": ("return image.view(Obstinate)", "done"),
    # other processes
    "forks and stays": ("os.fork() or time.sleep(4000)", "done"),
    "forks and returns": ("os.fork()", "done or crash"),
    "leaves a thread": ("threading.Thread(target=time.sleep, args=(4000,)).start()", "done"),
    "leaves a program": ("subprocess.Popen(['sleep', '4711'])", "done"),
    "leaves a program in a session": (
        "subprocess.Popen(['sleep', '4711'], start_new_session=True)",
        "done",
    ),
    "uses a pool": ("with multiprocessing.Pool(2) as p: p.map(abs, range(9))", "done"),
    "kills its parent": ("os.kill(os.getppid(), signal.SIGKILL)", "done or crash"),
    "stops itself": ("os.kill(os.getpid(), signal.SIGSTOP)", "timeout"),
}

HEAD = '''
import multiprocessing, os, resource, signal, subprocess, sys, tempfile, threading, time
import numpy as np
from inpaintbench.execution import method_host
from inpaintbench.methods.base import Method


class Unreadable(Exception):
    def __str__(self):
        raise RuntimeError


class Numeric(Exception):
    def __str__(self):
        return 5


class Obstinate(np.ndarray):
    def tobytes(self, order=None):
        raise RuntimeError


def use_descriptors(self):
    self.kept = []
    try:
        while True:
            self.kept.append(os.open("/dev/null", 0))
    except OSError:
        pass


def write_everywhere():
    for number in range(3, 64):
        try:
            os.set_blocking(number, False)
            os.write(number, b"garbage")
        except OSError:
            pass


def recurse():
    return recurse()


class {name}(Method):
    """Misbehave."""

    def inpaint(self, image, mask):
        {deed}
        return image
'''


HEADER = """# /// script
# dependencies = []
# ///
"""


def label(words: str) -> str:
    return "-".join(w for w in words.replace("'", "").lower().split() if len(w) > 1)


def write(folder: Path, words: str, deed: str, apart: bool = False) -> str:
    name = label(words).title().replace("-", "")
    path = folder / f"{name.lower()}.py"
    text = HEAD.format(name=name, deed=deed)
    if apart:  # in an environment of its own
        text = text.replace("from inpaintbench.execution import", "import __main__ as")
        text = HEADER + text.replace("._Host.", "._ForeignHost.")
    path.write_text(text)
    return str(path)


def cells(
    directory: Path, *methods: str, jobs: int = 2, setup_timeout: float = 600.0
) -> pd.DataFrame:
    """Run methods on two small textures, and return the cells by variant."""
    benchmark = Benchmark(
        name="hostile",
        datasets=("textures[size=32]",),
        masks=("large-regions",),
        methods=methods,
        metrics=("psnr",),
        limit=2,
        timeout=8,
        setup_timeout=setup_timeout,
    )
    wanted = Options(jobs=jobs, memory=2 << 30, timing=False)
    run(make_plan(benchmark, describe=describe_apart), directory, wanted, Quiet())
    return read_run(directory).cells.set_index("variant")


@pytest.mark.slow
@pytest.mark.parametrize("apart", [False, True])
def test_every_deed_is_a_row_and_changes_nobody_elses(tmp_path: Path, apart: bool) -> None:
    alone = cells(tmp_path / "alone", "mean-fill", "telea")
    methods = [write(tmp_path, words, deed, apart) for words, (deed, _) in DEEDS.items()]
    among = cells(tmp_path / "among", "mean-fill", *methods, "telea")
    assert len(among) == 2 * (len(DEEDS) + 2)
    for name in ("mean-fill", "telea"):
        pd.testing.assert_series_equal(
            among.loc[name, "output_sha256"], alone.loc[name, "output_sha256"]
        )
    found = among["failure"].where(among["status"] == "failed", among["status"])
    wrong = {
        words: sorted(set(found[label(words)]))
        for words, (_, kinds) in DEEDS.items()
        if not set(found[label(words)]) <= set(kinds.split(" or "))
    }
    assert not wrong
    messages = among["message"].groupby(level=0).first()
    assert messages["raises-brackets"] == "ValueError: no weights in [/data/weights]"
    assert messages["raises-timeout"] == "TimeoutError: no answer"
    assert messages.str.len().max() <= 500
    left = [p for p in psutil.process_iter(["cmdline"]) if "4711" in (p.info["cmdline"] or ())]
    assert not left, "what a method starts dies with it"
    record(
        f"Method that ruins its own process{', in an environment of its own' * apart}",
        len(DEEDS),
        "its cells say how; all others' are as without it; nothing it started is left",
        "its cells",
    )


MEDDLERS = {
    "grad": "import torch; torch.set_grad_enabled(False)",
    "errors": "np.seterr(all='raise')",
    "seed": "np.random.default_rng = lambda *a: None; np.random.seed(1)",
    "round": "np.rint = np.floor; np.clip = lambda a, *b: a",
}

VICTIM = '''
import numpy as np
from inpaintbench.methods.base import Method


class Victim(Method):
    """Depend on what others may have left behind."""

    def setup(self, device, seed):
        import torch

    def inpaint(self, image, mask):
        import torch
        level = 100.7 * torch.is_grad_enabled() + float(np.float64(0.1) / np.float64(3e-320) > 0)
        filled = np.rint(image.astype(float))
        filled[mask] = np.clip(np.rint(level + np.random.default_rng(0).random()), 0, 255)
        return filled
'''


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_output_depends_on_nothing_that_ran_before(tmp_path: Path, jobs: int) -> None:
    victim = tmp_path / "victim.py"
    victim.write_text(VICTIM)
    meddlers = [write(tmp_path, f"meddles {name}", deed) for name, deed in MEDDLERS.items()]
    orders = [(str(victim), *meddlers), (*meddlers, str(victim))]
    outputs = [
        cells(tmp_path / f"run {number}", *order, jobs=jobs).loc["victim", "output_sha256"].tolist()
        for number, order in enumerate(orders)
    ]
    assert outputs[0] == outputs[1]
    assert all(outputs[0])
    record(
        "Methods that change what others stand on",
        len(MEDDLERS),
        "outputs of the others are as without them, in every order, with 1 and 2 jobs",
        "nothing",
    )


@pytest.mark.slow
def test_two_folders_with_a_helper_of_one_name_never_meet(tmp_path: Path) -> None:
    files = []
    for name, level in (("one", 10), ("two", 200)):
        folder = tmp_path / f"folder {name}"
        folder.mkdir()
        (folder / "helper.py").write_text(f"LEVEL = {level}\n")
        (folder / "late.py").write_text("from helper import LEVEL\n")
        deed = "import late; image = image.copy(); image[mask] = late.LEVEL"
        files.append(write(folder, name, deed))
    for order in (files, files[::-1]):
        rows = cells(tmp_path / f"run {order[0][-6:]}", *order, jobs=1)
        assert (rows["status"] == "done").all(), rows["message"].tolist()
        assert (
            rows.loc["one", "output_sha256"].tolist() != rows.loc["two", "output_sha256"].tolist()
        )
    first, second = (read_run(tmp_path / f"run {end}") for end in ("one.py", "two.py"))
    keep = ["case", "variant", "output_sha256"]
    by = ["case", "variant"]
    pd.testing.assert_frame_equal(
        first.cells[keep].sort_values(by, ignore_index=True),
        second.cells[keep].sort_values(by, ignore_index=True),
    )
    record("Two methods with helpers of one name", 2, "each finds its own, in any order", "nothing")


COUNTS = '''
from dataclasses import dataclass
from pathlib import Path
from inpaintbench.methods.base import Method


@dataclass(frozen=True)
class Counts(Method):
    """Note every set-up; fail the first of all."""

    level: int = 0

    def setup(self, device, seed):
        with Path({log!r}).open("a") as log:
            log.write(f"{{self.level}}\\n")
        if Path({log!r}).read_text().count("\\n") == 1:
            {deed}

    def inpaint(self, image, mask):
        return image
'''


@pytest.mark.slow
def test_each_variant_is_set_up_once_for_a_process(tmp_path: Path) -> None:
    log = tmp_path / "log"
    path = tmp_path / "counts.py"
    path.write_text(COUNTS.format(log=str(log), deed="pass"))
    methods = [f"{path}[level={level}]" for level in range(1, 13)]
    assert (cells(tmp_path / "run", *methods, jobs=1)["status"] == "done").all()
    assert log.read_text().split() == [str(level) for level in range(1, 13)]


@pytest.mark.slow
def test_a_set_up_that_fails_by_chance_is_tried_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    path = tmp_path / "counts.py"
    path.write_text(COUNTS.format(log=str(log), deed="raise OSError('by chance')"))
    assert (cells(tmp_path / "run", str(path), jobs=1)["status"] == "done").all()
    assert log.read_text().split() == ["0", "0"]
    record("Set-up that fails by chance", 1, "it is tried once more", "nothing")


@pytest.mark.slow
def test_a_set_up_that_takes_too_long_is_not_tried_again(tmp_path: Path) -> None:
    log = tmp_path / "log"
    path = tmp_path / "counts.py"
    path.write_text(COUNTS.format(log=str(log), deed="import time; time.sleep(600)"))
    found = cells(tmp_path / "run", str(path), jobs=1, setup_timeout=20)
    assert found["failure"].unique().tolist() == ["set-up"]
    assert found["message"].unique().tolist() == ["still running after 20 s"]
    assert log.read_text().split() == ["0"]


SHAPES = '''
from inpaintbench.methods.base import Method


class Shapes(Method):
    """Return a wrong shape first, and a right one then."""

    calls = 0

    def inpaint(self, image, mask):
        type(self).calls += 1
        return image[1:] if self.calls == 1 else image
'''


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False])
def test_arrays_come_back_with_and_without_shared_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: bool
) -> None:
    def full(size: int) -> None:
        raise OSError("no space")

    if not shared:
        monkeypatch.setattr(method_process, "Arena", full)
    path = tmp_path / "shapes.py"
    path.write_text(SHAPES)
    variant = describe_apart(str(path), "cpu")
    image = np.random.default_rng(0).integers(0, 255, (40, 30, 3), np.uint8)
    mask = np.zeros((40, 30), bool)
    process = method_process.MethodProcess(Limits())
    try:
        task = MethodTask(variant.specification, variant.key, "cpu", 0, 60, 60)
        process.set_up(task)
        first = process.call(image, mask, 0, 60).array
        assert first is not None
        assert first.shape == (39, 30, 3)
        for _ in range(2):
            np.testing.assert_array_equal(process.call(image, mask, 0, 60).array, image)
    finally:
        process.end()
