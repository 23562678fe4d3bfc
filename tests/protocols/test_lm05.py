"""LM05 and ping-pong: two crossings of the channel, and what control rounds are worth."""

import numpy as np
import pytest

from noclone.link import Fibre, FixedLoss, Link, SinglePhotonSource, ThresholdDetectors
from noclone.link.timing import gate_share
from noclone.protocols.agreement import compare
from noclone.protocols.lm05 import LM05
from noclone.protocols.ping_pong import PingPong
from noclone.rates.two_way import two_way_secrecy


def link_at(loss_db, **bob):
    detectors = {"efficiency": 1.0, "dark_count_prob": 0.0, "misalignment": 0.02} | bob
    return Link(
        alice=SinglePhotonSource(clock_rate_hz=1e8),
        channel=FixedLoss(loss_db=0).with_arrays({"loss_db": loss_db}),
        bob=ThresholdDetectors(efficiency=1).with_arrays(detectors),
    )


def test_photons_cross_the_channel_twice():
    seen = LM05(control_prob=0.2).statistics(link_at(10.0, misalignment=0.0))
    assert seen["returned"] == pytest.approx(0.8 * 0.01)
    assert seen["control"] == pytest.approx(0.2 * 0.5 * 0.1)


@pytest.mark.parametrize(("kind", "factor"), [(LM05, 2), (PingPong, 1)])
def test_without_loss_it_is_the_ideal_rate(kind, factor):
    protocol = kind(control_prob=0.1, f_ec=1.0, **({"insecure": True} if kind is PingPong else {}))
    result = protocol.rate(link_at(0.0))
    assert result.rate_per_pulse == pytest.approx(0.9 * two_way_secrecy(0.02, 0.02 * factor), rel=1e-12)


def test_lm05_without_loss_ends_at_its_threshold():
    errors = np.array([0.0756, 0.0758])
    rates = LM05(f_ec=1.0).rate(link_at(0.0, misalignment=errors)).rate_per_pulse
    assert rates[0] > 0
    assert rates[1] == 0


def test_errors_of_the_way_out_weigh_more_with_loss():
    result = LM05().rate(link_at(np.array([0.0, 3.0, 6.0, 20.0])))
    phase_error = result.bounds["phase_error"]
    assert phase_error == pytest.approx(np.minimum(0.04 * 10 ** np.array([0.0, 0.3, 0.6, 2.0]), 0.5))


def test_inefficient_control_detectors_hide_nothing():
    dim, clear = (LM05().rate(link_at(3.0, efficiency=value)).bounds["phase_error"] for value in (0.25, 1.0))
    assert dim == pytest.approx(4 * clear)


def test_ping_pong_reports_a_rate_where_it_is_known_to_be_broken():
    # The attack needs less than 60 % transmittance; the number does not notice, which is why it is marked.
    result = PingPong(insecure=True).rate(link_at(10.0))
    assert result.rate_per_pulse > 0
    assert result.security.attacks == "none"


KINDS = (LM05(control_prob=0.3), PingPong(control_prob=0.3, insecure=True))


def fibre_link(bob=None, **fibre):
    return Link(
        alice=SinglePhotonSource(clock_rate_hz=1e8),
        channel=Fibre(**({"length_km": 5.0} | fibre)),
        bob=ThresholdDetectors(efficiency=0.8, misalignment=0.01, **(bob or {})),
    )


@pytest.mark.parametrize("protocol", KINDS, ids=lambda each: each.NAME)
def test_a_pulse_is_lengthened_on_both_crossings(protocol):
    clean, long = fibre_link(), fibre_link(dispersion_ps_per_nm_km=17, linewidth_nm=8)  # 680 ps each way
    seen, best = protocol.statistics(long), protocol.statistics(clean)
    assert float(seen["control"] / best["control"]) == pytest.approx(float(gate_share(1e-9, 0.68e-9)))
    assert float(seen["returned"] / best["returned"]) == pytest.approx(float(gate_share(1e-9, 1.36e-9)))
    assert 0 < protocol.rate(long).rate_per_pulse < protocol.rate(clean).rate_per_pulse


@pytest.mark.parametrize("protocol", KINDS, ids=lambda each: each.NAME)
def test_background_of_both_crossings_reaches_the_laboratory(protocol):
    dark, lit = fibre_link(length_km=200.0), fibre_link(length_km=200.0, forward_power_mw=0.1)
    added = {
        name: float(protocol.statistics(lit)[name] - protocol.statistics(dark)[name])
        for name in ("returned", "control")
    }
    photons = float(lit.channel.noise_photons_per_s()) * 1e-9 * 0.8  # either detector sees half of them
    control = 0.3 * (0.5 if protocol.NAME == "lm05" else 1.0)
    assert added["control"] == pytest.approx(control * photons, rel=1e-3)
    assert added["returned"] == pytest.approx(0.7 * 2 * photons, rel=1e-3)


@pytest.mark.parametrize("protocol", KINDS, ids=lambda each: each.NAME)
def test_played_rounds_agree_over_a_long_pulse_and_background(protocol):
    where = fibre_link(
        {"jitter_s": 5e-10, "dark_count_prob": 1e-3},
        dispersion_ps_per_nm_km=17,
        linewidth_nm=8,
        forward_power_mw=3.0,
    )
    protocol.check_link(where)
    played = protocol.sample(where, 400_000, np.random.default_rng(5))
    for row in compare(protocol.statistics(where), played, 400_000):
        assert row.p_value > 1e-4, row
