"""Sparse Cholesky factorisation by nested dissection, for equations on the pixels of a hole.

The hole is cut in two by a thin separator, each half again, and so on. Pixels are eliminated from
the smallest pieces upwards, each piece as one dense matrix (a front), so that nearly all the work
is matrix multiplication (George 1973; Duff & Reid 1983).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from inpaintbench.methods.base import Mask

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

# Pieces of at most so many pixels are not cut further.
_PIECE = 32

# Rows of a front that are eliminated before the rest is updated.
_PANEL = 32

# Rows of the rest that are updated at once.
_BLOCK = 64


class Dissection(NamedTuple):
    """An order of elimination.

    Pieces are numbered from the whole downwards and eliminated from the last to the first; each
    has the places ``starts[i]`` to ``stops[i]`` in the order of elimination.

    Parameters
    ----------
    place : (H, W) array of int
        Place of each pixel of the hole in the order of elimination; -1 elsewhere.
    starts, stops : (pieces,) arrays of int
        First place of a piece, and the place after its last.
    children : (pieces,) array of int
        Number of pieces that hand their remainder to this one.
    """

    place: Integers
    starts: Integers
    stops: Integers
    children: Integers


class Factors(NamedTuple):
    """Upper triangular factors, piece by piece.

    Parameters
    ----------
    values : (…,) array of float
        Rows of each piece: the square over its own places, then those over its border.
    value_offsets : (pieces + 1,) array of int
        Where the values of the piece that was eliminated n-th begin.
    borders : (…,) array of int
        Places, later in the order, that each piece is coupled to.
    border_offsets : (pieces + 1,) array of int
        Where the border of the piece that was eliminated n-th begins.
    """

    values: Floats
    value_offsets: Integers
    borders: Integers
    border_offsets: Integers


@njit(cache=True)
def dissect(mask: Mask, reach: int) -> Dissection:
    """Cut a hole by separators as wide as the equations reach.

    Parameters
    ----------
    mask : (H, W) array of bool
        True = hole.
    reach : int
        Rows or columns that two coupled pixels are apart at most.
    """
    height, width = mask.shape
    place = np.full((height, width), -1, np.int64)
    total = 0
    for y in range(height):
        for x in range(width):
            total += mask[y, x]
    most = 2 * total + 1
    starts, stops = np.zeros(most, np.int64), np.zeros(most, np.int64)
    children = np.zeros(most, np.int64)
    # Rectangles still to be cut: rows, columns, and the piece around them.
    stack = np.zeros((256, 5), np.int64)
    stack[0] = np.array([0, height, 0, width, -1])
    waiting, pieces, end = 1, 0, total
    while waiting:
        waiting -= 1
        top, bottom, left, right, parent = stack[waiting]
        in_rows = np.zeros(height, np.int64)
        in_columns = np.zeros(width, np.int64)
        for y in range(top, bottom):
            for x in range(left, right):
                if mask[y, x]:
                    in_rows[y] += 1
                    in_columns[x] += 1
        count = in_rows.sum()
        if count == 0:
            continue
        while in_rows[top] == 0:
            top += 1
        while in_rows[bottom - 1] == 0:
            bottom -= 1
        while in_columns[left] == 0:
            left += 1
        while in_columns[right - 1] == 0:
            right -= 1
        by_rows = bottom - top > right - left
        first, last = (top, bottom) if by_rows else (left, right)
        whole = count <= _PIECE or last - first <= 2 * reach + 1
        if whole:
            cut_top, cut_bottom, cut_left, cut_right = top, bottom, left, right
        else:
            cut = _best_cut(in_rows if by_rows else in_columns, first, last, reach)
            if by_rows:
                cut_top, cut_bottom, cut_left, cut_right = cut, cut + reach, left, right
            else:
                cut_top, cut_bottom, cut_left, cut_right = top, bottom, cut, cut + reach
        separator = 0
        for y in range(cut_top, cut_bottom):
            for x in range(cut_left, cut_right):
                separator += mask[y, x]
        piece = parent
        if separator:
            place_of_first = end - separator
            starts[pieces], stops[pieces] = place_of_first, end
            end = place_of_first
            for y in range(cut_top, cut_bottom):
                for x in range(cut_left, cut_right):
                    if mask[y, x]:
                        place[y, x] = place_of_first
                        place_of_first += 1
            if parent >= 0:
                children[parent] += 1
            piece = pieces
            pieces += 1
        if not whole:
            if by_rows:
                stack[waiting] = np.array([top, cut, left, right, piece])
                stack[waiting + 1] = np.array([cut + reach, bottom, left, right, piece])
            else:
                stack[waiting] = np.array([top, bottom, left, cut, piece])
                stack[waiting + 1] = np.array([top, bottom, cut + reach, right, piece])
            waiting += 2
    return Dissection(place, starts[:pieces], stops[:pieces], children[:pieces])


@njit(cache=True)
def _best_cut(counts: Integers, first: int, last: int, reach: int) -> int:
    """Find the thinnest strip near the middle; of equals the one nearest the middle."""
    middle = (first + last - reach) // 2
    best, fewest = middle, -1
    for distance in range((last - first) // 6 + 1):
        for cut in (middle - distance, middle + distance):
            pixels = counts[cut : cut + reach].sum()
            if fewest < 0 or pixels < fewest:
                best, fewest = cut, pixels
    return best


@njit(cache=True)
def factorise(
    dissection: Dissection, row_offsets: Integers, columns: Integers, values: Floats
) -> Factors:
    """Factorise a symmetric positive definite matrix.

    Parameters
    ----------
    dissection : Dissection
        Order of elimination; the matrix is in that order.
    row_offsets, columns, values : arrays
        The upper triangle of the matrix, diagonal included, in compressed rows.
    """
    starts, stops, children = dissection.starts, dissection.stops, dissection.children
    pieces, size = len(starts), len(row_offsets) - 1
    factor_values = np.empty(160 * size, np.float64)
    value_offsets = np.zeros(pieces + 1, np.int64)
    borders = np.empty(16 * size, np.int64)
    border_offsets = np.zeros(pieces + 1, np.int64)
    # Remainders that wait for the piece around them, last in, first out: upper triangles, row by
    # row.
    remainders = np.empty(64 * size, np.float64)
    remainder_borders = np.empty(8 * size, np.int64)
    remainder_sizes = np.zeros(pieces, np.int64)
    remainder_end, remainder_border_end, waiting = 0, 0, 0
    seen = np.full(size, -1, np.int64)
    local = np.zeros(size, np.int64)
    border = np.empty(size, np.int64)
    target = np.empty(size, np.uint64)  # unsigned: numba looks out for negative indices
    workspace = np.empty(1 << 16, np.float64)
    for done in range(pieces):
        piece = pieces - 1 - done
        start, stop = starts[piece], stops[piece]
        own = stop - start
        # The border: places after this piece that it, or a remainder, is coupled to.
        length = 0
        for entry in range(row_offsets[start], row_offsets[stop]):
            column = columns[entry]
            if column >= stop and seen[column] != piece:
                seen[column] = piece
                border[length] = column
                length += 1
        from_border = remainder_border_end
        for child in range(waiting - children[piece], waiting):
            from_border -= remainder_sizes[child]
        for entry in range(from_border, remainder_border_end):
            column = remainder_borders[entry]
            if column >= stop and seen[column] != piece:
                seen[column] = piece
                border[length] = column
                length += 1
        border[:length].sort()
        for i in range(own):
            local[start + i] = i
        for i in range(length):
            local[border[i]] = own + i
        # The front: own rows where they are kept, and the rest, its upper triangle.
        first = value_offsets[done]
        middle, last = first + own * own, first + own * (own + length)
        value_offsets[done + 1] = last
        factor_values = _with_room(factor_values, last)
        square = factor_values[first:middle].reshape(own, own)
        beside = factor_values[middle:last].reshape(own, length)
        workspace = _with_room(workspace, length * length)
        rest = workspace[: length * length].reshape(length, length)
        square[:] = 0
        beside[:] = 0
        for row in range(length):
            rest[row, row:] = 0
        for row in range(own):
            for entry in range(row_offsets[start + row], row_offsets[start + row + 1]):
                column = local[columns[entry]]
                if column < own:
                    square[row, column] = values[entry]
                else:
                    beside[row, column - own] = values[entry]
        for _ in range(children[piece]):
            waiting -= 1
            left = remainder_sizes[waiting]
            remainder_border_end -= left
            remainder_end -= left * (left + 1) // 2
            inside = 0
            for i in range(left):
                column = local[remainder_borders[remainder_border_end + i]]
                inside += column < own
                target[i] = column if column < own else column - own
            remainder = remainders[remainder_end : remainder_end + left * (left + 1) // 2]
            _take_over(square, beside, rest, target[:left], inside, remainder)
        _eliminate(square, beside)
        # Hand the remainder on.
        border_offsets[done + 1] = border_offsets[done] + length
        borders = _with_room(borders, border_offsets[done + 1])
        borders[border_offsets[done] : border_offsets[done + 1]] = border[:length]
        last = remainder_end + length * (length + 1) // 2
        remainders = _with_room(remainders, last)
        _hand_on(rest, beside, remainders[remainder_end:last])
        remainder_end = last
        remainder_borders = _with_room(remainder_borders, remainder_border_end + length)
        remainder_borders[remainder_border_end : remainder_border_end + length] = border[:length]
        remainder_border_end += length
        remainder_sizes[waiting] = length
        waiting += 1
    return Factors(
        factor_values[: value_offsets[pieces]],
        value_offsets,
        borders[: border_offsets[pieces]],
        border_offsets,
    )


@njit(cache=True)
def _with_room(array: NDArray[np.generic], end: int) -> NDArray[np.generic]:
    """Return the array, or a copy twice as long, so that it reaches to `end`."""
    if end <= len(array):
        return array
    longer = np.empty(max(end, 2 * len(array)), array.dtype)
    longer[: len(array)] = array
    return longer


@njit(cache=True)
def _take_over(
    square: Floats,
    beside: Floats,
    rest: Floats,
    target: NDArray[np.uint64],
    inside: int,
    remainder: Floats,
) -> None:
    """Add another piece's remainder to a front.

    Its first `inside` rows belong to the front's own; `target` says to which, and to which of the
    rest the others.
    """
    end = 0
    for i in range(len(target)):
        row = remainder[end : end + len(target) - i]
        end += len(row)
        if i < inside:
            _add_at(square[target[i]], target[i:inside], row[: inside - i])
            _add_at(beside[target[i]], target[inside:], row[inside - i :])
        else:
            _add_at(rest[target[i]], target[i:], row)


@njit(cache=True)
def _add_at(values: Floats, places: NDArray[np.uint64], more: Floats) -> None:
    for i in range(len(more)):
        values[places[i]] += more[i]


@njit(cache=True)
def _eliminate(square: Floats, beside: Floats) -> None:
    """Eliminate a piece's own rows, in place.

    Parameters
    ----------
    square : (own, own) array of float
        Its upper triangle is read and written.
    beside : (own, border) array of float
    """
    own, length = beside.shape
    weights = np.empty(own)
    for first in range(0, own, _PANEL):
        last = min(first + _PANEL, own)
        for row in range(first, last):
            for earlier in range(first, row):
                weights[earlier] = square[earlier, row]
            _subtract_rows(square[row, row:], square, row, first, row, weights)
            _subtract_rows(beside[row], beside, 0, first, row, weights)
            scale = 1 / np.sqrt(square[row, row])
            for column in range(row, own):
                square[row, column] *= scale
            for column in range(length):
                beside[row, column] *= scale
        if last < own:
            panel = np.ascontiguousarray(square[first:last, last:].T)
            square[last:, last:] -= np.dot(panel, panel.T)
            beside[last:] -= np.dot(panel, beside[first:last])


@njit(cache=True, fastmath={"contract"})
def _subtract_rows(
    target: Floats, rows: Floats, left: int, first: int, last: int, weights: Floats
) -> None:
    """Subtract weighted rows `first` to `last` - 1, from column `left` on: four at a time."""
    row = first
    while row + 4 <= last:
        a, b = rows[row, left:], rows[row + 1, left:]
        c, d = rows[row + 2, left:], rows[row + 3, left:]
        wa, wb, wc, wd = weights[row], weights[row + 1], weights[row + 2], weights[row + 3]
        for i in range(len(target)):
            target[i] -= wa * a[i] + wb * b[i] + wc * c[i] + wd * d[i]
        row += 4
    while row < last:
        a, wa = rows[row, left:], weights[row]
        for i in range(len(target)):
            target[i] -= wa * a[i]
        row += 1


@njit(cache=True)
def _hand_on(rest: Floats, beside: Floats, remainder: Floats) -> None:
    """Write the rest of a front, less what its eliminated rows take away, row by row."""
    columns = np.ascontiguousarray(beside.T)
    end = 0
    for top in range(0, len(rest), _BLOCK):
        # From the diagonal on: the rest of the product would not be read.
        update = np.dot(columns[top : top + _BLOCK], columns[top:].T)
        for row in range(len(update)):
            before, change = rest[top + row, top + row :], update[row, row:]
            into = remainder[end : end + len(before)]
            for i in range(len(into)):
                into[i] = before[i] - change[i]
            end += len(into)


@njit(cache=True)
def solve(dissection: Dissection, factors: Factors, right: Floats) -> None:
    """Solve with a factorised matrix, in place.

    Parameters
    ----------
    dissection : Dissection
        Order of elimination.
    factors : Factors
        From `factorise`.
    right : (n, C) array of float
        Right-hand sides, in the order of elimination; the solutions afterwards.
    """
    pieces, channels = len(dissection.starts), right.shape[1]
    for done in range(pieces):
        start, stop = dissection.starts[pieces - 1 - done], dissection.stops[pieces - 1 - done]
        border = factors.borders[factors.border_offsets[done] : factors.border_offsets[done + 1]]
        own, beside = _rows(factors, done, stop - start)
        part = right[start:stop]
        for row in range(len(part)):
            for c in range(channels):
                part[row, c] /= own[row, row]
            for later in range(row + 1, len(part)):
                for c in range(channels):
                    part[later, c] -= own[row, later] * part[row, c]
        update = np.dot(beside.T, part)
        for i in range(len(border)):
            for c in range(channels):
                right[border[i], c] -= update[i, c]
    for done in range(pieces - 1, -1, -1):
        start, stop = dissection.starts[pieces - 1 - done], dissection.stops[pieces - 1 - done]
        border = factors.borders[factors.border_offsets[done] : factors.border_offsets[done + 1]]
        own, beside = _rows(factors, done, stop - start)
        part = right[start:stop]
        solved = np.empty((len(border), channels))
        for i in range(len(border)):
            for c in range(channels):
                solved[i, c] = right[border[i], c]
        update = np.dot(beside, solved)
        for row in range(len(part) - 1, -1, -1):
            for c in range(channels):
                total = part[row, c] - update[row, c]
                for later in range(row + 1, len(part)):
                    total -= own[row, later] * part[later, c]
                part[row, c] = total / own[row, row]


@njit(cache=True)
def _rows(factors: Factors, done: int, own: int) -> tuple[Floats, Floats]:
    """Return a piece's rows over its own places, and over its border."""
    first, last = factors.value_offsets[done], factors.value_offsets[done + 1]
    middle = first + own * own
    length = (last - middle) // own
    return (
        factors.values[first:middle].reshape(own, own),
        factors.values[middle:last].reshape(own, length),
    )
