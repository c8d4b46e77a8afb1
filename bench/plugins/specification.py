"""Read and write plugin specifications: ``telea[radius=5]``."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from inpaintbench.errors import BenchError, one_line
from inpaintbench.suggestion import did_you_mean

Value: typing.TypeAlias = bool | int | float | str | None

_FORM = re.compile(r"(?P<name>[^\[\]\s]+)(?:\[(?P<parameters>.*)\])?", re.DOTALL)
_FILE = re.compile(r"(?P<name>.+?\.py)(?:\[(?P<parameters>.*)\])?", re.DOTALL)


@dataclass(frozen=True)
class Specification:
    """A plugin's name and the parameters that a person set, in the order given."""

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse(text: str) -> Specification:
    """Split ``name[key=value,key=value]``, where the name may be a Python file.

    Values hold no ``,`` or ``]``, except between double quotes: ``folder[path="a,b"]``.

    Raises
    ------
    BenchError
        When the text doesn't have that form.
    """
    text = text.strip()
    head = text.partition("[")[0]
    named = _FORM.fullmatch(text) if is_file(head) or not re.search(r"[\\/]", head) else None
    match = named or _FILE.fullmatch(text)  # a folder may hold spaces and brackets
    if not match:
        raise BenchError(f"{text!r} is not of the form name or name[parameter=value,…]")
    parameters: dict[str, str] = {}
    for part in _split(match["parameters"] or ""):
        key, equals, value = part.partition("=")
        key, value = key.strip(), value.strip().strip('"')
        if not equals or not key:
            raise BenchError(f"{text!r}: {part.strip()!r} is not of the form parameter=value")
        if key in parameters:
            raise BenchError(f"{text!r}: parameter {key!r} is set twice")
        parameters[key] = value
    return Specification(match["name"], parameters)


_LONGEST_NAME = 60


def split_name(text: str) -> tuple[str, str]:
    """Split ``Ours=./mine.py[radius=5]`` into the name to show and the specification.

    The name is empty where there is none; a file whose folder has an equals sign keeps it.

    Raises
    ------
    BenchError
        When a name can't stand in a table or before a comma.
    """
    name, equals, rest = text.partition("=")
    if not equals or "[" in name or Path(text.partition("[")[0]).expanduser().is_file():
        return "", text
    name = name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable() or {*name} & {*",]|"}:
        raise BenchError(
            f"{text!r}: a name goes before the =, of up to {_LONGEST_NAME} characters and without "
            "brackets or commas: 'Ours=./mine.py'"
        )
    return name, rest.strip()


def shown(text: str) -> str:
    """Write a specification for people: files and folders by their last part alone."""
    head = text.partition("[")[0]
    if is_file(head):
        text = re.split(r"[\\/]", head)[-1] + text[len(head) :]
    # a folder given by name, or any absolute path that is a whole value
    text = re.sub(r'((?:path|folder)="?)[^",\]]*[\\/](?=[^"\\/,\]])', r"\1", text)
    text = re.sub(r'(="?)(?:~|[A-Za-z]:)?[\\/][^",\]{]*[\\/](?=[^"\\/,\]])', r"\1", text)
    return without_folders(text)


def without_folders(text: str) -> str:
    """Keep the last part of every absolute path in a text: ``/home/me/mine.py`` → ``mine.py``."""
    text = re.sub(r'(?<=File ")[^"\n]*[\\/](?=[^"\n]*")', "", text)  # folders may hold spaces
    return re.sub(r"(?<![\w.:/\\~-])(?:~|[A-Za-z]:)?[\\/](?:[^\s\"'\\/:]+[\\/])+", "", text)


def is_file(name: str) -> bool:
    """Tell whether a plugin's name is that of a file."""
    return name.endswith(".py")


def _split(text: str) -> list[str]:
    """Split at the commas outside double quotes."""
    return [part for part in re.findall(r'(?:"[^"]*"|[^,"])+', text) if part.strip()]


def build(cls: type[typing.Any], parameters: Mapping[str, str]) -> typing.Any:
    """Make an instance of a plugin's dataclass from parameters given as text.

    Raises
    ------
    BenchError
        When a parameter is unknown, not of its type, or refused by the class itself.
    """
    name = cls.name
    fields = parameter_types(cls)
    values: dict[str, Value | Path] = {}
    for key, text in parameters.items():
        if key not in fields:
            known = ", ".join(fields) or "none"
            raise BenchError(
                f"{name} has no parameter {key!r}{did_you_mean(key, fields)} (it has: {known})"
            )
        values[key] = _convert(text, fields[key], f"{name}[{key}={text}]")
    try:
        return cls(**values)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # a person's own code
        kind = "" if isinstance(error, TypeError | ValueError) else f"{type(error).__name__}: "
        raise BenchError(f"{name}: {kind}{one_line(error)}") from error


_resolved: dict[type[typing.Any], Mapping[str, typing.Any]] = {}


def parameter_types(cls: type[typing.Any]) -> Mapping[str, typing.Any]:
    """List the parameters of a plugin's dataclass with their resolved types, in order."""
    if not dataclasses.is_dataclass(cls):
        return {}
    if cls not in _resolved:
        fields = [f for f in dataclasses.fields(cls) if f.init]
        try:
            hints = typing.get_type_hints(cls)
        except Exception:  # names that only type checkers import
            hints = {f.name: _resolve(cls, f) for f in fields}
        _resolved[cls] = {f.name: hints[f.name] for f in fields}
    return _resolved[cls]


def _resolve(cls: type[typing.Any], field: dataclasses.Field[typing.Any]) -> typing.Any:
    """Resolve the type of one field, or take that of its default."""
    if not isinstance(field.type, str):
        return field.type
    owners = (base for base in cls.__mro__ if field.name in inspect.get_annotations(base))
    names = getattr(vars(next(owners)).get("__init__"), "__globals__", {})  # those of its module
    try:
        return eval(field.type, {**vars(typing), "Path": Path, **names})
    except Exception:
        default = _default(cls, field.name)
        plain = isinstance(default, bool | int | float | str | PurePath)
        return type(default) if plain else str | None


def label(plugin: typing.Any) -> str:
    """Write a plugin instance in the shortest form that reads back: only what isn't default."""
    shown = []
    for key, value in settings(plugin).items():
        default = _plain(_default(type(plugin), key))
        if value != default:
            text = _text(value)
            shown.append(f'{key}="{text}"' if re.search(r"[,\]\[\s]", text) else f"{key}={text}")
    name: str = plugin.name
    return f"{name}[{','.join(shown)}]" if shown else name


def settings(plugin: typing.Any) -> dict[str, Value]:
    """List every parameter of a plugin instance with its value, defaults included."""
    return {key: _plain(getattr(plugin, key)) for key in parameter_types(type(plugin))}


def _plain(value: typing.Any) -> typing.Any:
    return str(value) if isinstance(value, PurePath) else value


def _default(cls: type[typing.Any], key: str) -> typing.Any:
    f = next(f for f in dataclasses.fields(cls) if f.name == key)
    return f.default_factory() if callable(f.default_factory) else f.default


def _text(value: Value) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _convert(text: str, kind: typing.Any, where: str) -> Value | Path:
    """Turn text into a parameter's type; unions try their members in the order bool … str."""
    origin = typing.get_origin(kind)
    if origin is typing.Literal:
        options = [str(option) for option in typing.get_args(kind)]
        if text not in options:
            raise BenchError(
                f"{where}: must be one of {', '.join(options)}{did_you_mean(text, options)}"
            )
        return typing.get_args(kind)[options.index(text)]  # type: ignore[no-any-return]
    members = typing.get_args(kind) if origin in (typing.Union, types.UnionType) else (kind,)
    for member, read in _READERS.items():
        if member in members:
            try:
                return read(text)
            except (KeyError, ValueError):
                continue
    names = " or ".join(getattr(member, "__name__", str(member)) for member in members)
    raise BenchError(f"{where}: {text!r} is not of type {names.replace('NoneType', 'none')}")


_READERS: dict[type, typing.Callable[[str], Value | Path]] = {
    bool: lambda text: {"true": True, "yes": True, "false": False, "no": False}[text.lower()],
    int: int,
    float: float,
    type(None): lambda text: {"none": None}[text.lower()],
    Path: Path,
    str: str,
}
