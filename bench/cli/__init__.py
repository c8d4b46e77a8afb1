"""Commands: read what a person typed, call the library, print what it says."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

# What shells report for a program that Ctrl-C ended.
_INTERRUPTED = 130


def main() -> None:
    """Run the command line; every error that a person can mend is one line on standard error."""
    from inpaintbench.cli.application import application

    warnings.formatwarning = _warning
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    sys.exit(_run(application, arguments, debug))


def _run(application: object, arguments: list[str], debug: bool) -> int:
    import typer

    from inpaintbench.datasets.base import DataError
    from inpaintbench.errors import BenchError
    from inpaintbench.metrics.base import MetricUnavailable

    assert isinstance(application, typer.Typer)
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
    except (BenchError, DataError, MetricUnavailable) as error:
        if debug:
            raise
        _say(str(error))
        return 1
    except Exception as error:
        if isinstance(error, _usage_error()):
            message = error.format_message()
            _say(message) if message else print(error.ctx.get_help())  # noqa: T201
            return 2
        if debug:
            raise
        first = (str(error).splitlines() or [""])[0]
        _say(
            f"internal error: {type(error).__name__}: {first} "
            "(run again with --debug for the traceback, and please report it)"
        )
        return 1


def _usage_error() -> type[Any]:
    """Return what is raised for words that can't be read, of the click that typer stands on."""
    import typer

    error: type[Any] = typer.BadParameter.__mro__[1]
    return error


def _warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    line: str | None = None,
) -> str:
    """Write a warning of ours like an error, in one line; others as Python does."""
    if category is UserWarning and Path(filename).is_relative_to(Path(__file__).parents[1]):
        return f"inpaintbench: warning: {message}\n"
    return f"{filename}:{lineno}: {category.__name__}: {message}\n"


def _say(line: str) -> None:
    print(f"inpaintbench: {line}", file=sys.stderr)  # noqa: T201
