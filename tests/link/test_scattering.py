"""Light of neighbours against sums over the scatterers and published figures."""

import numpy as np
import pytest
from scipy.integrate import quad

from noclone.link.fibre import Fibre
from noclone.link.scattering import backward_raman, forward_raman, photons_per_s, rayleigh_backscatter

ALPHA = 0.2 * np.log(10) / 10


@pytest.mark.parametrize("length_km", [0.0, 1.0, 50.0, 300.0])
def test_scattered_light_is_the_sum_over_where_it_scatters(length_km):
    # Light scattered at z has travelled z at full power and leaves over L - z forward, over z backward.
    forward = quad(lambda z: np.exp(-ALPHA * z) * np.exp(-ALPHA * (length_km - z)), 0, length_km)[0]
    backward = quad(lambda z: np.exp(-2 * ALPHA * z), 0, length_km, epsrel=1e-12)[0]
    assert forward_raman(2.0, length_km, 0.2, 3e-9, 0.6) == pytest.approx(2 * 1.8e-9 * forward, rel=1e-9)
    assert backward_raman(2.0, length_km, 0.2, 3e-9, 0.6) == pytest.approx(2 * 1.8e-9 * backward, rel=1e-9)
    assert rayleigh_backscatter(2.0, length_km, 0.2, 6e-5) == pytest.approx(1.2e-4 * backward, rel=1e-9)


def test_fifty_kilometres_beside_a_milliwatt():
    # Kumar, Qin and Alléaume, New J. Phys. 17, 043027 (2015), beta = 3e-9 / (km nm) at the worst.
    fibre = {"length_km": 50, "attenuation_db_per_km": 0.2, "filter_nm": 0.6}
    assert Fibre(**fibre, forward_power_mw=1).noise_photons_per_s() == pytest.approx(7.02e7, rel=1e-3)
    assert Fibre(**fibre, backward_power_mw=1).noise_photons_per_s() == pytest.approx(1.51e8, rel=5e-3)


def test_without_loss_all_scatterers_count_alike():
    assert backward_raman(1.0, 10.0, 0.0, 3e-9, 1.0) == pytest.approx(3e-8, rel=1e-14)


def test_rayleigh_return_of_a_pulse_is_that_of_the_data_sheet():
    # Corning SMF-28: -82 dB for a pulse of 1 ns at 1550 nm, group index 1.468. The scatterers that answer at
    # one instant fill half the pulse's length.
    half_km = 0.5 * 299_792.458 / 1.468 * 1e-9
    returned = rayleigh_backscatter(1.0, half_km, 0.0, 6.2e-5)
    assert 10 * np.log10(returned) == pytest.approx(-82, abs=0.05)


def test_neighbours_pass_a_filter_that_isolates_badly():
    quiet = Fibre(length_km=50, forward_power_mw=1, backward_power_mw=2)
    leaky = Fibre(length_km=50, forward_power_mw=1, backward_power_mw=2, filter_isolation_db=60)
    direct = photons_per_s(0.1, 1550)
    returned = photons_per_s(2 * 6.2e-5 * 0.99 / (2 * ALPHA), 1550)
    extra = leaky.noise_photons_per_s() - quiet.noise_photons_per_s()
    assert extra == pytest.approx(1e-6 * (direct + returned), rel=1e-9)


def test_a_photon_at_1550_nm():
    # h c / lambda = 0.79990 eV for 1550 nm, 1 eV = 1.602176634e-19 J.
    assert photons_per_s(1.0, 1550.0) == pytest.approx(1e-3 / (0.79990 * 1.602176634e-19), rel=1e-5)
