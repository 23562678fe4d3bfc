"""The pieces of the compiled kernels against NumPy: vectors, sines and cosines, turns of several wires."""

import numpy as np
import pytest
from numba import njit

from noclone.quantum import simd
from noclone.quantum.phases import cos_sin
from noclone.quantum.turns import turn_all, undo_all


@njit
def _arithmetic(a, b, out):
    x, y = simd.load(a, 0), simd.load(b, 0)
    lanes = simd.width(a)
    simd.store(out, 0, simd.fma(x, y, simd.sub(x, simd.broadcast(b[0]))))
    simd.store(out, lanes, simd.fnma(x, y, simd.add(x, simd.zeros(a))))
    simd.store(out, 2 * lanes, simd.nearest(simd.mul(x, y)))
    return simd.total(y)


@njit
def _cos_sin(angles, cosines, sines):
    for i in range(0, len(angles), simd.width(angles)):
        cosine, sine = cos_sin(simd.load(angles, i))
        simd.store(cosines, i, cosine)
        simd.store(sines, i, sine)


@njit
def _turn_and_undo(kets, bras, bits, factors, slopes):
    rows = len(kets) // simd.width(kets)
    turn_all(kets, rows, bits, 0, len(bits), factors)
    turn_all(bras, rows, bits, 0, len(bits), factors)
    turned = kets.copy()
    undo_all(kets, bras, rows, bits, 0, len(bits), factors, slopes)
    return turned


def test_arithmetic_is_that_of_numpy_lane_by_lane():
    lanes = simd.lanes(np.float64)
    rng = np.random.default_rng(0)
    a, b, out = rng.normal(size=lanes), rng.normal(size=lanes), np.zeros(3 * lanes)
    total = _arithmetic(a, b, out)
    np.testing.assert_allclose(total, b.sum(), rtol=1e-14)
    want = [a * b + a - b[0], a - a * b, np.rint(a * b)]
    np.testing.assert_allclose(out, np.concatenate(want), atol=1e-15)


def test_vectors_fill_the_registers():
    assert simd.lanes(np.float32) * 32 == simd.lanes(np.float64) * 64 == simd.register_bits()
    assert simd.register_bits() in (128, 256, 512)


@pytest.mark.parametrize(("precision", "error"), [("float32", 2e-7), ("float64", 5e-16)])
def test_cosines_and_sines_are_exact_to_rounding(precision, error):
    angles = np.concatenate([np.linspace(-7, 7, 3200), np.linspace(-1500, 1500, 3200)]).astype(precision)
    cosines, sines = np.empty_like(angles), np.empty_like(angles)
    _cos_sin(angles, cosines, sines)
    exact = angles.astype(np.longdouble)
    np.testing.assert_allclose(cosines, np.cos(exact), atol=error, rtol=0)
    np.testing.assert_allclose(sines, np.sin(exact), atol=error, rtol=0)


@pytest.mark.parametrize("wires", [[0], [2, 0], [6, 3, 1], [7, 6, 5, 4, 0], [8, 7, 6, 5, 4, 3, 2, 1, 0]])
def test_turns_of_many_wires_are_turns_of_one_after_the_other(wires):
    rng = np.random.default_rng(len(wires))
    lanes, rows = simd.lanes(np.float64), 2 << max(wires)
    angles = rng.uniform(-1, 1, (len(wires), lanes))
    kets, bras = rng.normal(size=(2, rows, lanes))
    want, slopes = kets.copy(), np.zeros((len(wires), lanes))
    index = np.arange(rows)
    for angle, bit in zip(angles, wires, strict=True):
        low = index[(index >> bit & 1) == 0]
        high = low | 1 << bit
        want[low], want[high] = (
            np.cos(angle) * want[low] - np.sin(angle) * want[high],
            np.sin(angle) * want[low] + np.cos(angle) * want[high],
        )
    back = kets.copy().ravel(), bras.copy().ravel()
    factors = np.cos(angles).ravel(), np.sin(angles).ravel()
    turned = _turn_and_undo(*back, np.array(wires), factors, slopes.ravel())
    np.testing.assert_allclose(turned, want.ravel(), atol=1e-14)
    np.testing.assert_allclose(back[0], kets.ravel(), atol=1e-14)
    np.testing.assert_allclose(back[1], bras.ravel(), atol=1e-14)
