"""Options that take several values in a row: ``--method telea biharmonic``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from typer.core import TyperCommand


class SeveralValues(TyperCommand):
    """A command whose repeatable options take every word up to the next option.

    ``--method telea biharmonic`` means ``--method telea --method biharmonic``, so a positional
    argument goes before such an option.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat the options, then parse as usual."""
        repeatable = {
            name
            for parameter in self.params
            if getattr(parameter, "multiple", False)
            for name in parameter.opts
        }
        return super().parse_args(ctx, list(repeated(args, repeatable)))


def repeated(words: Sequence[str], repeatable: set[str]) -> Iterator[str]:
    """Put each option that is to be repeated, ``--method`` or ``-m``, before all its values."""
    option, has_value = "", False
    for number, word in enumerate(words):
        if word == "--":
            yield from words[number:]
            return
        if word.startswith("-") and word != "-":
            name = word.split("=")[0] if word.startswith("--") else word[:2]
            option = name if name in repeatable else ""
            has_value = word != name
        else:
            if option and has_value:
                yield option
            has_value = True
        yield word
