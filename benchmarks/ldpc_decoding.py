"""LDPC decoding beside the PyPI package `ldpc`: the same matrix, the same error patterns.

The peer decodes in its default order, all checks at once ("parallel"); ours goes row by row, which
needs about half as many iterations. The peer's serial order needs as few but takes longer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import sparse

from measure import Row, beside, timed
from noclone.core.seeds import stream
from noclone.distillation.reconciliation.ldpc.adaptation import SIZE, code
from noclone.distillation.reconciliation.ldpc.code import Code
from noclone.distillation.reconciliation.ldpc.decoder import MAX_ITERATIONS, decode, syndrome
from noclone.rates.entropy import binary_entropy

BLOCK_ROWS = {0.01: 76, 0.027: 159, 0.046: 235}
"""Codes that fail in at most one frame of a hundred, by error rate."""
FRAMES = 2


def rows() -> Iterator[Row]:
    for error_rate, block_rows in BLOCK_ROWS.items():
        matrix = code(block_rows, SIZE)
        f = matrix.checks / matrix.length / float(binary_entropy(error_rate))
        job = f"LDPC decoding at {error_rate:.1%}, {matrix.length} bits, f {f:.3f}"
        draws = (stream(0, "benchmark ldpc", frame).random(matrix.length) for frame in range(FRAMES))
        patterns = [(draw < error_rate).astype(np.uint8) for draw in draws]
        yield ours(job, matrix, error_rate, patterns)
        yield from beside(job, "ldpc", ldpc, job, matrix, error_rate, patterns)


def ours(job: str, matrix: Code, error_rate: float, patterns: list[np.ndarray]) -> Row:
    prior = np.full(matrix.length, math.log((1 - error_rate) / error_rate), np.float32)
    syndromes = [syndrome(matrix, pattern) for pattern in patterns]
    run = timed(lambda: [decode(matrix, parities, prior) for parities in syndromes])
    right = sum(np.array_equal(found, true) for (found, _), true in zip(run.result, patterns, strict=True))
    mean = np.mean([iterations or MAX_ITERATIONS for _, iterations in run.result])
    remark = f"{right} of {len(patterns)} frames right, {mean:.1f} iterations"
    return run.row(job, "noclone", len(patterns) * matrix.length, "bits", remark)


def ldpc(job: str, matrix: Code, error_rate: float, patterns: list[np.ndarray]) -> Iterator[Row]:
    from ldpc import BpDecoder

    decoder = BpDecoder(
        lifted(matrix),
        error_rate=error_rate,
        max_iter=MAX_ITERATIONS,
        bp_method="product_sum",
        schedule="parallel",
        input_vector_type="syndrome",
    )
    syndromes = [syndrome(matrix, pattern) for pattern in patterns]
    run = timed(lambda: [(decoder.decode(parities), decoder.iter) for parities in syndromes])
    right = sum(np.array_equal(found, true) for (found, _), true in zip(run.result, patterns, strict=True))
    mean = np.mean([took for _, took in run.result])
    remark = f"{right} of {len(patterns)} frames right, {mean:.1f} iterations"
    yield run.row(job, "ldpc", len(patterns) * matrix.length, "bits", remark)


def lifted(matrix: Code) -> sparse.csr_matrix:
    """Return the matrix bit by bit."""
    row = np.repeat(np.arange(matrix.rows), np.diff(matrix.row_start))
    i = np.arange(matrix.size)
    checks = (row[:, None] * matrix.size + i).ravel()
    bits = (matrix.columns[:, None] * matrix.size + (i + matrix.shifts[:, None]) % matrix.size).ravel()
    return sparse.csr_matrix((np.ones(len(bits), np.uint8), (checks, bits)), (matrix.checks, matrix.length))
