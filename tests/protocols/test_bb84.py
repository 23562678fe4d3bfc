"""BB84 with ideal single photons, from the rate to the key."""

import dataclasses
import math

import numpy as np
import pytest

import noclone as nc
from noclone.core.errors import InvalidInput


def setup_with(misalignment=0.03, **changes):
    link = nc.Link(
        alice=nc.SinglePhotonSource(clock_rate_hz=1e8),
        channel=nc.Fibre(length_km=20),
        bob=nc.ThresholdDetectors(efficiency=0.5, misalignment=misalignment, **changes),
    )
    return nc.Setup(link, nc.BB84(basis_prob=0.8, f_ec=1.0), pulses=2_000_000)


def entropy(p):
    return -p * math.log2(p) - (1 - p) * math.log2(1 - p)


def test_the_asymptotic_fraction_is_that_of_shor_and_preskill():
    # 1 - 2 h(.03) and 1 - 2 h(.05), Shor and Preskill, PRL 85, 441 (2000).
    for qber, fraction in ((0.03, 0.6112162843368476), (0.05, 0.4272060857680875)):
        answer = nc.rate(setup_with(qber), asymptotic=True)
        assert float(answer.qber) == pytest.approx(qber)
        assert float(answer.rate_per_pulse / answer.sifted_bits) == pytest.approx(fraction, rel=1e-9)
    assert float(nc.rate(setup_with(0.1101), asymptotic=True).rate_per_pulse) == 0
    assert float(nc.rate(setup_with(0.1100), asymptotic=True).rate_per_pulse) > 0


def test_the_finite_length_is_the_papers_formula():
    answer = nc.rate(setup_with(), pulses=1e8)
    detected = 1e8 * 10 ** (-0.4) * 0.5
    n, k, eps = detected * 0.64, detected * 0.04, 1e-9
    mu = math.sqrt((n + k) * (k + 1) / (n * k * k) * math.log(4 / eps))
    length = n * (1 - entropy(0.03 + mu)) - n * entropy(0.03) - math.log2(2 / (eps**2 * 1e-15))
    assert float(answer.key_bits) == pytest.approx(length, rel=1e-9)


def test_it_runs_from_photons_to_equal_keys_with_all_events_single_photons():
    setup = setup_with(0.01, dead_time_s=1e-7, dark_count_prob=1e-6)
    result = nc.run(setup)
    assert result.keys_equal
    assert result.alice.key_bits > 1000
    assert np.all(result.simulated.photons == 1)
    expected = float(result.expected.detections)
    assert abs(len(result.simulated.bob) - expected) < 5 * np.sqrt(expected)


def test_photon_number_splitting_finds_nothing_to_split():
    setup = setup_with(0.01)
    honest = nc.run(setup)
    attacked = nc.run(setup, attack=nc.attacks.PhotonNumberSplitting())
    assert attacked.alice.key_bits == pytest.approx(honest.alice.key_bits, rel=0.02)


def test_sources_and_bounds_must_fit():
    setup = setup_with()
    laser = nc.WeakCoherentSource(intensities=(0.5,), clock_rate_hz=1e8)
    with pytest.raises(InvalidInput, match="must be single-photon or quantum-dot or heralded for bb84"):
        dataclasses.replace(setup, link=dataclasses.replace(setup.link, alice=laser))
    with pytest.raises(InvalidInput, match="known: tomamichel-2012, infinite"):
        nc.rate(setup, bound="lim-2014")
    tuned = nc.tune(setup, pulses=1e10)
    assert tuned.rate_after > tuned.rate_before
    assert 0.5 < float(tuned.parameters["protocol.basis_prob"]) < 1
