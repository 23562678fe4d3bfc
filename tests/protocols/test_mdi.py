"""MDI-QKD: what it computes on links, its limits, its sampler, and what it refuses."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import Fibre, FixedLoss, Link, MeasuredTransmittance, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.mdi import MDI

THREE = {"intensity_probs": (0.5, 0.3, 0.2), "basis_probs": (0.7, 0.5, 0.4)}
FOUR = {"intensity_probs": (0.6, 0.05, 0.25, 0.1), "basis_probs": (1.0, 0.0, 0.0, 0.0)}


def source(*intensities):
    return WeakCoherentSource(intensities=intensities, clock_rate_hz=1e9)


def relay(alice, bob, channels, **detectors):
    return Link(alice=alice, bob=bob, channels=channels, middle=ThresholdDetectors(**detectors))


def lossy(loss_a, loss_b, alice=(0.5, 0.1, 0.0), bob=(0.5, 0.1, 0.0), **detectors):
    hardware = {"efficiency": 0.6, "dark_count_prob": 1e-7, "misalignment": 0.01} | detectors
    channels = FixedLoss(loss_db=loss_a), FixedLoss(loss_db=loss_b)
    return relay(source(*alice), source(*bob), channels, **hardware)


def test_nothing_is_wrong_with_it():
    assert check_protocol(MDI) == ()


def test_reaches_40_decibels_with_infinite_decoys():
    """Lo, Curty, Qi, PRL 108, 130503 (2012): more than 40 dB with their detectors; here 46.4 dB."""
    protocol = MDI(intensity_probs=(1.0,), basis_probs=(1.0,), bound="infinite", f_ec=1.16)
    old = {"efficiency": 0.145, "dark_count_prob": 3e-6, "misalignment": 0.015}

    def rate(loss):
        return float(protocol.rate(lossy(loss / 2, loss / 2, (0.3046,), (0.3046,), **old)).rate_per_pulse)

    assert rate(40.0) > 0
    assert rate(46.41) > 0
    assert rate(46.43) == 0


@pytest.mark.parametrize("losses", [(3.0, 3.0), (2.0, 8.0), (8.0, 2.0)])
def test_bounds_in_their_order(losses):
    link = lossy(*losses)
    rates = [
        float(MDI(**THREE, bound=bound).rate(link, pulses=1e14).rate_per_pulse)
        for bound in ("curty-2014", "three-intensity", "infinite")
    ]
    assert 0 < rates[0] < rates[1] < rates[2]


def test_finite_keys_approach_their_limit():
    link, protocol = lossy(3.0, 3.0, (0.5, 0.3, 0.05, 0.0), (0.5, 0.3, 0.05, 0.0)), MDI(**FOUR)
    limit = float(protocol.rate(link).rate_per_pulse)
    rates = [float(protocol.rate(link, pulses=n).rate_per_pulse) for n in (1e9, 1e11, 1e13, 1e15, 1e20)]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(limit, rel=1e-4)
    assert protocol.rate(link, pulses=1e13).security.eps_sec == protocol.eps_sec
    assert protocol.rate(link).security.regime == "asymptotic"


def test_unequal_arms_want_unequal_intensities():
    """Decoys that arrive with equal strength interfere best: Wang, Xu, Lo, PRX 9, 041012 (2019)."""
    same = lossy(1.0, 11.0, (0.4, 0.25, 0.04, 0.0), (0.4, 0.25, 0.04, 0.0))
    balanced = lossy(1.0, 11.0, (0.4, 0.06, 0.01, 0.0), (0.6, 0.5, 0.12, 0.0))
    protocol = MDI(**FOUR)
    assert (
        protocol.rate(balanced, pulses=1e13).rate_per_pulse
        > 1.5 * protocol.rate(same, pulses=1e13).rate_per_pulse
    )


def test_parties_may_change_places():
    ours, swapped = (
        lossy(2.0, 9.0, (0.3, 0.05, 0.0), (0.6, 0.1, 0.0)),
        lossy(9.0, 2.0, (0.6, 0.1, 0.0), (0.3, 0.05, 0.0)),
    )
    for bound in ("curty-2014", "three-intensity", "infinite"):
        rates = [
            float(MDI(**THREE, bound=bound).rate(x, pulses=1e15).rate_per_pulse) for x in (ours, swapped)
        ]
        if bound != "curty-2014":
            assert rates[0] == pytest.approx(rates[1], rel=1e-12)
        else:  # only Alice's empty pulses count, and there are hardly any
            assert rates[0] == pytest.approx(rates[1], rel=1e-2)


def test_grid_is_its_links_one_by_one():
    losses, darks = np.linspace(0, 20, 5)[:, None], np.array([1e-9, 1e-6])
    one = lossy(5.0, 5.0, (0.5, 0.3, 0.05, 0.0), (0.5, 0.3, 0.05, 0.0))
    grid = one.replaced(
        {
            "channel_a": one.channel_a.with_arrays({"loss_db": losses}),
            "middle": one.middle.with_arrays({"dark_count_prob": darks}),
        }
    )
    for bound in ("four-intensity", "infinite"):
        together = MDI(**FOUR).rate(grid, pulses=1e13, bound=bound).rate_per_pulse
        for i, loss in enumerate(losses.ravel()):
            for j, dark in enumerate(darks):
                alone = lossy(loss, 5.0, (0.5, 0.3, 0.05, 0.0), (0.5, 0.3, 0.05, 0.0), dark_count_prob=dark)
                assert together[i, j] == pytest.approx(
                    float(MDI(**FOUR).rate(alone, pulses=1e13, bound=bound).rate_per_pulse), rel=1e-9
                )


def test_fading_averages_announcements():
    fading = MeasuredTransmittance(duration_s=(1.0, 3.0), transmittance=(0.5, 0.05))
    protocol = MDI(intensity_probs=(1.0,), basis_probs=(1.0,), bound="infinite")
    gains = [
        protocol.statistics(relay(source(0.5), source(0.5), (channel, FixedLoss(loss_db=3)), efficiency=0.5))[
            "announced, 0 and 0 | Z"
        ]
        for channel in (
            fading,
            MeasuredTransmittance(duration_s=(1,), transmittance=(0.5,)),
            MeasuredTransmittance(duration_s=(1,), transmittance=(0.05,)),
        )
    ]
    assert gains[0] == pytest.approx(0.25 * gains[1] + 0.75 * gains[2], rel=1e-12)


BRIGHT = [
    (lossy(0.0, 0.0, (2.0, 0.6, 0.1), (1.0, 0.3, 0.0), dark_count_prob=0.0, misalignment=0.0), THREE),
    (lossy(1.0, 3.0, (2.0, 0.6, 0.1), (1.0, 0.3, 0.0), dark_count_prob=1e-3, misalignment=0.02), THREE),
    (lossy(5.0, 0.0, (4.0, 0.6, 0.1), (1.0, 0.3, 0.0), dark_count_prob=1e-2, misalignment=0.3), THREE),
    (lossy(2.0, 2.0, (1.0, 0.5, 0.2, 0.0), (1.0, 0.4, 0.1, 0.0), efficiency=0.9), FOUR),
    (
        relay(
            source(2.0, 0.5, 0.1),
            source(2.0, 0.5, 0.1),
            (MeasuredTransmittance(duration_s=(1, 2), transmittance=(0.9, 0.1)), FixedLoss(loss_db=2)),
            efficiency=0.8,
            dark_count_prob=1e-4,
            misalignment=0.05,
        ),
        THREE,
    ),
]


@pytest.mark.parametrize(("link", "fields"), BRIGHT)
def test_sampled_rounds_agree_with_the_statistics(link, fields):
    protocol = MDI(**fields, bound="infinite")
    rounds = 400_000
    rows = compare(
        protocol.statistics(link), protocol.sample(link, rounds, np.random.default_rng(11)), rounds
    )
    assert len(rows) == (36 if len(fields["basis_probs"]) == 3 else 64)
    assert min(row.p_value for row in rows) > 1e-4
    # Many events, so that the agreement means something.
    assert sum(row.seen for row in rows) > 5_000


@pytest.mark.parametrize(
    ("link", "fields", "text"),
    [
        (lossy(1, 1), FOUR | {"bound": "four-intensity"}, "alice.intensities must be 4"),
        (lossy(1, 1), THREE | {"bound": "four-intensity"}, "four-intensity needs 4 intensities"),
        (
            lossy(1, 1, (0.5, 0.3, 0.05, 0.001), (0.5, 0.3, 0.05, 0.0)),
            FOUR,
            r"alice.intensities\[3\] must be 0 for four-intensity",
        ),
        (
            Link(
                alice=source(0.5, 0.1, 0.0),
                channel=Fibre(length_km=1),
                bob=ThresholdDetectors(efficiency=0.5),
            ),
            THREE | {"bound": "infinite"},
            "middle is missing",
        ),
        (
            lossy(1, 1, dead_time_s=1e-8),
            THREE | {"bound": "infinite"},
            "middle.dead_time_s is not used by mdi",
        ),
    ],
)
def test_refuses_in_one_sentence(link, fields, text):
    with pytest.raises(InvalidInput, match=text):
        MDI(**fields).check_link(link)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"intensity_probs": (0.5, 0.3), "basis_probs": (1.0, 0.5)}, "must sum to 1"),
        ({"intensity_probs": (0.5, 0.5), "basis_probs": (1.0,)}, "must be one for each of the 2 intensities"),
    ],
)
def test_refuses_shares_that_do_not_fit(fields, text):
    with pytest.raises(InvalidInput, match=text):
        MDI(**fields)


def test_blocks_may_be_a_grid():
    link, blocks = lossy(3.0, 3.0), np.array([1e12, 1e14])
    protocol = MDI(**THREE, bound="curty-2014")
    together = protocol.rate(link, pulses=blocks)
    assert together.rate_per_pulse.tolist() == pytest.approx(
        [float(protocol.rate(link, pulses=n).rate_per_pulse) for n in blocks], rel=1e-12
    )
    by_bits = protocol.rate(link, sifted_bits=together.sifted_bits)
    assert by_bits.key_bits == pytest.approx(together.key_bits, rel=1e-12)
