"""Flawed sources from the setup to the key: prices, limits, worst cases and simulated runs."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import geom, poisson

import noclone as nc
from noclone.core.errors import InvalidInput
from noclone.link.sources import HeraldedSource, QuantumDotSource
from noclone.protocols.agreement import compare
from noclone.protocols.bb84 import BB84
from noclone.protocols.heralded_decoy_bb84 import HeraldedDecoyBB84
from noclone.rates import bounds
from noclone.rates.counts import DecoyCounts
from noclone.rates.decoy import photon_weights, two_decoys
from noclone.rates.flaws.flaws import Flaws

BOB = nc.ThresholdDetectors(efficiency=0.6, dark_count_prob=1e-8, misalignment=0.01)
LASERS = {
    2: ((0.5, 0.15), (0.7, 0.3)),
    3: ((0.5, 0.15, 2e-4), (0.7, 0.2, 0.1)),
}
FINITE = {"wiesemann-2024": 3, "wiesemann-2024-exact": 2, "lim-2014": 3, "rusca-2018": 2}
RISING = {
    "intensity_fluctuation": (1e-4, 1e-3, 0.01, 0.05),
    "intensity_correlation": (1e-5, 1e-4, 1e-3, 5e-3),
    "random_phases": (40, 14, 10, 8, 6),
    "trojan_photons": (1e-12, 1e-10, 1e-8, 1e-6),
}


def laser(intensities, **flaws):
    mu, probs = LASERS[intensities]
    return nc.WeakCoherentSource(intensities=mu, clock_rate_hz=1e9, **flaws), probs


def rate(bound, intensities, pulses=1e12, length_km=60, keyed=(), **flaws):
    source, probs = laser(intensities, **flaws)
    protocol = nc.DecoyBB84(intensity_probs=probs, basis_prob=0.9, keyed_intensities=keyed, bound=bound)
    link = nc.Link(alice=source, channel=nc.Fibre(length_km=length_km), bob=BOB)
    protocol.check_link(link)
    return protocol.rate(link, pulses=pulses)


@pytest.mark.parametrize("flaw", RISING)
@pytest.mark.parametrize("bound", [*FINITE, "vacuum-weak"])
def test_every_flaw_lowers_the_key_the_more_the_larger_it_is(bound, flaw):
    intensities = FINITE.get(bound, 3)
    ideal = float(rate(bound, intensities).rate_per_pulse)
    rates = [float(rate(bound, intensities, **{flaw: size}).rate_per_pulse) for size in RISING[flaw]]
    assert rates[0] <= ideal * (1 + 1e-12)
    assert all(late < early for early, late in pairwise(rates))
    assert rates[0] == pytest.approx(ideal, rel=5e-3)  # and vanishes with the flaw
    part = [
        float(rate(bound, intensities, keyed=(0,), **{flaw: s}).rate_per_pulse) for s in RISING[flaw][::2]
    ]
    assert all(0 <= late < early for early, late in pairwise(part))


def test_flaws_of_size_zero_are_none():
    zero = {"intensity_fluctuation": 0.0, "random_phases": 0, "trojan_photons": 0.0, "correlation_range": 5}
    for bound, intensities in FINITE.items():
        ideal, none = rate(bound, intensities), rate(bound, intensities, **zero)
        assert float(none.rate_per_pulse) == float(ideal.rate_per_pulse)
        assert none.security == ideal.security


def test_ten_phases_are_nearly_continuous():
    # Cao et al., New J. Phys. 17, 053014 (2015): "close to its continuous counterpart with only a small
    # number (say, 10) of discrete phases".
    for length_km in (0, 50, 100):
        many, ten, four = (
            float(rate("vacuum-weak", 3, None, length_km, random_phases=n).rate_per_pulse) for n in (0, 10, 4)
        )
        assert 0.99 * many < ten < many
        assert four < 0.8 * many


def test_endless_blocks_leave_the_asymptotic_price():
    flaws = {"intensity_fluctuation": 0.01, "random_phases": 10, "trojan_photons": 1e-8}
    flaws["intensity_correlation"] = 1e-4
    endless = rate("wiesemann-2024", 3, None, **flaws)
    huge = rate("wiesemann-2024", 3, 1e22, **flaws)
    assert float(huge.rate_per_pulse) == pytest.approx(float(endless.rate_per_pulse), rel=1e-4)
    assert float(huge.rate_per_pulse) < float(endless.rate_per_pulse)
    assert endless.security.regime == "asymptotic"
    assert huge.security.attacks == "collective"


def test_grids_of_flaws_give_what_single_links_give():
    source, probs = laser(3)
    protocol = nc.DecoyBB84(intensity_probs=probs, basis_prob=0.9)
    for flaw, sizes in RISING.items():
        grid = source.with_arrays({flaw: np.array(sizes)})
        link = nc.Link(alice=grid, channel=nc.Fibre(length_km=60), bob=BOB)
        together = protocol.rate(link, pulses=1e12).rate_per_pulse
        alone = [float(rate("wiesemann-2024", 3, **{flaw: size}).rate_per_pulse) for size in sizes]
        np.testing.assert_allclose(together, alone, rtol=1e-12)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("bound", FINITE)
def test_finite_bounds_hold_in_runs_at_the_corners_of_the_interval(bound, seed):
    # 25 runs for each bound and seed: sorts of pulses with intensities at ends of their intervals, known to
    # Eve, who chooses yields and errors for each; keys from all intensities or from the signal alone. The
    # counts are drawn, and what the bound claims is compared with the truth behind them.
    rng = np.random.default_rng(1000 + seed)
    n = np.arange(12)
    for run in range(25):
        k = FINITE[bound]
        mu = np.array(LASERS[k][0])
        probs = np.array(LASERS[k][1])
        deviation = rng.uniform(0.0, 0.06)
        ends = mu * (1 + deviation * rng.choice([-1, 1], (6, k)))
        sorts = rng.dirichlet(np.ones(6))
        click = 0.05 * rng.uniform(0.3, 1.0, (6, 1)) * (1 - 0.9**n)
        click[:, 0] = 1e-4
        wrong = np.broadcast_to(rng.uniform(0.0, 0.03, (6, 1)), click.shape).copy()
        wrong[:, 0] = 0.5
        joint = sorts[:, None, None] * probs[:, None] * poisson.pmf(n, ends[..., None])
        sent = 1e10 * np.array([0.64, 0.04])
        # Error rates of the test basis are the phase error rates of the key basis: axes b, sort, k, n.
        bad = rng.poisson(sent[:, None, None, None] * joint * (click * wrong)[:, None])
        good = rng.poisson(sent[:, None, None, None] * joint * (click * (1 - wrong))[:, None])
        counts = DecoyCounts(
            mu,
            probs,
            (bad + good).sum(axis=(1, 3)),
            bad.sum(axis=(1, 3)),
            sent=sent,
            flaws=Flaws(intensity_deviation=deviation),
        )
        keyed = np.zeros((2, k), bool)
        keyed[0] = run % 2 == 0
        keyed[0, 0] = True
        terms = bounds.get(bound).key_terms(counts, keyed, 0.0, 1e-6, 1e-15)
        single = (bad + good)[0, :, keyed[0], 1].sum()
        errors = bad[0, :, keyed[0], 1].sum()
        assert terms.single[0] <= single
        assert terms.vacuum[0] <= (bad + good)[0, :, keyed[0], 0].sum()
        assert terms.phase_error[0] >= errors / single
        # and what matters in the end: the entropy claimed is there
        assert terms.length <= single + (bad + good)[0, :, keyed[0], 0].sum()


def test_bounds_that_take_the_source_as_known_refuse_flaws():
    with pytest.raises(InvalidInput, match="takes the source as exactly known"):
        rate("infinite", 3, None, intensity_fluctuation=0.01)


@pytest.mark.parametrize(
    ("source", "protocol"),
    [
        (
            laser(3, intensity_fluctuation=0.2, intensity_correlation=0.1)[0],
            nc.DecoyBB84(intensity_probs=LASERS[3][1], basis_prob=0.7),
        ),
        (QuantumDotSource(mean_photons=0.7, g2=0.3, clock_rate_hz=1e8), nc.BB84(basis_prob=0.6)),
        (
            HeraldedSource(
                mean_pairs=(0.8,), herald_efficiency=0.5, signal_efficiency=0.6, clock_rate_hz=1e6
            ),
            nc.BB84(basis_prob=0.6),
        ),
        (
            HeraldedSource(
                mean_pairs=(0.5,),
                herald_efficiency=0.2,
                herald_dark_count_prob=0.01,
                pair_statistics="poisson",
                clock_rate_hz=1e6,
            ),
            nc.BB84(basis_prob=0.6),
        ),
        (
            HeraldedSource(
                mean_pairs=(0.6, 0.2, 0.05), herald_efficiency=0.4, signal_efficiency=0.8, clock_rate_hz=1e6
            ),
            HeraldedDecoyBB84(intensity_probs=(0.5, 0.3, 0.2), basis_prob=0.6),
        ),
    ],
)
def test_sampled_rounds_agree_with_the_model(source, protocol):
    for number, loss_db in enumerate((0, 3, 6, 10, 13)):
        bob = nc.ThresholdDetectors(
            efficiency=0.5, dark_count_prob=1e-4, misalignment=0.02, dead_time_s=0.0 if number % 2 else 2e-8
        )
        link = nc.Link(alice=source, channel=nc.FixedLoss(loss_db=loss_db), bob=bob)
        rounds = 1_000_000
        seen = protocol.sample(link, rounds, np.random.default_rng(number))
        for row in compare(protocol.statistics(link), seen, rounds):
            assert row.p_value > 1e-5, row


def heralded_link(statistics, loss_db=6.0, **changes):
    source = HeraldedSource(
        mean_pairs=(0.4, 0.1, 0.02),
        herald_efficiency=0.5,
        herald_dark_count_prob=1e-3,
        signal_efficiency=0.6,
        pair_statistics=statistics,
        clock_rate_hz=1e6,
        **changes,
    )
    return nc.Link(alice=source, channel=nc.FixedLoss(loss_db=loss_db), bob=BOB)


@pytest.mark.parametrize("statistics", ["thermal", "poisson"])
def test_heralded_decoys_have_the_law_that_their_bounds_use(statistics):
    # scale x^n w_n with the same w_n for all intensities, against the distribution of announced pairs.
    link = heralded_link(statistics)
    protocol = HeraldedDecoyBB84(intensity_probs=(0.5, 0.3, 0.2), basis_prob=0.8)
    n = np.arange(8)
    rows = []
    for mean, x, scale in zip(
        link.alice.mean_pairs, protocol.intensities(link), protocol.photon_scale(link), strict=True
    ):
        number = poisson.pmf(n, mean) if statistics == "poisson" else geom.pmf(n + 1, 1 / (1 + mean))
        every = np.arange(300)
        all_numbers = (
            poisson.pmf(every, mean) if statistics == "poisson" else geom.pmf(every + 1, 1 / (1 + mean))
        )
        announced = number * (1 - 0.999 * 0.5**n) / (all_numbers @ (1 - 0.999 * 0.5**every))
        rows.append(announced / (scale * x**n))
    np.testing.assert_allclose(rows[0], rows[1], rtol=1e-9)
    np.testing.assert_allclose(rows[0], rows[2], rtol=1e-9)
    assert (rows[0] <= 1 + 1e-12).all()


@pytest.mark.parametrize("statistics", ["thermal", "poisson"])
def test_heralded_decoys_never_claim_more_pairs_than_there_are(statistics):
    rng = np.random.default_rng(5)
    link = heralded_link(statistics)
    protocol = HeraldedDecoyBB84(intensity_probs=(0.5, 0.3, 0.2), basis_prob=0.8)
    n, probs = np.arange(200), np.array(protocol.intensity_probs)
    x, scale = (np.array(part) for part in (protocol.intensities(link), protocol.photon_scale(link)))
    w = (1 - 0.999 * 0.5**n) * (np.exp(-gammaln(n + 1)) if statistics == "poisson" else 1.0)
    joint = probs[:, None] * scale[:, None] * x[:, None] ** n * w
    np.testing.assert_allclose(joint.sum(axis=1), probs, rtol=1e-9)
    for _ in range(200):
        yields = rng.uniform(0, 1, n.size) ** rng.uniform(0.3, 8)
        errors = rng.uniform(0, 1, n.size) * rng.choice([0.05, 1.0])
        seen = np.tile((joint * yields).sum(axis=1), (2, 1))
        wrong = np.tile((joint * yields * errors).sum(axis=1), (2, 1))
        counts = protocol.observed(link, seen, wrong)
        estimate = two_decoys(counts, photon_weights(counts), (seen, seen), (wrong, wrong))
        truth = joint[:, 1].sum() * yields[1]
        assert (estimate.single <= truth * (1 + 1e-9)).all()
        assert (estimate.vacuum <= joint[:, 0].sum() * yields[0] * (1 + 1e-9)).all()
        assert (estimate.single_errors >= truth * errors[1] * (1 - 1e-9)).all()


def test_heralded_decoys_outrange_the_same_source_without():
    lossy = [heralded_link("thermal", loss) for loss in (20.0, 30.0)]
    decoys = HeraldedDecoyBB84(intensity_probs=(0.6, 0.25, 0.15), basis_prob=0.9)
    plain = nc.BB84(basis_prob=0.9)
    for link in lossy:
        one = link.replaced({"alice": dataclasses.replace(link.alice, mean_pairs=(0.02,))})
        assert float(plain.rate(one).rate_per_pulse) == 0.0
        limit, rigorous, finite = (
            float(decoys.rate(link, bound=bound, pulses=pulses).rate_per_pulse)
            for bound, pulses in (("infinite", None), ("wiesemann-2024", None), ("wiesemann-2024", 1e12))
        )
        assert limit > rigorous > finite > 0.0
    leaking = heralded_link("thermal", trojan_photons=1e-7, loss_db=20.0)
    ideal = decoys.rate(lossy[0], pulses=1e12)
    assert decoys.rate(leaking, pulses=1e12).rate_per_pulse < ideal.rate_per_pulse


def test_heralded_decoys_refuse_what_they_cannot_tell_apart():
    protocol = HeraldedDecoyBB84(intensity_probs=(0.6, 0.25, 0.15), basis_prob=0.9)
    link = heralded_link("thermal")
    dim = link.replaced({"alice": dataclasses.replace(link.alice, mean_pairs=(0.4, 0.1, 0.01))})
    with pytest.raises(InvalidInput, match=r"must be above 0\.01"):
        protocol.check_link(dim)
    with pytest.raises(InvalidInput, match="must be one for bb84"):
        nc.BB84(basis_prob=0.9).check_link(link)


def test_photons_in_the_model_are_those_of_the_source():
    link = nc.Link(
        alice=QuantumDotSource(mean_photons=0.5, g2=0.1, clock_rate_hz=1e8),
        channel=nc.FixedLoss(loss_db=3),
        bob=nc.ThresholdDetectors(efficiency=0.5),
    )
    counts, _ = nc.BB84(basis_prob=0.5).counts(link)
    arrive = 0.5 * 10**-0.3
    assert float(counts.photons.single[0, 0]) == pytest.approx(0.25 * 0.475 * arrive)
    assert float(counts.detections[0, 0]) == pytest.approx(0.25 * (0.5 * arrive - 0.0125 * arrive**2))


def test_a_quantum_dot_without_pairs_and_losses_is_a_single_photon_source():
    channel, protocol = nc.Fibre(length_km=30), nc.BB84(basis_prob=0.9)
    dot = QuantumDotSource(mean_photons=1.0, g2=0.0, clock_rate_hz=1e8)
    one = nc.SinglePhotonSource(clock_rate_hz=1e8)
    rates = [
        protocol.rate(nc.Link(alice=source, channel=channel, bob=BOB), pulses=1e9) for source in (dot, one)
    ]
    assert float(rates[0].rate_per_pulse) == pytest.approx(float(rates[1].rate_per_pulse), rel=1e-12)
    assert rates[0].security == rates[1].security


def test_quantum_dots_pay_for_g2_and_end_where_pairs_outnumber_detections():
    protocol = nc.BB84(basis_prob=0.9)

    def key(g2, length_km, pulses):
        dot = QuantumDotSource(mean_photons=0.4, g2=g2, clock_rate_hz=1e8)
        return float(
            protocol.rate(
                nc.Link(alice=dot, channel=nc.Fibre(length_km=length_km), bob=BOB), pulses=pulses
            ).rate_per_pulse
        )

    for pulses in (1e9, 1e12, None):
        rates = [key(g2, 20, pulses) for g2 in (0.0, 1e-3, 1e-2, 3e-2)]
        assert all(late < early for early, late in pairwise(rates))
    # Waks, Santori and Yamamoto, PRA 66, 042315 (2002): no key where g2 mu^2 / 2 exceeds the detections.
    reach = 50 * np.log10(0.6 / (0.5 * 0.02 * 0.4))
    assert key(0.02, reach + 1, None) == 0.0
    assert key(0.02, 0.75 * reach, None) > 0.0


def test_trojan_light_costs_single_photons_too():
    protocol = nc.BB84(basis_prob=0.9)
    rates = []
    for leaked in (0.0, 1e-10, 1e-8, 1e-6):
        source = nc.SinglePhotonSource(clock_rate_hz=1e8, trojan_photons=leaked)
        link = nc.Link(alice=source, channel=nc.Fibre(length_km=60), bob=BOB)
        rates.append(float(protocol.rate(link, pulses=1e11).rate_per_pulse))
        # Lucamarini et al. (2015): 1 - h(e) - h(e'), with the imbalance divided by the yield.
        endless = protocol.rate(link)
        yields = endless.sifted_bits / 0.81
        delta = 0.5 * (1 - np.exp(-leaked) * np.cos(leaked)) / yields
        e = endless.qber
        papers = e + 4 * delta * (1 - delta) * (1 - 2 * e)
        papers += 4 * (1 - 2 * delta) * np.sqrt(delta * (1 - delta) * e * (1 - e))
        assert float(endless.bounds["phase_error_z"]) == pytest.approx(float(papers), rel=1e-4)
    assert all(late < early for early, late in pairwise(rates))


def test_observed_counts_carry_what_is_known_of_the_source():
    source, probs = laser(3, random_phases=9)
    protocol = nc.DecoyBB84(intensity_probs=probs, basis_prob=0.9)
    link = nc.Link(alice=source, channel=nc.Fibre(length_km=20), bob=BOB)
    expected = protocol.counts(link)[0].scaled(1e10)
    seen = protocol.observed(link, expected.detections, expected.errors, 1e10)
    ours, model = (protocol.key_terms(part, 0.0) for part in (seen, expected))
    assert float(ours.length) == pytest.approx(float(model.length), rel=1e-12)
    unknown = protocol.observed(link, expected.detections, expected.errors)
    with pytest.raises(InvalidInput, match=r"counts\.sent must be given"):
        protocol.key_terms(unknown, 0.0)
    ideal = dataclasses.replace(link, alice=laser(3)[0])
    assert protocol.key_terms(protocol.observed(ideal, expected.detections, expected.errors), 0.0).length > 0


def test_unequal_detectors_lower_the_key_and_say_so():
    # Fung et al. 2009: a ratio of 2:1 leaves at most h(2/3) = .9183 of an error-free key.
    link, protocol = BB84.typical(0)
    clean = {"efficiency": 1.0, "dark_count_prob": 0.0, "misalignment": 0.0}
    equal, unequal = (
        protocol.rate(link.replaced({"bob": nc.ThresholdDetectors(**clean, efficiency_mismatch=ratio)}))
        for ratio in (1.0, 0.5)
    )
    per_bit = [float(each.rate_per_pulse / each.sifted_bits) for each in (equal, unequal)]
    assert per_bit[1] / per_bit[0] == pytest.approx(0.9183, abs=1e-4)
    assert equal.security.attacks == "coherent"
    assert unequal.security.attacks == "collective"
    assert any("ratio" in text for text in unequal.security.assumptions)


@pytest.mark.parametrize("keyed", [(), (0,)])
@pytest.mark.parametrize("bound", [*FINITE, "vacuum-weak"])
def test_correlations_that_tell_everything_leave_no_key_but_a_number(bound, keyed):
    flaws = {"intensity_correlation": 0.43, "correlation_range": 1000}
    for more in ({}, {"trojan_photons": 0.4}, {"random_phases": 8}, {"intensity_fluctuation": 0.01}):
        for pulses in (1e6, 1e12, None):
            answer = rate(bound, FINITE.get(bound, 3), pulses, keyed=keyed, **flaws, **more)
            assert answer.rate_per_pulse == 0
            assert all(np.isfinite(value) for value in answer.terms.values())
