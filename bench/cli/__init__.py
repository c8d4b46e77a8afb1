"""Commands: read what a person typed, call the library, print what it says."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; every error that a person can mend is one line on standard error."""
    from inpaintbench.cli.application import application

    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    debug = len(arguments) < len(sys.argv) - 1
    sys.exit(_run(application, arguments, debug))


def _run(application: object, arguments: list[str], debug: bool) -> int:
    import click
    import typer

    from inpaintbench.datasets.base import DataError
    from inpaintbench.errors import BenchError
    from inpaintbench.metrics.base import MetricUnavailable

    assert isinstance(application, typer.Typer)
    try:
        status = typer.main.get_command(application).main(
            arguments, prog_name="inpaintbench", standalone_mode=False
        )
        return status if isinstance(status, int) else 0
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        print("inpaintbench: stopped; the same command carries on", file=sys.stderr)  # noqa: T201
        return 130
    except Exception as error:
        if debug:
            raise
        if isinstance(error, (BenchError, DataError, MetricUnavailable)):
            line = str(error)
        else:
            first = (str(error).splitlines() or [""])[0]
            line = (
                f"internal error: {type(error).__name__}: {first} "
                "(run again with --debug for the traceback, and please report it)"
            )
        print(f"inpaintbench: {line}", file=sys.stderr)  # noqa: T201
        return 1
