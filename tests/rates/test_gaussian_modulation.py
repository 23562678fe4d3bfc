"""Gaussian key rates against published values and against Eve's modes behind every beam splitter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noclone.rates.capacity import repeaterless_bound
from noclone.rates.gaussian_modulation import (
    after_channel,
    behind_detector,
    gaussian_information,
    heterodyne_noise,
    holevo_heterodyne,
    holevo_homodyne,
    homodyne_noise,
    signal_to_noise,
)

# Brute force: modes as pairs of rows (q, p), every device a matrix, Eve's entropy from her own modes.


def split(modes, one, two, transmittance):
    """The beam splitter that leaves sqrt(T) of mode `one` in place."""
    matrix = np.eye(2 * modes)
    t, r = np.sqrt(transmittance), np.sqrt(1 - transmittance)
    for k in range(2):
        i, j = 2 * one + k, 2 * two + k
        matrix[i, i] = matrix[j, j] = t
        matrix[i, j], matrix[j, i] = r, -r
    return matrix


def pair(variance):
    """Two-mode squeezed vacuum."""
    c = np.sqrt(variance**2 - 1)
    z = np.diag([1.0, -1.0])
    return np.block([[variance * np.eye(2), c * z], [c * z, variance * np.eye(2)]])


def block_diagonal(*blocks):
    size = sum(len(block) for block in blocks)
    matrix, at = np.zeros((size, size)), 0
    for block in blocks:
        matrix[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    return matrix


def entropy(matrix):
    omega = np.kron(np.eye(len(matrix) // 2), [[0, 1], [-1, 0]])
    values = np.abs(np.linalg.eigvals(1j * omega @ matrix))
    values = np.maximum(np.sort(values)[::2], 1 + 1e-15)
    up, down = (values + 1) / 2, (values - 1) / 2
    return float(np.sum(up * np.log2(up) - down * np.log2(down)))


def given_outcomes(matrix, rows, read):
    """Covariance of some rows when others have been read."""
    cross = matrix[np.ix_(rows, read)]
    return matrix[np.ix_(rows, rows)] - cross @ np.linalg.solve(matrix[np.ix_(read, read)], cross.T)


def brute_force(v_a, s, t, xi, eta, v_el, detection, trusted):
    """I(A:B) and Eve's Holevo information per kept symbol, one quadrature of it being squeezed to s.

    Modes: the light (thermal to Eve), her two, the two of the detector's loss and noise, a vacuum port, and
    Alice's classical displacements as one more pair of rows.
    """
    omega = 1 + t * xi / (1 - t)
    ports = 2 if detection == "heterodyne" else 1
    noise = max(1 + ports * v_el / (1 - eta), 1.0)
    coherent = np.eye(2) if s == 1 else np.diag([s, 1 / s])
    displaced = (v_a + s) * np.eye(2) - coherent
    matrix = block_diagonal(coherent + displaced, pair(omega), pair(noise), np.eye(2), displaced)
    matrix[:2, 12:] = matrix[12:, :2] = displaced
    modes = 7
    steps = [split(modes, 0, 1, t), split(modes, 0, 3, eta)]
    if detection == "heterodyne":
        steps.append(split(modes, 0, 5, 0.5))
    for step in steps:
        matrix = step @ matrix @ step.T
    eve = list(range(2, 6)) + ([] if trusted else list(range(6, 10)))
    read = [0] if detection == "homodyne" or s != 1 else [0, 11]
    information = 0.0
    for row in read:
        place = 12 + row % 2
        c = matrix[row, place]
        information += 0.5 * np.log2(1 / (1 - c**2 / (matrix[row, row] * matrix[place, place])))
    return information, entropy(matrix[np.ix_(eve, eve)]) - entropy(given_outcomes(matrix, eve, read))


def formula(v_a, s, t, xi, eta, v_el, detection, trusted):
    ports = 2 if detection == "heterodyne" else 1
    used = 2 if ports == 2 and s == 1 else 1
    detector = (homodyne_noise, heterodyne_noise)[ports - 1](eta, v_el)
    information = gaussian_information(signal_to_noise(v_a, s, t, t * xi, detector), used)
    state = after_channel(v_a + s, t, t * xi)
    if not trusted:
        state, detector = behind_detector(state, eta, ports * v_el), ports - 1.0
    return information, (holevo_homodyne, holevo_heterodyne)[used - 1](state, detector)


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("squeezed", [True, False])
def test_every_protocol_against_brute_force(detection, trusted, squeezed):
    rng = np.random.default_rng(5)
    for _ in range(40):
        s = rng.uniform(0.1, 0.9) if squeezed else 1.0
        v_a = max(rng.uniform(0.5, 20), 1 / s - s)
        t, eta = rng.uniform(0.02, 0.98), rng.uniform(0.3, 0.95)
        setting = (v_a, s, t, rng.uniform(0, 0.1), eta, rng.uniform(0, 0.3), detection, trusted)
        expected = brute_force(*setting)
        np.testing.assert_allclose(formula(*setting), expected, rtol=1e-7, atol=1e-9)


TEN_POINTS = {  # V_A 4, xi .01, eta .6, v .1, beta .95, trusted, .2 dB/km; two other packages agree
    10: (0.23594262999552, 0.25260902667333),
    25: (0.08448335783533, 0.08537906580608),
    50: (0.02100492591006, 0.02090276285689),
    80: (0.00471521872326, 0.00470382442141),
    100: (0.00180732707769, 0.00180534709177),
}


@pytest.mark.parametrize("length_km", TEN_POINTS)
@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
def test_ten_points(length_km, detection):
    setting = (4.0, 1.0, 10 ** (-0.02 * length_km), 0.01, 0.6, 0.1, detection, True)
    information, holevo = formula(*setting)
    assert 0.95 * information - holevo == pytest.approx(
        TEN_POINTS[length_km][detection == "heterodyne"], abs=1e-10
    )


def test_lodewyck_2007():
    information, holevo = formula(18.5, 1.0, 0.302, 0.005, 0.606, 0.041, "homodyne", True)
    assert information == pytest.approx(1.04364964873, abs=1e-10)
    assert holevo == pytest.approx(0.90204329456, abs=1e-10)
    assert 0.898 * information - holevo == pytest.approx(0.0351540900, abs=1e-10)


def test_perfect_channel_leaves_eve_nothing():
    for detection in ("homodyne", "heterodyne"):
        _, holevo = formula(7.0, 1.0, 1.0, 0.0, 0.8, 0.05, detection, True)
        assert holevo == pytest.approx(0.0, abs=1e-12)


def test_no_channel_gives_nothing():
    for trusted in (True, False):
        information, holevo = formula(7.0, 1.0, 0.0, 0.01, 0.8, 0.05, "homodyne", trusted)
        assert information == 0.0
        assert np.isfinite(holevo)


@pytest.mark.parametrize("transmittance", [0.9, 0.5, 0.1, 0.01])
def test_strong_modulation_of_a_lossy_line(transmittance):
    # Infinite squeezing and modulation of a lossy line: K = -log2(1 - T) / 2 (Grosshans et al. 2003 for
    # coherent states and homodyne detection, too). Its Holevo bound must lose no digits at V = 1e6.
    for s, v_a in ((1.0, 1e6), (1e-6, 1e6)):
        information, holevo = formula(v_a, s, transmittance, 0.0, 1.0, 0.0, "homodyne", True)
        assert float(information - holevo) <= float(repeaterless_bound(transmittance))
    coherent = [float(x) for x in formula(1e6, 1.0, transmittance, 0.0, 1.0, 0.0, "homodyne", True)]
    assert coherent[0] - coherent[1] == pytest.approx(repeaterless_bound(transmittance) / 2, rel=1e-4)


@settings(max_examples=150, deadline=None)
@given(
    st.floats(0.1, 100),
    st.floats(1e-4, 0.999),
    st.floats(0, 0.3),
    st.floats(0.1, 1),
    st.floats(0, 0.5),
    st.sampled_from(["homodyne", "heterodyne"]),
)
def test_rates_and_bounds_are_ordered(v_a, t, xi, eta, v_el, detection):
    trusted, untrusted = (formula(v_a, 1.0, t, xi, eta, v_el, detection, x) for x in (True, False))
    assert trusted[0] == untrusted[0]
    assert -1e-12 <= float(trusted[1]) <= float(untrusted[1]) + 1e-9
    assert float(trusted[0] - trusted[1]) <= float(repeaterless_bound(t)) + 1e-12


def test_grid_equals_scalars():
    t = np.linspace(0.01, 0.99, 7)[:, None]
    eta = np.array([0.4, 0.8])
    grid = holevo_heterodyne(after_channel(5.0, t, 0.01), heterodyne_noise(eta, 0.1))
    for (i, j), value in np.ndenumerate(grid):
        alone = holevo_heterodyne(after_channel(5.0, t[i, 0], 0.01), heterodyne_noise(eta[j], 0.1))
        assert float(alone) == value
