"""Mode pairing: what it computes on links, its limits, its sampler, and what it refuses."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from noclone.core.errors import InvalidInput
from noclone.link import Fibre, FixedLoss, Link, MeasuredTransmittance, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.mode_pairing import ModePairing


def relay(channels, mu_a=0.5, mu_b=0.5, **detectors):
    hardware = {"efficiency": 0.7, "dark_count_prob": 1e-8, "misalignment": 0.05} | detectors
    return Link(
        alice=WeakCoherentSource(intensities=(mu_a,), clock_rate_hz=1e9),
        bob=WeakCoherentSource(intensities=(mu_b,), clock_rate_hz=1e9),
        channels=channels,
        middle=ThresholdDetectors(**hardware),
    )


def fibres(length_km, *intensities, **detectors):
    return relay((Fibre(length_km=length_km / 2), Fibre(length_km=length_km / 2)), *intensities, **detectors)


def rate(link, **fields):
    return float(ModePairing(**{"pairing_length": 1_000_000} | fields).rate(link).rate_per_pulse)


def test_nothing_is_wrong_with_it():
    assert check_protocol(ModePairing) == ()


def test_exceeds_what_no_direct_protocol_can():
    """Zeng et al. (2022): above the repeaterless bound at long distances, below that of one repeater."""
    for length_km in (300, 400):
        found = ModePairing(pairing_length=1_000_000).rate(fibres(length_km))
        assert found.plob < found.rate_per_pulse < found.capacity
    near = ModePairing(pairing_length=1_000_000).rate(fibres(100))
    assert near.rate_per_pulse < near.plob
    neighbours = ModePairing(pairing_length=1).rate(fibres(300))
    assert neighbours.rate_per_pulse < neighbours.plob


@pytest.mark.parametrize(("length", "best"), [(10**7, 0.5), (1, 1.0)])
def test_best_intensity_of_the_paper(length, best):
    """Zeng et al. (2022): mu is 1/2 where every click finds a partner, 1 where only neighbours do."""

    def lost(mu):
        link = fibres(250, mu, mu, dark_count_prob=1e-12, misalignment=0.0)
        return -1e9 * rate(link, pairing_length=length)

    found = minimize_scalar(lost, bounds=(0.1, 2.0), method="bounded")
    assert found.x == pytest.approx(best, abs=0.02)


def test_unequal_arms_want_unequal_intensities():
    channels = FixedLoss(loss_db=10), FixedLoss(loss_db=20)
    assert rate(relay(channels, 0.35, 0.7)) > 1.05 * rate(relay(channels, 0.5, 0.5))
    assert rate(relay(channels, 0.35, 0.7)) == pytest.approx(
        rate(relay(channels[::-1], 0.7, 0.35)), rel=1e-12
    )


def test_light_of_neighbours_costs_key_and_reach():
    """Raman light of a classical channel enters as dark counts of the middle: here by hand."""
    quiet, noisy = fibres(350), fibres(350, dark_count_prob=1e-6)
    assert rate(noisy) < 0.8 * rate(quiet)
    assert rate(fibres(450, dark_count_prob=1e-6)) == 0 < rate(fibres(450))


def test_drift_limits_the_pairing_length():
    """Longer pairing finds more pairs and spoils their phases; without drift it only helps."""
    lengths = (10**2, 10**4, 3 * 10**5)
    still = [rate(fibres(300), pairing_length=n) for n in lengths]
    drifting = [rate(fibres(300), pairing_length=n, phase_drift_rad_per_s=3e5) for n in lengths]
    assert still == sorted(still)
    assert drifting[1] > drifting[0]
    assert drifting[1] > drifting[2]


def test_grid_is_its_links_one_by_one():
    lengths, drifts = np.array([0.0, 100.0, 300.0])[:, None], np.array([0.0, 1e4])
    half = Fibre(length_km=1).with_arrays({"length_km": lengths / 2})
    protocol = ModePairing(pairing_length=3000).with_arrays({"phase_drift_rad_per_s": drifts})
    together = protocol.rate(relay((half, half))).rate_per_pulse
    for i, length_km in enumerate(lengths.ravel()):
        for j, drift in enumerate(drifts):
            alone = rate(fibres(length_km), pairing_length=3000, phase_drift_rad_per_s=float(drift))
            assert together[i, j] == pytest.approx(alone, rel=1e-12)


CASES = [
    (relay((FixedLoss(loss_db=3), FixedLoss(loss_db=3))), {"pairing_length": 1000}),
    (
        relay((FixedLoss(loss_db=0), FixedLoss(loss_db=0)), 2.0, 1.0, dark_count_prob=0.01),
        {"pairing_length": 3},
    ),
    (
        relay((FixedLoss(loss_db=6), FixedLoss(loss_db=2)), 1.5, 0.4, dark_count_prob=1e-3, misalignment=0.2),
        {"pairing_length": 20, "signal_prob": 0.7, "phase_drift_rad_per_s": 3e7},
    ),
    (
        relay((FixedLoss(loss_db=10), FixedLoss(loss_db=10)), 2.0, 2.0, dark_count_prob=1e-3),
        {"pairing_length": 10**6, "signal_prob": 0.3, "phase_drift_rad_per_s": 1e7},
    ),
    (
        relay(
            (MeasuredTransmittance(duration_s=(1, 2), transmittance=(0.9, 0.05)), FixedLoss(loss_db=3)),
            2.0,
            1.0,
        ),
        {"pairing_length": 7},
    ),
]


@pytest.mark.parametrize(("link", "fields"), CASES)
def test_sampled_rounds_agree_with_the_statistics(link, fields):
    protocol, rounds = ModePairing(**fields), 500_000
    rows = compare(protocol.statistics(link), protocol.sample(link, rounds, np.random.default_rng(5)), rounds)
    assert [row.name for row in rows] == [
        "click",
        "pair",
        "key pair",
        "wrong key pair",
        "test pair",
        "wrong test pair",
    ]
    assert min(row.p_value for row in rows) > 1e-3
    assert min(row.seen for row in rows if "wrong key" not in row.name) > 40


def test_no_clicks_are_no_pairs():
    link = relay((FixedLoss(loss_db=3), FixedLoss(loss_db=3)), efficiency=0.0, dark_count_prob=0.0)
    seen = ModePairing(pairing_length=5).sample(link, 1000, np.random.default_rng(0))
    assert set(seen.values()) == {0}
    assert rate(link) == 0


@pytest.mark.parametrize(
    ("link", "text"),
    [
        (fibres(10, afterpulse_prob=0.01), "middle.afterpulse_prob is not used by mode-pairing"),
        (
            Link(
                alice=WeakCoherentSource(intensities=(0.5,), clock_rate_hz=1e9),
                bob=WeakCoherentSource(intensities=(0.5,), clock_rate_hz=2e9),
                channels=(Fibre(length_km=1), Fibre(length_km=1)),
                middle=ThresholdDetectors(efficiency=0.5),
            ),
            "bob.clock_rate_hz must equal alice.clock_rate_hz",
        ),
    ],
)
def test_refuses_in_one_sentence(link, text):
    with pytest.raises(InvalidInput, match=text):
        ModePairing(pairing_length=10).check_link(link)
