"""The bounds as a family: limits, order, and numbers that others published."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.rates import bounds, gains
from noclone.rates.bounds import wiesemann_2024
from noclone.rates.capacity import repeaterless_bound
from noclone.rates.concentration import fung_deviation, hoeffding_deviation
from noclone.rates.counts import DecoyCounts, PhotonCounts, expected_counts, expected_photons
from noclone.rates.decoy import keyed_fraction, one_decoy, phase_error_estimate, photon_weights, two_decoys
from noclone.rates.entropy import binary_entropy
from noclone.rates.key_terms import KeyTerms, shannon_leak

FINITE = ("lim-2014", "rusca-2018", "wiesemann-2024")
KEY_Z = {1: [[True], [False]], 2: [[True, True], [False, False]], 3: [[True] * 3, [False] * 3]}
EPS = {"eps_sec": 1e-10, "eps_cor": 1e-15}


def link(eta, intensities, probs, basis_prob=0.8, background=1e-6, misalignment=0.01):
    """Expected counts per pulse with the truth about photon numbers."""
    intensities = np.asarray(intensities, dtype=float)
    sift = [basis_prob**2, (1 - basis_prob) ** 2]
    mu = intensities.reshape(intensities.shape + (1,) * (np.ndim(eta) + 1 - intensities.ndim))
    gain = gains.gain(mu, eta, background)
    single = gains.single_photon_yield(eta, background)
    wrong = gains.error_gain(single, background, misalignment)
    counts = expected_counts(
        mu, probs, sift, gain[None], gains.error_gain(gain, background, misalignment)[None]
    )
    empty = np.full_like(single, background)
    photons = expected_photons(mu, probs, sift, empty[None], single[None], wrong[None])
    return DecoyCounts(mu, probs, counts.detections, counts.errors, photons)


def without_fluctuations(counts):
    """The estimate that the finite bounds tend to: the same algebra with exact counts."""
    exact, wrong = (counts.detections, counts.detections), (counts.errors, counts.errors)
    weights = photon_weights(counts)
    if len(counts.intensities) == 3:
        return two_decoys(counts, weights, exact, wrong)
    ceiling = 2 * weights.empty.sum(axis=0) * counts.errors[:, 1] / weights.empty[1]
    return one_decoy(counts, weights, exact, wrong, ceiling)


def limit(counts, leak):
    """Key per pulse of an infinite block, the key from empty pulses included."""
    estimate = without_fluctuations(counts)
    secret = estimate.single[0] * (1 - binary_entropy(phase_error_estimate(estimate)[0]))
    return estimate.vacuum[0] + secret - leak


# ------------------------------------------------------------------------------------------- the registry


def test_every_file_is_a_bound_under_its_name():
    known = {"infinite", "lim-2014", "rusca-2018", "vacuum-weak", "wiesemann-2024", "wiesemann-2024-exact"}
    assert known <= set(bounds.names())
    for name in bounds.names():
        bound = bounds.get(name)
        assert name == bound.NAME
        assert bound.SECURITY.regime == ("finite" if bound.FINITE else "asymptotic")
        assert bound.SECURITY.source == bound.SOURCE
        assert bound.SECURITY.assumptions


def test_unknown_bound_is_refused_in_one_sentence():
    with pytest.raises(InvalidInput, match=r"bound must be one of .*lim-2014.*, but is 'lim-2015'\."):
        bounds.get("lim-2015")


def test_wrong_number_of_intensities_is_refused():
    two, three = link(0.1, [0.5, 0.1], [0.7, 0.3]), link(0.1, [0.5, 0.1, 0.0], [0.6, 0.2, 0.2])
    with pytest.raises(InvalidInput, match="needs 3 intensities, but there are 2"):
        bounds.get("lim-2014").key_terms(two, KEY_Z[2], 0.0, **EPS)
    with pytest.raises(InvalidInput, match="needs 2 intensities, but there are 3"):
        bounds.get("rusca-2018").key_terms(three, KEY_Z[3], 0.0, **EPS)
    with pytest.raises(InvalidInput, match=r"counts\.photons"):
        bounds.get("infinite").key_terms(
            DecoyCounts([0.5], [1.0], [[0.1]] * 2, [[0.0]] * 2), [[True], [False]], 0.0, **EPS
        )


# ------------------------------------------------------------------------------------ published numbers


@pytest.mark.parametrize(("length_km", "rate"), [(25, 6.66979e-4), (50, 1.96274e-4), (100, 1.48218e-5)])
def test_gys_rates(length_km, rate):
    """GYS link of Ma et al. (2005), mu = .48, nu = .1; rates as evaluated by another program."""
    eta = 0.045 * 10 ** (-0.021 * length_km)
    probs = [1 - 2e-9, 1e-9, 1e-9]
    counts = link(eta, [0.48, 0.1, 0.0], probs, 0.5, background=1.7e-6, misalignment=0.033)
    keyed = [[True, False, False]] * 2
    terms = bounds.get("vacuum-weak").key_terms(counts, keyed, shannon_leak(counts, keyed, 1.22), **EPS)
    assert terms.length == pytest.approx(rate, rel=1e-5)


def test_gys_decoy_deviations():
    """Ma et al. (2005): with nu = .12 at 40 km, Y1 is 3.5 % below and e1 16.8 % above the truth."""
    eta = 0.045 * 10 ** (-0.021 * 40)
    counts = link(eta, [0.48, 0.12, 0.0], [0.4, 0.3, 0.3], background=1.7e-6, misalignment=0.033)
    keyed, leak = KEY_Z[3], 0.0
    weak = bounds.get("vacuum-weak").key_terms(counts, keyed, leak, **EPS)
    true = bounds.get("infinite").key_terms(counts, keyed, leak, **EPS)
    assert 1 - weak.single[0] / true.single[0] == pytest.approx(0.0351, abs=5e-5)
    assert weak.phase_error[0] / true.phase_error[0] - 1 == pytest.approx(0.1678, abs=5e-5)


def test_rusca_as_computed_with_a_formally_verified_program():
    """Example of the README of adomasbaliuka/formal-qkd: eps_sec 1e-9, eps_cor 1e-15, key in Z."""
    counts = DecoyCounts(
        [0.51, 0.15],
        [0.7, 0.3],
        [[8875913, 1124087], [165048, 20902]],
        [[185856, 26055], [3456, 484]],
    )
    terms = bounds.get("rusca-2018").key_terms(counts, KEY_Z[2], 1776924, 1e-9, 1e-15)
    assert int(terms.length) == 1464719


OFFICIAL = [
    # length_km, pulses, block, mu1, mu2, p1, basis X, dark counts/s, with vacuum, key bits
    (100, 1e10, None, 0.5, 0.15, 0.9, 0.9, 200, False, 2786507.928698373),
    (50, 1e10, None, 0.5, 0.15, 0.7, 0.9, 200, True, 78909814.29491657),
    (0, 1e8, None, 0.5, 0.15, 0.7, 0.8, 200, True, 7586777.661465092),
    (20, None, 1e7, 0.5, 0.2, 0.6, 0.7, 200, True, 2308881.4695205553),
    (100, None, 1e8, 0.5, 0.2, 0.7, 0.9, 200, False, 19639400.4483466),
    (150, 1e12, None, 0.5, 0.15, 0.8, 0.9, 200, True, 76858206.79202326),
]


@pytest.mark.parametrize("case", OFFICIAL, ids=lambda case: f"{case[0]} km")
def test_one_decoy_equals_the_code_of_its_authors(case):
    """Numbers of jankhg/Quantum-key-distribution-secure-key-rate-simulation-1-decoy-BB84, commit f9d89e8."""
    length_km, pulses, block, mu1, mu2, p1, basis_x, dark_rate_hz, with_vacuum, bits = case
    eta, dark = 10 ** (-0.02 * length_km), dark_rate_hz / 625e6
    signal = -np.expm1(-np.array([mu1, mu2]) * eta)
    gain, wrong = 1 - (1 - signal) * (1 - dark), 0.02 * signal + dark / 2
    sift = [(1 - basis_x) ** 2, basis_x**2]
    per_pulse = expected_counts([mu1, mu2], [p1, 1 - p1], sift, [gain], [wrong])
    counts = per_pulse.scaled(pulses or block / per_pulse.sifted.sum())
    keyed = [[False, False], [True, True]]
    terms = wiesemann_2024.key_terms(counts, keyed, shannon_leak(counts, keyed, 1.16), 1e-12, 1e-12)
    length = terms.unclipped - (0.0 if with_vacuum else terms.vacuum[1])
    assert length == pytest.approx(bits, rel=1e-12)


# ------------------------------------------------------------------------------------ the Micius pass


@pytest.fixture
def micius():
    """Counts that model the pass of Liao et al., Nature 549, 43 (2017): 273 s at 100 MHz."""
    mu, eta, background = np.array([0.8, 0.1, 0.0]), 10**-3.515, 3e-7
    gain = gains.gain(mu, eta, background)
    misalignment = (0.011 * gain[0] - 0.5 * background) / (gain[0] - background)
    wrong = gains.error_gain(gain, background, misalignment)
    return expected_counts(mu, [0.5, 0.25, 0.25], [0.25, 0.25], [gain], [wrong]).scaled(2.73e10)


SIGNAL_ONLY = [[True, False, False]] * 2


def test_micius_sifted_bits(micius):
    detections, errors = micius.keyed(SIGNAL_ONLY)
    assert detections.sum() == pytest.approx(1671072, rel=0.005)  # measured
    assert errors.sum() / detections.sum() == pytest.approx(0.011, rel=1e-12)
    assert micius.sifted.sum() * 2 == pytest.approx(3551136, rel=0.003)  # measured, both bases sifted and not


@pytest.mark.parametrize("efficiency", [1.03, 1.10])
def test_micius_key(micius, efficiency):
    terms = bounds.get("lim-2014").key_terms(
        micius, SIGNAL_ONLY, shannon_leak(micius, SIGNAL_ONLY, efficiency), 2e-10, 1e-15
    )
    assert terms.length == pytest.approx(300939, rel=0.06)  # measured
    np.testing.assert_allclose(terms.single[0], terms.single[1])
    assert (terms.vacuum == 0).all()


@pytest.mark.parametrize(("efficiency", "bits"), [(1.03, 309467), (1.10, 299257), (1.16, 290505)])
def test_micius_with_lower_error_counts_clipped_at_zero(micius, efficiency, bits):
    """Against another program, which clips, pays for hashing once and takes gamma at all single photons.

    The printed formula does none of this, which costs 8.5 kbit here; its figure shows that it does not clip.
    """
    eps, weights = 1e-10 / 21, photon_weights(micius)
    spread = hoeffding_deviation(micius.sifted, eps)[:, None]
    error_spread = hoeffding_deviation(micius.sifted_errors, eps)[:, None]
    detections = micius.detections - spread, micius.detections + spread
    errors = np.fmax(micius.errors - error_spread, 0.0), micius.errors + error_spread
    estimate = two_decoys(micius, weights, detections, errors)
    rate = phase_error_estimate(estimate)
    phase_error = rate + fung_deviation(rate, estimate.single[::-1], estimate.single, eps)
    single = estimate.single * keyed_fraction(weights.one, np.array(SIGNAL_ONLY))
    secret = (single * (1 - binary_entropy(phase_error))).sum()
    costs = shannon_leak(micius, SIGNAL_ONLY, efficiency) - 6 * np.log2(eps) + np.log2(2e15)
    assert secret - costs == pytest.approx(bits, abs=1.0)


# ----------------------------------------------------------------------------- order, limits, and symmetry

links = st.fixed_dictionaries(
    {
        "eta": st.floats(1e-5, 0.5),
        "background": st.floats(0.0, 1e-4),
        "misalignment": st.floats(0.0, 0.08),
        "basis_prob": st.floats(0.5, 0.95),
        "mu1": st.floats(0.2, 0.9),
        "mu2": st.floats(0.05, 0.9),
        "mu3": st.floats(0.0, 0.9),
        "p1": st.floats(0.1, 0.9),
        "p2": st.floats(0.1, 0.9),
        "log_pulses": st.floats(7, 13),
        "efficiency": st.floats(1.0, 1.3),
    }
)


def counts_of(x, intensities):
    mu2 = x["mu2"] * x["mu1"]
    mu = [x["mu1"], mu2, x["mu3"] * min(mu2, x["mu1"] - mu2)][:intensities]
    p2 = (1 - x["p1"]) * x["p2"]
    probs = [x["p1"], p2, 1 - x["p1"] - p2] if intensities == 3 else [x["p1"], 1 - x["p1"]]
    return link(x["eta"], mu, probs, x["basis_prob"], x["background"], x["misalignment"])


@settings(max_examples=200)
@given(links)
def test_asymptotic_bounds_are_below_the_infinite_one_and_that_below_capacity(x):
    counts = counts_of(x, 3)
    leak = shannon_leak(counts, KEY_Z[3], x["efficiency"])
    infinite = bounds.get("infinite").key_terms(counts, KEY_Z[3], leak, **EPS)
    weak = bounds.get("vacuum-weak").key_terms(counts, KEY_Z[3], leak, **EPS)
    assert weak.unclipped <= infinite.unclipped + 1e-12
    assert infinite.length <= repeaterless_bound(x["eta"])


@pytest.mark.parametrize("name", FINITE)
@settings(max_examples=100)
@given(x=links)
def test_finite_keys_are_below_their_limit(name, x):
    bound = bounds.get(name)
    intensities = bound.INTENSITIES[-1]
    counts, pulses = counts_of(x, intensities), 10 ** x["log_pulses"]
    leak = shannon_leak(counts, KEY_Z[intensities], x["efficiency"])
    terms = bound.key_terms(counts.scaled(pulses), KEY_Z[intensities], leak * pulses, **EPS)
    assert terms.unclipped <= limit(counts, leak) * pulses + 1e-6


@pytest.mark.parametrize(
    ("name", "intensities"),
    [("lim-2014", 3), ("rusca-2018", 2), ("wiesemann-2024", 2), ("wiesemann-2024", 3)],
)
@pytest.mark.parametrize("eta", [0.3, 1e-2, 1e-3])
def test_finite_keys_tend_to_their_limit(name, intensities, eta):
    mu, probs = ([0.5, 0.15], [0.7, 0.3]) if intensities == 2 else ([0.5, 0.15, 1e-3], [0.6, 0.25, 0.15])
    counts, keyed = link(eta, mu, probs), KEY_Z[intensities]
    pulses = np.geomspace(1e9, 1e21, 13)
    leak = shannon_leak(counts, keyed, 1.1)
    rates = bounds.get(name).key_terms(counts.scaled(pulses), keyed, leak * pulses, **EPS).unclipped / pulses
    gap = 1 - rates / limit(counts, leak)
    assert (np.diff(gap) < 0).all()
    assert 0 < gap[-1] < 1e-5
    # A deviation goes down with the square root of the block; a logarithm is allowed to the gamma.
    assert gap[-1] / gap[-5] == pytest.approx(1e-2, rel=0.3)


def random_blocks(seed, size, intensities):
    """Simulated counts (integers) of random setups and block sizes."""
    rng = np.random.default_rng(seed)
    mu1, mu2 = rng.uniform(0.3, 0.8, size), rng.uniform(0.05, 0.25, size)
    mu = np.stack([mu1, mu2, rng.uniform(0, 0.02, size)][:intensities])
    probs = rng.dirichlet(np.full(intensities, 4.0), size).T
    eta, basis = 10 ** -rng.uniform(0.5, 3.5, size), rng.uniform(0.6, 0.95, size)
    background, misalignment = 10 ** -rng.uniform(5, 8, size), rng.uniform(0, 0.03, size)
    gain = gains.gain(mu, eta, background)
    wrong = gains.error_gain(gain, background, misalignment)
    per_pulse = expected_counts(mu, probs, np.stack([basis**2, (1 - basis) ** 2]), gain[None], wrong[None])
    mean = per_pulse.scaled(10 ** rng.uniform(4, 8, size) / per_pulse.sifted[0])
    detections = rng.poisson(mean.detections).astype(float)
    errors = rng.binomial(detections.astype(int), mean.errors / mean.detections).astype(float)
    return DecoyCounts(mu, probs, detections, errors)


@pytest.mark.parametrize("intensities", [2, 3])
@pytest.mark.parametrize("part", [False, True], ids=["all intensities keyed", "signal keyed"])
def test_analytic_tails_are_never_above_the_exact_ones(intensities, part):
    counts = random_blocks(intensities, 500, intensities)
    keyed = [[True] + [False] * (intensities - 1)] * 2 if part else KEY_Z[intensities]
    leak = shannon_leak(counts, keyed, 1.1)
    analytic = wiesemann_2024.key_terms(counts, keyed, leak, **EPS)
    exact = wiesemann_2024.key_terms(counts, keyed, leak, **EPS, tails=wiesemann_2024.EXACT)
    assert (analytic.unclipped <= exact.unclipped + 1e-6).all()
    assert (analytic.length > 0).sum() > 50
    assert (exact.length > analytic.length).sum() > 50


def sampled_run(seed, size, intensities):
    """Random blocks sampled photon number by photon number, with what no party can see."""
    rng = np.random.default_rng(seed)
    mu1, mu2 = rng.uniform(0.3, 0.8, size), rng.uniform(0.05, 0.25, size)
    mu = np.stack([mu1, mu2, rng.uniform(0, 0.02, size)][:intensities])
    probs = rng.dirichlet(np.full(intensities, 4.0), size).T
    single = 10 ** -rng.uniform(1, 2.5, size)
    yields = np.stack([1e-5 * rng.uniform(0, 1, size), single, single * rng.uniform(1, 3, size)])
    errors = np.stack([np.full(size, 0.5), rng.uniform(0, 0.05, size), np.full(size, 0.02)])
    pulses = 10 ** rng.uniform(8, 11, size)
    photons = np.stack([np.exp(-mu), mu * np.exp(-mu), 1 - (1 + mu) * np.exp(-mu)])
    mean = pulses * 0.25 * probs * photons * yields[:, None]
    clicks = rng.poisson(np.stack([mean, mean], axis=1))
    wrong = rng.binomial(clicks, errors[:, None, None])
    truth = PhotonCounts(*(part.astype(float) for part in (clicks[0], clicks[1], wrong[1])))
    return DecoyCounts(mu, probs, clicks.sum(axis=0), wrong.sum(axis=0), truth)


@pytest.mark.parametrize(
    ("name", "intensities", "tails"),
    [
        ("lim-2014", 3, {}),
        ("rusca-2018", 2, {}),
        *(
            ("wiesemann-2024", k, {"tails": t})
            for k in (2, 3)
            for t in (wiesemann_2024.ANALYTIC, wiesemann_2024.EXACT)
        ),
    ],
)
def test_bounds_hold_in_sampled_runs(name, intensities, tails):
    counts = sampled_run(11, 400, intensities)
    masks = [np.ones((2, intensities), dtype=bool)]
    if name == "wiesemann-2024":
        masks.append(np.array(SIGNAL_ONLY)[:, :intensities])
    for keyed in masks:
        terms = bounds.get(name).key_terms(counts, keyed, 0.0, eps_sec=1e-4, eps_cor=1e-15, **tails)
        inside = keyed[:, :, None]
        single = (counts.photons.single * inside).sum(axis=1)
        errors = (counts.photons.single_errors * inside).sum(axis=1)
        assert (terms.single <= single).all()
        assert (terms.vacuum <= (counts.photons.vacuum * inside).sum(axis=1)).all()
        assert (errors <= np.where(terms.phase_error < 0.5, terms.phase_error, 1.0) * single).all()
        assert (terms.single > 0).mean() > 0.9
        assert (terms.phase_error < 0.5).mean() > 0.5


def test_exact_tails_tend_to_the_same_limit():
    counts, keyed = link(1e-2, [0.5, 0.15, 1e-3], [0.6, 0.25, 0.15]), KEY_Z[3]
    pulses = np.geomspace(1e9, 1e15, 4)
    leak = shannon_leak(counts, keyed, 1.1)
    blocks = counts.scaled(pulses)
    rates = [
        wiesemann_2024.key_terms(blocks, keyed, leak * pulses, **EPS, tails=tails).unclipped / pulses
        for tails in (wiesemann_2024.ANALYTIC, wiesemann_2024.EXACT)
    ]
    gaps = 1 - np.array(rates) / limit(counts, leak)
    assert (gaps[1] < gaps[0]).all()
    assert (np.diff(gaps) < 0).all()
    assert 0 < gaps[1, -1] < gaps[0, -1] < 1e-3


@pytest.mark.parametrize("name", FINITE)
def test_rarer_failure_costs_key_and_leakage_costs_itself(name):
    bound = bounds.get(name)
    intensities = bound.INTENSITIES[0]
    mu, probs = ([0.5, 0.15], [0.7, 0.3]) if intensities == 2 else ([0.5, 0.15, 0.0], [0.6, 0.25, 0.15])
    block = link(1e-2, mu, probs).scaled(1e10)
    eps = np.geomspace(1e-5, 1e-15, 6)
    lengths = bound.key_terms(block, KEY_Z[intensities], 1e6, eps, 1e-15).unclipped
    assert (np.diff(lengths) < 0).all()
    more = bound.key_terms(block, KEY_Z[intensities], 1e6 + 1234, eps, 1e-15).unclipped
    np.testing.assert_allclose(lengths - more, 1234)


CLASSES = {1: ([1.0], [1.0]), 2: ([0.5, 0.15], [0.7, 0.3]), 3: ([0.5, 0.15, 0.0], [0.6, 0.25, 0.15])}
"""Intensities and shares; the bound for single photons reads counts alone, whatever their light was."""


@pytest.mark.parametrize("name", bounds.names())
def test_keys_of_both_bases_add_up(name):
    """With half the epsilons each, and the same counts in both bases, two keyed bases give two keys."""
    bound = bounds.get(name)
    intensities = bound.INTENSITIES[-1] if name != "infinite" else 3
    mu, probs = CLASSES[intensities]
    counts = link(1e-2, mu, probs, basis_prob=0.5)
    counts = counts.scaled(1e10) if bound.FINITE else counts
    one = bound.key_terms(counts, KEY_Z[intensities], 0.0, 1e-10, 1e-15)
    two = bound.key_terms(counts, [[True] * intensities] * 2, 0.0, 2e-10, 2e-15)
    assert two.unclipped == pytest.approx(2 * one.unclipped, rel=1e-12)
    swapped = bound.key_terms(counts, KEY_Z[intensities][::-1], 0.0, 1e-10, 1e-15)
    assert swapped.unclipped == pytest.approx(float(one.unclipped), rel=1e-12)


@pytest.mark.parametrize("name", FINITE)
def test_keying_fewer_intensities_keys_fewer_photons(name):
    bound = bounds.get(name)
    intensities = bound.INTENSITIES[0]
    mu, probs = ([0.5, 0.15], [0.7, 0.3]) if intensities == 2 else ([0.5, 0.15, 1e-3], [0.6, 0.25, 0.15])
    block = link(1e-2, mu, probs).scaled(1e10)
    every = bound.key_terms(block, KEY_Z[intensities], 0.0, **EPS)
    signal = [[True] + [False] * (intensities - 1), [False] * intensities]
    part = bound.key_terms(block, signal, 0.0, **EPS)
    share = keyed_fraction(photon_weights(block).one, np.array(signal))[0]
    expected = share * every.single[0]
    if name == "wiesemann-2024":
        # 2 more epsilon parts and a deviation of the share, sqrt(s ln(1/eps_0) / 2)
        deviation = np.sqrt(every.single[0] * np.log((17 if intensities == 2 else 19) / 1e-10) / 2)
        assert expected - 1.1 * deviation - 2e3 < part.single[0] < expected - 0.9 * deviation
    else:
        assert part.single[0] == pytest.approx(expected, rel=1e-12)
    assert part.unclipped < every.unclipped


@pytest.mark.parametrize("name", bounds.names())
def test_a_grid_is_its_points(name):
    bound = bounds.get(name)
    intensities = bound.INTENSITIES[-1] if name != "infinite" else 3
    mu, probs = CLASSES[intensities]
    eta = np.geomspace(1e-4, 0.3, 4)
    keyed = [[True] + [False] * (intensities - 1)] * 2
    eps = np.array([[1e-8], [1e-10], [1e-12]])

    def terms(transmittance, eps_sec):
        counts = link(transmittance, mu, probs)
        counts = counts.scaled(1e11) if bound.FINITE else counts
        return bound.key_terms(counts, keyed, shannon_leak(counts, keyed, 1.1), eps_sec, 1e-15)

    grid = terms(eta, eps)
    for i in range(3):
        for j in range(4):
            point = terms(eta[j], eps[i, 0])
            whole = np.broadcast_to(grid.unclipped, (3, 4))[i, j]
            assert point.unclipped == pytest.approx(whole, rel=1e-11, abs=1e-12)
    parts = grid.contributions()
    np.testing.assert_allclose(sum(parts.values()), grid.unclipped, rtol=1e-9, atol=1e-9)
    assert len({part.shape for part in parts.values()}) == 1


@pytest.mark.parametrize("name", FINITE)
def test_an_empty_block_gives_no_key(name):
    bound = bounds.get(name)
    intensities = bound.INTENSITIES[0]
    mu, probs = ([0.5, 0.15], [0.7, 0.3]) if intensities == 2 else ([0.5, 0.15, 0.0], [0.6, 0.25, 0.15])
    nothing = np.zeros((2, intensities))
    terms = bound.key_terms(DecoyCounts(mu, probs, nothing, nothing), KEY_Z[intensities], 0.0, **EPS)
    assert terms.length == 0
    assert terms.unclipped < 0
    assert np.isfinite(terms.unclipped)


def test_negative_lengths_are_kept_and_clipped():
    zero = np.zeros(())
    terms = KeyTerms(np.zeros(2), np.array([10.0, 0.0]), np.array([0.5, 0.5]), zero + 7, zero, zero + 1)
    assert terms.unclipped == -8
    assert terms.length == 0


def test_photon_number_splitting_leaves_no_key():
    """Eve blocks the single photons and makes up for them with the others: the gain of the signal stays."""
    mu, probs, eta = np.array([0.5, 0.15, 0.0]), [0.6, 0.25, 0.15], 0.05
    multi = 1 - np.exp(-mu) * (1 + mu)
    gain = multi * gains.gain(0.5, eta, 0.0) / multi[0]
    counts = expected_counts(mu, probs, [0.64, 0.04], [gain], [np.zeros(3)])
    for name in ("vacuum-weak", "lim-2014", "wiesemann-2024"):
        block = counts if name == "vacuum-weak" else counts.scaled(1e11)
        terms = bounds.get(name).key_terms(block, KEY_Z[3], 0.0, **EPS)
        assert terms.single[0] == pytest.approx(0.0, abs=1e-15)
        assert terms.length == pytest.approx(0.0, abs=1e-15)
