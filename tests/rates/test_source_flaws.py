"""Flaws of a source, each against a calculation that does not know its formula."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.special import gammaln
from scipy.stats import binom, poisson

from noclone.core.errors import InvalidInput
from noclone.rates import bounds
from noclone.rates.bb84 import gllp_rate
from noclone.rates.counts import DecoyCounts
from noclone.rates.decoy import one_decoy, photon_weights, two_decoys, vacuum_ceiling
from noclone.rates.flaws.discrete_phases import amplitude_distance, defect, reference_counts
from noclone.rates.flaws.flaws import IDEAL, Flaws
from noclone.rates.flaws.intensity_correlation import likelihood_ratio
from noclone.rates.flaws.intensity_fluctuation import poisson_interval
from noclone.rates.flaws.multiphoton import multiphoton_prob, tagged_count
from noclone.rates.flaws.pricing import keyed_states, reference, turned_ceiling
from noclone.rates.flaws.quantum_coin import bures_angle, phase_error
from noclone.rates.flaws.trojan_horse import infidelity
from noclone.rates.key_terms import shannon_leak
from noclone.rates.security import IDEAL_LASER

PHOTONS = np.arange(60)
SIFT = np.array([0.64, 0.04])
seeds = st.integers(0, 2**32 - 1)
deviations = st.floats(0.0, 0.2)


@given(st.floats(0.0, 3.0), st.floats(0.0, 0.8))
def test_intervals_hold_every_intensity_in_them(mu, deviation):
    bound = poisson_interval(mu, deviation)
    inside = poisson.pmf(PHOTONS, mu * (1 + deviation * np.linspace(-1, 1, 51))[:, None])
    n = PHOTONS[1:]
    factorial = np.exp(gammaln(n + 1))
    assert (inside[:, 0] >= bound.empty - 1e-15).all()
    assert (inside[:, 0] <= bound.empty_high + 1e-15).all()
    assert (inside[:, 1:] >= bound.scale * bound.dimmest**n / factorial - 1e-15).all()
    assert (inside[:, 1:] <= bound.scale_high * bound.brightest**n / factorial + 1e-15).all()
    if mu * (1 + deviation) <= 1:  # and the ends are reached
        assert inside[:, 1].min() == pytest.approx(float(bound.scale * bound.dimmest), abs=1e-15)
        assert inside[:, 1].max() == pytest.approx(float(bound.scale_high * bound.brightest), abs=1e-15)


def adversarial(seed, intensities, probs, deviation, vacuum_errors=None):
    """Counts where Eve knows each pulse's intensities and chooses yields accordingly, and the truth.

    Pulses come in 16 sorts. Each has intensities at ends of their intervals, yields and errors of its own.
    """
    rng = np.random.default_rng(seed)
    sorts = rng.dirichlet(np.ones(16))
    sign = rng.choice([-1.0, 1.0], (16, len(intensities)))
    weights = poisson.pmf(PHOTONS, (np.array(intensities) * (1 + deviation * sign))[..., None])
    yields = rng.uniform(0, 1, (16, 2, PHOTONS.size)) ** rng.uniform(0.3, 8)
    yields[..., 0] *= rng.uniform(0, 1) ** 4
    errors = rng.uniform(0, 1, yields.shape) * rng.choice([0.05, 1.0])
    if vacuum_errors is not None:
        errors[..., 0] = vacuum_errors
    joint = np.einsum("g,gkn,k->gkn", sorts, weights, probs)
    detections, wrong = (np.einsum("gkn,gbn->bkn", joint, part) for part in (yields, yields * errors))
    counts = DecoyCounts(
        intensities,
        probs,
        detections.sum(axis=2) * SIFT[:, None],
        wrong.sum(axis=2) * SIFT[:, None],
        sent=SIFT,
        flaws=Flaws(intensity_deviation=deviation),
    )
    return counts, *(part.sum(axis=1) * SIFT[:, None] for part in (detections, wrong))


@settings(max_examples=300)
@given(seeds, st.floats(0.2, 2.0), st.floats(0.02, 0.9), st.floats(0.0, 0.95), deviations)
def test_two_decoys_hold_in_every_corner_of_the_interval(seed, mu1, share2, share3, deviation):
    mu2 = share2 * mu1
    mu3 = min(share3 * mu2, 0.99 * (mu1 - mu2))
    counts, detections, wrong = adversarial(seed, [mu1, mu2, mu3], [0.5, 0.3, 0.2], deviation)
    exact = (counts.detections, counts.detections), (counts.errors, counts.errors)
    estimate = two_decoys(counts, photon_weights(counts), *exact)
    assert (estimate.vacuum <= detections[:, 0] + 1e-12).all()
    assert (estimate.single <= detections[:, 1] + 1e-12).all()
    assert (estimate.single_errors >= wrong[:, 1] - 1e-12).all()


@settings(max_examples=300)
@given(seeds, st.floats(0.2, 2.0), st.floats(0.02, 0.95), deviations)
def test_one_decoy_holds_in_every_corner_of_the_interval(seed, mu1, share2, deviation):
    counts, detections, wrong = adversarial(seed, [mu1, share2 * mu1], [0.7, 0.3], deviation, 0.5)
    weights = photon_weights(counts)
    ceiling = vacuum_ceiling(weights, counts.errors, np.zeros(2)).min(axis=1)
    assert (ceiling >= detections[:, 0] - 1e-12).all()
    exact = (counts.detections, counts.detections), (counts.errors, counts.errors)
    estimate = one_decoy(counts, weights, *exact, ceiling)
    assert (estimate.vacuum <= detections[:, 0] + 1e-12).all()
    assert (estimate.single <= detections[:, 1] + 1e-12).all()
    assert (estimate.single_errors >= wrong[:, 1] - 1e-12).all()


@pytest.mark.parametrize("deviation", [0.0, 0.01, 0.05])
def test_two_decoys_are_nearly_as_good_as_the_best_linear_bound(deviation):
    # Wang et al. (2008): all that is used are intervals of the photon-number probabilities. The least sum of
    # single photons that they allow is a linear programme.
    mu, probs, n = np.array([0.5, 0.12, 2e-4]), np.array([0.7, 0.2, 0.1]), PHOTONS[:25]
    gains = 1 - (1 - 1e-6) * np.exp(-1e-2 * mu)
    flaws = Flaws(intensity_deviation=deviation)
    counts = DecoyCounts(mu, probs, [probs * gains] * 2, [probs * gains * 0.01] * 2, flaws=flaws)
    exact = (counts.detections, counts.detections), (counts.errors, counts.errors)
    ours = two_decoys(counts, photon_weights(counts), *exact).single[0]
    ends = poisson.pmf(n, (mu * (1 + deviation * np.array([[-1], [1]])))[..., None])
    low, high = probs[:, None] * ends.min(axis=0), probs[:, None] * ends.max(axis=0)
    best = linprog(
        low.sum(axis=0)[1] * (n == 1),
        A_ub=np.concatenate([low, -high]) * 1e3,
        b_ub=np.concatenate([probs * gains, -probs * gains]) * 1e3,
        bounds=[(0, 2 / low.sum(axis=0)[i]) for i in range(2)] + [(0, None)] * 23,
    )
    assert best.status == 0
    assert ours <= best.fun * (1 + 1e-6)
    assert ours >= best.fun * 0.97


@given(seeds, st.floats(0.0, 0.05))
@settings(max_examples=100, deadline=None)
def test_correlated_intensities_hold_against_an_eve_who_looks_at_the_next_pulse(seed, deviation):
    # Exact sums over the settings and photon numbers of a pulse, the one before and the one after. Eve lets a
    # pulse through as she likes, given its photon number and the next one's.
    rng = np.random.default_rng(seed)
    mu, probs, n = np.array([0.5, 0.15, 0.001]), np.array([0.5, 0.3, 0.2]), PHOTONS[:16]
    moved = mu[:, None] * (1 + deviation * rng.uniform(-1, 1, (3, 3)))  # of choice k after choice j
    pmf = poisson.pmf(n, moved[..., None])
    yields = rng.uniform(0, 1, (16, 16)) ** rng.uniform(0.3, 20, (16, 16))
    later = np.einsum("l,lkm->km", probs, pmf)  # photons of the next pulse, given this choice
    joint = np.einsum("j,k,kjn,km,nm->kn", probs, probs, pmf, later, yields)
    flaws = Flaws(intensity_deviation=deviation, correlated_deviation=deviation)
    detections = np.tile(joint.sum(axis=1), (2, 1))
    counts = DecoyCounts(mu, probs, detections, 0.05 * detections, flaws=flaws)
    exact = (counts.detections, counts.detections), (counts.errors, counts.errors)
    estimate = two_decoys(counts, photon_weights(counts), *exact)
    assert (estimate.single <= joint[:, 1].sum() + 1e-12).all()
    assert (estimate.vacuum <= joint[:, 0].sum() + 1e-12).all()
    assert (estimate.single_errors >= 0.05 * joint[:, 1].sum() - 1e-12).all()


def test_likelihood_ratios_bound_those_of_poisson_numbers():
    mean, deviation = 0.6, 0.02
    ratio = float(likelihood_ratio(mean * (1 + deviation), deviation, 1))
    likely = PHOTONS[poisson.sf(PHOTONS - 1, mean * (1 + deviation)) > 1e-30]
    for other in (0.001, 0.1, mean):
        ends = poisson.pmf(likely, other * (1 + deviation * np.array([[-1], [1]])))
        assert (np.abs(np.log(ends[0] / ends[1])) <= np.log(ratio) + 1e-12).all()
    assert float(likelihood_ratio(0.5, 0.0, 1)) == 1.0
    assert likelihood_ratio(0.5, 0.01, 3) == pytest.approx(likelihood_ratio(0.5, 0.01, 1) ** 3)


def phase_mixture(mu, phases, size):
    """Density matrix of a coherent state with one of some random phases."""
    n = np.arange(size)
    amplitudes = np.exp(-mu / 2 + n * np.log(mu) / 2 - gammaln(n + 1) / 2)
    total = np.zeros((size, size), complex)
    for turn in 2 * np.pi * np.arange(phases) / phases:
        state = amplitudes * np.exp(1j * n * turn)
        total += np.outer(state, state.conj()) / phases
    return total


@pytest.mark.parametrize(("mu", "phases"), [(0.5, 1), (0.5, 2), (0.8, 3), (1.5, 5)])
def test_discrete_phases_leave_the_states_of_cao(mu, phases):
    matrix = phase_mixture(mu, phases, 40)
    for j in range(phases):
        same = np.arange(40) % phases == j
        block = matrix[np.ix_(same, same)]
        purity = np.trace(block @ block).real / np.trace(block).real ** 2
        assert purity == pytest.approx(1.0)  # a pure state of j, j + N, … photons
        share = 1 - block[0, 0].real / np.trace(block).real
        assert float(defect(mu, phases, j)) == pytest.approx(share, rel=1e-9)
    others = matrix * (np.arange(40)[:, None] % phases != np.arange(40) % phases)
    assert np.abs(others).max() < 1e-12


@given(seeds, st.floats(0.05, 1.5), st.integers(1, 6))
@settings(max_examples=100, deadline=None)
def test_no_measurement_tells_more_than_the_amplitude_distance(seed, mu, phases):
    rng = np.random.default_rng(seed)
    size = 24
    mixture, ideal = phase_mixture(mu, phases, size), np.zeros((size, size), complex)
    for j in range(phases):
        ideal[j, j] = mixture.diagonal()[j::phases].sum().real
    basis = np.linalg.qr(rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size)))[0]
    event = basis * rng.uniform(0, 1, size) ** rng.uniform(0.2, 6) @ basis.conj().T
    real, wanted = (np.trace(event @ state).real for state in (mixture, ideal))
    distance = np.asarray(amplitude_distance(defect(mu, phases, 0)))
    low, high = reference_counts(np.array(real), np.array(real), distance, np.array(1.0))
    assert low - 1e-12 <= wanted <= high + 1e-12


@given(seeds, st.floats(0.1, 0.9), st.integers(4, 12))
@settings(max_examples=200)
def test_decoys_hold_for_the_worst_that_discrete_phases_allow(seed, mu1, phases):
    # Each of the N states of each intensity gets a yield as far from that of a definite photon number as any
    # measurement allows; what is claimed of single photons and of the states sent is compared with the truth.
    rng = np.random.default_rng(seed)
    mu, probs, n = mu1 * np.array([1, 0.25, 0.01]), np.array([0.6, 0.3, 0.1]), np.arange(phases)
    matrices = [phase_mixture(each, phases, 60).diagonal().real for each in mu]
    weights = np.array([[diagonal[j::phases].sum() for j in n] for diagonal in matrices])
    yields = np.clip(10 ** rng.uniform(-6, -1) * (n + 1e-4) * rng.uniform(0.5, 1.5, phases), 0, 1)
    move = amplitude_distance([[defect(each, phases, j) for j in n] for each in mu])
    own = np.clip(np.sqrt(yields) + rng.choice([-1, 1], (3, 1)) * move, 0, 1) ** 2
    joint = probs[:, None] * weights * own
    truth = probs @ (weights * yields)[:, 1]
    detections = SIFT[:, None] * joint.sum(axis=1)
    flaws = Flaws(random_phases=phases)
    counts = DecoyCounts(mu, probs, detections, 0.1 * detections, sent=SIFT, flaws=flaws)
    exact = (counts.detections, counts.detections), (counts.errors, counts.errors)
    found = photon_weights(counts)
    estimate = two_decoys(counts, found, *reference(counts, found, exact, None))
    assert (estimate.single <= SIFT * truth * (1 + 1e-9)).all()
    sent = keyed_states(counts, found, estimate.single)
    assert (sent <= SIFT * joint[:, 1].sum() * (1 + 1e-9)).all()


def test_back_reflected_light_has_the_overlap_of_its_coherent_states():
    # Alice's bit and basis as the phase of a coherent state, in Fock space, with her qubit entangled.
    mu, n = 0.3, np.arange(40)
    size = np.exp(-mu / 2 + n * np.log(mu) / 2 - gammaln(n + 1) / 2)
    light = [size * np.exp(1j * n * turn) for turn in (0, np.pi, np.pi / 2, 3 * np.pi / 2)]
    bit = np.eye(2)
    # The ancilla's other basis, chosen as an adversary's coin would have it: (|0> ± i|1>) / sqrt(2).
    turned = np.array([[1, 1j], [1, -1j]]) / np.sqrt(2)
    sent = np.array([[1, 1j], [1, -1j]]) / np.sqrt(2)

    def pair(ancilla, qubit, first):
        return sum(np.einsum("a,q,n->aqn", ancilla[i], qubit[i], light[first + i]) for i in (0, 1)) / np.sqrt(
            2
        )

    overlap = np.vdot(pair(bit, bit, 0), pair(turned.conj(), sent, 2))
    assert 1 - overlap.real == pytest.approx(float(infidelity(mu)), rel=1e-9)
    assert float(infidelity(1e-12)) == pytest.approx(1e-12, rel=1e-9)


def test_phase_errors_turn_as_in_the_papers():
    # e' of Lo and Preskill (2007) and of Lucamarini et al. (2015), written out.
    for e, delta in ((0.0, 1e-3), (0.01, 1e-3), (0.05, 1e-2), (0.11, 3e-4)):
        papers = e + 4 * delta * (1 - delta) * (1 - 2 * e)
        papers += 4 * (1 - 2 * delta) * np.sqrt(delta * (1 - delta) * e * (1 - e))
        ours = phase_error(e, bures_angle(2 * delta * 1e-3), 1e-3, 1e-3)
        assert float(ours) == pytest.approx(papers, rel=1e-6)
    assert float(phase_error(0.03, 0.0, 0.0, 0.0)) == 0.03
    assert float(phase_error(0.03, 1e-3, 0.0, 1.0)) == pytest.approx(0.5)


@given(seeds)
@settings(max_examples=200)
def test_no_attack_makes_more_phase_errors_than_the_coin_allows(seed):
    # Two states of some overlap, any measurement with the results right, wrong and nothing.
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(2, 5)) + 1j * rng.normal(size=(2, 5))
    first = vectors[0] / np.linalg.norm(vectors[0])
    second = first + rng.uniform(0, 0.3) * vectors[1]
    second = second / np.linalg.norm(second)
    overlap = abs(np.vdot(first, second))
    parts = [
        np.linalg.qr(rng.normal(size=(5, 5)) + 1j * rng.normal(size=(5, 5)))[0] * rng.uniform(0, s, 5)
        for s in (1.0, 1.0, 0.1)
    ]
    elements = [part @ part.conj().T for part in parts]
    values, turn = np.linalg.eigh(sum(elements))
    root = turn / np.sqrt(values) @ turn.conj().T
    nothing, right, wrong = (root @ element @ root for element in elements)
    seen = [[np.vdot(state, e @ state).real for e in (right, wrong, nothing)] for state in (first, second)]
    (right_x, wrong_x, _), (right_z, wrong_z, _) = seen
    found, real = wrong_x / (right_x + wrong_x), wrong_z / (right_z + wrong_z)
    if found <= 0.5 and real <= 0.5:
        angle = np.arccos(min(overlap, 1.0))
        assert real <= float(phase_error(found, angle, right_z + wrong_z, right_x + wrong_x)) + 1e-9


@given(seeds)
def test_g2_bounds_pulses_of_several_photons(seed):
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.array([5.0, 3.0, *rng.uniform(0.01, 1, 6)]))
    n = np.arange(8)
    mean = probs @ n
    g2 = probs @ (n * (n - 1)) / mean**2
    assert probs[2:].sum() <= multiphoton_prob(mean, g2) + 1e-12


@pytest.mark.parametrize("mean", [1e-3, 1.0, 30.0, 1e4, 1e6])
@pytest.mark.parametrize("eps", [1e-3, 1e-12])
def test_tagged_pulses_are_not_more_than_the_binomial_tail_allows(mean, eps):
    sent = 1e8
    count = float(tagged_count(sent, mean / sent, eps))
    assert binom.sf(np.floor(count), int(sent), mean / sent) <= eps
    assert float(tagged_count(sent, 0.0, eps)) == 0.0


def test_single_photon_keys_with_tagged_pulses_end_at_gllp():
    # An endless block of a Poissonian source without decoys: Gottesman et al. (2004).
    mu = np.array([0.001, 0.005, 0.01, 0.03])
    gain = 1e-2 * mu + 1e-7
    wrong = 0.01 * gain
    several = -np.expm1(-mu) - mu * np.exp(-mu)
    block = DecoyCounts(
        [1.0],
        [1.0],
        np.tile(0.25e22 * gain, (2, 1, 1)),
        np.tile(0.25e22 * wrong, (2, 1, 1)),
        sent=[0.25e22] * 2,
        flaws=Flaws(multiphoton_prob=several),
    )
    keyed = [[True], [False]]
    terms = bounds.get("tomamichel-2012").key_terms(
        block, keyed, shannon_leak(block, keyed, 1.1), 1e-9, 1e-15
    )
    expected = np.fmax(gllp_rate(mu, gain, wrong, 1.1), 0)
    np.testing.assert_allclose(terms.length / 0.25e22, expected, rtol=1e-6, atol=1e-15)
    assert (expected[:2] > 0).all()


@given(seeds, st.floats(0.0, 0.2))
@settings(max_examples=200)
def test_errors_of_empty_pulses_bound_them_even_if_light_tells_eve_the_bit(seed, leaked):
    # Eve measures coherent states of opposite phase; her result decides whether Bob records 0, 1 or nothing.
    rng = np.random.default_rng(seed)
    overlap = np.exp(-2 * leaked)
    states = np.array([[1.0, 0.0], [overlap, np.sqrt(1 - overlap**2)]])
    turn = rng.uniform(0, 2 * np.pi)
    basis = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    outcome = (states @ basis.T) ** 2  # of Eve, given the bit
    says = rng.dirichlet([0.3, 0.3, 3.0], 2)[:, :2] * rng.uniform(0.01, 1)
    told = outcome @ says  # Bob's bit, given Alice's
    wrong, right = (told[0, 1] + told[1, 0]) / 2, (told[0, 0] + told[1, 1]) / 2
    flaws = Flaws(trojan_photons=leaked)
    parts = np.array([[wrong + right], [wrong + right]]), np.array([[wrong], [wrong]])
    counts = DecoyCounts([1e-12], [1.0], *parts, sent=[1.0, 1.0], flaws=flaws)
    weights = photon_weights(counts)
    ceiling = vacuum_ceiling(weights, counts.errors, np.zeros(2))
    eps = np.array(1 - 1e-12)
    assert (turned_ceiling(counts, weights, ceiling, eps)[:, 0] >= (wrong + right) * (1 - 1e-5)).all()


def test_flaws_that_need_the_pulses_sent_say_so():
    counts = DecoyCounts([1.0], [1.0], [[1e6]] * 2, [[1e4]] * 2, flaws=Flaws(multiphoton_prob=1e-3))
    with pytest.raises(InvalidInput, match=r"counts\.sent must be given"):
        bounds.get("tomamichel-2012").key_terms(counts, [[True], [False]], 0.0, 1e-9, 1e-15)
    with pytest.raises(InvalidInput, match=r"counts\.sent must hold"):
        DecoyCounts([1.0], [1.0], [[1e6]] * 2, [[1e4]] * 2, sent=[1.0])


def test_reference_counts_do_nothing_without_discrete_phases():
    counts = DecoyCounts([0.5, 0.1], [0.7, 0.3], [[9.0, 5.0]] * 2, [[1.0, 1.0]] * 2)
    intervals = (counts.detections, counts.detections), (counts.errors, counts.errors)
    assert reference(counts, photon_weights(counts), intervals, None) is intervals


def test_security_says_what_the_flaws_weaken():
    ideal = bounds.get("wiesemann-2024").SECURITY
    assert IDEAL.priced(ideal) is ideal
    spread = Flaws(intensity_deviation=0.01).priced(ideal)
    assert spread.attacks == "coherent"
    assert IDEAL_LASER not in spread.assumptions
    leaking = Flaws(trojan_photons=1e-7).priced(ideal)
    assert leaking.attacks == "collective"
    assert IDEAL_LASER in leaking.assumptions
    with pytest.raises(InvalidInput, match="takes the source as exactly known"):
        Flaws(random_phases=8).refused("infinite")


def test_detectors_that_remember_are_an_assumption_and_cost_nothing_else():
    ideal = bounds.get("wiesemann-2024").SECURITY
    for memory in ({"dead_time_s": 1e-9}, {"afterpulse_prob": np.array([0.0, 1e-3])}):
        flaws = Flaws(**memory)
        priced = flaws.priced(ideal)
        assert priced.attacks == "collective"
        assert priced.assumptions[1:] == ideal.assumptions
        assert "while one of his two detectors is dead" in priced.assumptions[0]
        assert np.all(flaws.events == 0)


def test_flaws_are_priced_point_by_point():
    flaws = Flaws(trojan_photons=[0.0, 1e-8, 0.0, 1e-8], random_phases=[0, 0, 9, 9])
    assert flaws.events.tolist() == [0, 5, 7, 7]
    assert flaws.leaking.tolist() == [False, True, True, True]
    assert flaws.priced(bounds.get("lim-2014").SECURITY).attacks == "collective"
