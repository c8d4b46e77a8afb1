"""The progress bar of a run."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread
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

from inpaintbench.cli.output import say
from inpaintbench.cli.terminal import Terminal
from inpaintbench.execution.progress import Progress

T = TypeVar("T")

_SECONDS, _UNCHANGED_SECONDS = 4.0, 60.0
"""Between two lines of progress, and where nothing has changed."""


def watched(items: Sequence[T], what: str) -> Iterable[T]:
    """Yield items under a bar that goes away at the end; without a terminal there is none."""
    terminal = Terminal(stderr=True)
    return track(items, what, console=terminal, transient=True, disable=not terminal.is_terminal)


def progress() -> TerminalProgress | LineProgress:
    """Return what shows progress on standard error: bars, or lines where it is no terminal."""
    return TerminalProgress() if Terminal(stderr=True).is_terminal else LineProgress()


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
                self._task = task.id
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


class LineProgress(Progress):
    """A line every few seconds, for a log or a notebook: the pass, done/total, time left."""

    def __init__(self) -> None:
        self._ended = Event()
        self._passes: dict[str, _Pass] = {}
        self._now = _Pass("", 0)
        self._what = ""

    def __enter__(self) -> Self:
        """Begin to write lines."""
        Thread(target=self._write_lines, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        """Write no more."""
        self._ended.set()

    def stage(self, name: str, total: int) -> None:
        """Begin a pass; the same name again corrects its total."""
        self._now = self._passes.setdefault(name, _Pass(name, total))
        self._now.total, self._what = total, ""

    def current(self, what: str) -> None:
        """Say what is being worked on."""
        self._what = what

    def advance(self) -> None:
        """Count one step as finished; the last of a pass is told at once."""
        self._now.done += 1
        if self._now.done == self._now.total:
            say(self._now, err=True)

    def note(self, text: str) -> None:
        """Write a line that matters for the results."""
        say(f"! {text}", err=True)

    def _write_lines(self) -> None:
        """Write a line where something has changed, and now and then where nothing has."""
        written, last = "", time.monotonic()
        while not self._ended.wait(_SECONDS):
            line = str(self._now)
            if self._now.done < self._now.total and (
                line != written or time.monotonic() - last > _UNCHANGED_SECONDS
            ):
                written, last = line, time.monotonic()
                say(f"{line}{self._now.left()}{self._what and f': {self._what}'}", err=True)


@dataclass
class _Pass:
    """A pass of a run, and how far it is."""

    name: str
    total: int
    done: int = 0
    begun: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        return f"{self.name} {self.done}/{self.total}"

    def left(self) -> str:
        """Say how long it will take at the rate until now; nothing before the first step."""
        if not self.done:
            return ""
        seconds = (time.monotonic() - self.begun) * (self.total - self.done) / self.done
        return f", about {timedelta(seconds=round(seconds))} left"
