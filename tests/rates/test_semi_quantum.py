"""Bounds for semi-quantum protocols against thresholds of the literature and against attacks, computed out.

An attack is a random unitary on the photon (vacuum, 0, 1) and Eve's system, or the server's; what she knows
of the bits then follows from her states, without any of the formulas.
"""

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.optimize import brentq

from noclone.rates.entropy import binary_entropy
from noclone.rates.semi_quantum import krawec_entropy, mediated_phase_error, two_way_phase_error

VACUUM, BITS = 0, (1, 2)
"""Levels of a photon's mode."""
SIGNS = (np.array([0.0, 1.0, 1.0]) / 2**0.5, np.array([0.0, 1.0, -1.0]) / 2**0.5)
"""The states of X on these levels."""


def threshold(entropy):
    """The error rate at which reconciliation takes all."""
    return brentq(lambda q: float(entropy(q) - binary_entropy(q)), 0.01, 0.2, xtol=1e-12)


def mismatched(reflected_error):
    return 1 - binary_entropy(two_way_phase_error(1 - reflected_error, reflected_error, 0.5, 1.0))


def test_the_first_bound_ends_where_the_paper_says():
    # Krawec, arXiv:1412.0282: 5.34 % where Z on either way and X over both have the same error rate.
    assert 0.0534 <= threshold(lambda q: krawec_entropy(q, q, q)) < 0.0535


def test_with_mismatched_measurements_the_threshold_is_that_of_bb84():
    # Krawec, arXiv:1608.07728: 11 % where the error of X over both ways is that of Z on one.
    assert threshold(mismatched) == pytest.approx(0.11002786, rel=1e-6)


def test_two_independent_crossings_tolerate_less():
    # The root of 1 = h(q) + h(2 q (1 - q)).
    assert threshold(lambda q: mismatched(2 * q * (1 - q))) == pytest.approx(0.079363, abs=1e-6)


def test_more_statistics_never_give_less():
    forward, back, x = np.meshgrid(*(np.linspace(0, 0.2, 21),) * 3)
    assert np.all(mismatched(x) >= krawec_entropy(forward, back, x) - 1e-12)


def entropy_of(matrices):
    """S of a block-diagonal state."""
    values = np.concatenate([np.linalg.eigvalsh(each) for each in matrices])
    values = values[values > 1e-14]
    return float(-np.sum(values * np.log2(values)))


def uncertainty(states):
    """S(bit | Eve) from her unnormalised states for bit 0 and 1."""
    weight = sum(np.trace(each).real for each in states)
    blocks = [each / weight for each in states]
    return entropy_of(blocks) - entropy_of([sum(blocks)])


def near_identity(size, strength, rng):
    matrix = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    return expm(1j * strength * (matrix + matrix.conj().T) / np.sqrt(size))


def unit(row, column):
    matrix = np.zeros((3, 3))
    matrix[row, column] = 1
    return matrix


def reflecting():
    """Kraus operators: the phase between vacuum and photon is random."""
    return [unit(VACUUM, VACUUM), unit(1, 1) + unit(2, 2)]


def measuring(efficiency, dark):
    """Kraus operators of measuring and resending, by the bit recorded; None where nothing clicked."""
    unseen = [unit(VACUUM, VACUUM), *((1 - efficiency) ** 0.5 * unit(VACUUM, z) for z in BITS)]
    results = {None: [(1 - dark) * each for each in unseen]}
    alone = dark * (1 - dark) + dark**2 / 2
    for bit in BITS:
        results[bit] = [alone**0.5 * unit(bit, VACUUM) @ each for each in unseen]
        results[bit] += [
            (efficiency * (1 - dark / 2 if z == bit else dark / 2)) ** 0.5 * unit(bit, z) for z in BITS
        ]
    return results


@pytest.mark.parametrize(("efficiency", "dark"), [(1.0, 0.0), (0.6, 0.0), (0.8, 0.003)])
def test_no_attack_on_both_ways_learns_more_than_the_bound_allows(efficiency, dark):
    rng, eve = np.random.default_rng(11), 4
    pair = np.zeros((2, 3, eve), complex)  # Alice's record, photon, Eve
    pair[0, 1, 0] = pair[1, 2, 0] = 0.5**0.5
    user = measuring(efficiency, dark)
    informative = 0
    for _ in range(60):
        out, back = (
            near_identity(3 * eve, rng.uniform(0, 0.12), rng).reshape(3, eve, 3, eve) for _ in range(2)
        )
        arrived = np.einsum("tesf,asf->ate", out, pair)

        def returned(operators, arrived=arrived, back=back):
            acted = [np.einsum("ts,ase->ate", kraus, arrived) for kraus in operators]
            return [np.einsum("tesf,asf->ate", back, each) for each in acted]

        def in_x(states, equal):
            alice = np.array([[1, 1], [1, -1]]) / 2**0.5
            total = 0.0
            for each in states:
                for sent in (0, 1):
                    seen = SIGNS[sent if equal else 1 - sent]
                    total += np.sum(np.abs(np.einsum("a,t,ate->e", alice[sent], seen, each)) ** 2)
            return total

        reflected = returned(reflecting())
        kept = {bit: returned(user[bit]) for bit in BITS}
        sifted = kept[1] + kept[2]
        error = two_way_phase_error(
            in_x(reflected, True),
            in_x(reflected, False),
            in_x(sifted, True),
            in_x(sifted, True) + in_x(sifted, False),
            empty_right=in_x(returned(user[None]), True),
            efficiency=efficiency,
            dark_count_prob=dark,
        )
        found = [
            sum(np.einsum("ate,atf->ef", each[:, 1:], each[:, 1:].conj()) for each in kept[bit])
            for bit in BITS
        ]
        secret = uncertainty(found)
        assert secret >= 1 - binary_entropy(error) - 1e-9
        informative += error < 0.3
    assert informative > 20


@pytest.mark.parametrize("error", [0.0, 0.02, 0.1, 0.3])
def test_an_attack_that_flips_phases_reaches_the_bound(error):
    # Eve keeps a record of whether she applied Z on the way out: states of the bits are at a known angle.
    amplitudes = np.array([(1 - error) ** 0.5, error**0.5])
    states = [0.5 * np.outer(each, each) for each in (amplitudes, amplitudes * [1, -1])]
    assert uncertainty(states) == pytest.approx(float(mismatched(error)), abs=1e-12)


def pauli_attack(probs):
    """Eve's states for each bit when she applies Paulis I, X, Z, Y on both ways and keeps their names."""
    both = np.sqrt(np.outer(probs, probs))  # out, back
    flips, signs = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])
    states = []
    for bit in (0, 1):
        state = np.zeros((16, 16))
        for out_flip in (0, 1):
            for back_flip in (0, 1):
                chosen = (flips[:, None] == out_flip) & (flips[None, :] == back_flip)
                sign = (-1.0) ** (signs[:, None] * (bit ^ out_flip) + signs[None, :] * bit)
                vector = (both * chosen * sign).ravel()
                state += 0.5 * np.outer(vector, vector)
        states.append(state)
    return states


def test_no_attack_by_pauli_operators_learns_more_than_either_bound_allows():
    rng = np.random.default_rng(5)
    for weight in np.geomspace(0.005, 0.3, 40):
        rest = rng.dirichlet(np.ones(3)) * weight
        probs = np.array([1 - weight, *rest])
        flip, sign = probs[1] + probs[3], probs[2] + probs[3]
        x = 2 * sign * (1 - sign)
        secret = uncertainty(pauli_attack(probs))
        assert secret >= mismatched(x) - 1e-9
        assert secret >= krawec_entropy(flip, flip, x) - 1e-9


@pytest.mark.parametrize(("efficiencies", "darks"), [((1.0, 1.0), (0.0, 0.0)), ((0.9, 0.7), (0.001, 0.002))])
def test_no_server_learns_more_than_the_bound_allows(efficiencies, darks):
    rng, own = np.random.default_rng(12), 2
    users = [measuring(*each) for each in zip(efficiencies, darks, strict=True)]
    honest = np.zeros((3, 3, own), complex)
    honest[1, 1, 0] = honest[2, 2, 0] = 0.5**0.5
    phi_minus = np.zeros((9, 1))
    phi_minus[[4, 8], 0] = 0.5**0.5, -(0.5**0.5)
    says_minus = np.kron(phi_minus, np.eye(own))  # the range of the honest projector
    informative = 0
    for _ in range(40):
        source, after = (near_identity(9 * own, rng.uniform(0, 0.12), rng) for _ in range(2))
        sent = (source @ honest.ravel()).reshape(3, 3, own)
        measured = (after @ says_minus).conj().T

        def minus(ops_a, ops_b, sent=sent, measured=measured):
            """The server's unnormalised state after it has said minus."""
            total = np.zeros((own, own), complex)
            for a in ops_a:
                for b in ops_b:
                    vector = measured @ np.einsum("xa,yb,abe->xye", a, b, sent).ravel()
                    total += np.outer(vector, vector.conj())
            return total

        clicks = [user[1] + user[2] for user in users]
        kept = [minus(users[0][bit], clicks[1]) for bit in BITS]
        alone = [
            minus(clicks[0], reflecting()) - minus(clicks[0], users[1][None]),
            minus(reflecting(), clicks[1]) - minus(users[0][None], clicks[1]),
        ]
        error = mediated_phase_error(
            np.trace(minus(reflecting(), reflecting())).real,
            *(np.trace(each).real for each in alone),
            np.trace(sum(kept)).real,
            efficiencies=efficiencies,
            dark_count_probs=darks,
        )
        assert uncertainty(kept) >= 1 - binary_entropy(error) - 1e-9
        informative += error < 0.3
    assert informative > 10


def test_random_results_give_no_key():
    assert two_way_phase_error(0.5, 0.5, 0.5, 1.0) == 0.5
    assert mediated_phase_error(0.25, 0.25, 0.25, 0.25) == 0.5
    assert krawec_entropy(0.5, 0.5, 0.5) == 0.0
