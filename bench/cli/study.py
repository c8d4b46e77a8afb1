"""``inpaintbench study``: blind comparisons by people, from the page to what their votes say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from inpaintbench.cli.options import Run, ShownDatasets, ShownMasks, ShownMethods
from inpaintbench.cli.output import say
from inpaintbench.cli.several_values import SeveralValues

if TYPE_CHECKING:
    from inpaintbench.study.key import Pair
    from inpaintbench.study.proposal import Proposal
    from inpaintbench.study.votes import Collected

study = typer.Typer(
    help="Ask people which results look better, and say what their votes mean.",
    no_args_is_help=True,
)

_Study: TypeAlias = Annotated[
    Path, typer.Argument(metavar="STUDY", help="Folder of the study, with its key.json.")
]
_Votes: TypeAlias = Annotated[
    list[Path],
    typer.Argument(
        metavar="VOTES…", help="Files of votes; further studies' folders to put together."
    ),
]
_PerRater: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Pairs that a rater sees, at most, without the checks.")
]
_Checks: TypeAlias = Annotated[
    int,
    typer.Option(min=0, help="Repeated pairs, and trivial ones, a rater sees; 4 or more, or 0."),
]


@study.command(cls=SeveralValues)
def make(
    run: Run,
    output: Annotated[Path, typer.Option("--out", "-o", help="Folder of the study.")],
    method: ShownMethods = None,
    dataset: ShownDatasets = None,
    masks: ShownMasks = None,
    pairs: Annotated[int, typer.Option(min=1, help="Pairs in all, at most.")] = 200,
    per_rater: _PerRater = 60,
    checks: _Checks = 8,
    seed: Annotated[int, typer.Option(min=0, help="Draws the pairs.")] = 0,
    title: Annotated[str, typer.Option(help="Title of the page.")] = "",
    question: Annotated[str, typer.Option(help="What raters are asked.")] = "",
    original: Annotated[
        bool,
        typer.Option("--show-original/--no-original", help="Let raters look at the true picture."),
    ] = False,
    pixels: Annotated[
        bool, typer.Option("--pixels/--smooth", help="How small pictures are enlarged.")
    ] = False,
) -> None:
    """Make a page on which raters compare the results of a run, two by two and blind.

    OUTPUT/page is for the raters; OUTPUT/key.json says what is what, and stays with you.
    """
    from inpaintbench.report.opening import open_runs
    from inpaintbench.study.key import Look
    from inpaintbench.study.making import draw_study, read_field, write_study

    with open_runs([run], method or (), dataset or (), masks or ()) as opened:
        field = read_field(opened.summary.rows)
        design = draw_study(field, opened.pictures, pairs, per_rater, checks, seed)
        usual = Look()
        look = Look(title or usual.title, question or usual.question, pixels, original)
        write_study(output, field, design, opened.pictures, look, run=run, seed=seed)
    if field.left_out:
        say(f"Left out: {field.left_out} cases that not every method finished.")
    _say_written(output, design)


def _say_written(output: Path, design: list[list[Pair]]) -> None:
    """Say what a study holds, and what to do with it."""
    from inpaintbench.study.key import KEY, PairKind

    counted = sum(pair.kind is PairKind.counted for part in design for pair in part)
    checks = sum(map(len, design)) - counted
    longest = max(map(len, design))
    size = sum(path.stat().st_size for path in (output / "page").rglob("*.png")) / 1e6
    say(f"{counted} pairs and {checks} checks; a rater sees {longest} of them.")
    say(f"For the raters: {output / 'page' / 'index.html'} ({size:.1f} MB of pictures)")
    say(f"Keep to yourself: {output / KEY}")


@study.command(cls=SeveralValues)
def fit(
    study: _Study,
    votes: _Votes,
    output: Annotated[
        Path | None, typer.Option("--out", "-o", help="Directory [STUDY/results].")
    ] = None,
) -> None:
    """Say what the votes mean: strengths of the methods, ranks with ties, raters, agreement."""
    from inpaintbench.report import markdown
    from inpaintbench.study.results import fit as fit_votes
    from inpaintbench.study.tables import strength_table
    from inpaintbench.study.writing import write_results

    result = fit_votes(_collect(study, votes))
    folder = output or study / "results"
    written = write_results(folder, result)
    say(markdown.write(strength_table(result)))
    say(f"Written: {', '.join(path.name for path in written)} in {folder}")


@study.command(cls=SeveralValues)
def agreement(
    study: _Study,
    run: Run,
    votes: _Votes,
    output: Annotated[
        Path | None, typer.Option("--out", "-o", help="Directory [STUDY/results].")
    ] = None,
) -> None:
    """Say how well each metric of the run predicts the votes."""
    from inpaintbench.report import markdown
    from inpaintbench.storage.runs import read_run
    from inpaintbench.study.agreement import compare_with_metrics
    from inpaintbench.study.tables import agreement_table
    from inpaintbench.study.writing import write_predictions

    result = compare_with_metrics(_collect(study, votes), read_run(run))
    folder = output or study / "results"
    written = write_predictions(folder, result)
    say(markdown.write(agreement_table(result)))
    say(f"Written: {', '.join(path.name for path in written)} in {folder}")


@study.command("next", cls=SeveralValues)
def propose_next(
    study: _Study,
    votes: _Votes,
    pairs: Annotated[int, typer.Option(min=1, help="Pairs to propose.")] = 100,
    output: Annotated[
        Path | None, typer.Option("--out", "-o", help="Make a study of them there.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(help="Where the run lies now [where the study was made from].")
    ] = None,
    per_rater: _PerRater = 60,
    checks: _Checks = 8,
    seed: Annotated[int, typer.Option(min=0, help="Draws the cases.")] = 1,
) -> None:
    """Propose the pairs that would tell most, given the votes; make a study of them."""
    from inpaintbench.study.making import Field, draw_study, write_study
    from inpaintbench.study.proposal import propose

    collected = _collect(study, votes)
    proposal = propose(collected, pairs)
    _say_proposal(proposal)
    if output is None:
        return
    from inpaintbench.report.opening import open_runs

    key = collected.keys[0]
    source = run or Path(key.run)
    field = Field(key.methods, key.cases)
    shown = [pair for known in collected.keys for pair in known.counted]
    with open_runs([source]) as opened:
        key.refuse_other(opened.summary.rows)
        design = draw_study(
            field, opened.pictures, pairs, per_rater, checks, seed, proposal.pairs, shown
        )
        write_study(output, field, design, opened.pictures, key.look, run=source, seed=seed)
    _say_written(output, design)


def _say_proposal(proposal: Proposal) -> None:
    if proposal.decided:
        say("All methods can be told apart; these pairs would sharpen their strengths.")
    for (one, other), number in proposal.numbers.items():
        say(f"{number:6} × {one} against {other}")


def _collect(study: Path, votes: list[Path]) -> Collected:
    from inpaintbench.errors import BenchError
    from inpaintbench.study.votes import collect

    if not study.is_dir():
        raise BenchError(f"{study}: isn't the folder of a study")
    return collect([study, *votes])
