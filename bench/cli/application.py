"""The table of commands; each lives in a file of its own."""

from __future__ import annotations

from typing import Annotated

import typer

import inpaintbench
from inpaintbench.cli.check import check
from inpaintbench.cli.compare import compare
from inpaintbench.cli.environments import environments
from inpaintbench.cli.export import export
from inpaintbench.cli.failures import failures
from inpaintbench.cli.figure import figure
from inpaintbench.cli.history import history
from inpaintbench.cli.inpaint import inpaint
from inpaintbench.cli.leaderboard import leaderboard
from inpaintbench.cli.listing import list_plugins
from inpaintbench.cli.masks import masks
from inpaintbench.cli.merge import merge
from inpaintbench.cli.report import report
from inpaintbench.cli.run import run
from inpaintbench.cli.score import score
from inpaintbench.cli.several_values import SeveralValues
from inpaintbench.cli.study import study
from inpaintbench.cli.table import table
from inpaintbench.cli.train import train
from inpaintbench.cli.verify import replay, verify
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

    Any command takes --debug, which shows the traceback of an error. Commands that read a run take
    --run-code, which lets them load the files of code that it names.
    """


# in the order of the help: measure, look, compare, trust, use, extend
application.command(cls=SeveralValues, short_help="Run a benchmark, or what is left of it.")(run)
application.command(cls=SeveralValues, short_help="Say what failed in a run, and where.")(failures)
application.command(cls=SeveralValues, short_help="Write a run's tables and figures again.")(report)
application.command(cls=SeveralValues, short_help="Write one table of one run or several.")(table)
application.command(cls=SeveralValues, short_help="Draw one figure of one run or several.")(figure)
application.command(cls=SeveralValues, short_help="Write a run's filled pictures as files.")(export)
application.command(cls=SeveralValues, short_help="Write a leaderboard as a static site.")(
    leaderboard
)
application.add_typer(study, name="study", short_help="Ask people which results look better.")
application.command(cls=SeveralValues, short_help="Compare two runs: improved, same, worse?")(
    compare
)
application.add_typer(history, name="history", short_help="Follow runs over commits.")
application.command(cls=SeveralValues, short_help="Check that a run is what it claims.")(verify)
application.command(cls=SeveralValues, short_help="Compute one row of a run again.")(replay)
application.command(cls=SeveralValues, short_help="Make one run out of several machines'.")(merge)
application.command(
    "list", cls=SeveralValues, short_help="List methods, datasets, masks, metrics, presets."
)(list_plugins)
application.command(cls=SeveralValues, short_help="Fill the hole of one picture.")(inpaint)
application.command(cls=SeveralValues, short_help="Score folders of images made elsewhere.")(score)
application.command(cls=SeveralValues, short_help="Show, export and verify the masks of a suite.")(
    masks
)
application.command(cls=SeveralValues, short_help="Check that a method keeps the contract.")(check)
application.command(cls=SeveralValues, short_help="Train a learned method.")(train)
application.command(cls=SeveralValues, short_help="Show where model weights are, or fetch them.")(
    weights
)
application.command(
    cls=SeveralValues, short_help="Show the environments that methods have, or remove them."
)(environments)
