"""Inside a method's process: seed, call and time the method, send back what it returns.

Run as a program by the Python of another environment, this file is all of the harness that is
there: it needs the standard library and numpy, and Python 3.8. It stands in for
``inpaintbench.methods.base``, so that a method's file runs there unchanged.

Requests and answers are JSON, arrays follow as bytes, in memory that both sides share where they
fit (docs/environments.md): the other side must be able to read whatever a method makes of this
process without running any of it.
"""

from __future__ import annotations

import faulthandler
import gc
import hashlib
import importlib.util
import inspect
import itertools
import json
import mmap
import random
import re
import signal
import sys
import time
import traceback
import types
import typing
from abc import ABC, abstractmethod
from dataclasses import MISSING, asdict, dataclass, fields, is_dataclass
from multiprocessing.connection import Connection
from pathlib import Path, PurePath
from typing import Any

import numpy as np

# A method may put others in their place.
_now = time.perf_counter

_LINE, _TRACEBACK, _FRAMES = 1000, 20_000, 30

# How libraries say that an allocation failed, when not by MemoryError.
_MEMORY_WORDS = ("bad_alloc", "insufficient memory", "out of memory", "can't allocate memory")

FOLDER = str(Path(__file__).resolve().parent)


class Host:
    """The method of this process, which answers requests until the connection is closed.

    `shared` has a `size` and a `buffer` that both sides see.
    """

    def __init__(self, connection: Connection, shared: Any = None) -> None:
        self._connection = connection
        self._shared = shared
        self._method: Any = None
        self._missing: str | None = None
        self._device = "cpu"
        self.stage = "environment"

    def serve(self, *first: dict[str, Any]) -> None:
        """Answer these requests and those that come."""
        for request in itertools.chain(first, self._requests()):
            try:
                self.answer(request)
            except BaseException as error:
                self.send(failed=self.failed(error))

    def _requests(self) -> typing.Iterator[dict[str, Any]]:
        while True:
            try:
                yield json.loads(self._connection.recv_bytes())
            except EOFError:
                return

    def send(self, **answer: Any) -> None:
        """Send one answer."""
        self._connection.send_bytes(json.dumps(answer).encode())

    def answer(self, request: dict[str, Any]) -> None:
        """Do what a request asks for."""
        if "ping" in request:
            self.send(ready=True)
        else:
            self._call(**request["call"])

    def failed(self, error: BaseException) -> dict[str, str]:
        """Describe what was raised."""
        return describe_error(error, self.stage, (FOLDER,))

    def seed_of(self, seed: int) -> int:
        """Return the seed that the method gets for the seed of a case."""
        return seed

    def set_up(self, device: str, seed: int, threads: int) -> None:
        """Set the method up, and hold its libraries to a number of threads unless that is 0."""
        method = self._method
        self.stage = "set-up"
        self._missing = method.unavailable()
        if not self._missing:
            method.setup(device, self.seed_of(seed))
        self.send(ends=True)
        self.stage = "exception"
        self._device = device
        if threads:
            _hold_threads(threads)
        self.send(ready=True)

    def _call(
        self,
        shape: list[int],
        dtype: str,
        seed: int,
        alone: bool,
        shared: bool,
        prompt: str | None = None,
        back: bool = False,
    ) -> None:
        """Call the method; `back` sends what it did to its arguments after the result."""
        method = self._method
        size = shape[0] * shape[1] * shape[2]
        data = self._shared.buffer if shared else self._connection.recv_bytes()
        image = np.frombuffer(data, dtype, size).reshape(shape)
        mask = np.frombuffer(data, bool, shape[0] * shape[1], image.nbytes).reshape(shape[:2])
        reason = self._missing or method.skip((shape[0], shape[1], shape[2]), image.dtype)
        if reason:
            self.send(skip=str(reason))
            return
        before = {"torch", "cv2"} & sys.modules.keys()
        given = image.copy(), mask.copy()
        words = () if prompt is None else (prompt,)
        result, seconds = self._timed(method, (*given, *words), seed, alone)
        if not method.deterministic and before != {"torch", "cv2"} & sys.modules.keys():
            self.send(again=True)  # it came in during the call, too late to be seeded
            return
        if not isinstance(result, np.ndarray):
            self.send(seconds=seconds, returned=type(result).__name__)
            return
        result = np.asarray(result)  # a subclass may do anything when it is asked for its bytes
        plain = result.dtype.itemsize and not result.dtype.hasobject
        fits = bool(plain) and result.size == image.size
        within = fits and put(self._shared, result)
        self.send(
            seconds=seconds, dtype=result.dtype.str, shape=result.shape, bytes=fits, shared=within
        )
        if fits and not within:
            self._connection.send_bytes(result.tobytes())
        if back:
            self._connection.send_bytes(given[0].tobytes() + given[1].tobytes())

    def _timed(
        self, method: Any, arguments: tuple[Any, ...], seed: int, alone: bool
    ) -> tuple[Any, float]:
        seed_generators(self.seed_of(seed))
        if alone:
            gc.collect()
            gc.disable()
        try:
            _synchronise(self._device)
            self.send(begins=True)
            start = _now()
            result = method.inpaint(*arguments)
            _synchronise(self._device)
            seconds = _now() - start
            self.send(ends=True)
            return result, seconds
        finally:
            if alone:
                gc.enable()


def put(shared: Any, *arrays: Any) -> bool:
    """Write arrays to the memory that both processes share, if there is some and they fit."""
    if shared is None or sum(array.nbytes for array in arrays) > shared.size:
        return False
    start = 0
    for array in arrays:  # without copies of them, which take longer than all else
        place = np.frombuffer(shared.buffer, array.dtype, array.size, start)
        place.reshape(array.shape)[...] = array
        start += array.nbytes
    return True


def seed_generators(seed: int) -> None:
    """Seed every global generator that a method may draw from and that is loaded."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the generator that methods may draw from
    cv2, torch = sys.modules.get("cv2"), sys.modules.get("torch")
    if cv2:
        cv2.setRNGSeed(seed)
    if torch:
        torch.manual_seed(seed)


def _hold_threads(threads: int) -> None:
    """Hold the libraries that are loaded by now to a number of threads."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:  # the variables that they read when loaded say the same
        pass
    else:
        threadpool_limits(threads)
    cv2, torch, numba = (sys.modules.get(name) for name in ("cv2", "torch", "numba"))
    if cv2:
        cv2.setNumThreads(threads)
    if torch:
        torch.set_num_threads(threads)
    if numba:
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def _synchronise(device: str) -> None:
    """Wait for an accelerator to finish what it was given."""
    torch = sys.modules.get("torch") if device != "cpu" else None
    if torch:
        torch.cuda.synchronize(device)


def describe_error(
    error: BaseException, kind: str, ours: tuple[str, ...], plain: bool = False
) -> dict[str, str]:
    """Describe what was raised, whatever it is: bounded, and without raising again.

    Parameters
    ----------
    error : BaseException
        Its text may raise, be no string, or be endless.
    kind : str
        The kind of failure, unless it is a lack of memory.
    ours : tuple of str
        Folders whose code is to blame only where nothing else is.
    plain : bool
        Whether the message alone says all, without the name of its class.
    """
    try:
        lines = str(error)[: 2 * _LINE].strip().splitlines() or [""]
    except BaseException as worse:
        lines = [f"(its message can't be read: {type(worse).__name__})"]
    line = lines[0][:_LINE]
    memory = isinstance(error, MemoryError) or any(word in line.lower() for word in _MEMORY_WORDS)
    return {
        "kind": "out of memory" if memory else kind,
        "message": line if plain and line else ": ".join(filter(None, (_name(error), line))),
        "location": _location(error, ours),
        "traceback": _trace(error) or line,
    }


def _name(error: BaseException) -> str:
    try:
        return str.__str__(type(error).__name__)
    except BaseException:
        return "BaseException"


def _location(error: BaseException, ours: tuple[str, ...]) -> str:
    """Name the line of the innermost code that isn't ours, or else the innermost."""
    frames = traceback.extract_tb(error.__traceback__, limit=-_FRAMES)
    others = [frame for frame in frames if not frame.filename.startswith(ours)]
    if not frames:
        return ""
    frame = (others or frames)[-1]
    return f"{PurePath(frame.filename).name}:{frame.lineno}"


def _trace(error: BaseException) -> str:
    """Write the traceback; of a long one the first and the last, which say most."""
    try:
        text = "".join(
            traceback.format_exception(type(error), error, error.__traceback__, limit=-_FRAMES)
        )
    except BaseException:
        return ""
    if len(text) <= _TRACEBACK:
        return text
    return f"{text[: _TRACEBACK // 2]}\n…\n{text[-_TRACEBACK // 2 :]}"


# What only the Python of another environment runs.


class Method(ABC):
    """What a method's file takes from ``inpaintbench.methods.base``, where it is documented."""

    name = ""
    family = "other"
    paper = ""
    deterministic = True
    requires: tuple[str, ...] = ()
    trained_on: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    draw_parameters: tuple[str, ...] = ("draw", "seed")
    sees = "known"
    prompts = "ignored"

    def __init_subclass__(cls) -> None:
        """Name the class after itself unless it names itself."""
        super().__init_subclass__()
        if "name" not in cls.__dict__:
            cls.name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()

    @abstractmethod
    def inpaint(self, image: Any, mask: Any) -> Any:
        """Fill the hole."""

    def unavailable(self) -> str | None:
        """Say what is missing here."""
        return None

    def setup(self, device: str, seed: int) -> None:  # noqa: B027 - as the contract has it
        """Get ready."""

    def skip(self, shape: tuple[int, int, int], dtype: Any) -> str | None:
        """Say why such images can't be handled."""
        return None

    def fingerprint(self) -> str:
        """Stand for the files that outputs depend on."""
        return ""

    def programs(self) -> typing.Sequence[Path]:
        """List the Python files that run in processes of their own."""
        return ()


_FACTS = (
    *("name", "family", "paper", "deterministic", "requires", "trained_on", "locations"),
    *("draw_parameters", "sees", "prompts"),
)
"""What a class says of its methods."""

_SAID = ("family", "paper", "deterministic", "trained_on", "sees")
"""What a script may say in variables of these names."""

_ASKED = ("unavailable", "skip", "fingerprint", "programs")
"""What is asked of a method where its class defines it."""

_KINDS: dict[Any, str] = {
    **{bool: "bool", int: "int", float: "float", str: "str"},
    **{Path: "Path", type(None): "None"},
}


@dataclass(frozen=True)
class _Field:
    """A parameter: the names of its types, or its options; its default, if it has one."""

    name: str
    kinds: list[str]
    options: list[Any]
    default: Any = None
    required: bool = False


class _Script(Method):
    """A method that is a function of an image and a mask, with parameters that have defaults."""

    function: Any = None

    def __init__(self, **values: Any) -> None:
        self._values = values

    def inpaint(self, image: Any, mask: Any, *prompt: str) -> Any:
        """Call the function."""
        words = {"prompt": prompt[0]} if prompt else {}
        return type(self).function(image, mask, **words, **self._values)


class _ForeignHost(Host):
    """The method of a file that the harness can't import."""

    _class: Any = None
    _fields: typing.Sequence[_Field] = ()
    _draw = 0

    def answer(self, request: dict[str, Any]) -> None:
        """Do what a request asks for."""
        if "describe" in request:
            self._load(request["describe"])
            self.send(facts=self._facts())
        elif "make" in request:
            self._make(**request["make"])
            self.send(ready=True)
        elif "ask" in request:
            self.send(answer=self._asked(request["ask"], request.get("of")))
        elif "set up" in request:
            self._set_up(**request["set up"])
        else:
            super().answer(request)

    def seed_of(self, seed: int) -> int:
        """Return another seed for each draw that the harness numbers, as it does."""
        if not self._draw:
            return seed
        digest = hashlib.sha256(f"draw\x1f{seed}\x1f{self._draw}".encode()).digest()
        return int(np.random.PCG64(int.from_bytes(digest, "big")).random_raw()) % (1 << 31)

    def _load(self, file: str) -> None:
        if self._class is None:
            self._class = _found(_load(Path(file)), Path(file))
            self._fields = list(_parameters(self._class))

    def _facts(self) -> dict[str, Any]:
        text = inspect.getdoc(self._class) or ""
        return {
            **{name: getattr(self._class, name) for name in _FACTS},
            "summary": text.split("\n", 1)[0],
            "fields": [asdict(field) for field in self._fields],
            "asks": [n for n in _ASKED if getattr(self._class, n) is not getattr(Method, n)],
        }

    def _make(self, file: str, values: dict[str, Any], draw: int | None) -> None:
        self._load(file)
        paths = {field.name for field in self._fields if "Path" in field.kinds}
        self._method = self._class(
            **{k: Path(v) if k in paths and isinstance(v, str) else v for k, v in values.items()}
        )
        self._draw = draw or 0

    def _asked(self, name: str, arguments: list[Any] | None) -> Any:
        if name == "skip":
            shape, dtype = arguments or ((), "uint8")
            return self._method.skip(tuple(shape), np.dtype(dtype))
        answer = getattr(self._method, name)()
        return [str(path) for path in answer] if name == "programs" else answer

    def _set_up(
        self, device: str, seed: int, threads: int, make: dict[str, Any] | None = None
    ) -> None:
        self.stage = "environment"
        if make:
            self.send(started=True)  # it has its imports
            self._connection.recv_bytes()
        self.send(begins=True)
        if make:
            self._make(**make)
        self.set_up(device, seed, threads)


class _Memory:
    """Memory that both sides share."""

    def __init__(self, descriptor: int, size: int) -> None:
        self.size = size
        self.buffer = mmap.mmap(descriptor, size)


def _stand_in() -> None:
    """Have ``inpaintbench.methods.base`` imported from here."""
    names = ("inpaintbench", "inpaintbench.methods", "inpaintbench.methods.base")
    for name in names:
        module: Any = types.ModuleType(name)
        module.__path__ = []
        sys.modules[name] = module
    contract: Any = sys.modules[names[-1]]
    contract.Method, contract.Image, contract.Mask = Method, np.ndarray, np.ndarray
    sys.modules[names[0]].methods = sys.modules[names[1]]  # type: ignore[attr-defined]
    sys.modules[names[1]].base = contract  # type: ignore[attr-defined]


def _load(file: Path) -> Any:
    """Import a file as a script is run: its folder comes first on the module path."""
    name = file.stem if file.stem not in sys.modules else f"{file.stem}_method"
    _stand_in()
    sys.path.insert(0, str(file.parent))
    spec: Any = importlib.util.spec_from_file_location(name, file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    # stale bytecode of a file edited twice within a second would pass for the new code
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


def _found(module: Any, file: Path) -> Any:
    """Return the one method class of a module, or make one of its function ``inpaint``."""
    classes = [
        value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Method)
        and value.__module__ == module.__name__
        and not inspect.isabstract(value)
        and not value.__name__.startswith("_")
    ]
    function = vars(module).get("inpaint")
    if len(classes) == 1:
        return classes[0]
    if classes or not callable(function):
        names = ", ".join(cls.name for cls in classes) or "neither"
        raise TypeError(
            f"{file}: must define exactly one Method, or a function inpaint(image, mask); "
            f"found {names}"
        )
    said = {name: vars(module)[name] for name in _SAID if name in vars(module)}
    prompt = inspect.signature(function).parameters.get("prompt")
    if prompt:
        said["prompts"] = "required" if prompt.default is prompt.empty else "optional"
    return type(
        "Script",
        (_Script,),
        {
            "name": re.sub("[^a-z0-9]+", "-", file.stem.lower()).strip("-"),
            "__doc__": function.__doc__ or module.__doc__,
            "function": function,
            **said,
        },
    )


def _parameters(cls: Any) -> typing.Iterator[_Field]:
    """List the parameters of a class, or of the function that it is made of."""
    if not issubclass(cls, _Script):
        for field in fields(cls) if is_dataclass(cls) else ():
            if field.init:
                default = field.default
                if field.default_factory is not MISSING:
                    default = field.default_factory()
                yield _field(field.name, _hints(cls).get(field.name, field.type), default)
        return
    hints = _hints(cls.function)
    for place, parameter in enumerate(inspect.signature(cls.function).parameters.values()):
        several = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        if place < 2 or parameter.name == "prompt" or several:
            continue
        default = MISSING if parameter.default is parameter.empty else parameter.default
        yield _field(parameter.name, hints.get(parameter.name), default)


def _hints(owner: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(owner)
    except Exception:  # names that only type checkers import, or that this Python can't join
        return {}


def _field(name: str, hint: Any, default: Any) -> _Field:
    origin = typing.get_origin(hint)
    options = list(typing.get_args(hint)) if origin is typing.Literal else []
    words = [word.strip() for word in hint.split("|")] if isinstance(hint, str) else []
    joined = (typing.Union, getattr(types, "UnionType", None))
    members = typing.get_args(hint) if origin in joined else (hint,)
    kinds = [kind for plain, kind in _KINDS.items() if plain in members or kind in words]
    if default is not MISSING and not isinstance(default, (*_KINDS, PurePath)):
        raise TypeError(f"the default of {name} must be a bool, int, float, str or None")
    if not kinds and type(default) in _KINDS and default is not None:
        kinds = [_KINDS[type(default)]]
    if default is MISSING:
        return _Field(name, kinds or ["str"], options, required=True)
    shown = str(default) if isinstance(default, PurePath) else default
    return _Field(name, kinds or ["str", "None"], options, shown)


def _main(connection: str, shared: str, size: str, *first: str) -> None:
    """Serve over a connection of this number, in memory of this number and size if that is any."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the harness's to handle
    faulthandler.enable()
    faulthandler.register(signal.SIGUSR1, all_threads=False)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    memory = _Memory(int(shared), int(size)) if int(size) else None
    _ForeignHost(Connection(int(connection)), memory).serve(*map(json.loads, first))


if __name__ == "__main__":
    _main(*sys.argv[1:])
