"""Phases and permutations of basis states: one pass over the amplitudes of a vector of samples.

A state is a flat array of rows, real parts first and then imaginary parts, each row one vector of samples. A
table gives row k of the new state from row ``gather[k]`` of the old one, times ``exp(i phase)`` and a scale.
Its phases are shared by all samples (``real`` and ``imag`` hold their scaled cosines and sines), or each
sample has its own (``real`` then holds the shared part of the phase itself).
"""

from __future__ import annotations

from fractions import Fraction
from math import factorial
from typing import Any

import numpy as np
from llvmlite import ir
from numpy.typing import NDArray

from noclone.quantum.simd import (
    UniTuple,
    Vector,
    add,
    broadcast,
    constant,
    emit_fma,
    emit_fnma,
    fma,
    fnma,
    inner,
    intrinsic,
    load,
    mul,
    pack,
    store,
    total,
    width,
    zeros,
)

Floats = NDArray[np.floating[Any]]
Whole = NDArray[np.int32]
PI = "3.14159265358979323846264338327950288419716939937510582"


def _parts_of_pi(bits: int) -> list[float]:
    """Return pi as three numbers to add, two of them of `bits` bits: small multiples of these are exact."""
    rest, parts = Fraction(PI), []
    for place in (bits - 2, 2 * bits - 2):
        parts.append(Fraction(int(rest * 2**place), 2**place))
        rest -= parts[-1]
    return [float(part) for part in (*parts, rest)]


@intrinsic
def cos_sin(typing_context: Any, angle: Vector) -> Any:
    """Return cosine and sine of a vector, for angles of at most a few thousand.

    The angle is brought to [-pi/2, pi/2] by a multiple of pi, whose parity is the sign of both results; the
    rest are the Taylor series.
    """
    single = angle.element.bitwidth == 32
    terms, mantissa = (7, 23) if single else (12, 52)

    def emit(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> ir.Value:
        def series(first: int, square: ir.Value) -> ir.Value:
            sizes = [(-1.0) ** i / factorial(2 * i + first) for i in range(terms + 1 - first)]
            value = constant(angle, sizes.pop())
            for size in reversed(sizes):
                value = emit_fma(builder, value, square, constant(angle, size))
            return value

        # Adding 1.5 * 2**mantissa leaves a whole number, in the lowest bits; these two are never merged.
        shift = constant(angle, 1.5 * 2.0**mantissa)
        turns = builder.fmul(arguments[0], constant(angle, float(1 / Fraction(PI))))
        shifted = builder.fadd(turns, shift)
        turns = builder.fsub(shifted, shift)
        rest = arguments[0]
        for part in _parts_of_pi(11 if single else 30):
            rest = emit_fnma(builder, turns, constant(angle, part), rest)
        square = builder.fmul(rest, rest)
        bits = ir.VectorType(ir.IntType(angle.element.bitwidth), angle.lanes)
        move = ir.Constant(bits, [angle.element.bitwidth - 1] * angle.lanes)
        sign = builder.shl(builder.bitcast(shifted, bits), move)
        results = []
        for value in (series(0, square), builder.fmul(series(1, square), rest)):
            signed = builder.xor(builder.bitcast(value, bits), sign)
            results.append(builder.bitcast(signed, angle.llvm))
        return pack(builder, results)

    return UniTuple(angle, 2)(angle), emit


@inner
def row(array: Floats, k: int) -> Any:
    """Return number k of an array as a vector, or row k of a two-dimensional one."""
    if array.ndim == 1:  # Numba drops the branch that does not fit the array before it finds types
        return broadcast(array[k])
    return load(array, k * width(array))


@inner
def sample_factors(
    phase: Floats, scale: float, signs: Floats, flips: int, angles: Floats, real: Floats, imag: Floats
) -> None:
    """Make the factors of a table whose phases differ from sample to sample.

    Parameters
    ----------
    phase : ndarray, shape (D,)
        What all samples share.
    signs : ndarray, shape (A, D)
        Signs of the angles by basis state, before the flips of bits that the table ends with.
    angles : ndarray, shape (A, lanes)
        Minus half of each sample's angles.
    real, imag : ndarray, shape (D, lanes)
        Where the scaled cosines and sines go.
    """
    lanes = width(real)
    for k in range(len(phase)):
        total_phase = broadcast(phase[k])
        for a in range(len(signs)):
            total_phase = fma(broadcast(signs[a, k ^ flips]), load(angles, a * lanes), total_phase)
        cosine, sine = cos_sin(total_phase)
        store(real, k * lanes, mul(broadcast(scale), cosine))
        store(imag, k * lanes, mul(broadcast(scale), sine))


@inner
def sample_slopes(row_slopes: Floats, scale: float, signs: Floats, flips: int, slopes: Floats) -> None:
    """Write each sample's gradient by the angles of a table, shape (A, lanes), from that of its rows."""
    lanes = width(slopes)
    for a in range(len(signs)):
        even, odd = zeros(slopes), zeros(slopes)
        for k in range(0, len(row_slopes), 2):
            even = fma(broadcast(signs[a, k ^ flips]), load(row_slopes, k * lanes), even)
            odd = fma(broadcast(signs[a, (k + 1) ^ flips]), load(row_slopes, (k + 1) * lanes), odd)
        store(slopes, a * lanes, mul(broadcast(scale), add(even, odd)))


@inner
def apply_to_product(product: Floats, new: Floats, gather: Whole, real: Floats, imag: Floats) -> None:
    """Apply a table to a real state, which is the second half of the rows of `product`."""
    lanes, size = width(new), len(gather)
    for k in range(size):
        value = load(product, (size + gather[k]) * lanes)
        store(new, k * lanes, mul(row(real, k), value))
        store(new, (size + k) * lanes, mul(row(imag, k), value))


@inner
def apply(old: Floats, new: Floats, gather: Whole, real: Floats, imag: Floats) -> None:
    """Apply a table."""
    lanes, size = width(new), len(gather)
    for k in range(size):
        x, y = load(old, gather[k] * lanes), load(old, (size + gather[k]) * lanes)
        a, b = row(real, k), row(imag, k)
        store(new, k * lanes, fnma(b, y, mul(a, x)))
        store(new, (size + k) * lanes, fma(b, x, mul(a, y)))


@inner
def undo(new: Floats, old: Floats, gather: Whole, real: Floats, imag: Floats) -> None:
    """Undo a table; where it scales, its scale is applied once more."""
    lanes, size = width(new), len(gather)
    for k in range(size):
        x, y = load(new, k * lanes), load(new, (size + k) * lanes)
        a, b = row(real, k), row(imag, k)
        store(old, gather[k] * lanes, fma(b, y, mul(a, x)))
        store(old, (size + gather[k]) * lanes, fnma(b, x, mul(a, y)))


@inner
def undo_real(new: Floats, product: Floats, gather: Whole, real: Floats, imag: Floats) -> None:
    """Undo a table, real parts only, into the second half of the rows of `product`."""
    lanes, size = width(new), len(gather)
    for k in range(size):
        x, y = load(new, k * lanes), load(new, (size + k) * lanes)
        store(product, (size + gather[k]) * lanes, fma(row(imag, k), y, mul(row(real, k), x)))


@inner
def row_slopes(kets: Floats, bras: Floats, slopes: Floats) -> None:
    """Find the gradient by each row's phase: ``Im(conj(bra) ket)``.

    Added to `slopes` as a sum over samples if that has shape (D,); written to it if (D, lanes).
    """
    lanes, size = width(kets), len(slopes)
    for k in range(size):
        x, y = load(kets, k * lanes), load(kets, (size + k) * lanes)
        u, v = load(bras, k * lanes), load(bras, (size + k) * lanes)
        slope = fnma(v, x, mul(u, y))
        if slopes.ndim == 1:
            slopes[k] += total(slope)
        else:
            store(slopes, k * lanes, slope)
