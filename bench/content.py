"""What a Python object is made of: its values, arrays and code, however it is pickled."""

from __future__ import annotations

import copyreg
import dis
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

_PLAIN = (type(None), type(...), bool, int, float, complex, str, bytes)
_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")


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
            return _hash("cycle", str(len(self._open) - self._open[id(value)]))
        self._open[id(value)] = len(self._open)
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
        elif isinstance(value, np.ndarray) and not value.dtype.hasobject:
            yield f"{value.dtype.str}{value.shape}"
            yield np.ascontiguousarray(value).view(np.uint8).data
        elif torch and isinstance(value, torch.Tensor) and value.layout == torch.strided:
            plain = value.detach().cpu().contiguous()
            yield f"{value.dtype}{tuple(value.shape)}{value.requires_grad}"
            yield plain.flatten().view(torch.uint8).numpy().data
        elif isinstance(value, set | frozenset):
            yield from sorted(map(self.digest, value))
        elif kind in (list, tuple):
            yield from map(self.digest, value)
        elif kind is dict:
            yield from (self.digest(part) for item in value.items() for part in item)
        else:
            yield from map(self.digest, self._made_of(value))

    def _made_of(self, value: Any) -> Iterator[Any]:
        """Yield the parts of code, of classes and of anything that can be pickled."""
        compiled = getattr(value, "py_func", None) or getattr(value, "__wrapped__", None)
        if isinstance(value, FunctionType):
            yield from (value.__code__, value.__defaults__, value.__kwdefaults__)
            yield from (cell.cell_contents for cell in value.__closure__ or () if _is_full(cell))
            yield dict(self._globals(value))
            yield {key: part for key, part in vars(value).items() if key != "__wrapped__"}
        elif isinstance(value, CodeType):
            yield from (value.co_name, value.co_code, value.co_consts, value.co_names)
            yield from (value.co_varnames, value.co_freevars, value.co_flags, value.co_argcount)
        elif isinstance(value, type):
            yield from (value.__qualname__, value.__bases__)
            yield from (item for item in vars(value).items() if _is_written(*item))
        elif isinstance(value, MethodType | staticmethod | classmethod):
            yield from (value.__func__, getattr(value, "__self__", None))
        elif isinstance(value, property):
            yield from (value.fget, value.fset, value.fdel)
        elif isinstance(compiled, FunctionType):
            yield compiled
        else:
            reduce = copyreg.dispatch_table.get(type(value))
            made = reduce(value) if reduce else value.__reduce_ex__(4)
            yield from (made,) if isinstance(made, str) else made[:3]
            yield from () if isinstance(made, str) else (list(part or ()) for part in made[3:5])

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
    return not key.startswith(("__", "_abc_")) and not hasattr(part, "__objclass__")


def _is_full(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False
