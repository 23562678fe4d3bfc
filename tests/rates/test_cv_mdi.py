"""CV-MDI against the closed form of infinite modulation and against Eve's modes behind both channels."""

import numpy as np
import pytest

from noclone.rates.capacity import repeaterless_bound
from noclone.rates.cv_mdi import after_relay, relay_information
from noclone.rates.gaussian_modulation import holevo_heterodyne


def rate(v_a, v_b, t_a, t_b, noise, beta=1.0):
    state = after_relay(v_a, v_b, t_a, t_b, noise)
    return beta * relay_information(state) - holevo_heterodyne(state, 1.0)


def h(x):
    return (x + 1) / 2 * np.log2((x + 1) / 2) - ((x - 1) / 2 * np.log2((x - 1) / 2) if x > 1 + 1e-12 else 0.0)


def infinite_modulation(t_a, t_b, chi):
    """Pirandola et al., Nat. Photonics 9, 397 (2015): asymmetric and symmetric arms."""
    if t_a == t_b:
        return np.log2(16 / (np.e**2 * chi * (chi - 4))) + h(chi / 2 - 1)
    total, gap = t_a + t_b, abs(t_a - t_b)
    return (
        np.log2(2 * total / (np.e * gap * chi))
        + h(t_a * chi / total - 1)
        - h((t_a * t_b * chi - total**2) / (gap * total))
    )


@pytest.mark.parametrize(
    ("t_a", "t_b", "noise"),
    [(1, 0.1, 0), (0.98, 0.5, 0.001), (0.9, 0.9, 0.0), (0.95, 0.95, 0.01), (0.7, 0.9, 0.02)],
)
def test_limit_of_infinite_modulation(t_a, t_b, noise):
    chi = 2 * (t_a + t_b) / (t_a * t_b) * (1 + noise)
    assert rate(1e6, 1e6, t_a, t_b, noise) == pytest.approx(infinite_modulation(t_a, t_b, chi), abs=3e-5)


def test_published_point():
    assert infinite_modulation(1, 0.1, 22) == pytest.approx(0.07733589, abs=1e-8)
    assert rate(1e7, 1e7, 1, 0.1, 0) == pytest.approx(0.07733589, abs=1e-6)


def test_symmetric_relay_ends_near_four_kilometres_on_each_side():
    assert rate(1e6, 1e6, *2 * (10 ** (-0.02 * 3.7),), 0) > 0 > rate(1e6, 1e6, *2 * (10 ** (-0.02 * 3.9),), 0)


def entropy(matrix):
    omega = np.kron(np.eye(len(matrix) // 2), [[0, 1], [-1, 0]])
    values = np.maximum(np.sort(np.abs(np.linalg.eigvals(1j * omega @ matrix)))[::2], 1 + 1e-15)
    up, down = (values + 1) / 2, (values - 1) / 2
    return float(np.sum(up * np.log2(up) - down * np.log2(down)))


def rows(mode):
    return [2 * mode, 2 * mode + 1]


def split(one, two, transmittance, modes=8):
    matrix = np.eye(2 * modes)
    t, r = np.sqrt(transmittance), np.sqrt(1 - transmittance)
    for i, j in zip(rows(one), rows(two), strict=True):
        matrix[i, i] = matrix[j, j] = t
        matrix[i, j], matrix[j, i] = r, -r
    return matrix


def conditional(matrix, keep, read, noise):
    cross = matrix[np.ix_(keep, read)]
    seen = matrix[np.ix_(read, read)] + noise * np.eye(len(read))
    return matrix[np.ix_(keep, keep)] - cross @ np.linalg.solve(seen, cross.T)


def brute_force(v_a, v_b, t_a, t_b, omega_a, omega_b):
    """Modes: Alice's pair (0, 1), Bob's (2, 3), Eve's two cloners (4, 5) and (6, 7)."""
    matrix = np.zeros((16, 16))
    for first, variance in ((0, v_a), (2, v_b), (4, omega_a), (6, omega_b)):
        c = np.sqrt(variance**2 - 1)
        block = np.block(
            [[variance * np.eye(2), c * np.diag([1, -1])], [c * np.diag([1, -1]), variance * np.eye(2)]]
        )
        matrix[2 * first : 2 * first + 4, 2 * first : 2 * first + 4] = block
    for step in (split(1, 4, t_a), split(3, 6, t_b), split(1, 3, 0.5)):
        matrix = step @ matrix @ step.T
    relay = [rows(3)[0], rows(1)[1]]  # the difference of one quadrature, the sum of the other
    eve = [row for mode in range(4, 8) for row in rows(mode)]
    everyone = rows(0) + rows(2) + eve
    known = conditional(matrix, everyone, relay, 0.0)
    alice, bob, hers = [0, 1], [2, 3], list(range(4, 12))
    holevo = entropy(known[np.ix_(hers, hers)]) - entropy(conditional(known, hers, alice, 1.0))
    before = np.linalg.det(known[np.ix_(bob, bob)] + np.eye(2))
    after = np.linalg.det(conditional(known, bob, alice, 1.0) + np.eye(2))
    return 0.5 * np.log2(before / after), holevo


def test_finite_modulation_against_brute_force():
    rng = np.random.default_rng(8)
    for _ in range(40):
        v_a, v_b = 1 + rng.uniform(0.5, 60, 2)
        t_a, t_b = rng.uniform(0.05, 0.98, 2)
        omega = 1 + rng.exponential(0.05, 2)
        noise = ((1 - t_a) * (omega[0] - 1) + (1 - t_b) * (omega[1] - 1)) / 2
        state = after_relay(v_a, v_b, t_a, t_b, noise)
        found = relay_information(state), holevo_heterodyne(state, 1.0)
        np.testing.assert_allclose(found, brute_force(v_a, v_b, t_a, t_b, *omega), rtol=1e-7)


def test_never_above_the_capacity_of_the_worse_side():
    rng = np.random.default_rng(9)
    t_a, t_b = rng.uniform(0.01, 0.999, (2, 5000))
    v_a, v_b = 1 + rng.uniform(0.1, 1000, (2, 5000))
    assert np.all(rate(v_a, v_b, t_a, t_b, 0.0) <= repeaterless_bound(np.minimum(t_a, t_b)))
