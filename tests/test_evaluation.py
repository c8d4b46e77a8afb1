"""`inpaintbench.evaluate`: a function or a network, from Python."""

from __future__ import annotations

import enum
import functools
import operator
import subprocess
import sys
import threading
from collections import Counter, OrderedDict, namedtuple
from dataclasses import make_dataclass

import cloudpickle
import numpy as np
import pytest

import inpaintbench
from inpaintbench.content import content_of
from inpaintbench.errors import BenchError
from inpaintbench.methods.networks.called import CalledNetwork
from inpaintbench.methods.networks.convention import Convention
from inpaintbench.planning.keys import method_key
from inpaintbench.plugins import registry

TINY = {"datasets": ["photos[size=32]"], "metrics": ["psnr"], "limit": 1, "timing": False}


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def halved(image, mask):
    """Fill with half the mean."""
    known = image[~mask].mean() / 2
    return np.where(mask[..., None], known, image)


@pytest.mark.slow
def test_a_function_stands_beside_the_methods_named_and_can_be_run_again() -> None:
    shift = 3  # a closure travels too

    def brighter(image, mask):
        return halved(image, mask) + shift

    done = inpaintbench.evaluate(brighter, beside=["telea"], masks=["large-regions"], **TINY)
    assert set(done.rows["variant"]) == {"telea", "brighter"}
    assert set(done.rows["status"]) == {"done"}
    assert {"brighter", "telea"} <= {line.split()[0] for line in str(done).splitlines() if line}
    assert str(done.leaderboard) == str(done)
    assert "<td" in done._repr_html_()
    again = registry.make_method(str(done.method))
    image, mask = np.full((8, 8, 1), 10, np.uint8), np.eye(8, dtype=bool)
    assert again.name == "brighter"
    assert (again.inpaint(image, mask)[mask] == 8).all()


def test_a_network_is_called_by_its_convention(tmp_path) -> None:
    torch = pytest.importorskip("torch")

    class Grey(torch.nn.Module):
        def forward(self, joined):
            assert joined.shape[1] == 4
            return torch.zeros_like(joined[:, :3])

    called = CalledNetwork(Grey(), Convention("-1..1", "-1..1"), "joined")
    (tmp_path / "grey.pickle").write_bytes(cloudpickle.dumps(called))
    method = registry.make_method(f"pickled[path={tmp_path}/grey.pickle]")
    method.setup("cpu", 0)
    filled = method.inpaint(np.zeros((15, 16, 3), np.uint8), np.ones((15, 16), bool))
    assert filled.shape == (15, 16, 3)
    assert np.rint(filled[0, 0, 0]) == 128


SCRIPT = """
import enum
import numpy as np
from inpaintbench.content import content_of
import layers

SCALE = {scale}

Mode = enum.Enum("Mode", "A B C D E")

class Net:
    def __init__(self):
        self.weights = {{"w": np.zeros(3) + {weight}}}
        self.filled = {{"b", "a", "c", *Mode}}
        self.me = self
    def __call__(self, image, mask):
        from layers import shift
        return [shift(x) * SCALE {code} for x in self.weights["w"]]

found = content_of(Net())
print(found.digest, *found.modules)
"""


def content(folder, scale=1, weight=0, code="") -> list[str]:
    (folder / "layers.py").write_text("def shift(x): return x")
    (folder / "script.py").write_text(SCRIPT.format(scale=scale, weight=weight, code=code))
    return subprocess.check_output([sys.executable, str(folder / "script.py")], text=True).split()


def test_what_an_object_is_made_of_is_the_same_in_every_process(tmp_path) -> None:
    first, again = content(tmp_path), content(tmp_path)
    assert first == again
    assert {"layers", "numpy"} <= set(first[1:])
    changed = [
        content(tmp_path, scale=2),
        content(tmp_path, weight=1),
        content(tmp_path, code="+1"),
    ]
    assert len({first[0], *(found[0] for found in changed)}) == 4


def test_a_network_is_known_by_its_weights_and_code() -> None:
    torch = pytest.importorskip("torch")

    def network(value: float, factor: int):
        class Net(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Conv2d(3, 3, 3)
                torch.nn.init.constant_(self.layer.weight, value)
                torch.nn.init.zeros_(self.layer.bias)

            def forward(self, image, mask):
                return image * factor

        return Net()

    assert content_of(network(0, 1)) == content_of(network(0, 1))
    digests = {content_of(network(*v)).digest for v in ((0, 1), (1, 1), (0, 2))}
    assert len(digests) == 3


def paint(image, mask, level=0, other=None):
    """Fill with a level."""
    return np.where(mask[..., None], level, image)


def partial(**options):
    """Bind options, and keep the name."""
    return functools.update_wrapper(functools.partial(paint, **options), paint)


class Wrapper:
    """Decorator with a state."""

    def __init__(self, function, strength):
        functools.update_wrapper(self, function)
        self.py_func = function
        self.strength = strength

    def __call__(self, image, mask):
        return self.__wrapped__(image, mask) + self.strength


def closure(low, high, keep=True):
    """Make a function of two variables, of which the second may be unset."""

    def fill(image, mask):
        return (low, high)

    if not keep:
        del high
    return fill


def with_code(text, **names):
    """Run code as a notebook's, and return its ``made``."""
    space = {"__name__": "__main__", **names}
    exec(text, space)
    return space["made"]


class Subarray(np.ndarray):
    """Array with a name, which pickles with it."""

    label = ""

    def __reduce__(self):
        return (*super().__reduce__()[:2], (super().__reduce__()[2], self.label))


def labelled(label):
    array = np.zeros(2).view(Subarray)
    array.label = label
    return array


class Labels(frozenset):
    """Set with a slot."""

    __slots__ = ("label",)


def labels(label):
    made = Labels("ab")
    made.label = label
    return made


class Slotted:
    """State without a dictionary."""

    __slots__ = ("a", "b")

    def __init__(self, **values):
        for name, value in values.items():
            setattr(self, name, value)


def cycles(to_first):
    """Make two lists in a row; the second one's member leads to the first, or to itself."""
    first, second = ["a"], ["b"]
    first.append([first])
    second.append(first[1] if to_first else [second])
    return first, second


def member(low):
    return enum.Enum("Level", {"LOW": low, "HIGH": 3}, module="__main__").HIGH


Fields = namedtuple("Fields", "a b")
Other = namedtuple("Other", "b a")
CLASS = "class Net:\n    {}\nmade = Net"
RECORD = np.zeros(2, [("a", "u1"), ("b", "u1")])


@pytest.mark.parametrize(
    "different",
    [
        lambda: (partial(level=10), partial(level=200), paint),
        lambda: (functools.partial(paint, None, 1), functools.partial(paint, 1, None)),
        lambda: (Wrapper(paint, 1), Wrapper(paint, 2), Wrapper(halved, 1), paint),
        lambda: (functools.lru_cache(paint), functools.lru_cache(halved), paint),
        lambda: (functools.wraps(paint)(lambda: 1), functools.wraps(halved)(lambda: 1)),
        lambda: (closure(5, None), closure(None, 5), closure(5, 5), closure(5, None, keep=False)),
        lambda: (np.ma.array([1, 2], mask=[0, 1]), np.ma.array([1, 2], mask=[1, 0])),
        lambda: (np.ma.array([1], fill_value=3), np.ma.array([1], fill_value=4), np.array([1])),
        lambda: (RECORD, RECORD.view([("b", "u1"), ("a", "u1")]), RECORD.view("V2")),
        lambda: (
            np.zeros(2),
            np.zeros((2, 1)),
            np.zeros(2, ">f8"),
            np.zeros(2, "i8"),
            -np.zeros(2),
        ),
        lambda: (np.zeros(1, "M8[s]"), np.zeros(1, "M8[ms]"), np.zeros(1, "m8[s]")),
        lambda: (np.array([1, None]), np.array([None, 1])),
        lambda: (np.float32(1), np.float64(1), np.array(1.0), 1.0),
        lambda: (labelled("a"), labelled("b"), np.zeros(2)),
        lambda: (1, True, 1.0, 1 + 0j, "1", b"1", bytearray(b"1"), [1], (1,), {1}, frozenset({1})),
        lambda: (0.0, -0.0, 0, False, None, float("nan"), "", b"", (), [], {}, set()),
        lambda: ({"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": "b", 1: 2}, OrderedDict(a=1, b=2)),
        lambda: (["ab"], ["a", "b"], [["a"], "b"], ["a", ["b"]]),
        lambda: (Counter(a=1), {"a": 1}, Counter(a=2)),
        lambda: (labels("a"), labels("b"), frozenset("ab")),
        lambda: (Slotted(a=1, b=None), Slotted(a=None, b=1), Slotted(a=1), Slotted(b=1)),
        lambda: (Fields(1, 2), Fields(2, 1), Other(1, 2), (1, 2)),
        lambda: (make_dataclass("D", ["a", "b"])(1, 2), make_dataclass("D", ["b", "a"])(1, 2)),
        lambda: ([1, 2].count, [2, 1].count, [1, 2].index, "ab".count),
        lambda: (Wrapper(paint, 1).__call__, Wrapper(paint, 2).__call__),
        lambda: (operator.methodcaller("fill", 1), operator.methodcaller("fill", level=1)),
        lambda: (operator.attrgetter("a"), operator.itemgetter("a"), operator.attrgetter("b")),
        lambda: (np.exp2, pytest.importorskip("scipy.special").exp2, np.exp),
        lambda: (cycles(to_first=True), cycles(to_first=False)),
        lambda: (member(1), member(2)),
        lambda: [
            with_code(CLASS.format(line))
            for line in ("__array_ufunc__ = None", "__array_priority__ = 1", "level = 1", "pass")
        ],
        lambda: [
            with_code(f"def made(image, mask{more}): return image")
            for more in ("", ", *, level=1", ", *, level=2", ", level=1", ", /, *, level=1")
        ],
        lambda: [
            with_code(f"class Meta(type):\n    x = {x}\nclass made(metaclass=Meta): pass")
            for x in (1, 2)
        ],
        lambda: [
            with_code(f"class P(property): pass\nmade = P(len)\nmade.level = {x}") for x in (1, 2)
        ],
    ],
)
def test_what_differs_counts_as_different(different) -> None:
    digests = [content_of(value).digest for value in different()]
    assert len(set(digests)) == len(digests)
    assert digests == [content_of(value).digest for value in different()]


def test_a_compiled_function_counts_with_its_options() -> None:
    numba = pytest.importorskip("numba")

    def compiled(shift, decorate):
        return decorate(lambda x: x + shift)

    def made():
        yield compiled(1, numba.njit)
        yield compiled(2, numba.njit)
        yield compiled(1, numba.njit(fastmath=True))
        yield compiled(1, numba.njit("f4(f4)"))
        yield compiled(1, numba.vectorize(["f4(f4)"]))
        yield compiled(1, numba.vectorize(["f8(f8)"]))

    digests = [content_of(function).digest for function in made()]
    assert len(set(digests)) == len(digests)
    assert digests == [content_of(function).digest for function in made()]


def test_a_network_counts_with_its_mode_hooks_and_kinds_of_tensors() -> None:
    torch = pytest.importorskip("torch")

    def networks():
        for change in (
            lambda net: None,
            lambda net: net.eval(),
            lambda net: net.requires_grad_(False),
            lambda net: net.double(),
            lambda net: setattr(net.weight, "scale", 2),
            lambda net: net._forward_hooks.update({0: halved}),
            lambda net: net.register_buffer("extra", torch.ones(1)),
            lambda net: net.register_parameter("extra", torch.nn.Parameter(torch.ones(1))),
            lambda net: setattr(net, "extra", torch.ones(1)),
            lambda net: setattr(net, "extra", torch.tensor([1j]).conj()),
            lambda net: setattr(net, "extra", torch.tensor([1j])),
        ):
            net = torch.nn.Linear(1, 1)
            torch.nn.init.ones_(net.weight)
            torch.nn.init.ones_(net.bias)
            change(net)
            yield content_of(net).digest

    digests = list(networks())
    assert len(set(digests)) == len(digests)
    assert digests == list(networks())


@pytest.fixture
def saved(monkeypatch):
    """Save as `evaluate` does, without the run; return the key."""
    monkeypatch.setattr("inpaintbench.evaluation._run", lambda arguments: None)
    monkeypatch.setattr("inpaintbench.evaluation.Evaluation.warn_of_failures", lambda self: None)

    def save(method, **options) -> str:
        path = inpaintbench.evaluate(method, name="net", **options).method
        return method_key(registry.make_method(str(path)), "cpu")

    return save


def test_the_same_function_keeps_its_key_and_other_code_has_another(
    saved, tmp_path, monkeypatch
) -> None:
    (tmp_path / "net.py").write_text("SHADE = 1")  # named as the method is, too
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "net", raising=False)
    pickle = tmp_path / "results" / "methods" / "net.pickle"

    def make(shade):
        import net

        return lambda image, mask: np.where(mask[..., None], shade + net.SHADE, image)

    first = saved(make(5))
    written = pickle.stat().st_mtime_ns
    assert saved(make(5)) == first
    assert pickle.stat().st_mtime_ns == written
    assert saved(make(6)) != first
    assert saved(make(5)) == first
    pickle.with_suffix(".json").unlink()
    pickle.unlink()
    assert saved(make(5)) == first
    (tmp_path / "net.py").write_text("SHADE = 200")
    assert saved(make(5)) != first


def test_bound_options_have_keys_of_their_own(saved) -> None:
    for made in (lambda level: partial(level=level), lambda level: closure(level, None)):
        keys = [saved(made(level)) for level in (10, 200, None, 10)]
        assert len(set(keys)) == 3
        assert keys[0] == keys[3]
    assert saved(closure(None, 10)) != saved(closure(10, None))


@pytest.mark.parametrize(
    ("method", "prompts", "given"),
    [
        (lambda image, mask: np.full_like(image, 0), "ignored", ()),
        (lambda image, mask, prompt="": np.full_like(image, len(prompt)), "optional", ("wall",)),
        (lambda image, mask, *, prompt: np.full_like(image, len(prompt)), "required", ("wall",)),
    ],
)
def test_a_function_gets_a_prompt_if_it_has_a_parameter_for_it(
    saved, tmp_path, method, prompts, given
) -> None:
    saved(method, sees="input")
    again = registry.make_method(str(tmp_path / "results" / "methods" / "net.method.py"))
    assert (again.prompts, again.sees) == (prompts, "input")
    image, mask = np.full((8, 8, 1), 10, np.uint8), np.eye(8, dtype=bool)
    assert (again.inpaint(image, mask, *given) == len("".join(given))).all()


def test_a_pickle_that_was_exchanged_has_another_key(saved, tmp_path) -> None:
    first = saved(halved)
    (tmp_path / "results" / "methods" / "net.pickle").write_bytes(cloudpickle.dumps(len))
    (path,) = (tmp_path / "results" / "methods").glob("*.py")
    assert method_key(registry.make_method(str(path)), "cpu") != first


@pytest.mark.parametrize(
    ("method", "options", "said"),
    [
        (lambda image, mask: image, {}, "can't be the name"),
        (halved, {"name": "Half"}, "can't be the name"),
        (halved, {"name": "telea"}, "already called"),
        (threading.Lock().acquire, {"name": "locked"}, "can't be saved"),
        (halved, {"preset": "quik"}, "did you mean 'quick'"),
        (halved, {"sees": "all"}, "sees must be known or input, not 'all'"),
    ],
)
def test_what_cannot_be_evaluated_is_one_line(method, options, said: str) -> None:
    with pytest.raises(BenchError, match=said) as caught:
        inpaintbench.evaluate(method, **options)
    assert "\n" not in str(caught.value)


def test_a_network_with_an_unknown_call_is_refused() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(BenchError, match="call must be one of"):
        inpaintbench.evaluate(torch.nn.Identity(), call="mask")
