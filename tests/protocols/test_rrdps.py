"""RRDPS: the kept blocks by enumeration, and what the block length does."""

import numpy as np
import pytest

from noclone.link import FixedLoss
from noclone.protocols.rrdps import RoundRobinDPS


def link_at(transmittance, intensity, **bob):
    link, _ = RoundRobinDPS.typical(0)
    changes = {"efficiency": 1.0, "dark_count_prob": 0.0, "misalignment": 0.02} | bob
    return link.replaced(
        {
            "alice": link.alice.with_arrays({"intensities[0]": intensity}),
            "channel": FixedLoss(loss_db=-10 * np.log10(transmittance)),
            "bob": link.bob.with_arrays(changes),
        }
    )


@pytest.mark.parametrize(("length", "dark", "error"), [(3, 0.0, 0.0), (8, 1e-2, 0.1), (33, 1e-4, 0.02)])
def test_kept_blocks_slot_by_slot(length, dark, error):
    link = link_at(0.1, 0.4, dark_count_prob=dark, misalignment=error)
    seen = RoundRobinDPS(block_pulses=length).statistics(link)
    right, wrong = (1 - (1 - dark) * np.exp(-0.04 * part) for part in (1 - error, error))
    kept = bad = 0.0
    for delay in range(1, length):
        slots = length - delay
        others = ((1 - right) * (1 - wrong)) ** (slots - 1)
        kept += slots * others * (right * (1 - wrong) + wrong * (1 - right)) / (length - 1)
        bad += slots * others * wrong * (1 - right) / (length - 1)
    assert seen["kept"] == pytest.approx(kept / length, rel=1e-12)
    assert seen["wrong"] == pytest.approx(bad / length, rel=1e-9, abs=1e-18)


def test_long_blocks_tolerate_errors_that_no_other_protocol_does():
    protocol = RoundRobinDPS(block_pulses=256, f_ec=1.0)
    assert protocol.rate(link_at(0.9, 1e-3, misalignment=0.3)).rate_per_pulse > 0


def test_three_pulses_need_the_tighter_bound():
    link = link_at(0.9, 1e-3)
    assert RoundRobinDPS(block_pulses=3, bound="sasaki-2014").rate(link).rate_per_pulse == 0
    assert RoundRobinDPS(block_pulses=3).rate(link).rate_per_pulse > 0


def test_block_lengths_may_be_a_grid():
    link, lengths = link_at(0.1, 0.02), np.array([4, 16, 17, 100])
    together = RoundRobinDPS().with_arrays({"block_pulses": lengths}).rate(link).rate_per_pulse
    alone = [float(RoundRobinDPS(block_pulses=int(each)).rate(link).rate_per_pulse) for each in lengths]
    assert together == pytest.approx(alone, rel=1e-12)


def test_the_tighter_bound_is_never_below():
    mu = np.logspace(-4, -0.5, 300)
    for length in (5, 32, 128):
        link = link_at(0.03, mu)
        loose = RoundRobinDPS(block_pulses=length, bound="sasaki-2014").rate(link).rate_per_pulse
        assert (RoundRobinDPS(block_pulses=length).rate(link).rate_per_pulse >= loose - 1e-15).all()


def test_finite_blocks_approach_the_limit():
    link, protocol = RoundRobinDPS.typical(25)
    limit = float(protocol.rate(link, bound="sasaki-2014").rate_per_pulse)
    results = [protocol.rate(link, bound="sasaki-2014", pulses=size) for size in (1e6, 1e9, 1e12, 1e15)]
    rates = [float(result.rate_per_pulse) for result in results]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(limit, rel=1e-3)
    assert results[2].security.regime == "finite"
    assert sum(results[2].terms.values()) == pytest.approx(results[2].key_bits, rel=1e-12)
