"""Phase matching as a protocol: links, slices, sampling."""

import time

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import FixedLoss, Link, MeasuredTransmittance, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.phase_matching import PhaseMatching


def link_of(loss_a, loss_b, mu_a=0.1, mu_b=0.1, *, efficiency=0.145, dark=8e-8, misalignment=0.0):
    return Link(
        alice=WeakCoherentSource(intensities=(mu_a,), clock_rate_hz=1e9),
        channels=(FixedLoss(loss_db=loss_a), FixedLoss(loss_db=loss_b)),
        middle=ThresholdDetectors(efficiency=efficiency, dark_count_prob=dark, misalignment=misalignment),
        bob=WeakCoherentSource(intensities=(mu_b,), clock_rate_hz=1e9),
    )


def test_it_is_a_sound_protocol():
    assert check_protocol(PhaseMatching) == ()


@pytest.mark.parametrize(
    ("length_km", "mu", "expected"),
    [
        # Definitions of the rows "PM-QKD D=16" of reference_rates.csv: "with 0.006393", which is the exact
        # error of 16 slices; what is left is the paper's neglect of double clicks.
        (100, 0.19973, 1.012797e-4),
        (200, 0.19875, 9.98798e-6),
        (400, 0.19166, 2.60040e-8),
    ],
)
def test_near_the_papers_model_with_the_exact_error_of_the_slices(length_km, mu, expected):
    rate = PhaseMatching().rate(link_of(0.1 * length_km, 0.1 * length_km, mu / 2, mu / 2))
    assert rate.rate_per_pulse == pytest.approx(expected, rel=0.02)


LINKS = [
    (link_of(0, 0, 0.5, 0.5), PhaseMatching()),
    (link_of(1, 5, 0.4, 0.9, efficiency=0.9, dark=0.01, misalignment=0.03), PhaseMatching(phase_slices=8)),
    (link_of(0, 0, 2.0, 1.0, efficiency=1.0, misalignment=0.1), PhaseMatching(phase_slices=4)),
    (link_of(3, 3, 0.2, 0.2, efficiency=0.6, dark=0.05), PhaseMatching(phase_slices=12)),
    (
        link_of(0, 1, 0.5, 0.4, efficiency=0.8).replaced(
            {"channel_a": MeasuredTransmittance(duration_s=(1.0, 2.0), transmittance=(0.9, 0.1))}
        ),
        PhaseMatching(phase_slices=6),
    ),
]


@pytest.mark.parametrize("case", range(len(LINKS)))
def test_sampled_rounds_agree_with_the_statistics(case):
    link, protocol = LINKS[case]
    rounds = 300_000
    counts = protocol.sample(link, rounds, np.random.default_rng(case))
    for row in compare(protocol.statistics(link), counts, rounds):
        assert row.p_value > 1e-5, row


def test_rates_stay_below_the_capacity_with_one_repeater():
    rng = np.random.default_rng(6)
    for _ in range(60):
        loss, mu = rng.uniform(0, 50, 2), rng.uniform(0.01, 0.5, 2)
        rate = PhaseMatching(f_ec=1.0).rate(link_of(*loss, *mu, efficiency=1.0, dark=0.0))
        assert rate.rate_per_pulse <= rate.capacity


def test_an_odd_number_of_slices_is_refused():
    with pytest.raises(InvalidInput, match="phase_slices must be even, but is 15"):
        PhaseMatching(phase_slices=15)


def test_nothing_arrives():
    assert PhaseMatching().rate(link_of(1, 1, efficiency=0.0, dark=0.0)).rate_per_pulse == 0


def test_a_batch_is_fast():
    loss = np.linspace(0, 50, 20_000)
    link = link_of(1, 1)
    grid = link.replaced(
        {name: FixedLoss(loss_db=0).with_arrays({"loss_db": loss}) for name in ("channel_a", "channel_b")}
    )
    start = time.process_time()
    PhaseMatching().rate(grid)
    assert loss.size / (time.process_time() - start) > 1e5
