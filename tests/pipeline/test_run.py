"""The main job against the experiment, the model and the ground truth."""

import dataclasses

import numpy as np
import pytest

import noclone as nc
from noclone.attacks import PhotonNumberSplitting
from noclone.distillation.estimation import estimate
from noclone.distillation.result import Abort
from noclone.rates import bounds
from noclone.rates.counts import DecoyCounts
from noclone.records.tally import tally
from noclone.simulation import with_truth

# Liao et al., Nature 549, 43 (2017): one pass of 273 s.
DETECTIONS, SIFTED_BITS, QBER, KEY_BITS = 3_551_136, 1_671_072, 0.011, 300_939


@pytest.fixture(scope="module")
def micius():
    return nc.run(nc.load("micius-2017"), workers=2)


def test_micius_from_photons_to_bits(micius):
    shown = micius.as_dict()
    assert shown["detections"] == pytest.approx(DETECTIONS, rel=0.003)
    assert shown["sifted_bits"] == pytest.approx(SIFTED_BITS, rel=0.005)
    assert shown["qber"] == pytest.approx(QBER, abs=0.0005)
    assert shown["key_bits"] == pytest.approx(KEY_BITS, rel=0.06)
    assert shown["bound"] == "lim-2014"
    assert shown["keys_equal"]
    # The rigorous bound on the same run is lower here, and is still a key.
    assert 0.9 * shown["key_bits"] < shown["key_bits_rigorous"] < shown["key_bits"]


def test_micius_key_agrees_with_the_model_at_the_leakage_really_spent(micius):
    setup = micius.setup.replace({"protocol.f_ec": micius.alice.f_ec})
    predicted = float(nc.rate(setup, pulses=micius.pulses).key_bits)
    # Statistics of the counts move the length by about 1.2 %.
    assert micius.alice.key_bits == pytest.approx(predicted, rel=0.06)


def test_micius_bound_at_the_efficiencies_of_the_notes():
    """f = 1.03, 1.10, 1.16 with eps_sec = 1e-10 per basis; an independent code gives these lengths."""
    for f_ec, bits in ((1.03, 300_967), (1.10, 290_757), (1.16, 282_005)):
        setup = nc.load("micius-2017").replace({"protocol.f_ec": f_ec})
        assert float(nc.rate(setup).key_bits) == pytest.approx(bits, rel=6e-4)


@pytest.mark.parametrize("attack", [None, PhotonNumberSplitting()])
def test_the_bounds_never_exceed_the_true_number_of_single_photons(attack):
    setup = nc.load("lim-2014")
    protocol = setup.protocol
    for seed in range(100):
        truth = with_truth(setup, 3e7, attack=attack, seed=seed)
        alice, bob = truth.alice, truth.bob
        detections, errors = tally(alice, bob, 3)
        keyed = (alice.basis == 0) & (bob.basis == 0)
        singles = int(np.count_nonzero(truth.photons[keyed] == 1))
        empty = int(np.count_nonzero(truth.photons[keyed] == 0))
        counts = DecoyCounts(setup.link.alice.intensities, protocol.intensity_probs, detections, errors)
        for name in ("lim-2014", "wiesemann-2024"):
            terms = bounds.get(name).key_terms(counts, protocol.keyed, 0, 1e-3, 1e-9)
            assert terms.single[0] <= singles
            assert terms.vacuum[0] <= empty


def test_photon_number_splitting_at_50_km_takes_the_key_because_the_decoy_bound_says_so():
    setup = nc.load("lim-2014")
    result = nc.run(setup, attack=PhotonNumberSplitting(), workers=2)
    assert isinstance(result.alice, Abort)
    assert result.alice.evidence["single_photons"] == 0
    # The signal's gain and error rate are what they were; the weak decoy's gain is not.
    expected = result.expected.counts.detections
    assert abs(result.detections[0, 0] - expected[0, 0]) < 4 * np.sqrt(expected[0, 0])
    assert result.detections[0, 1] < 0.9 * expected[0, 1]
    signal_qber = result.errors[0, 0] / result.detections[0, 0]
    model_qber = result.expected.counts.errors[0, 0] / expected[0, 0]
    assert (
        abs(signal_qber - model_qber) < 4 * np.sqrt(model_qber / result.detections[0, 0]) + 0.01 * model_qber
    )


@pytest.mark.parametrize("name", ["lim-2014", "rusca-2018", "gys-2004", "micius-2017"])
def test_simulated_counts_agree_with_the_exact_model(name):
    """All classes of all presets together: family-wise error 1e-4."""
    setup = nc.load(name).replace({"bob.statistics": "exact"})
    pulses = min(setup.pulses, 10**9)
    expected = setup.protocol.expected(setup.link, pulses).counts
    detections, errors = tally(*nc.simulate(setup, pulses, seed=31), len(setup.protocol.intensity_probs))
    from scipy.stats import poisson

    limit = 1e-4 / (4 * 2 * expected.detections.size)
    for seen, mean in ((detections, expected.detections), (errors, expected.errors)):
        for k, mu in zip(seen.ravel(), mean.ravel(), strict=True):
            assert min(poisson.cdf(k, mu), poisson.sf(k - 1, mu)) > limit / 2


def test_an_asymptotic_bound_predicts_and_the_rigorous_one_decides():
    result = nc.run(nc.load("gys-2004"), pulses=1e9)
    assert result.setup.protocol.bound == "vacuum-weak"
    assert result.bound == "wiesemann-2024"
    assert result.rigorous_bits == result.alice.key_bits > 0


def test_a_measured_channel_runs_end_to_end():
    setup = nc.load("micius-2017")
    series = nc.MeasuredTransmittance(duration_s=(1, 1, 2), transmittance=(0.05, 0.1, 0.06))
    setup = dataclasses.replace(setup, link=dataclasses.replace(setup.link, channel=series))
    result = nc.run(setup, pulses=4e7)
    assert result.keys_equal
    expected = float(result.expected.detections)
    assert abs(len(result.simulated.bob) - expected) < 5 * np.sqrt(expected)
    quarter = np.count_nonzero(result.simulated.bob.pulse_index < 10**7)
    assert quarter == pytest.approx(expected * 0.05 / 0.27, rel=0.02)


def test_estimate_uses_each_bases_own_leakage():
    result = nc.run(nc.load("micius-2017").replace({"channel.loss_db": 12}), pulses=5e7)
    counts = result.alice.estimate.counts
    detections, errors = counts.detections.astype(int), counts.errors.astype(int)
    more = estimate(
        result.setup, detections, errors, (result.alice.leak_bits[0] + 100, result.alice.leak_bits[1])
    )
    assert more.lengths == (result.alice.estimate.lengths[0] - 100, result.alice.estimate.lengths[1])
