"""Any program: files in, file out, and a clear line when it goes wrong."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from inpaintbench.methods.command import Command
from inpaintbench.planning.keys import method_key

PAINT = """
import sys, cv2, numpy as np
image = cv2.imread(sys.argv[1], cv2.IMREAD_UNCHANGED)
mask = cv2.imread(sys.argv[2], cv2.IMREAD_UNCHANGED)
assert mask.ndim == 2 and set(np.unique(mask)) <= {0, 255}
image[mask == 255] = np.iinfo(image.dtype).max // 5
cv2.imwrite(sys.argv[3], image)
"""


def program(folder: Path, code: str) -> str:
    path = folder / "program.py"
    path.write_text(code)
    words = [sys.executable, str(path)]
    return " ".join([*map(shlex.quote, words), "{image} {mask} {output}"])


@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 3), ("uint8", 1), ("uint16", 3)])
def test_it_fills(dtype, channels, tmp_path):
    highest = np.iinfo(dtype).max
    image = np.random.default_rng(0).integers(0, highest, (12, 17, channels), dtype=dtype)
    mask = np.zeros((12, 17), dtype=bool)
    mask[2:9, 3:8] = True
    filled = Command(run=program(tmp_path, PAINT)).inpaint(image, mask)
    assert filled.dtype == image.dtype
    assert (filled[mask] == highest // 5).all()
    assert (filled[~mask] == image[~mask]).all()


def test_the_mask_can_be_white_where_known(tmp_path):
    image = np.full((8, 8, 3), 100, dtype=np.uint8)
    mask = np.zeros((8, 8), dtype=bool)
    mask[:4] = True
    filled = Command(run=program(tmp_path, PAINT), mask="known").inpaint(image, mask)
    assert (filled[:4] == 100).all()
    assert (filled[4:] == 51).all()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit('out of film')", "status 1: out of film"),
        ("raise SystemExit(3)", "status 3: it said nothing"),
        ("", "wrote no result"),
        ("import sys; open(sys.argv[3], 'w').write('no picture')", "not a picture"),
    ],
)
def test_failures_are_one_clear_line(code, said, tmp_path):
    image, mask = np.zeros((8, 8, 3), np.uint8), np.eye(8, dtype=bool)
    with pytest.raises((RuntimeError, ValueError), match=said):
        Command(run=program(tmp_path, code)).inpaint(image, mask)


def test_no_shell_reads_the_command(tmp_path):
    said = "import sys; sys.exit(sys.argv[4])"
    with pytest.raises(RuntimeError, match=r"\$HOME; echo gone"):
        run = program(tmp_path, said) + " '$HOME; echo gone'"
        Command(run=run).inpaint(np.zeros((8, 8, 3), np.uint8), np.eye(8, dtype=bool))


@pytest.mark.parametrize("prompt", ["a wall; rm '{output}' \"$HOME\"", "", "砖墙"])
def test_a_prompt_is_one_argument_whatever_is_in_it(prompt, tmp_path):
    said = "import sys; sys.exit(repr(sys.argv[4:]))"
    with pytest.raises(RuntimeError) as caught:
        run = program(tmp_path, said) + " --prompt={prompt}"
        Command(run=run).inpaint(np.zeros((8, 8, 3), np.uint8), np.eye(8, dtype=bool), prompt)
    assert str(caught.value).endswith(repr([f"--prompt={prompt}"]))


def test_a_program_is_shown_objects_if_it_asks():
    assert Command().sees == "known"
    assert Command(shown="input").sees == "input"


def test_what_cannot_work_is_refused():
    with pytest.raises(ValueError, match=r"must name \{mask\}, \{output\}"):
        Command(run="fill {image}")
    assert "no command line" in Command().unavailable()
    absent = Command(run="no-such-program {image} {mask} {output}")
    assert absent.unavailable() == "no-such-program: no such program"


def test_the_program_is_part_of_the_key(tmp_path):
    run = program(tmp_path, PAINT)
    before = Command(run=run).fingerprint()
    assert Command(run=run).fingerprint() == before
    (tmp_path / "program.py").write_text(PAINT + "\n# changed")
    assert Command(run=run).fingerprint() != before


@pytest.mark.parametrize(
    "word", ["w.txt", "--ckpt=w.txt", "ckpt:w.txt", "-cw.txt", "--data=a:w.txt:ro", "-c=w.txt"]
)
def test_files_named_inside_options_are_part_of_the_key(word, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    weights = tmp_path / "w.txt"
    weights.write_text("1")
    method = Command(run=f"true {word} {{image}} {{mask}} {{output}}")
    before = method.fingerprint()
    weights.write_text("2")
    assert method.fingerprint() != before


def test_what_a_script_imports_is_part_of_the_key(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "core.py").write_text("VALUE = 1")
    (tmp_path / "other.py").write_text("")
    method = Command(run=program(tmp_path, "from lib.core import VALUE"))
    before = method_key(method, "cpu")
    (tmp_path / "other.py").write_text("VALUE = 2")
    assert method_key(method, "cpu") == before
    (tmp_path / "lib" / "core.py").write_text("VALUE = 200")
    assert method_key(method, "cpu") != before


@pytest.mark.skipif(sys.platform != "linux", reason="the guard is Linux's")
def test_the_program_dies_with_its_worker(tmp_path):
    """A timeout kills the worker; nothing of the program may be left to burn the machine."""
    alive = tmp_path / "alive"
    code = (
        "import pathlib, sys, time\n"
        f"for _ in range(200): pathlib.Path({str(alive)!r}).write_text(str(time.time())); "
        "time.sleep(.05)"
    )
    worker = (
        "import numpy as np\n"
        "from inpaintbench.methods.command import Command\n"
        f"Command(run={program(tmp_path, code)!r})"
        ".inpaint(np.zeros((8, 8, 3), np.uint8), np.eye(8, dtype=bool))"
    )
    process = subprocess.Popen([sys.executable, "-c", worker])
    deadline = time.monotonic() + 30
    while not alive.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.wait()
    time.sleep(0.5)
    last = alive.read_text()
    time.sleep(0.5)
    assert alive.read_text() == last


DOCUMENTED = (Path(__file__).resolve().parent.parent / "docs" / "adapters.md").read_text("utf-8")
PERL = shutil.which("perl") or "false"
HAS_PERL = not subprocess.run([PERL, "-MJSON::PP", "-e", "1"], check=False).returncode


def staying(folder: Path, code: str) -> Command:
    path = folder / "stays.py"
    path.write_text(code)
    return Command(run=shlex.join([sys.executable, str(path)]), keep_running=True)


def example(name: str) -> str:
    """Take a program out of the documentation."""
    return DOCUMENTED.split(f"# {name}\n")[1].split("```")[0]


@pytest.mark.parametrize(
    ("name", "interpreter", "filled"),
    [
        ("fill.py", sys.executable, 100),
        pytest.param(
            "fill.pl", "perl", 128, marks=pytest.mark.skipif(not HAS_PERL, reason="no Perl")
        ),
    ],
)
def test_the_documented_programs_stay_and_fill(name, interpreter, filled, tmp_path):
    path = tmp_path / name
    path.write_text(example(name))
    method = Command(run=shlex.join([interpreter, str(path)]), keep_running=True)
    method.setup("cpu", 0)
    for shape in ((8, 9, 3), (40, 33, 1)):
        image, mask = np.full(shape, 100, np.uint8), np.zeros(shape[:2], dtype=bool)
        mask[2:5, 3:7] = True
        result = method.inpaint(image * ~mask[..., None], mask)
        assert result.shape == shape
        assert result.dtype == np.uint8
        assert (result[mask] == filled).all()
        assert (result[~mask] == 100).all()


def test_a_program_that_stays_is_told_all_and_started_once(tmp_path):
    code = """
import json, os, sys
print("{}", flush=True)
while line := sys.stdin.buffer.readline():
    request = json.loads(line)
    sys.stdin.buffer.read(8 * 8 * 4)
    print(json.dumps({"failed": [os.getpid(), request]}), flush=True)
"""
    method = staying(tmp_path, code)
    method.setup("cpu", 0)
    told = []
    for _ in range(2):
        with pytest.raises(RuntimeError) as caught:
            np.random.seed(3)  # noqa: NPY002 - as the harness does
            method.inpaint(np.zeros((8, 8, 3), np.uint8), np.eye(8, dtype=bool), "a wall\n砖")
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert "'prompt': 'a wall\\n砖'" in told[0]
    assert "'seed': " in told[0]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit(4)", "ended with status 4"),
        ("print('loading the network')", "standard error"),
        ("print('[]')", "standard error"),
        ("print('{}'); import sys; sys.stdout.flush(); input(); sys.exit(5)", "status 5"),
        (
            "print('{}', flush=True); input(); print('{}'); print('short', end='')",
            "ended with status 0",
        ),
        ("print('{}', flush=True); input(); print('{\"dtype\": \"object\"}')", "object"),
        ("print('{}'); print('too early')", "too early"),
    ],
)
def test_what_a_program_that_stays_does_wrong_is_one_clear_line(code, said, tmp_path):
    method = staying(tmp_path, code)
    with pytest.raises((RuntimeError, ValueError, TypeError), match=said) as caught:
        method.setup("cpu", 0)
        method.inpaint(np.zeros((8, 8, 3), np.uint8), np.eye(8, dtype=bool))
    assert "\n" not in str(caught.value)


CHATTY = """
import sys
sys.stdout.write("{}\\n")
sys.stdout.flush()
first = True
while sys.stdin.buffer.readline():
    image = sys.stdin.buffer.read(8 * 8 * 3)
    sys.stdin.buffer.read(8 * 8)
    if first and image[0] == 0:
        sys.stdout.write(NOISE)
    first = False
    sys.stdout.flush()
    sys.stdout.buffer.write(b"{}\\n" + image + EXTRA)
    sys.stdout.flush()
"""


@pytest.mark.parametrize(
    ("noise", "extra"), [("a warning\\n", b""), ("{}\\n", b""), ("", b"12345")]
)
def test_no_answer_is_taken_for_that_to_another_request(noise, extra, tmp_path):
    """A program out of step is ended, and a new one fills the next image."""
    code = CHATTY.replace("NOISE", f'"{noise}"').replace("EXTRA", repr(extra))
    method = staying(tmp_path, code)
    method.setup("cpu", 0)
    mask = np.eye(8, dtype=bool)
    for value in range(3):
        image = np.full((8, 8, 3), value, np.uint8)
        try:
            result = method.inpaint(image, mask)
        except RuntimeError as error:
            assert "standard error" in str(error) or "JSON" in str(error)
        else:
            assert (result == image).all()


@pytest.mark.parametrize(
    ("run", "said"),
    [("fill {image}", "leave {image} out"), ("python3 -m package.fill", "script's file")],
)
def test_command_lines_that_would_mislead_are_refused(run, said):
    with pytest.raises(ValueError, match=said):
        Command(run=run, keep_running=True)
