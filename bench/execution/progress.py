"""Where a run tells how far it is."""

from __future__ import annotations


class Progress:
    """Where a run tells how far it is; this one shows it to nobody."""

    def stage(self, name: str, total: int) -> None:
        """Begin a pass of `total` steps; the same name again corrects its total."""

    def current(self, what: str) -> None:
        """Say what is being worked on."""

    def advance(self) -> None:
        """Count one step as finished."""

    def note(self, text: str) -> None:
        """Tell the person something that matters for the results."""
