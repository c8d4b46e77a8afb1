"""Eight numbers at a time: the processor's vectors, spelled out in compiled loops.

The compiler turns loops over arrays into vector code by itself, but guards each with a dozen checks
that no two arrays overlap, which short rows don't pay back. With `load`, `store` and arithmetic on
what they move, a loop says what it means; on processors with shorter vectors it is split up.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.imputils import lower_builtin
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, models, register_model

COUNT = 8
"""Numbers in a vector; on processors with AVX-512 one register, a line of the cache."""

_VECTOR = ir.VectorType(ir.DoubleType(), COUNT)

_FUSED = ("contract",)
"""A product and a sum may become one instruction, which rounds once."""


class Lanes(types.Type):  # type: ignore[misc]
    """The type of `COUNT` float64 side by side."""

    def __init__(self) -> None:
        super().__init__("Lanes")


_LANES = Lanes()


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


@intrinsic
def load(typing: Any, array: Any, index: Any) -> Any:
    """Read `COUNT` values of a line of float64 from an index (unsigned) on; nothing is checked."""

    def generate(context: Any, builder: Any, _: Any, arguments: Sequence[Any]) -> Any:
        return builder.load(_place(context, builder, array, *arguments), align=8)

    return _LANES(array, types.uintp), generate


@intrinsic
def store(typing: Any, array: Any, index: Any, values: Any) -> Any:
    """Write `COUNT` values to a line of float64 from an index (unsigned) on; nothing is checked."""

    def generate(context: Any, builder: Any, _: Any, arguments: Sequence[Any]) -> Any:
        line, first, vector = arguments
        builder.store(vector, _place(context, builder, array, line, first), align=8)
        return context.get_dummy_value()

    return types.void(array, types.uintp, _LANES), generate


@intrinsic
def splat(typing: Any, value: Any) -> Any:
    """Repeat a number in every place."""

    def generate(context: Any, builder: Any, _: Any, arguments: Sequence[Any]) -> Any:
        return _repeat(builder, arguments[0])

    return _LANES(types.float64), generate


@intrinsic
def correlate(typing: Any, taps: Any, array: Any, index: Any, step: Any) -> Any:
    """Sum taps (a tuple) times what lies at the index, a step further, and so on (unsigned)."""

    def generate(context: Any, builder: Any, _: Any, arguments: Sequence[Any]) -> Any:
        return _correlate(context, builder, array, len(taps), arguments, 1)[0]

    return _LANES(taps, array, types.uintp, types.uintp), generate


@intrinsic
def correlate_twice(typing: Any, taps: Any, array: Any, index: Any, step: Any) -> Any:
    """Correlate at the index and a step further: each value is read once for both."""
    both = types.UniTuple(_LANES, 2)

    def generate(context: Any, builder: Any, _: Any, arguments: Sequence[Any]) -> Any:
        totals = _correlate(context, builder, array, len(taps), arguments, 2)
        return context.make_tuple(builder, both, totals)

    return both(taps, array, types.uintp, types.uintp), generate


def _correlate(
    context: Any, builder: Any, array: Any, size: int, arguments: Sequence[Any], count: int
) -> list[Any]:
    """Write out the sums tap by tap: a loop over a tuple would become a jump for each."""
    taps, line, place, step = arguments
    factors = [_repeat(builder, builder.extract_value(taps, tap)) for tap in range(size)]
    totals = [ir.Constant(_VECTOR, [0.0] * COUNT)] * count
    for row in range(size + count - 1):
        values = builder.load(_place(context, builder, array, line, place), align=8)
        for one in range(max(0, row - size + 1), min(count, row + 1)):
            product = builder.fmul(factors[row - one], values, flags=_FUSED)
            totals[one] = builder.fadd(product, totals[one], flags=_FUSED)
        place = builder.add(place, step)
    return totals


def _place(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    """Point at `COUNT` values of an array."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _VECTOR.as_pointer())


def _repeat(builder: Any, number: Any) -> Any:
    """Put a number in every place of a vector."""
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
    places = ir.Constant(ir.VectorType(ir.IntType(32), COUNT), [0] * COUNT)
    return builder.shuffle_vector(first, nothing, places)


def _define(function: Callable[..., Any], instruction: str) -> None:
    """Let an operator take vectors, and a vector and a number."""

    @infer_global(function)
    class _Arithmetic(AbstractTemplate):  # type: ignore[misc]
        def generic(self, arguments: Sequence[Any], _: Any) -> Any:
            known = all(kind in (_LANES, types.float64) for kind in arguments)
            if len(arguments) == 2 and known and _LANES in arguments:
                return signature(_LANES, *arguments)
            return None

    def generate(context: Any, builder: Any, signed: Any, arguments: Sequence[Any]) -> Any:
        both = [
            one if kind == _LANES else _repeat(builder, one)
            for kind, one in zip(signed.args, arguments, strict=True)
        ]
        return getattr(builder, instruction)(*both)

    for kinds in ((_LANES, _LANES), (_LANES, types.float64), (types.float64, _LANES)):
        lower_builtin(function, *kinds)(generate)


_define(operator.add, "fadd")
_define(operator.sub, "fsub")
_define(operator.mul, "fmul")
_define(operator.truediv, "fdiv")
