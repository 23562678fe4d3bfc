import numpy as np
import pytest
from scipy.optimize import brentq

from noclone.link import Fibre, Link, ThresholdDetectors, WeakCoherentSource
from noclone.protocols.weak_coherent_bb84 import WeakCoherentBB84


def gys(length_km, intensities):
    """The setup of Gobby, Yuan and Shields, APL 84, 3762 (2004), as a grid over intensities."""
    source = WeakCoherentSource(intensities=(0.1,), clock_rate_hz=2e6)
    return Link(
        alice=source.with_arrays({"intensities[0]": intensities}),
        channel=Fibre(length_km=length_km, attenuation_db_per_km=0.21),
        bob=ThresholdDetectors(efficiency=0.045, dark_count_prob=8.5e-7, misalignment=0.033),
    )


def best(length_km):
    answer = WeakCoherentBB84(f_ec=1.22).key(gys(length_km, np.geomspace(1e-4, 0.1, 4000)), "gllp", None)
    return float(sum(answer.terms.values()).max())


def test_the_reach_of_the_gys_setup():
    # 40.2071 km with gains that add the background (an independent evaluation of GLLP); here dark counts
    # that coincide with photons are counted once.
    assert brentq(best, 30.0, 50.0) == pytest.approx(40.2071, rel=2e-4)


def test_the_best_rate_falls_with_the_square_of_the_transmittance():
    def rate(length_km):
        link, protocol = WeakCoherentBB84.typical(length_km)
        return float(protocol.rate(link).rate_per_pulse)

    # Far enough that a pulse hardly holds two photons, near enough for dark counts not to matter.
    assert rate(80) / rate(60) == pytest.approx((10 ** (-0.4)) ** 2, rel=0.02)


def test_both_bases_give_key():
    link, _ = WeakCoherentBB84.typical(10)
    half, most = (WeakCoherentBB84(basis_prob=prob).rate(link).rate_per_pulse for prob in (0.5, 0.9))
    assert most / half == pytest.approx(0.82 / 0.5)
