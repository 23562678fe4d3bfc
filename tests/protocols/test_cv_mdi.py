"""CV-MDI: its limits, varying channels, statistics against samples."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import Fibre, FixedLoss, Link, MeasuredTransmittance
from noclone.link.coherent import CoherentReceiver, GaussianModulation
from noclone.protocols.agreement import compare
from noclone.protocols.check import check_protocol
from noclone.protocols.cv_mdi import CVMDI


def link_of(t_a, t_b, v_a=20.0, v_b=20.0, xi=0.005, channel_b=None, **relay):
    alice, bob = (
        GaussianModulation(modulation_variance_snu=v, excess_noise_snu=xi, clock_rate_hz=1e7)
        for v in (v_a, v_b)
    )
    channels = [FixedLoss(loss_db=-10 * np.log10(t)) for t in (t_a, t_b)]
    return Link(
        alice=alice,
        channels=(channels[0], channel_b or channels[1]),
        middle=CoherentReceiver(**{"efficiency": 1.0} | relay),
        bob=bob,
    )


def total(link, beta=1.0):
    return float(sum(CVMDI(reconciliation_efficiency=beta).rate(link).terms.values()))


def test_it_is_sound():
    assert check_protocol(CVMDI) == ()


def test_published_point():
    assert total(link_of(1, 0.1, 1e5, 1e5, 0.0)) == pytest.approx(0.07733589, abs=1e-5)


def test_relay_loss_and_noise_are_those_of_the_channels():
    eta = 0.9
    lossy = link_of(0.95, 0.4, xi=0.0, efficiency=eta, electronic_noise_snu=0.01)
    total_t = eta * (0.95 + 0.4)
    same = link_of(0.95 * eta, 0.4 * eta, xi=2 * 0.01 / total_t)
    assert total(lossy) == pytest.approx(total(same), abs=1e-12)


def test_the_relay_belongs_next_to_alice():
    assert total(link_of(0.98, 0.5)) > total(link_of(0.7, 0.7)) > total(link_of(0.5, 0.98))


def test_a_varying_channel_is_averaged_over_its_intervals():
    varying = MeasuredTransmittance(duration_s=(1, 3), transmittance=(0.9, 0.5))
    each = [total(link_of(0.99, t)) for t in (0.9, 0.5)]
    assert min(each) > 0
    assert total(link_of(0.99, 1, channel_b=varying)) == pytest.approx(np.dot((0.25, 0.75), each))


LINKS = [
    link_of(1.0, 0.3),
    link_of(0.9, 0.9, 5.0, 40.0),
    link_of(0.8, 0.1, efficiency=0.8, electronic_noise_snu=0.1),
    link_of(0.95, 0.6, efficiency=0.9, adc_bits=7, adc_range=32.0),
    link_of(0.99, 1, channel_b=MeasuredTransmittance(duration_s=(1, 3), transmittance=(0.9, 0.2))),
    link_of(0.99, 1, channel_b=Fibre(length_km=5, forward_power_mw=1e3), efficiency=0.9),
]


@pytest.mark.parametrize("index", range(len(LINKS)))
def test_samples_agree_with_statistics(index):
    link, protocol, rounds = LINKS[index], CVMDI(), 300_000
    protocol.check_link(link)
    sampled = protocol.sample(link, rounds, np.random.default_rng(400 + index))
    for row in compare(protocol.statistics(link), sampled, rounds):
        assert row.p_value > 1e-4, row


def test_wrong_links_are_refused():
    link = link_of(0.9, 0.5)
    heterodyne = link.replaced({"middle": CoherentReceiver(efficiency=0.9, detection="heterodyne")})
    with pytest.raises(InvalidInput, match=r"middle.detection is not used by cv-mdi"):
        CVMDI().check_link(heterodyne)
    slow = GaussianModulation(modulation_variance_snu=20, clock_rate_hz=1e6)
    with pytest.raises(InvalidInput, match=r"bob.clock_rate_hz must be Alice's"):
        CVMDI().check_link(link.replaced({"bob": slow}))
