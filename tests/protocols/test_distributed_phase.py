"""DPS, COW, COW', RRDPS, LM05 and ping-pong: what every protocol must do, on several links each."""

import dataclasses
import time

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import (
    FixedLoss,
    Link,
    MeasuredTransmittance,
    SinglePhotonSource,
    ThresholdDetectors,
    WeakCoherentSource,
)
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.cow import CoherentOneWay
from noclone.protocols.cow_vacuum_tail import CoherentOneWayVacuumTail
from noclone.protocols.dps import DifferentialPhaseShift
from noclone.protocols.lm05 import LM05
from noclone.protocols.ping_pong import PingPong
from noclone.protocols.rrdps import RoundRobinDPS

TRAINS = [
    DifferentialPhaseShift(),
    CoherentOneWay(insecure=True, decoy_prob=0.3, monitor_share=0.4, visibility=0.9),
    CoherentOneWayVacuumTail(decoy_prob=0.3, vacuum_prob=0.2, visibility=0.9),
    RoundRobinDPS(block_pulses=8),
]
TWO_WAY = [LM05(control_prob=0.3), PingPong(control_prob=0.3, insecure=True)]
ALL = TRAINS + TWO_WAY


def name(value):
    return value.NAME


def link_of(protocol, loss_db=3.0, intensity=0.3, **changes):
    bob = {"efficiency": 0.5, "dark_count_prob": 1e-3, "misalignment": 0.03} | changes
    if protocol in TWO_WAY:
        source = SinglePhotonSource(clock_rate_hz=1e8)
    else:
        source = WeakCoherentSource(intensities=(intensity,), clock_rate_hz=1e9)
    return Link(alice=source, channel=FixedLoss(loss_db=loss_db), bob=ThresholdDetectors(**bob))


@pytest.mark.parametrize("protocol", ALL, ids=name)
def test_it_is_sound(protocol):
    assert check_protocol(type(protocol)) == ()


@pytest.mark.parametrize("protocol", ALL, ids=name)
def test_played_rounds_agree_with_the_statistics(protocol):
    rng, p_values = np.random.default_rng(3), []
    for changes in (
        {"loss_db": 0.0},
        {"loss_db": 8.0, "misalignment": 0.2},
        {"dark_count_prob": 0.1},
        {"intensity": 2.0, "efficiency": 1.0},
        {"intensity": 0.02, "misalignment": 0.0},
        {"dark_count_prob": 0.0, "loss_db": 12.0},
    ):
        link = link_of(protocol, **changes)
        played = protocol.sample(link, 240_000, rng)
        p_values += [row.p_value for row in compare(protocol.statistics(link), played, 240_000)]
    assert min(p_values) > 1e-4 / len(p_values)


@pytest.mark.parametrize("protocol", ALL, ids=name)
def test_a_fading_channel_averages_what_is_seen(protocol):
    channel = MeasuredTransmittance(duration_s=(1, 2, 3), transmittance=(0.9, 0.5, 0.05))
    link = dataclasses.replace(link_of(protocol), channel=channel)
    played = protocol.sample(link, 240_000, np.random.default_rng(5))
    rows = compare(protocol.statistics(link), played, 240_000)
    assert min(row.p_value for row in rows) > 1e-5


@pytest.mark.parametrize("protocol", ALL, ids=name)
def test_a_wrong_device_is_refused_in_a_sentence(protocol):
    with pytest.raises(InvalidInput, match="is not used by"):
        protocol.check_link(link_of(protocol, dead_time_s=1e-7))
    two = WeakCoherentSource(intensities=(0.5, 0.1), clock_rate_hz=1e9)
    expected = "must have one element" if protocol in TRAINS else "must be single-photon"
    with pytest.raises(InvalidInput, match=expected):
        protocol.check_link(link_of(protocol).replaced({"alice": two}))


@pytest.mark.parametrize("protocol", ALL, ids=name)
def test_it_computes_in_batches_of_links(protocol):
    """Within 1e5 links per second and core."""
    losses = np.linspace(0.0, 30.0, 20_000)
    link = link_of(protocol)
    grid = link.replaced({"channel": link.channel.with_arrays({"loss_db": losses})})
    for bound in protocol.BOUNDS:
        protocol.rate(grid, bound=bound)
        start = time.process_time()
        answer = protocol.rate(grid, bound=bound)
        assert time.process_time() - start < 0.2
        assert answer.rate_per_pulse.shape == losses.shape
        assert (answer.rate_per_pulse <= answer.plob).all()
        assert np.isfinite(answer.rate_per_pulse).all()


@pytest.mark.parametrize("protocol", ALL, ids=name)
def test_nothing_detected_is_no_key(protocol):
    link = link_of(protocol, efficiency=0.0, dark_count_prob=0.0)
    for bound in protocol.BOUNDS:
        for pulses in (None, 1e10):
            assert protocol.rate(link, bound=bound, pulses=pulses).rate_per_pulse == 0


@pytest.mark.parametrize("kind", [CoherentOneWay, PingPong], ids=name)
def test_broken_protocols_compute_only_where_that_is_accepted(kind):
    link, refused = kind.typical(10)
    accepted = dataclasses.replace(refused, insecure=True)
    with pytest.raises(InvalidInput, match=r"protocol.insecure must be true"):
        refused.rate(link)
    security = accepted.rate(link).security
    assert security.attacks == "none"
    assert "Nothing is secure" in security.assumptions[0]
