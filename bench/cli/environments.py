"""``inpaintbench environments``: those that methods have of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inpaintbench.cli.output import say

if TYPE_CHECKING:
    from inpaintbench.environments.environment import Environment


def environments(
    build: Annotated[
        list[Path] | None,
        typer.Option(
            "--build", metavar="FILE", help="Build that of a method's file; may be repeated."
        ),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="ID", help="Remove one; may be repeated; all for all."),
    ] = None,
) -> None:
    """Show the environments that methods have of their own, build or remove them.

    A method's file that begins with a header of PEP 723 (# /// script) runs in one. They are kept
    in the user's cache, and built when they are needed.
    """
    from inpaintbench.environments.environment import provide
    from inpaintbench.environments.header import read_header
    from inpaintbench.errors import BenchError

    for file in build or ():
        header = read_header(file.expanduser().resolve())
        if header is None:
            raise BenchError(f"{file}: {'has no header' if file.is_file() else 'no such file'}")
        say(f"{file}: {provide(header).folder}")
    if remove:
        _remove(remove)
    if not build and not remove:
        _show()


def _remove(wanted: list[str]) -> None:
    from inpaintbench.environments.environment import known, remove, unfinished
    from inpaintbench.errors import BenchError
    from inpaintbench.suggestion import did_you_mean

    folders = {one.folder.name: one.folder for one in known()}
    everything = [*folders.values(), *unfinished()]
    for name in wanted:
        if name != "all" and name not in folders:
            near = did_you_mean(name, folders)
            raise BenchError(f"no environment is called {name!r}{near}")
    for folder in everything if "all" in wanted else [folders[name] for name in wanted]:
        remove(folder)
        say(f"{folder}: removed")


def _show() -> None:
    """List every environment with what it was built of, and what uses it."""
    from inpaintbench.cli.terminal import Terminal
    from inpaintbench.environments.environment import cache_folder, known, unfinished
    from inpaintbench.images.download import megabytes

    console = Terminal()
    found = known()
    sizes = [one.size for one in found]
    for one, size in zip(found, sizes, strict=True):
        console.print(f"{one.folder.name}  {megabytes(size)}, {one.record.built}", soft_wrap=True)
        for label, text in _facts(one):
            console.print(f"    {label}: {text}", soft_wrap=True)
    for folder in unfinished():
        console.print(f"{folder.name}  unfinished", soft_wrap=True)
    console.print(f"{len(found)} in {cache_folder()}, {megabytes(sum(sizes))}", soft_wrap=True)


def _facts(one: Environment) -> list[tuple[str, str]]:
    wanted = ", ".join(one.record.dependencies) or "nothing but numpy"
    state = ", locked" if one.record.lock else ", its lock file is stale" * one.record.stale
    count = len(one.record.versions)
    packages = f"{count} package{'' if count == 1 else 's'}"
    return [
        ("asked for", wanted),
        ("holds", f"Python {one.record.python} and {packages}{state}"),
        ("used by", ", ".join(one.files)),
    ]
