"""COW': the limit of large blocks, the scaling with the transmittance, and bad shares."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import FixedLoss
from noclone.protocols.cow_vacuum_tail import CoherentOneWayVacuumTail


def best_rate(loss_db, bound, dark_count_prob):
    link, protocol = CoherentOneWayVacuumTail.typical(0)
    mu = 10 ** (-loss_db / 10) * np.logspace(-2.5, 0.5, 400)
    grid = link.replaced(
        {
            "alice": link.alice.with_arrays({"intensities[0]": mu}),
            "channel": FixedLoss(loss_db=loss_db),
            "bob": link.bob.with_arrays({"dark_count_prob": dark_count_prob}),
        }
    )
    return protocol.rate(grid, bound=bound).rate_per_pulse.max()


@pytest.mark.parametrize("bound", ["tightened", "li-2024"])
def test_rate_falls_with_the_square_of_the_transmittance(bound):
    near, far = (best_rate(loss_db, bound, 0.0) for loss_db in (20.0, 40.0))
    assert near / far == pytest.approx(1e4, rel=0.03)


def test_published_bound_stays_below_the_figure_of_its_paper():
    # Gao et al.: less than 1e-5 at 100 km.
    assert 0 < best_rate(20.0, "li-2024", 1e-9) < 1e-5


@pytest.mark.parametrize("bound", ["tightened", "li-2024"])
def test_large_blocks_approach_the_limit(bound):
    link, protocol = CoherentOneWayVacuumTail.typical(25)
    limit = float(protocol.rate(link, bound=bound).rate_per_pulse)
    sizes = (1e9, 1e11, 1e13, 1e15)
    rates = [float(protocol.rate(link, bound=bound, pulses=size).rate_per_pulse) for size in sizes]
    assert rates == sorted(rates)
    assert rates[-1] == pytest.approx(limit, rel=2e-3)
    assert rates[-1] < limit


def test_terms_sum_to_the_key():
    link, protocol = CoherentOneWayVacuumTail.typical(10)
    result = protocol.rate(link, pulses=1e11)
    assert sum(result.terms.values()) == pytest.approx(result.key_bits, rel=1e-12)
    assert result.security.eps_sec == 1e-9


def test_shares_must_leave_sequences_for_the_key():
    with pytest.raises(InvalidInput, match="must leave sequences for the key"):
        CoherentOneWayVacuumTail(decoy_prob=0.5, vacuum_prob=0.5)


@pytest.mark.parametrize("bound", ["tightened", "li-2024"])
def test_shares_that_leave_no_sequences_for_the_key_give_none_on_a_grid(bound):
    link, protocol = CoherentOneWayVacuumTail.typical(20)
    grid = protocol.with_arrays({"decoy_prob": np.array([0.1, 0.9, 0.95, 0.99])})
    for pulses in (None, 1e13):
        rates = grid.rate(link, bound=bound, pulses=pulses).rate_per_pulse
        assert rates[0] == protocol.rate(link, bound=bound, pulses=pulses).rate_per_pulse > 0
        assert rates[1:].tolist() == [0, 0, 0]
