"""The progress bar of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self, TypeVar

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    track,
)
from rich.progress import Progress as Bars
from rich.text import Text

from inpaintbench.cli.terminal import Terminal
from inpaintbench.execution.progress import Progress

T = TypeVar("T")


def watched(items: Sequence[T], what: str) -> Iterable[T]:
    """Yield items under a bar that goes away at the end; without a terminal there is none."""
    terminal = Terminal(stderr=True)
    return track(items, what, console=terminal, transient=True, disable=not terminal.is_terminal)


class TerminalProgress(Progress):
    """One bar for each pass: what is being worked on, done/total, time left."""

    def __init__(self) -> None:
        self._console = Terminal(stderr=True)
        self._bars = Bars(
            TextColumn("{task.description:<10}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[current]}", style="dim", markup=False),
            console=self._console,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Show the bars."""
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the bars as they are."""
        self.current("")
        self._bars.stop()

    def stage(self, name: str, total: int) -> None:
        """Begin a pass; the same name again corrects its total."""
        for task in self._bars.tasks:
            if task.description == name:
                self._bars.update(task.id, total=total)
                return
        self.current("")
        self._task = self._bars.add_task(name, total=total, current="")

    def current(self, what: str) -> None:
        """Say what is being worked on."""
        if self._task is not None:
            self._bars.update(self._task, current=what)

    def advance(self) -> None:
        """Count one step as finished."""
        if self._task is not None:
            self._bars.advance(self._task)

    def note(self, text: str) -> None:
        """Print a line above the bars."""
        self._console.print(Text.assemble(("!", "yellow"), f" {text}"))
