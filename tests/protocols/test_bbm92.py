"""BBM92 with pulsed pairs: rates, statistics against sampling, declaration, limits."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import Fibre, FixedLoss, Link, MeasuredTransmittance, SinglePhotonSource, ThresholdDetectors
from noclone.link.pair_sources import PulsedPairSource
from noclone.protocols.agreement import compare
from noclone.protocols.bbm92 import BBM92
from noclone.protocols.check import check_protocol
from noclone.protocols.declaration import depolarising
from noclone.rates.capacity import repeaterless_bound


def link(loss_a, loss_b, mean_pairs, error=0.0, **stations):
    alice = ThresholdDetectors(efficiency=0.8, dark_count_prob=1e-5, misalignment=0.01, **stations)
    bob = ThresholdDetectors(efficiency=0.3, dark_count_prob=1e-4, misalignment=0.03)
    return Link(
        alice=alice,
        channels=(FixedLoss(loss_db=loss_a), FixedLoss(loss_db=loss_b)),
        middle=PulsedPairSource(mean_pairs=mean_pairs, polarisation_error=error, clock_rate_hz=1e8),
        bob=bob,
    )


VARYING = Link(
    alice=ThresholdDetectors(efficiency=0.9),
    channels=(
        MeasuredTransmittance(duration_s=(1, 2, 1), transmittance=(0.9, 0.2, 0.5)),
        MeasuredTransmittance(duration_s=(1, 1), transmittance=(0.6, 0.1)),
    ),
    middle=PulsedPairSource(mean_pairs=0.3, clock_rate_hz=1e8),
    bob=ThresholdDetectors(efficiency=0.9, misalignment=0.02),
)

LINKS = {
    "equal arms": (link(3, 3, 0.1), BBM92()),
    "source at Alice": (link(0, 8, 0.2), BBM92(basis_prob=0.8)),
    "bright": (link(1, 1, 1.5), BBM92(basis_prob=0.6)),
    "bad source": (link(2, 1, 0.4, error=0.1), BBM92(basis_prob=0.3)),
    "varying": (VARYING, BBM92(basis_prob=0.9)),
    "jitter": (link(1, 2, 0.3, jitter_s=1.2e-9, jitter_tail_share=0.2, jitter_tail_s=8e-10), BBM92()),
}


def test_nothing_is_wrong_with_it():
    assert check_protocol(BBM92) == ()


@pytest.mark.parametrize("name", LINKS)
def test_sampled_rounds_agree_with_the_statistics(name):
    where, protocol = LINKS[name]
    protocol.check_link(where)
    rounds = 200_000
    seen = protocol.sample(where, rounds, np.random.default_rng(11))
    for row in compare(protocol.statistics(where), seen, rounds):
        assert row.p_value > 1e-4, row


def test_brightness_of_two_hundredths_between_two_fibres():
    """The documentation of qkd 0.2.0 gives 7.3611e-5 bits per pulse and an error rate of 4.099 %."""
    station = ThresholdDetectors(efficiency=0.2, dark_count_prob=1e-6)
    middle = PulsedPairSource(mean_pairs=0.02, polarisation_error=0.033, clock_rate_hz=1e8)
    way = Fibre(length_km=10)
    rate = BBM92(f_ec=1.22).rate(Link(alice=station, channels=(way, way), middle=middle, bob=station))
    assert float(rate.rate_per_pulse) == pytest.approx(7.3611e-5, rel=2e-5)
    assert float(rate.qber) == pytest.approx(0.04099233, rel=1e-4)


def test_faint_pulses_match_the_declaration():
    protocol = BBM92(basis_prob=0.7)
    kept, wrong = protocol.declaration().kept_and_wrong(depolarising(0.08))
    where = Link(
        alice=ThresholdDetectors(efficiency=0.5),
        channels=(FixedLoss(loss_db=3), FixedLoss(loss_db=1)),
        middle=PulsedPairSource(mean_pairs=1e-9, polarisation_error=0.04, clock_rate_hz=1.0),
        bob=ThresholdDetectors(efficiency=0.5),
    )
    shown = protocol.statistics(where)
    assert float(shown["sifted"] / shown["coincidence"]) == pytest.approx(kept)
    assert float(shown["error"] / shown["coincidence"]) == pytest.approx(wrong, rel=1e-6)


def test_finite_keys_grow_towards_the_asymptotic_one():
    where, protocol = BBM92.typical(50.0)
    limit = float(protocol.rate(where).rate_per_pulse)
    sizes = np.geomspace(1e6, 1e18, 13)
    finite = protocol.rate(where, bound="tomamichel-2012", pulses=sizes)
    assert (np.diff(finite.rate_per_pulse) >= 0).all()
    assert finite.rate_per_pulse[0] == 0
    assert float(finite.rate_per_pulse[-1]) == pytest.approx(limit, rel=1e-4)
    assert finite.security.regime == "finite"
    unblocked = protocol.rate(where, bound="tomamichel-2012")
    assert float(unblocked.rate_per_pulse) == limit


def test_error_rate_of_eleven_percent_is_the_end():
    where, _ = BBM92.typical(0.0)
    errors = np.array([0.109, 0.111]) - 5e-4
    middle = PulsedPairSource(mean_pairs=1e-6, clock_rate_hz=1.0).with_arrays({"polarisation_error": errors})
    station = ThresholdDetectors(efficiency=1.0)
    rate = BBM92(f_ec=1.0).rate(where.replaced({"middle": middle, "alice": station, "bob": station}))
    assert rate.rate_per_pulse[0] > 0
    assert rate.rate_per_pulse[1] == 0


def test_no_link_beats_the_capacity():
    rng = np.random.default_rng(5)
    many = link(0, 0, 0.1)
    many = many.replaced(
        {
            "channel_a": many.channel_a.with_arrays({"loss_db": rng.uniform(0, 40, 2000)}),
            "channel_b": many.channel_b.with_arrays({"loss_db": rng.uniform(0, 40, 2000)}),
            "middle": many.middle.with_arrays({"mean_pairs": 10 ** rng.uniform(-4, 0.7, 2000)}),
        }
    )
    rate = BBM92(basis_prob=0.999, f_ec=1.0).rate(many)
    assert (rate.rate_per_pulse <= rate.capacity).all()
    loss = many.channel_a.loss_db + many.channel_b.loss_db
    assert np.allclose(rate.capacity, repeaterless_bound(10 ** (-loss / 10)))


def test_darkness_gives_no_key_and_no_warning():
    blind = ThresholdDetectors(efficiency=0.0)
    where, protocol = BBM92.typical(10.0)
    rate = protocol.rate(where.replaced({"alice": blind, "bob": blind}))
    assert float(rate.rate_per_pulse) == 0.0


def test_wrong_devices_are_refused_in_a_sentence():
    where, protocol = BBM92.typical(10.0)
    with pytest.raises(InvalidInput, match="middle must be pulsed-pairs for bbm92, but is single-photon"):
        protocol.check_link(where.replaced({"middle": SinglePhotonSource(clock_rate_hz=1e6)}))
    slow = ThresholdDetectors(efficiency=0.5, dead_time_s=1e-6)
    with pytest.raises(InvalidInput, match=r"bob\.dead_time_s is not used by bbm92"):
        protocol.check_link(where.replaced({"bob": slow}))
