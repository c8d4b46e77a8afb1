"""What a Python object is made of: its values, arrays and code, however it is pickled."""

from __future__ import annotations

import copyreg
import dis
import hashlib
import pickle
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import BuiltinFunctionType, CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

_PLAIN = (type(None), type(...), bool, int, float, complex, str, bytes)
_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS")
_CODE = (
    *("name", "code", "consts", "names", "varnames", "freevars", "cellvars", "flags"),
    *("argcount", "posonlyargcount", "kwonlyargcount", "exceptiontable"),
)
_PYTHONS = ("__module__", "__doc__", "__firstlineno__")


@dataclass(frozen=True)
class Content:
    """What stands for an object.

    Parameters
    ----------
    digest : str
        Equal for objects of equal state and code, in any process.
    modules : tuple of str
        Modules that its code comes from or imports: their source isn't in the digest.
    """

    digest: str
    modules: tuple[str, ...]


def content_of(value: Any) -> Content:
    """Digest an object that cloudpickle can save.

    What is defined in a script's or a notebook's own namespace counts by its code; what lies in a
    module by its name.

    Raises
    ------
    Exception
        Whatever saving a part of it raises.
    """
    reader = _Reader()
    digest = reader.digest(value)
    outside = (name for name in reader.modules if name.split(".")[0] not in sys.stdlib_module_names)
    named = (name for name in outside if all(part.isidentifier() for part in name.split(".")))
    return Content(digest, tuple(sorted(named)))


class _Reader:
    def __init__(self) -> None:
        self.modules: set[str] = set()
        self._open: dict[int, int] = {}
        self._done: dict[int, tuple[str, Any]] = {}  # with the object, so that its id stays its own

    def digest(self, value: Any) -> str:
        """Digest an object from the digests of its parts."""
        if type(value) in _PLAIN:
            return _hash(type(value).__name__, repr(value))
        if id(value) in self._done:
            return self._done[id(value)][0]
        if id(value) in self._open:
            return _hash("cycle", str(self._open[id(value)]))
        self._open[id(value)] = len(self._open) + len(self._done)  # how many were met before
        found = _hash(*self._parts(value))
        del self._open[id(value)]
        self._done[id(value)] = (found, value)
        return found

    def _parts(self, value: Any) -> Iterator[str | bytes | memoryview]:
        """Yield what the digest is of: the object's kind, and its parts."""
        kind = type(value)
        yield f"{kind.__module__}.{kind.__qualname__}"
        torch = sys.modules.get("torch")
        if isinstance(value, ModuleType):
            self.modules.add(value.__name__)
            yield value.__name__
        elif isinstance(value, type | FunctionType | BuiltinFunctionType) and _is_named(value):
            self.modules.add(value.__module__)
            yield f"{value.__module__}.{value.__qualname__}"
        elif kind is np.ndarray and not value.dtype.hasobject:
            yield self.digest((value.dtype, value.shape))
            yield np.ascontiguousarray(value).view(np.uint8).data
        elif torch and isinstance(value, torch.Tensor) and value.layout == torch.strided:
            plain = value.detach().cpu().resolve_conj().resolve_neg().contiguous()
            yield f"{value.dtype}{tuple(value.shape)}{value.requires_grad}"
            yield self.digest((kind, vars(value)))
            yield plain.flatten().view(torch.uint8).numpy().data
        elif isinstance(value, set | frozenset):
            yield self.digest((kind, value.__reduce_ex__(4)[2:]))
            yield from sorted(map(self._alone, value))
        elif kind in (list, tuple):
            yield from map(self.digest, value)
        elif kind is dict:
            yield from (self.digest(part) for item in value.items() for part in item)
        else:
            yield from map(self.digest, self._made_of(value))

    def _alone(self, value: Any) -> str:
        """Digest a member of a set as if it were the first: they come in any order."""
        done, self._done = self._done, self._done.copy()
        found = self.digest(value)
        self._done = done
        return found

    def _made_of(self, value: Any) -> Iterator[Any]:
        """Yield the parts of code, of classes and of anything that can be pickled."""
        numba = sys.modules.get("numba.core")
        if isinstance(value, FunctionType):
            yield from (value.__code__, value.__defaults__, value.__kwdefaults__, value.__closure__)
            yield from (dict(self._globals(value)), vars(value))
        elif isinstance(value, CellType):
            with suppress(ValueError):  # not set yet
                yield value.cell_contents
        elif isinstance(value, CodeType):
            yield from (getattr(value, f"co_{part}", None) for part in _CODE)
        elif isinstance(value, type):
            yield from (type(value), value.__qualname__, value.__bases__)
            yield from (item for item in vars(value).items() if _is_written(*item))
        elif isinstance(value, MethodType | staticmethod | classmethod):
            yield from (value.__func__, getattr(value, "__self__", None))
        elif isinstance(value, property):
            yield from (value.fget, value.fset, value.fdel)
            yield from (type(value), getattr(value, "__dict__", None))
        elif numba and isinstance(value, numba.types.Type):  # its number is that of its making
            yield value.name
        elif numba and isinstance(value, numba.serialize.ReduceMixin):  # its uuid is drawn
            yield {key: part for key, part in value._reduce_states().items() if key != "uuid"}
        else:
            reduce = copyreg.dispatch_table.get(type(value))
            made = reduce(value) if reduce else value.__reduce_ex__(4)
            if isinstance(made, str):  # its name in a module
                yield pickle.whichmodule(value, made)  # type: ignore[attr-defined]
                yield made
                yield getattr(value, "__wrapped__", None)
            else:
                yield from (*made[:3], *(list(part or ()) for part in made[3:5]), *made[5:])

    def _globals(self, function: FunctionType) -> Iterator[tuple[str, Any]]:
        """Yield the globals that a function uses, and note the modules that it imports."""
        names: set[str] = set()
        for code in _codes(function.__code__):
            names.update(code.co_names)
            package = ""
            for step in dis.get_instructions(code):
                if step.opname == "IMPORT_NAME":
                    package = step.argval
                    self.modules.add(package)
                elif step.opname == "IMPORT_FROM" and f"{package}.{step.argval}" in sys.modules:
                    self.modules.add(f"{package}.{step.argval}")
                elif step.opname in _GLOBAL and step.argval in function.__globals__:
                    yield step.argval, function.__globals__[step.argval]
        for module in (function.__globals__.get(name) for name in sorted(names)):
            if isinstance(module, ModuleType):  # with what is used of a package
                below = (m for m in list(sys.modules) if m.startswith(f"{module.__name__}."))
                self.modules.update(m for m in below if {*m.split(".")[1:]} <= names)


def _hash(*parts: str | bytes | memoryview) -> str:
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        digest.update(f"{memoryview(content).nbytes}:".encode())
        digest.update(content)
    return digest.hexdigest()


def _codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a function's code and that of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _is_named(value: Any) -> bool:
    """Tell whether a class or function can be had by its name from a module."""
    found: Any = sys.modules.get(value.__module__ or "__main__")
    for part in value.__qualname__.split(".") if value.__module__ != "__main__" else ():
        found = getattr(found, part, None)
    return found is value


def _is_written(key: str, part: Any) -> bool:
    """Tell whether a person wrote an attribute of a class, and not Python."""
    if callable(part) or isinstance(part, staticmethod | classmethod | property):
        return True
    if key.startswith("__"):
        return type(part) in _PLAIN and key not in _PYTHONS
    return not key.startswith("_abc_") and not hasattr(part, "__objclass__")
