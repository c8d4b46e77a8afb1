"""The table of commands; each lives in a file of its own."""

from __future__ import annotations

from typing import Annotated

import typer

import inpaintbench
from inpaintbench.cli.check import check
from inpaintbench.cli.figure import figure
from inpaintbench.cli.inpaint import inpaint
from inpaintbench.cli.listing import list_plugins
from inpaintbench.cli.masks import masks
from inpaintbench.cli.report import report
from inpaintbench.cli.run import run
from inpaintbench.cli.score import score
from inpaintbench.cli.table import table
from inpaintbench.cli.train import train
from inpaintbench.cli.weights import weights

application = typer.Typer(
    name="inpaintbench",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # markup would swallow brackets: name[parameter=value]
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(inpaintbench.__version__)
        raise typer.Exit


@application.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Measure image inpainting methods: the same holes for everyone, scored, timed and ranked.

    Any command takes --debug, which shows the traceback of an error.
    """


# in the order of the help: measure, look, use, extend
application.command()(run)
application.command()(report)
application.command()(table)
application.command()(figure)
application.command("list")(list_plugins)
application.command()(inpaint)
application.command()(score)
application.command()(masks)
application.command()(check)
application.command()(train)
application.command()(weights)
