"""Specifications read and written: ``telea[radius=5]``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inpaintbench.errors import BenchError
from inpaintbench.plugins.specification import Specification, build, label, parse, settings


@dataclass(frozen=True)
class Plugin:
    name: ClassVar[str] = "plugin"
    count: int = 3
    ratio: float = 0.5
    exact: bool = False
    path: str = ""
    radius: int | None = None
    mode: Literal["fast", "best"] = "fast"

    def __post_init__(self) -> None:
        if self.count < 0:
            raise ValueError("count must not be negative")


def make(text: str) -> Plugin:
    return build(Plugin, parse(text).parameters)


def test_a_bare_name_has_no_parameters() -> None:
    assert parse(" telea ") == Specification("telea", {})


def test_parameters_are_split_at_commas_outside_quotes() -> None:
    assert parse('folder[path="a,b", size=3]').parameters == {"path": "a,b", "size": "3"}


@pytest.mark.parametrize(
    ("text", "name", "parameters"),
    [
        ("m.py", "m.py", {}),
        ("./m.py[level=1]", "./m.py", {"level": "1"}),
        ("/my drive/m.py", "/my drive/m.py", {}),
        ("/my drive/a method.py[level=1]", "/my drive/a method.py", {"level": "1"}),
        ("/drive [2]/m.py[level=1]", "/drive [2]/m.py", {"level": "1"}),
        ("/drive[2]/m.py", "/drive[2]/m.py", {}),
        ("m.py[other=/b/n.py]", "m.py", {"other": "/b/n.py"}),
        ("pickled[path=/a b/n.py]", "pickled", {"path": "/a b/n.py"}),
    ],
)
def test_a_name_may_be_a_file_in_any_folder(
    text: str, name: str, parameters: dict[str, str]
) -> None:
    assert parse(text) == Specification(name, parameters)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plugin[count=5]", Plugin(count=5)),
        ("plugin[ratio=2]", Plugin(ratio=2.0)),
        ("plugin[exact=yes,mode=best]", Plugin(exact=True, mode="best")),
        ("plugin[radius=7]", Plugin(radius=7)),
        ("plugin[radius=none]", Plugin()),
    ],
)
def test_values_take_the_type_of_their_field(text: str, expected: Plugin) -> None:
    assert make(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("plugin[count", "not of the form name"),
        ("plugin[count]", "not of the form parameter=value"),
        ("plugin[count=1,count=2]", "set twice"),
        ("plugin[cuont=1]", "did you mean 'count'"),
        ("plugin[count=many]", "not of type int"),
        ("plugin[exact=1]", "not of type bool"),
        ("plugin[radius=wide]", "not of type int or none"),
        ("plugin[mode=bset]", "did you mean 'best'"),
        ("plugin[count=-1]", "count must not be negative"),
    ],
)
def test_a_bad_specification_is_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(BenchError, match=message) as caught:
        make(text)
    assert "\n" not in str(caught.value)


@given(
    st.builds(
        Plugin,
        count=st.integers(0, 10**6),
        ratio=st.floats(allow_nan=False, allow_infinity=False),
        exact=st.booleans(),
        path=st.text("abc/._-, []", max_size=12).map(str.strip),
        radius=st.none() | st.integers(),
        mode=st.sampled_from(["fast", "best"]),
    )
)
def test_a_label_reads_back_as_the_same_plugin(plugin: Plugin) -> None:
    assert make(label(plugin)) == plugin


def test_a_label_shows_only_what_is_not_default() -> None:
    assert label(Plugin()) == "plugin"
    assert label(Plugin(radius=3)) == "plugin[radius=3]"
    assert settings(Plugin(radius=3))["count"] == 3


@dataclass(frozen=True)
class WithPaths(Plugin):
    weights: Path = Path("w.pth")
    backup: Path | None = None


def test_a_path_is_a_parameter() -> None:
    assert label(WithPaths()) == "plugin"
    assert settings(WithPaths())["weights"] == "w.pth"
    made = build(WithPaths, {"weights": "a/b.pth", "backup": "c"})
    assert (made.weights, made.backup) == (Path("a/b.pth"), Path("c"))
    assert label(made) == "plugin[weights=a/b.pth,backup=c]"
    assert build(WithPaths, {"backup": "none"}).backup is None


if TYPE_CHECKING:
    from fractions import Fraction
    from pathlib import PurePosixPath


@dataclass(frozen=True)
class Typed:
    name: ClassVar[str] = "typed"
    network: ClassVar[Fraction | None] = None
    scale: Fraction | float = 2.0
    weights: PurePosixPath | None = None
    level: int | None = None


def test_types_that_only_checkers_import_are_taken_from_the_defaults() -> None:
    made = build(Typed, {"scale": "3", "weights": "a/b", "level": "none"})
    assert (made.scale, made.weights, made.level) == (3.0, "a/b", None)
    with pytest.raises(BenchError, match="not of type int or none"):
        build(Typed, {"level": "many"})


def test_whatever_a_constructor_raises_is_one_line() -> None:
    @dataclass(frozen=True)
    class Leaving(Plugin):
        def __post_init__(self) -> None:
            sys.exit("no\nGPU")

    with pytest.raises(BenchError, match=r"plugin: SystemExit: no$"):
        build(Leaving, {})
