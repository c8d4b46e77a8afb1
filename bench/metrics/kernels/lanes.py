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

_PLACES = ir.VectorType(ir.IntType(32), COUNT)

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
def convert(typing: Any, array: Any, index: Any) -> Any:
    """Read `COUNT` values of a line of unsigned integers from an index (unsigned) on."""

    def generate(context: Any, builder: Any, signed: Any, arguments: Sequence[Any]) -> Any:
        line, place = arguments
        kind = ir.VectorType(context.get_data_type(array.dtype), COUNT)
        values = builder.load(_place(context, builder, array, line, place, kind), align=1)
        return builder.uitofp(values, _VECTOR)

    return _LANES(array, types.uintp), generate


@intrinsic
def word(typing: Any, array: Any, index: Any) -> Any:
    """Read `COUNT` truth values of a line from an index (unsigned) on, as one number."""

    def generate(context: Any, builder: Any, _: Any, arguments: Sequence[Any]) -> Any:
        line, place = arguments
        kind = ir.IntType(8 * COUNT)
        return builder.load(_place(context, builder, array, line, place, kind), align=1)

    return types.uint64(array, types.uintp), generate


@intrinsic
def splat(typing: Any, value: Any) -> Any:
    """Repeat a number in every place."""

    def generate(context: Any, builder: Any, _: Any, arguments: Sequence[Any]) -> Any:
        return _repeat(builder, arguments[0])

    return _LANES(types.float64), generate


@intrinsic
def correlate_down(typing: Any, taps: Any, array: Any, index: Any, step: Any) -> Any:
    """Sum taps times what lies at the index, a step (unsigned) further, and so on.

    The taps, a tuple, read the same from either end. The index and the step should be multiples of
    `COUNT`, since vectors that straddle two lines of the cache take twice the time.
    """

    def generate(context: Any, builder: Any, _: Any, arguments: Sequence[Any]) -> Any:
        return _correlate_down(context, builder, array, len(taps), arguments, 1)[0]

    return _LANES(taps, array, types.uintp, types.uintp), generate


@intrinsic
def correlate_down_twice(typing: Any, taps: Any, array: Any, index: Any, step: Any) -> Any:
    """Correlate at the index and a step further: each value is read once for both."""
    both = types.UniTuple(_LANES, 2)

    def generate(context: Any, builder: Any, _: Any, arguments: Sequence[Any]) -> Any:
        totals = _correlate_down(context, builder, array, len(taps), arguments, 2)
        return context.make_tuple(builder, both, totals)

    return both(taps, array, types.uintp, types.uintp), generate


@intrinsic(prefer_literal=True)
def correlate_along(typing: Any, taps: Any, array: Any, index: Any, step: Any) -> Any:
    """Correlate with a step, a literal, that is shorter than a vector.

    Whole vectors are read from the index (a multiple of `COUNT`) on, as many as hold every value,
    and what lies across two of them is shifted together.
    """
    size, apart = len(taps), step.literal_value

    def generate(context: Any, builder: Any, _: Any, arguments: Sequence[Any]) -> Any:
        factors, line, place, _ = arguments
        vectors = _vectors(context, builder, array, line, place, -(-(size * apart) // COUNT) + 1)
        values = []
        for offset in range(0, size * apart, apart):
            which, shift = divmod(offset, COUNT)
            value = vectors[which]
            if shift:
                lanes = ir.Constant(_PLACES, [shift + lane for lane in range(COUNT)])
                value = builder.shuffle_vector(value, vectors[which + 1], lanes)
            values.append(value)
        return _weigh(builder, factors, values)

    return _LANES(taps, array, types.uintp, step), generate


@intrinsic
def add_thirds(typing: Any, array: Any, index: Any) -> Any:
    """Sum each of the `COUNT` threes of values that follow an index (unsigned)."""

    def generate(context: Any, builder: Any, _: Any, arguments: Sequence[Any]) -> Any:
        line, place = arguments
        first, second, third = _vectors(context, builder, array, line, place, 3)
        sums = []
        for channel in range(3):
            wanted = range(channel, 3 * COUNT, 3)
            # those of the first two vectors, then those of the third
            lanes = ir.Constant(_PLACES, [at if at < 2 * COUNT else 0 for at in wanted])
            early = builder.shuffle_vector(first, second, lanes)
            merged = [lane if at < 2 * COUNT else at - COUNT for lane, at in enumerate(wanted)]
            sums.append(builder.shuffle_vector(early, third, ir.Constant(_PLACES, merged)))
        return builder.fadd(builder.fadd(sums[0], sums[1]), sums[2])

    return _LANES(array, types.uintp), generate


def _correlate_down(
    context: Any, builder: Any, array: Any, size: int, arguments: Sequence[Any], count: int
) -> list[Any]:
    """Read each value once, and sum `size` of them for each of `count` rows."""
    taps, line, place, step = arguments
    values = []
    for _ in range(size + count - 1):
        values.append(builder.load(_place(context, builder, array, line, place), align=8))
        place = builder.add(place, step)
    return [_weigh(builder, taps, values[row : row + size]) for row in range(count)]


def _weigh(builder: Any, taps: Any, values: Sequence[Any]) -> Any:
    """Sum taps times values, written out: a loop over a tuple would become a jump for each.

    Values with the same tap are summed first: processors add and multiply side by side.
    """
    size = len(values)
    middle = size // 2
    total = builder.fmul(_repeat(builder, builder.extract_value(taps, middle)), values[middle])
    for tap in range(middle):
        pair = builder.fadd(values[tap], values[size - 1 - tap])
        factor = _repeat(builder, builder.extract_value(taps, tap))
        total = builder.fadd(builder.fmul(factor, pair, flags=_FUSED), total, flags=_FUSED)
    return total


def _place(
    context: Any, builder: Any, kind: Any, array: Any, index: Any, read: Any = _VECTOR
) -> Any:
    """Point at an index of an array, from where `COUNT` values are read at once."""
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), read.as_pointer())


def _vectors(context: Any, builder: Any, kind: Any, array: Any, index: Any, count: int) -> Any:
    """Read vectors that lie side by side."""
    vectors = []
    for first in range(0, count * COUNT, COUNT):
        place = builder.add(index, ir.Constant(index.type, first))
        vectors.append(builder.load(_place(context, builder, kind, array, place), align=8))
    return vectors


def _repeat(builder: Any, number: Any) -> Any:
    """Put a number in every place of a vector."""
    nothing = ir.Constant(_VECTOR, ir.Undefined)
    first = builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(_PLACES, [0] * COUNT))


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
