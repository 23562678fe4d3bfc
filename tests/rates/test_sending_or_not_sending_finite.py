"""Finite sending-or-not-sending: bounds against counts of known origin, and pairing against exact spins."""

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
from scipy.stats import binom, hypergeom, poisson

from noclone.rates.sending_or_not_sending import sliced_clicks
from noclone.rates.sending_or_not_sending_finite import (
    ONE_SIDED,
    SHARES,
    OneSided,
    SinglePhotons,
    count_at_least,
    count_at_most,
    one_sided_shares,
    overhead_bits,
    single_photon_pairs,
    single_photons,
)

WINDOWS = 1e11
PROBS = (0.7, 0.05, 0.2, 0.05)


class World:
    """An honest middle whose photons are counted one by one; what the parties cannot see is known here."""

    def __init__(self, rng):
        self.rng = rng
        self.eta = 10 ** rng.uniform(-4, -1.5)
        self.dark = 10 ** rng.uniform(-9, -6)
        self.astray, self.slice = rng.uniform(0.01, 0.08), rng.uniform(0.05, 0.4)
        self.send = rng.uniform(0.05, 0.4, 2)
        self.signal, self.bright = rng.uniform(0.3, 0.6, 2), rng.uniform(0.2, 0.29)
        self.weak = rng.uniform(0.02, 0.08)
        self.windows = OneSided(*(WINDOWS * part for part in one_sided_shares(PROBS, *self.send)))

    def photon_clicks(self, photons):
        """One detector alone clicks, with this many photons from one party."""
        none, half = (1 - self.eta) ** photons, (1 - self.eta / 2) ** photons
        return 2 * (1 - self.dark) * (half - (1 - self.dark) * none)

    def one_sided_clicks(self):
        light = (0.0, self.weak, self.weak, self.bright, self.bright)
        n = np.arange(12)
        return OneSided(
            *(
                float(self.rng.poisson(sent * poisson.pmf(n, mu) * self.photon_clicks(n)).sum())
                for sent, mu in zip(self.windows, light, strict=True)
            )
        )

    def single_photon_error(self):
        """Wrong clicks over clicks of one photon in both arms, over the slice."""
        mean_cos = (1 - 2 * self.astray) * np.sin(self.slice) / self.slice
        dark = self.dark * (1 - self.dark)
        wrong = self.eta * (1 - mean_cos) / 2 * (1 - self.dark) + (1 - self.eta) * dark
        return wrong / (self.eta * (1 - self.dark) + 2 * (1 - self.eta) * dark)

    def run(self, eps):
        """Play a block; return what is estimated, and the bits of either party and their phase errors."""
        send_a, send_b = self.send
        sent = WINDOWS * PROBS[0] ** 2 * np.array([send_a * (1 - send_b), send_b * (1 - send_a)])
        sent *= self.signal * np.exp(-self.signal)
        matched = WINDOWS * PROBS[2] ** 2 * self.slice / (np.pi / 2)
        arriving = self.eta * self.weak
        wrong = self.rng.poisson(
            matched * sliced_clicks(arriving, arriving, self.astray, self.slice, self.dark)[1]
        )
        light = (self.weak, self.weak), (self.bright, self.bright)
        found = single_photons(
            *light, self.windows, self.one_sided_clicks(), matched, float(wrong), tuple(sent), eps
        )
        # Of the more frequent party only as many are untagged as leave the proportion of the decoys.
        truth = self.rng.poisson(sent.min() * self.photon_clicks(1), 2)
        errors = self.rng.binomial(truth.sum(), self.single_photon_error())
        return found, truth, errors


def test_counts_of_known_origin_never_violate_the_bounds():
    rng = np.random.default_rng(11)
    informative = 0
    for _ in range(200):
        found, (alice, bob), errors = World(rng).run(1e-6)
        assert found.alice <= alice
        assert found.bob <= bob
        assert found.alice + found.bob <= found.bits * (1 + 1e-12) <= (alice + bob) * (1 + 1e-12)
        assert found.phase_errors >= errors
        informative += found.bits > 0.8 * (alice + bob) and found.phase_errors < 3 * errors
    assert informative > 100


def test_pairs_of_known_origin_never_violate_the_bounds():
    rng = np.random.default_rng(12)
    informative = 0
    for _ in range(200):
        found, truth, errors = World(rng).run(1e-6)
        # Bob's bits, tagged ones included; single photons come first among them.
        zeros, ones = (int(count / rng.uniform(0.3, 0.7)) for count in truth[::-1])
        known = single_photon_pairs(found, zeros, ones, 1e-6)
        few, many = sorted([(ones, truth[0]), (zeros, truth[1])])
        pairs = rng.hypergeometric(few[1], few[0] - few[1], few[0])
        pairs = rng.hypergeometric(many[1], many[0] - many[1], pairs)
        assert known.pairs <= pairs
        # Each of the pairs compares two random ones of all bits, whose phase errors are few or many.
        bits = truth.sum()
        first = rng.hypergeometric(errors, bits - errors, pairs)
        second = rng.hypergeometric(errors - first, bits - errors - (pairs - first), pairs)
        both = rng.hypergeometric(second, pairs - second, first)
        assert known.phase_error >= (first + second - 2 * both) / pairs or known.phase_error == 0.5
        informative += known.pairs > 0.8 * pairs and known.phase_error < 0.3
    assert informative > 70


def test_endless_weak_decoys_tell_the_truth():
    eta, dark, astray, weak = 1e-3, 1e-8, 0.04, 1e-5
    bright = 2 * weak
    n = np.arange(12)
    yields = 2 * (1 - dark) * ((1 - eta / 2) ** n - (1 - dark) * (1 - eta) ** n)
    gains = OneSided(*((poisson.pmf(n, mu) * yields).sum() for mu in (0, weak, weak, bright, bright)))
    windows = OneSided(*[1e40] * 5)
    wrong = sliced_clicks(eta * weak, eta * weak, astray, 1e-3, dark)[1]
    clicks = OneSided(*(1e40 * gain for gain in gains))
    light = (weak, weak), (bright, bright)
    found = single_photons(*light, windows, clicks, 1e40, 1e40 * wrong, (1e39, 1e39), 1e-20)
    assert found.alice / 1e39 == pytest.approx(yields[1], rel=1e-4)
    expected = (eta * astray + (1 - eta) * dark) / (eta + 2 * (1 - eta) * dark)
    assert found.phase_errors / found.bits == pytest.approx(expected, rel=1e-3)
    pairs = single_photon_pairs(found, 3 * found.bob, 2.5 * found.alice, 1e-20)
    assert pairs.phase_error == pytest.approx(2 * expected * (1 - expected), rel=1e-3)
    assert pairs.pairs == pytest.approx(found.alice / 3, rel=1e-6)


def test_bits_of_the_busier_party_are_given_away():
    gains = OneSided(*(1e9 * x for x in (1e-8, 5e-4, 5e-4, 3e-3, 3e-3)))
    windows, light = OneSided(*[1e9] * 5), ((0.05, 0.05), (0.3, 0.3))
    equal, unequal = (
        single_photons(*light, windows, gains, 1e9, 3e4, sent, 1e-12) for sent in ((1e9, 1e9), (1e9, 7e9))
    )
    assert equal == unequal


@pytest.mark.parametrize(
    ("weak", "bright", "windows"),
    [(0.3, 0.1, 1e9), (0.1, 0.1, 1e9), (0.0, 0.1, 1e9), (0.1, 0.3, 0.0)],
)
def test_nothing_is_known_without_decoys_that_fall(weak, bright, windows):
    sent = OneSided(*[windows] * 5)
    clicks = OneSided(*(1e-3 * part for part in sent))
    found = single_photons((weak,) * 2, (bright,) * 2, sent, clicks, windows, 10.0, (1e9, 1e9), 1e-12)
    assert found.bits == 0
    pairs = single_photon_pairs(found, 1e8, 1e8, 1e-12)
    assert (pairs.pairs, pairs.phase_error) == (0, 0.5)


@pytest.mark.parametrize("mean", [0.5, 7.0, 130.0, 4e4])
@pytest.mark.parametrize("nats", [1.0, 10.0, 50.0])
def test_deviations_against_exact_tails(mean, nats):
    most, least = count_at_most(mean, nats), count_at_least(mean, nats)
    for law in (poisson(mean), binom(int(3 * mean + 1), mean / int(3 * mean + 1))):
        assert law.sf(np.ceil(most) - 1) <= np.exp(-nats)
        assert law.cdf(np.floor(least)) <= np.exp(-nats) or least == 0


@pytest.mark.parametrize(("few", "many", "a", "b"), [(500, 900, 200, 400), (3000, 3000, 1500, 900)])
def test_pairs_are_hypergeometric(few, many, a, b):
    # Each of the rarer bits has a random partner: so many of those of single photons have one of their kind.
    exact = hypergeom(many, b, a)
    assert exact.mean() == pytest.approx(a * b / max(few, many))
    for nats in (2.0, 8.0, 30.0):
        assert exact.cdf(np.ceil(count_at_least(exact.mean(), nats)) - 1) <= np.exp(-nats)


@pytest.mark.parametrize(("n", "j", "drawn"), [(60, 5, 30), (200, 30, 70), (1000, 20, 500), (400, 120, 100)])
def test_pairs_of_which_only_the_first_is_an_error(n, j, drawn):
    # The law of singlets in random pairs: exactly, as errors among the first, of which some partner is sound.
    first = np.arange(j + 1)
    law = np.zeros(j + 1)
    for errors, prob in zip(first, hypergeom(n, j, drawn).pmf(first), strict=True):
        sound = hypergeom(n - drawn, n - drawn - (j - errors), errors)
        law[: errors + 1] += prob * sound.pmf(np.arange(errors + 1))
    mean = drawn * j * (n - j) / (n * (n - 1))
    assert law.sum() == pytest.approx(1)
    assert law @ first == pytest.approx(mean)
    for nats in (0.5, 2.0, 8.0, 25.0):
        assert law[first >= count_at_most(mean, nats)].sum() <= np.exp(-nats)


SINGLET = np.array([0, 1, -1, 0]) / np.sqrt(2)
TRIPLET = np.array([0, 1, 1, 0]) / np.sqrt(2)


def projector(n, pairs, singlets, rest=None):
    """Project pairs of n qubits on odd parity with these singlets, the others on `rest`, diagonal."""
    states = [SINGLET if each else TRIPLET for each in singlets]
    others = [i for i in range(n) if not any(i in pair for pair in pairs)]
    full = np.ones((1, 1))
    for state in states:
        full = np.kron(full, np.outer(state, state))
    full = np.kron(full, np.diag(rest if rest is not None else np.ones(2 ** len(others))))
    order = [i for pair in pairs for i in pair] + others
    axes = np.argsort(order)
    return full.reshape((2,) * 2 * n).transpose(*axes, *(n + axes)).reshape(2**n, 2**n)


def disjoint_pairs(qubits, count):
    """All sets of so many disjoint pairs."""
    if count == 0:
        return [()]
    return [
        (pair, *more)
        for pair in combinations(qubits, 2)
        for more in disjoint_pairs([i for i in qubits if i > pair[0] and i != pair[1]], count - 1)
    ]


def singlets_among(n, pairs, at_least):
    """Project n qubits on at least so many singlets among the pairs."""
    singlet, other = np.outer(SINGLET, SINGLET), np.eye(4) - np.outer(SINGLET, SINGLET)
    total = np.zeros((4 ** len(pairs),) * 2)
    for kinds in product((0, 1), repeat=len(pairs)):
        if sum(kinds) >= at_least:
            part = np.ones((1, 1))
            for kind in kinds:
                part = np.kron(part, singlet if kind else other)
            total += part
    others = [i for i in range(n) if not any(i in pair for pair in pairs)]
    full = np.kron(total, np.eye(2 ** len(others)))
    axes = np.argsort([i for pair in pairs for i in pair] + others)
    return full.reshape((2,) * 2 * n).transpose(*axes, *(n + axes)).reshape(2**n, 2**n)


def random_pairs(n, drawn, at_least):
    """At least so many singlets among random disjoint pairs: the average over all sets of pairs."""
    sets = disjoint_pairs(range(n), drawn)
    return sum(singlets_among(n, pairs, at_least) for pairs in sets) / len(sets)


@pytest.mark.parametrize(("n", "drawn", "least"), [(6, 2, 1), (6, 2, 2), (6, 3, 1), (6, 3, 2), (7, 2, 1)])
def test_singlets_depend_on_the_spin_and_are_bounded_by_random_errors(n, drawn, least):
    seen = random_pairs(n, drawn, least)
    x = sum(singles(n, i) for i in range(n))
    weights, basis = np.linalg.eigh(x)
    errors = np.rint((n - weights) / 2).astype(int)
    inside = basis.T @ seen @ basis
    bound = {}
    for k in range(n // 2 + 1):
        # At most k phase errors: the largest probability of any state, coherent or not.
        block = inside[np.ix_(errors <= k, errors <= k)]
        largest = np.linalg.eigvalsh(block).max()
        strings = [set(each) for each in combinations(range(n), k)]
        sets = disjoint_pairs(range(n), drawn)
        law = [
            binom(sum(len(s & {*pair}) == 1 for pair in p), 0.5).sf(least - 1) for s in strings for p in sets
        ]
        bound[k] = (n - k + 1) / (n - 2 * k + 1) * np.mean(law)
        assert largest <= max(bound.values()) + 1e-12


def singles(n, i):
    """Pauli X of qubit i."""
    return np.kron(np.kron(np.eye(2**i), [[0, 1], [1, 0]]), np.eye(2 ** (n - i - 1)))


@pytest.mark.parametrize(
    ("n", "zeros", "kept", "drawn"), [(6, 3, 1, 2), (6, 2, 1, 2), (6, 3, 1, 3), (8, 4, 2, 4)]
)
def test_pairing_by_value_against_random_pairs(n, zeros, kept, drawn):
    """As operators: P(singlets of pairs made by value) P(enough odd pairs) <= P(singlets in random pairs)."""
    sets = disjoint_pairs(range(n), kept)
    rest = np.array([sum(bits) == zeros - kept for bits in product((0, 1), repeat=n - 2 * kept)], float)
    # Pairing by value picks each set of `kept` pairs between zeros and ones with this probability.
    share = 1 / (comb(zeros, kept) * comb(n - zeros, kept) * np.prod(np.arange(1, kept + 1)))
    for least in range(1, kept + 1):
        by_value = sum(
            share * projector(n, pairs, kinds, rest)
            for pairs in sets
            for kinds in product((0, 1), repeat=kept)
            if sum(kinds) >= least
        )
        some = set(range(zeros))
        draws = disjoint_pairs(range(n), drawn)
        enough = np.mean([sum(len(some & {*pair}) == 1 for pair in each) >= kept for each in draws])
        left = random_pairs(n, drawn, least) - enough * by_value
        assert enough > 0.5
        assert np.linalg.eigvalsh(left).min() >= -1e-12


def test_enough_random_pairs_hold_the_odd_ones():
    # M = (t + sqrt t + 2) / p random pairs hold t odd ones with probability 1/2 at least: drawn 2000 times.
    rng = np.random.default_rng(3)
    n, zeros = 4000, 1700
    odd_share = 2 * zeros * (n - zeros) / (n * (n - 1))
    for t in (1, 10, 100, 900):
        drawn = int(np.ceil((t + np.sqrt(t) + 1) / odd_share))
        mixed = []
        for _ in range(2000):
            values = rng.permutation(n)[: 2 * drawn].reshape(2, -1) < zeros
            mixed.append(np.count_nonzero(values[0] != values[1]) >= t)
        assert np.mean(mixed) > 0.5


def test_the_key_is_shorter_by_what_the_paper_says():
    eps, eps_cor = 3e-12, 1e-15
    expected = np.log2(2 / eps_cor) + 2 * np.log2(1 / (np.sqrt(2) * eps * eps))
    assert overhead_bits(eps, eps_cor) == pytest.approx(expected)


def test_failure_probabilities_make_up_the_secrecy():
    eps = 1e-10 / SHARES
    decoys, errors, pairing, bits = 7, 1, 1, 3
    more_errors = (2 * (decoys + errors) + pairing + bits) * eps**2
    fewer_bits = (decoys + bits) * eps**2
    assert 2 * eps + 4 * np.sqrt(more_errors) + eps + fewer_bits <= 1e-10


def test_shares_of_windows_add_up():
    shares = one_sided_shares(PROBS, 0.3, 0.1)
    a, b = (
        {0: PROBS[0] * s, 1: PROBS[1], 2: PROBS[2], 3: PROBS[3], "silent": PROBS[0] * (1 - s)}
        for s in (0.3, 0.1)
    )
    for (kind_a, kind_b), share in zip(ONE_SIDED, shares, strict=True):
        expected = a[kind_a] * b[kind_b]
        expected += a["silent"] * b[kind_b] if kind_a == 3 else 0
        expected += a[kind_a] * b["silent"] if kind_b == 3 else 0
        assert share == pytest.approx(expected)


def test_fewer_bits_never_look_better():
    pairs = [
        single_photon_pairs(SinglePhotons(a, b, a + b, np.array(5e4)), 4e6, 3e6, 1e-20)
        for a, b in ((np.array(1e6), np.array(8e5)), (np.array(9e5), np.array(8e5)))
    ]
    assert pairs[0].pairs > pairs[1].pairs
    assert pairs[0].phase_error < pairs[1].phase_error
