"""COW: what is sold as a rate, beside what an attack without traces delivers."""

import numpy as np
import pytest

from noclone.protocols.cow import CoherentOneWay
from noclone.protocols.protocol import unlocked


def typical(length_km):
    link, protocol = CoherentOneWay.typical(length_km)
    return link, unlocked(protocol)


def test_attack_overtakes_the_link_and_the_legacy_rate_does_not_notice():
    link, protocol = typical(200)
    result = protocol.rate(link)
    assert result.rate_per_pulse > 0
    assert result.bounds["zero_error_gain"] > 100 * result.sifted_bits


def test_legacy_rate_follows_the_transmittance_and_not_its_square():
    rates = [float(protocol.rate(link).rate_per_pulse) for link, protocol in map(typical, (50, 100))]
    assert rates[0] / rates[1] == pytest.approx(10, rel=0.02)


def test_measured_visibility_is_that_of_the_interferometer():
    link, protocol = typical(20)
    dim = link.replaced({"alice": link.alice.with_arrays({"intensities[0]": np.array([1e-3])})})
    assert protocol.rate(dim).bounds["visibility"] == pytest.approx(protocol.visibility, rel=1e-3)
