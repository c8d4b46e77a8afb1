"""Methods of files with a header: known here by what they say of themselves, run elsewhere."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from inpaintbench.environments.conversation import Conversation
from inpaintbench.environments.environment import Environment, provide
from inpaintbench.environments.header import read_header
from inpaintbench.errors import BenchError
from inpaintbench.images.types import Image, Mask
from inpaintbench.methods.base import Method
from inpaintbench.outside import read_as
from inpaintbench.plugins.draws import HarnessDraw
from inpaintbench.plugins.specification import settings

_KINDS: Mapping[str, Any] = {
    **{"bool": bool, "int": int, "float": float, "str": str},
    **{"Path": Path, "None": type(None)},
}


@dataclass(frozen=True)
class _Field:
    """A parameter, as `host` tells it."""

    name: str
    kinds: tuple[str, ...]
    options: tuple[str | int | float | bool | None, ...]
    default: str | int | float | bool | None
    required: bool

    @property
    def type(self) -> Any:
        """The type that a text is read as."""
        if self.options:
            return Literal[self.options]
        return reduce(or_, [_KINDS[kind] for kind in self.kinds])

    @property
    def declared(self) -> tuple[str, Any, Any]:
        """What a dataclass is made of."""
        if self.required:
            return self.name, self.type, dataclasses.field()
        path = self.type is Path and isinstance(self.default, str)
        default = Path(str(self.default)) if path else self.default
        return self.name, self.type, dataclasses.field(default=default)


@dataclass(frozen=True)
class _Facts:
    """What a method's class says of it, as `host` tells it; meanings as in `Method`."""

    name: str
    summary: str
    family: str
    paper: str
    deterministic: bool
    requires: tuple[str, ...]
    trained_on: tuple[str, ...]
    locations: tuple[str, ...]
    draw_parameters: tuple[str, ...]
    sees: str
    prompts: str
    fields: tuple[_Field, ...]
    asks: tuple[str, ...]


class Foreign(Method):
    """A method in an environment of its own; what its class doesn't tell is asked of it there."""

    file: ClassVar[Path]
    environment: ClassVar[Environment]
    asks: ClassVar[tuple[str, ...]]
    idle: ClassVar[list[Conversation]]

    @property
    def making(self) -> dict[str, Any]:
        """What makes the method in its environment."""
        values = settings(self)
        draw = values.pop("draw") if isinstance(self, HarnessDraw) else None
        return {"file": str(self.file), "values": values, "draw": draw}

    def let_go(self) -> None:
        """End the processes that answered for it, where another takes their place."""
        started = vars(self).get("_started")
        for conversation in (*self.idle, *([started] if started else [])):
            conversation.close()

    def inpaint(self, image: Image, mask: Mask, *words: str) -> NDArray[np.generic]:
        """Fill the hole, in a process of its own; its generators are seeded from the global one."""
        seed = int(np.random.randint(1 << 31))  # noqa: NPY002 - the generator that is seeded
        return self._conversation.call(image, mask, seed, words)

    def setup(self, device: str, seed: int) -> None:
        """Set the method up in a process of its own."""
        self._conversation.ask(**{"set up": {"device": device, "seed": seed, "threads": 0}})

    def unavailable(self) -> str | None:
        """Ask what is missing there."""
        found = self._asked("unavailable")
        return None if found is None else str(found)

    def skip(self, shape: tuple[int, int, int], dtype: np.dtype[np.generic]) -> str | None:
        """Ask why such images can't be handled."""
        found = self._asked("skip", [shape, np.dtype(dtype).str])
        return None if found is None else str(found)

    def fingerprint(self) -> str:
        """Ask for what stands for its files."""
        return str(self._asked("fingerprint") or "")

    def programs(self) -> list[Path]:
        """Ask for the Python files that run in processes of their own."""
        return [Path(path) for path in self._asked("programs") or ()]

    def _asked(self, name: str, arguments: list[Any] | None = None) -> Any:
        if name not in self.asks:
            return None
        return self._conversation.ask(ask=name, of=arguments)["answer"]

    @property
    def _conversation(self) -> Conversation:
        """The method's process, started when something is asked of it for the first time."""
        found: Conversation | None = vars(self).get("_started")
        if found is None:
            found = self.idle.pop() if self.idle else Conversation(self.environment)
            found.ask(make=self.making)
            object.__setattr__(self, "_started", found)  # frozen as it is
        return found


@cache
def foreign_class(file: Path, name: str = "") -> type[Foreign] | None:
    """Make a class of what a file says in its environment, or None where it asks for none.

    `name` is the method's name where it isn't what the file says.

    Raises
    ------
    BenchError
        When the environment can't be built, or the file can't be imported there.
    """
    header = read_header(file)
    if header is None:
        return None
    environment = provide(header)
    conversation = Conversation(environment)
    try:
        told = conversation.ask(describe=str(file))["facts"]
    except BenchError as error:
        raise BenchError(f"{file}: can't be imported in its environment: {error}") from error
    facts = read_as(_Facts, json.dumps(told), str(file))
    said = {
        one.name: getattr(facts, one.name)
        for one in dataclasses.fields(facts)
        if one.name not in ("fields", "summary")
    }
    return dataclasses.make_dataclass(
        "Foreign",
        [field.declared for field in facts.fields],
        bases=(Foreign,),
        namespace={
            **said,
            "name": name or facts.name,
            "__module__": __name__,
            "__doc__": facts.summary,
            "file": file,
            "environment": environment,
            "idle": [conversation],
        },
        frozen=True,
        kw_only=True,
    )


class Announced(Method):
    """A method in an environment of its own, of which its file alone was read."""

    file: ClassVar[Path]

    def inpaint(self, image: Image, mask: Mask) -> NDArray[np.generic]:
        """Fail: the class that is made when the environment is there has this method."""
        raise NotImplementedError(f"{self.name}: its environment isn't there yet")


def announced(file: Path, name: str = "") -> type[Announced]:
    """Read name and summary of the method in a file; a `name` that is given counts more."""
    found, summary = re.sub("[^a-z0-9]+", "-", file.stem.lower()).strip("-"), ""
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        for node in ast.parse(file.read_bytes()).body:
            if isinstance(node, ast.ClassDef) and "Method" in map(ast.unparse, node.bases):
                found, summary = _class_name(node), ast.get_docstring(node) or ""
            elif isinstance(node, ast.FunctionDef) and node.name == "inpaint":
                summary = ast.get_docstring(node) or ""
    return type(
        "Announced", (Announced,), {"name": name or found, "__doc__": summary, "file": file}
    )


def _class_name(node: ast.ClassDef) -> str:
    """Return the name that a class gives itself, or its own in kebab-case."""
    for line in node.body:
        if isinstance(line, ast.Assign) and "name" in map(ast.unparse, line.targets):
            with suppress(ValueError):
                return str(ast.literal_eval(line.value))
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", node.name).lower()
