"""Two-way protocols: thresholds, Eve's knowledge from density matrices, and the attack on ping-pong."""

from functools import reduce

import numpy as np
import pytest
from scipy.optimize import brentq

from noclone.rates.entropy import binary_entropy
from noclone.rates.two_way import forward_phase_error, two_way_secrecy

PAULI = {
    "I": np.eye(2, dtype=complex),
    "X": np.array([[0, 1], [1, 0]], complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1.0 + 0j, -1.0]),
}


def entropy(rho):
    values = np.linalg.eigvalsh(rho)
    values = values[values > 1e-15]
    return float(-(values * np.log2(values)).sum())


def holevo(weights):
    """Eve's knowledge of {I, Y} when she holds the photon that returns and what the way out leaked."""
    # Bob's half, the photon and Eve's record of the Pauli error that happened.
    bell = np.array([1, 0, 0, 1], complex) / np.sqrt(2)
    state = sum(
        np.sqrt(weight) * np.kron(np.kron(PAULI["I"], PAULI[name]) @ bell, np.eye(4)[k])
        for k, (name, weight) in enumerate(weights.items())
    )
    mixed = []
    for encoding in (PAULI["I"], PAULI["Y"]):
        after = reduce(np.kron, (PAULI["I"], encoding, np.eye(4))) @ state
        parts = after.reshape(2, 8)
        mixed.append(sum(np.outer(part, part.conj()) for part in parts))
    return entropy(sum(mixed) / 2) - sum(entropy(each) for each in mixed) / 2


@pytest.mark.parametrize("seed", range(20))
def test_eve_knows_no_more_than_the_errors_of_the_way_out_allow(seed):
    shares = np.random.default_rng(seed).dirichlet([20, 1, 1, 1])
    weights = dict(zip("IXYZ", shares, strict=True))
    known = holevo(weights)
    assert known == pytest.approx(float(binary_entropy(weights["X"] + weights["Z"])), abs=1e-9)
    in_x, in_z = weights["Y"] + weights["Z"], weights["X"] + weights["Y"]
    assert known <= float(binary_entropy(min(in_x + in_z, 0.5))) + 1e-12


@pytest.mark.parametrize("share", [1.0, 0.6, 0.3, 0.1])
def test_filtering_on_the_way_back_reaches_the_bound(share):
    # With Pauli errors X or Z only, Eve holds one of two pure states of overlap 1 - 2 xi; a filter that
    # passes with this probability lowers the overlap to 1 - (1 - overlap) / share, and no filter does better.
    xi = 0.04
    overlap = max(1 - 2 * xi / share, 0.0)
    known = binary_entropy(0.5 * (1 - overlap))
    assert binary_entropy(forward_phase_error(xi * 0.9, share * 0.9)) == pytest.approx(known, abs=1e-12)


def test_thresholds():
    # Errors e in X, in Z and in the message: xi = 2 e, zero at 7.568 %; xi = e would give BB84's 11.003 %.
    two = brentq(lambda e: float(two_way_secrecy(e, 2 * e)), 0.01, 0.2, xtol=1e-14)
    one = brentq(lambda e: float(two_way_secrecy(e, e)), 0.01, 0.2, xtol=1e-14)
    assert two == pytest.approx(0.07568, abs=5e-6)
    assert one == pytest.approx(0.110028, abs=5e-7)


def mode(operator, position):
    """An operator on one of home (2), travelling, x and y (3 each: 0, 1, empty)."""
    sizes = [2, 3, 3, 3]
    return reduce(np.kron, [operator if k == position else np.eye(size) for k, size in enumerate(sizes)])


def permutation(rule):
    """The unitary that maps basis states (t, x, y) as the rule says, home untouched."""
    matrix = np.zeros((27, 27))
    for t in range(3):
        for x in range(3):
            for y in range(3):
                to = rule(t, x, y)
                matrix[np.ravel_multi_index(to, (3, 3, 3)), np.ravel_multi_index((t, x, y), (3, 3, 3))] = 1
    return np.kron(np.eye(2), matrix)


def test_wojcik_attack_on_ping_pong_with_half_the_photons_lost():
    # Wojcik, PRL 90, 157901 (2003): no control error, 0.311 bits each for Eve and Bob, 0.189 symmetrised.
    empty = 2

    def controlled_splitter(t, x, y):
        # The photon in x or y whose polarisation is that of t changes place.
        if t == empty or (x == t and y == t) or (x not in (t, empty)) or (y not in (t, empty)):
            return t, x, y
        return t, y, x

    hadamard = np.eye(3)
    hadamard[:2, :2] = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    swap = permutation(lambda t, x, y: (x, t, y))
    out = swap @ permutation(controlled_splitter) @ mode(hadamard, 3)
    start = np.zeros((2, 3, 3, 3))
    start[0, 1, empty, 0] = start[1, 0, empty, 0] = np.sqrt(0.5)
    on_way = out @ start.reshape(-1)
    seen = (on_way.reshape(2, 3, 9) ** 2).sum(axis=2)
    assert seen[:, empty].sum() == pytest.approx(0.5)
    assert seen[0, 0] + seen[1, 1] == pytest.approx(0.0, abs=1e-15)
    bob, eve = np.zeros((2, 2)), np.zeros((2, 2))
    for bit in (0, 1):
        back = (out.T @ mode(np.diag([1.0, (-1.0) ** bit, 1.0]), 1) @ on_way).reshape(2, 3, 3, 3)
        plus, minus = ((back[0, 1] + sign * back[1, 0]) / np.sqrt(2) for sign in (1, -1))
        bob[bit] = [0.5 * (plus**2).sum(), 0.5 * (minus**2).sum()]
        eve[bit] = [0.5 * (back[:, :, :, y] ** 2).sum() for y in (0, 1)]

    def information(joint):
        product = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
        kept = joint > 1e-15
        return float((joint[kept] * np.log2(joint[kept] / product[kept])).sum())

    symmetric = 0.5 * (eve + eve[::-1, ::-1])
    assert eve == pytest.approx(np.array([[0.5, 0.0], [0.25, 0.25]]))
    assert information(eve) == pytest.approx(0.3113, abs=5e-5)
    assert information(bob) == pytest.approx(0.3113, abs=5e-5)
    assert information(symmetric) == pytest.approx(0.1887, abs=5e-5)
    assert bob[1, 0] + bob[0, 1] == pytest.approx(0.25)
