"""How every command reads its words: several values in a row or by commas, and old spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

ALIASES = {"--methods": "--method", "--output": "--out", "--datasets": "--dataset"}
"""Earlier spellings of options, which aren't shown, and what they are now."""


class SeveralValues(TyperCommand):
    """A command whose repeatable options take every word up to the next option, and commas.

    ``--method telea,biharmonic nearest`` means ``--method telea --method biharmonic --method
    nearest``. Where no word would be left for an argument of the command, such an option takes one
    word alone: ``table leaderboard -m telea RUN``.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        for parameter in self.params:
            _name_type(parameter)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Spell the options as they are now, and repeat those that are given several values."""
        known = {name for parameter in self.params for name in parameter.opts}
        words = [_spelled(word, known) for word in args]
        several = [p for p in self.params if getattr(p, "multiple", False)]
        repeatable = {name for parameter in several for name in parameter.opts}
        texts = {name for p in several if not _takes_paths(p) for name in p.opts}
        try:
            return super().parse_args(ctx, list(divided(repeated(words, repeatable), texts)))
        except _missing_parameter():
            ctx.params.clear()
            return super().parse_args(ctx, list(divided(words, texts)))


def _missing_parameter() -> type[Exception]:
    """Return the missing-parameter error of the click version that typer uses."""
    import typer

    bases = typer.BadParameter.__subclasses__()
    found: type[Exception] = next(one for one in bases if one.__name__ == "MissingParameter")
    return found


def _spelled(word: str, known: set[str]) -> str:
    name, equals, value = word.partition("=")
    return ALIASES[name] + equals + value if name in ALIASES.keys() - known else word


def _takes_paths(parameter: Any) -> bool:
    return "Path" in str(parameter.type_descriptor.annotation)


def _name_type(parameter: Any) -> None:
    """Have the help write ``METHOD…`` for an option that takes several texts."""
    shown = parameter.display_type_rich

    def display(ctx: Any) -> str:
        text = shown(ctx) or ""
        several = re.fullmatch(r"<list\[(.*)\]>", text)
        if not several:
            return text
        if "|" in several[1]:
            return f"<{several[1]}>…"
        return (
            ""
            if parameter.metavar and parameter.metavar.endswith("…")
            else (f"{parameter.metavar or parameter.name.upper()}…")
        )

    parameter.display_type_rich = display


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


def divided(words: Iterator[str] | Sequence[str], options: set[str]) -> Iterator[str]:
    """Divide the values of options at commas: ``-m a,b`` is ``-m a -m b``."""
    option = ""
    for word in words:
        name, equals, value = word.partition("=")
        if option:
            first, *others = separated([word]) or [word]
            yield first
            yield from (part for one in others for part in (option, one))
            option = ""
        elif word in options:
            option = word
            yield word
        elif equals and name in options:
            yield from (f"{name}={one}" for one in separated([value]) or [""])
        else:
            yield word


def separated(texts: Sequence[str] | None) -> list[str]:
    """Split names at commas, except in brackets, and in the name of a file that is there."""
    names: list[str] = []
    for text in texts or ():
        depth, start = 0, 0
        if Path(text.partition("[")[0]).is_file():
            names.append(text)
            continue
        for i, character in enumerate(text):
            depth += (character == "[") - (character == "]")
            if character == "," and depth == 0:
                names.append(text[start:i])
                start = i + 1
        names.append(text[start:])
    return [name.strip() for name in names if name.strip()]
