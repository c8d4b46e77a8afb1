"""What commands print: text from outside as it is, in any encoding, whoever reads it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from conftest import Command
from fault_table import record
from rich.table import Table

from inpaintbench.cli import check as check_command
from inpaintbench.cli.progress import TerminalProgress
from inpaintbench.cli.terminal import Terminal
from inpaintbench.errors import one_line, visible
from inpaintbench.images.png import write_png

BRACKETS = ["telea[radius=5]", "[/data/weights]", "[red]r[/red]", "[link=x]", ":smile:", r"\[x]"]
CONTROLS = ["\x1b[2J", "a\rb", "nul\0", "\ud800", "\x9b31m", "\u202eevil", "\x07"]


def shown(*things: object, **options: object) -> str:
    """Print on a terminal with colours, and return what was sent to it."""
    terminal = Terminal(file=StringIO(), width=200, color_system=None, **options)
    for thing in things:
        terminal.print(thing)
    return str(terminal.file.getvalue())  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", BRACKETS)
def test_brackets_are_brackets_wherever_they_stand(text: str) -> None:
    table = Table(title=text)
    table.add_column(text)
    table.add_row(text)
    assert shown(text, table).count(text) == 4


@pytest.mark.parametrize("text", CONTROLS)
def test_what_a_terminal_would_obey_is_shown(text: str) -> None:
    table = Table(title=text)
    table.add_column(text)
    table.add_row(text)
    printed = shown(text, table).replace("\n", "")
    assert printed.isprintable()
    assert visible(text).isprintable()
    assert visible("tab\tand\nline") == "tab\tand\nline"


class Odd(Exception):
    def __str__(self) -> str:
        raise SystemExit("no text")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("one\ntwo"), "one"),
        (ValueError("\n\n  late"), "late"),
        (ValueError("\x1b[31mred"), r"\x1b[31mred"),
        (ValueError(), ""),
        (Odd(), "(its message can't be read: SystemExit)"),
        (KeyError("k"), "'k'"),
    ],
)
def test_any_exception_is_one_line(error: BaseException, line: str) -> None:
    assert one_line(error) == line


def test_a_text_without_end_is_cut() -> None:
    assert len(one_line(ValueError("x" * 10**7))) < 10**4


def test_notes_and_progress_take_any_text(capsys: pytest.CaptureFixture[str]) -> None:
    with TerminalProgress() as progress:
        progress.stage("scoring", 1)
        for text in (*BRACKETS, *CONTROLS):
            progress.current(text)
            progress.note(text)
    printed = capsys.readouterr().err
    for text in BRACKETS:
        assert f"! {text}" in printed
    assert "! \\x1b[2J" in printed
    record(
        "Text with markup",
        len(BRACKETS) + len(CONTROLS),
        "shown as it is; what a terminal would obey is made visible",
        "nothing",
    )


def test_check_shows_its_method_as_it_was_typed(capsys: pytest.CaptureFixture[str]) -> None:
    outcomes: list[object] = []
    console = Terminal()
    console.print(check_command._table("./x [y].py[radius=5]", outcomes))  # type: ignore[arg-type]
    assert "./x [y].py[radius=5]" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "ascii", "utf-8"])
@pytest.mark.parametrize("arguments", [("list", "methods", "--long"), ("list", "metrics", "-l")])
def test_every_encoding_takes_what_is_listed(encoding: str, arguments: tuple[str, ...]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "inpaintbench", *arguments],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.decode(encoding)
    assert b"Traceback" not in ran.stderr


def test_an_encoding_without_a_character_gets_a_plain_one(command: Command) -> None:
    program = (
        "import sys; from inpaintbench.cli.output import prepare_streams, say; "
        "prepare_streams(); say('≈ 3 × 4 ± 1 → \\u2713 \\u6c34 \\ud800')"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=True,
    )
    assert ran.stdout.decode("ascii").strip() == r"~ 3 x 4 +- 1 -> ok \u6c34 \ud800"
    record("Output in another encoding", 5, "what it lacks is written otherwise", "nothing")


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_closed_streams_are_no_error(closed: str) -> None:
    line = f"{sys.executable} -m inpaintbench list presets {closed}"
    ran = subprocess.run(["bash", "-c", line], capture_output=True, check=False)
    assert ran.returncode == 0
    assert b"Error" not in ran.stderr


@pytest.mark.parametrize("arguments", ["list methods -l", "--help", "list presets"])
def test_a_reader_that_leaves_early_ends_it_quietly(arguments: str) -> None:
    line = f"{sys.executable} -m inpaintbench {arguments} | true; echo ${{PIPESTATUS[0]}}"
    ran = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    assert ran.stdout.strip() in ("141", "0")  # 0 where it was all written before


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
FULL = "inpaintbench: the output can't be written: No space left on device"


def to_a_full_device(arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    line = f"exec {sys.executable} -m inpaintbench {arguments} >/dev/full"
    return subprocess.run(["bash", "-c", line], cwd=folder, stderr=subprocess.PIPE, text=True)


@needs_full
@pytest.mark.parametrize("arguments", ["list methods -l", "--help", "--version", "list presets"])
def test_output_that_cannot_be_written_is_one_line(tmp_path: Path, arguments: str) -> None:
    ran = to_a_full_device(arguments, tmp_path)
    assert ran.stderr.splitlines() == [FULL]
    assert ran.returncode == 1


EXITS = '''
from inpaintbench.methods.base import Method


class Exits(Method):
    """End the process in some way."""

    {where}

    def inpaint(self, image, mask):
        {body}
        return image
'''


@pytest.fixture
def picture(tmp_path: Path) -> Iterator[Path]:
    """Write a small picture and a mask."""
    import numpy as np

    from inpaintbench.images.png import write_png

    image = np.full((32, 32, 3), 90, np.uint8)
    mask = np.zeros((32, 32, 1), np.uint8)
    mask[8:16, 8:16] = 255
    write_png(tmp_path / "image.png", image)
    write_png(tmp_path / "mask.png", mask)
    yield tmp_path


@pytest.mark.parametrize(
    ("where", "body", "said"),
    [
        ("import sys; sys.exit()", "", "SystemExit"),
        ("", "import sys; sys.exit(0)", "SystemExit"),
        ("", "raise GeneratorExit('[/x]')", "GeneratorExit: [/x]"),
        ("", "raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("", "import os; os._exit(0)", "status 0"),
        ("", "import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("", "raise ValueError('no weights in [/data/weights] \\x1b[2J')", "[/data/weights] \\x1b"),
        ("", "return image[1:]", "wrong shape"),
    ],
)
def test_whatever_a_method_raises_is_one_line_and_no_success(
    command: Command, picture: Path, where: str, body: str, said: str
) -> None:
    (picture / "exits.py").write_text(EXITS.format(where=where, body=body or "pass"))
    ran = command("inpaint", "image.png", "mask.png", "-m", "./exits.py", "-o", "out.png")
    assert ran.returncode == 1, ran.stderr
    assert not (picture / "out.png").exists()
    assert len(ran.stderr.splitlines()) == 1
    assert said in ran.stderr


def test_a_picture_is_filled(command: Command, picture: Path) -> None:
    ran = command("inpaint", "image.png", "mask.png", "-m", "telea[radius=5]", "-o", "o [x].png")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("o [x].png: written")
    assert (picture / "o [x].png").is_file()


@needs_full
def test_a_command_does_its_work_where_its_output_cannot_be_written(picture: Path) -> None:
    ran = to_a_full_device("inpaint image.png mask.png -m telea -o out.png", picture)
    assert ran.stderr.splitlines()[-1] == FULL
    assert ran.returncode == 1
    assert (picture / "out.png").is_file()


def test_code_from_outside_that_exits_is_no_success(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from inpaintbench import cli
    from inpaintbench.plugins import registry

    def leave() -> None:
        raise SystemExit(0)

    monkeypatch.setattr(registry, "methods", leave)
    assert cli._run(["list"], debug=False) == 1
    said = capsys.readouterr().err
    assert "sys.exit(0)" in said
    assert "test_output.py" in said


@pytest.mark.parametrize("out", ["image.png", "mask.png"])
def test_inpaint_does_not_overwrite_what_it_reads(
    command: Command, tmp_path: Path, out: str
) -> None:
    for name, value in (("image.png", 9), ("mask.png", 255)):
        write_png(tmp_path / name, np.full((8, 8, 1), value, np.uint8))
    before = (tmp_path / out).read_bytes()
    ran = command("inpaint", "image.png", "mask.png", "-o", out)
    assert ran.returncode != 0
    assert f"{out}: is the file {out} itself" in ran.stderr
    assert (tmp_path / out).read_bytes() == before


def test_a_run_says_before_it_starts_where_its_images_can_tell_nothing(command: Command) -> None:
    words = ("run", "-d", "textures[size=32]", "--masks", "large-regions", "--metric", "psnr")
    methods = ("-m", "mean-fill", "-m", "telea", "--no-timing", "--no-report")
    few = command(*words, *methods, "--limit", "5", "-o", "few")
    assert few.returncode == 0
    said = few.stderr.index("too few images to tell any two of 2 methods apart")
    assert "in all datasets and suites together: 6 are needed (--limit)" in few.stderr
    assert said < few.stderr.index("inpainting")
    assert "too few" not in command(*words, *methods, "--limit", "6", "-o", "enough").stderr
