"""Quasi-cyclic parity-check matrices: what they are, and how one is made from degrees and a seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from noclone.core.seeds import kernel_seed
from noclone.distillation.reconciliation.ldpc.construction import Integers, base_graph, choose_shifts


@dataclass(frozen=True)
class Code:
    """A parity-check matrix of circulant blocks.

    Check i of block row r is the parity of the bits ``columns[e] * size + (i + shifts[e]) % size``
    over the blocks e from ``row_start[r]`` up to ``row_start[r + 1]``.

    Attributes
    ----------
    row_start : NDArray[np.int64]
        Shape (block rows + 1,).
    columns, shifts : NDArray[np.int64]
        Block column and shift of every block, shape (blocks,).
    size : int
        Rows and columns of a block.
    length : int
        Number of bits.
    """

    row_start: Integers
    columns: Integers
    shifts: Integers
    size: int
    length: int

    @property
    def rows(self) -> int:
        """Number of block rows."""
        return len(self.row_start) - 1

    @property
    def checks(self) -> int:
        """Number of parity checks: the length of a syndrome."""
        return self.rows * self.size


def grow(nodes: Mapping[int, int], rows: int, size: int, seed: int) -> Code:
    """Build a code from its degrees.

    Parameters
    ----------
    nodes : Mapping[int, int]
        Number of block columns of each degree.
    rows : int
        Number of block rows; their degrees come out as equal as the edges allow.
    size : int
        Rows and columns of a block.
    seed : int
        Of the choices between equally good edges and of the shifts.

    Returns
    -------
    Code
        The same for the same arguments, on every machine.

    Notes
    -----
    Progressive edge growth: Hu, Eleftheriou and Arnold, IEEE Trans. Inf. Theory 51, 386 (2005).
    Cycles of circulants: Fossorier, IEEE Trans. Inf. Theory 50, 1788 (2004), eq. 4.

    Examples
    --------
    >>> code = grow({2: 3, 3: 7, 6: 6}, rows=6, size=16, seed=1)
    >>> code.length, code.checks, len(code.columns)
    (256, 96, 63)
    """
    degrees = np.repeat(sorted(nodes), [nodes[degree] for degree in sorted(nodes)]).astype(np.int64)
    neighbours = base_graph(degrees, rows, kernel_seed(seed, "ldpc base graph"))
    shifts = choose_shifts(neighbours, degrees, rows, size, kernel_seed(seed, "ldpc shifts"))
    present = neighbours >= 0
    row = neighbours[present]
    column = np.repeat(np.arange(len(degrees)), degrees)
    order = np.lexsort((column, row))
    row_start = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=rows))))
    return Code(row_start, column[order], shifts[present][order], size, len(degrees) * size)


def halve(code: Code, count: int) -> Code:
    """Return the code in which each of the first `count` block rows has become two.

    The first of the two takes every other block of the old row, so its parity and the old
    parity give that of the second: one more disclosed parity per check makes a stronger code
    of one that has failed.

    Examples
    --------
    >>> code = grow({2: 3, 3: 7, 6: 6}, rows=6, size=16, seed=1)
    >>> halve(code, 2).checks - code.checks
    32
    """
    order, ends = [], []
    for row in range(code.rows):
        blocks = np.arange(code.row_start[row], code.row_start[row + 1])
        for part in (blocks[::2], blocks[1::2]) if row < count else (blocks,):
            order.append(part)
            ends.append(len(part))
    blocks = np.concatenate(order)
    row_start = np.concatenate(([0], np.cumsum(ends)))
    return Code(row_start, code.columns[blocks], code.shifts[blocks], code.size, code.length)
