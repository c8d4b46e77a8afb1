"""Several draws of a stochastic method, numbered by a parameter of its own or by the harness."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

from inpaintbench.masks.random import RandomStream
from inpaintbench.methods.base import Method
from inpaintbench.plugins.specification import parameter_types, parse

PARAMETER = "draw"
"""What the harness calls the number where a method has no parameter for it."""


class HarnessDraw:
    """A draw that the harness numbers: every seed that the method gets depends on `draw` too."""

    draw: int


def draw_parameter(method: Method) -> str:
    """Return the parameter that numbers a method's draws; empty where it doesn't draw."""
    if method.deterministic:
        return ""
    return _own_parameter(type(method)) or PARAMETER


def _own_parameter(cls: type[Method]) -> str:
    return next((name for name in cls.draw_parameters if name in parameter_types(cls)), "")


def numbers_no_draws(cls: type[Method]) -> bool:
    """Tell whether methods of a class draw without a parameter that numbers the draws."""
    own = PARAMETER in parameter_types(cls) or _own_parameter(cls)
    return not cls.deterministic and not own


@cache
def numbered(cls: type[Method]) -> type[Method]:
    """Give a class that draws, and numbers no draws, the parameter for it."""

    def __init__(self: Any, draw: int = 0, **parameters: Any) -> None:
        if draw < 0:
            raise ValueError("draw must be 0 or more")
        cls.__init__(self, **parameters)
        object.__setattr__(self, PARAMETER, draw)  # frozen or not

    settled: Any = getattr(cls, "__dataclass_params__", None)
    made = dataclasses.make_dataclass(
        cls.__name__,
        [(PARAMETER, int, 0)],
        bases=(cls, HarnessDraw),
        namespace={"name": cls.name, "__doc__": cls.__doc__, "__init__": __init__},
        init=False,
        frozen=settled is not None and settled.frozen,
    )
    made.__module__ = cls.__module__  # whose source it runs
    return made


def seed_of_draw(method: Method, seed: int) -> int:
    """Return the seed that a method gets instead: another for each draw after the first."""
    if not isinstance(method, HarnessDraw):
        return seed
    return RandomStream("draw", seed, method.draw).integer(0, 1 << 31)


def numbered_texts(text: str, parameter: str, count: int) -> list[str]:
    """List the specifications of several draws; itself alone where its number is given."""
    if not parameter or parameter in parse(text).parameters:
        return [text]
    begun = f"{text[:-1]}," if text.endswith("]") else f"{text}["
    return [f"{begun}{parameter}={number}]" for number in range(count)]
