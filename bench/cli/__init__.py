"""Commands: read what a person typed, call the library, print what it says."""

from __future__ import annotations

import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

# What shells report for a program that Ctrl-C ended, and for one whose output nobody reads.
_INTERRUPTED, _UNREAD = 130, 141

# Commands that read runs, which may be somebody else's: no code that they name is loaded.
_READ_RUNS = (
    *("report", "table", "figure", "leaderboard", "compare", "history"),
    *("verify", "replay", "merge", "study", "failures", "export"),
)


def main() -> None:
    """Run the command line; what a person can do something about is one line on standard error."""
    from inpaintbench.cli.output import flush, prepare_streams
    from inpaintbench.plugins import registry

    prepare_streams()
    warnings.formatwarning = _warning
    words = sys.argv[1:]
    arguments = [word for word in words if word not in ("--debug", "--run-code")]
    reads_run = bool(arguments) and arguments[0] in _READ_RUNS
    with registry.code_refused(reads_run and "--run-code" not in words):
        status = _run(arguments, "--debug" in words)
    sys.exit(flush(status))


def _run(arguments: list[str], debug: bool) -> int:
    import typer

    from inpaintbench.cli.application import application
    from inpaintbench.cli.output import reader_gone, say
    from inpaintbench.errors import BenchError, one_line
    from inpaintbench.images.errors import DataError
    from inpaintbench.metrics.base import MetricUnavailable

    try:
        status = typer.main.get_command(application).main(
            arguments, prog_name="inpaintbench", standalone_mode=False
        )
        if status == _INTERRUPTED:
            raise KeyboardInterrupt  # which typer turns into an exit status
        return status if isinstance(status, int) else 0
    except (typer.Abort, KeyboardInterrupt):
        _say("stopped; the same command carries on")
        return _INTERRUPTED
    except BaseException as error:
        if reader_gone():
            return _UNREAD
        if isinstance(error, _usage_error()):
            if type(error).__name__ == "NoArgsIsHelpError":
                say(error.ctx.get_help())
            else:
                _say(error.format_message())
            return 2
        if debug:
            raise
        said = one_line(error)
        if isinstance(error, BenchError | DataError | MetricUnavailable):
            _say(said)
        elif isinstance(error, SystemExit):  # never ours: the commands end by typer's own
            _say(f"something called sys.exit({error.code!r}) ({_place(error)}), nothing was done")
        else:
            _say(
                f"internal error: {type(error).__name__}: {said} "
                "(run again with --debug for the traceback, and please report it)"
            )
        return 1


def _usage_error() -> type[Any]:
    """Return the usage error of the click version that typer uses."""
    import typer

    error: type[Any] = typer.BadParameter.__mro__[1]
    return error


def _place(error: BaseException) -> str:
    """Name the file and line that raised an exception."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "somewhere"


def _warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """Write a warning of ours like an error, in one line; others as Python does."""
    from inpaintbench.errors import visible

    if category is UserWarning and Path(filename).is_relative_to(Path(__file__).parents[1]):
        return visible(f"inpaintbench: warning: {message}\n")
    return visible(f"{filename}:{lineno}: {category.__name__}: {message}\n")


def _say(line: str) -> None:
    from inpaintbench.cli.output import say

    say(f"inpaintbench: {line}", err=True)
