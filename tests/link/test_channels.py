"""Channels: loss budgets, published links, averages over fading and passes, grids."""

import csv
import math
from importlib.resources import files

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import (
    Fibre,
    FixedLoss,
    FreeSpace,
    Link,
    PhotonicChip,
    SatellitePass,
    ThresholdDetectors,
    Underwater,
    WeakCoherentSource,
    free_space,
    kinds,
    satellite_pass,
)
from noclone.link.atmosphere import air_mass, haze_db_per_km
from noclone.link.beam import mean_aperture_share
from noclone.link.turbulence import rytov_variance, turbulent_radius_m
from noclone.link.underwater import WATERS, attenuation_per_m
from noclone.protocols.decoy_bb84 import DecoyBB84

SOURCE = WeakCoherentSource(intensities=(0.8, 0.1, 0.0), clock_rate_hz=1e8)
PROTOCOL = DecoyBB84(intensity_probs=(0.5, 0.25, 0.25), basis_prob=0.5, keyed_bases="both")


def loss_db(channel):
    [share], [transmittance] = channel.segments()
    assert share == 1
    return -10 * math.log10(transmittance)


def mean_transmittance(channel):
    shares, transmittance = channel.segments()
    assert shares.sum() == pytest.approx(1, rel=1e-12)
    assert ((transmittance >= 0) & (transmittance <= 1)).all()
    return float(shares @ transmittance)


def rate(channel, bob, **block):
    return float(PROTOCOL.rate(Link(alice=SOURCE, channel=channel, bob=bob), **block).rate_bps)


def test_every_channel_is_found_by_its_kind():
    found = {"fibre", "fixed-loss", "measured-transmittance", "free-space", "satellite-pass", "underwater"}
    assert found | {"photonic-chip"} <= set(kinds("channel"))


def test_fibre_adds_what_is_on_the_way():
    plain = Fibre(length_km=40)
    joined = Fibre(length_km=40, connectors=4, splices=20, insertion_loss_db=1.5)
    assert loss_db(plain) == pytest.approx(8.0)
    assert loss_db(joined) == pytest.approx(8 + 4 * 0.25 + 20 * 0.02 + 1.5)
    assert plain.noise_photons_per_s() == 0.0
    assert plain.pulse_spread_s() == 0.0


def test_dispersion_of_a_published_link():
    # 17 ps/(nm km) over 50 km and 0.1 nm, the textbook 85 ps, whatever its sign.
    fibre = Fibre(length_km=50, dispersion_ps_per_nm_km=-17, linewidth_nm=0.1)
    assert fibre.pulse_spread_s() == pytest.approx(85e-12)


def test_neighbours_shorten_the_reach():
    bob = ThresholdDetectors(efficiency=0.2, dark_count_prob=1e-6, misalignment=0.01)
    quiet, loud = (Fibre(length_km=60, forward_power_mw=power) for power in (0.0, 0.05))
    assert 0 < rate(loud, bob) < 0.6 * rate(quiet, bob)


def test_chip_adds_its_components():
    chip = PhotonicChip(
        waveguide_cm=3,
        waveguide_db_per_cm=0.7,
        facets=2,
        facet_loss_db=1.2,
        bends=10,
        bend_loss_db=0.01,
        couplers=4,
        coupler_loss_db=0.1,
        interferometers=2,
        interferometer_loss_db=0.5,
        insertion_loss_db=0.3,
    )
    assert loss_db(chip) == pytest.approx(2.1 + 2.4 + 0.1 + 0.4 + 1.0 + 0.3)


def test_jerlov_waters_are_the_published_ones():
    # Attenuation a + b at 500 nm: Solonenko and Mobley (2015) for I and 9C, Williamson and Hollins (2022) for
    # III and 5C.
    expected = {"I": 0.026 + 0.00249, "9C": 0.543 + 3.67, "III": 0.0835 + 0.297, "5C": 0.199 + 1.23}
    for water, value in expected.items():
        assert attenuation_per_m(water, 500.0) == pytest.approx(value, rel=1e-6)
    assert attenuation_per_m("I", 512.5) == pytest.approx((0.02849 + 0.04805) / 2)


def test_jerlov_waters_are_ordered_and_complete():
    for oceanic_or_coastal in (WATERS[:5], WATERS[5:]):
        at_475 = [float(attenuation_per_m(water, 475.0)) for water in oceanic_or_coastal]
        assert at_475 == sorted(at_475)
    with files("noclone.link").joinpath("jerlov.csv").open() as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert len(rows) == 10 * 9
    # No water absorbs less than pure sea water, 0.0045 per metre at 425 nm (Pope and Fry 1997).
    assert all(float(row["absorption_per_m"]) > 0.0045 for row in rows)


def test_a_hundred_metres_of_the_clearest_ocean():
    # exp(-c L) alone; the beam of 5 mm waist stays inside the aperture.
    assert loss_db(Underwater(length_m=100, water="I", wavelength_nm=450)) == pytest.approx(
        100 * 0.02181 * 10 / math.log(10), rel=1e-3
    )
    spread = Underwater(length_m=100, water="I", wavelength_nm=450, divergence_urad=5000, aperture_m=0.1)
    share = 1 - math.exp(-2 * 0.05**2 / (0.005**2 + 0.5**2))
    assert mean_transmittance(spread) == pytest.approx(share * math.exp(-2.181), rel=1e-3)


WAY = {"length_km": 10, "waist_m": 0.05, "aperture_m": 0.1, "visibility_km": 30}


@pytest.mark.parametrize("fading", ["gamma-gamma", "log-normal"])
def test_free_space_keeps_the_mean_of_what_fades(fading):
    way = FreeSpace(**WAY, pointing_jitter_urad=4, turbulence_cn2=3e-15, fading=fading)
    rytov = rytov_variance(3e-15, 1e4, 850.0)
    radius = turbulent_radius_m(np.hypot(0.05, 0.85 / np.pi / 0.5 / 10), rytov, 1e4, 850.0)
    expected = mean_aperture_share(0.1, radius, 0.04) * 10 ** (-haze_db_per_km(30, 850.0))
    assert mean_transmittance(way) == pytest.approx(expected, rel=1e-4)


def test_free_space_without_fading_is_one_segment():
    shares, _ = FreeSpace(**WAY).segments()
    assert shares.tolist() == [1.0]


@pytest.mark.parametrize("strength", [1e-15, 1e-14])
def test_free_space_averages_converge(strength, monkeypatch):
    way = FreeSpace(**WAY, pointing_jitter_urad=4, turbulence_cn2=strength)

    def click_probability():
        shares, transmittance = way.segments()
        return shares @ -np.expm1(-3 * transmittance)

    coarse = click_probability()
    for name in ("_POINTING_NODES", "_GAMMA_NODES"):
        monkeypatch.setattr(free_space, name, 20)
    assert coarse == pytest.approx(click_probability(), rel=1e-3)


def test_a_fading_rate_is_not_the_rate_at_the_mean():
    bob = ThresholdDetectors(efficiency=0.9, dark_count_prob=1e-6, misalignment=0.01)
    way = FreeSpace(**WAY, turbulence_cn2=1e-15)
    shares, transmittance = way.segments()
    at_mean = rate(FixedLoss(loss_db=-10 * math.log10(shares @ transmittance)), bob)
    at_mean_loss = rate(FixedLoss(loss_db=float(shares @ (-10 * np.log10(transmittance)))), bob)
    # At the mean transmittance single photons are as many, but bright pulses click more often.
    assert abs(rate(way, bob) / at_mean - 1) > 3e-3
    assert rate(way, bob) > 1.1 * at_mean_loss


def test_daylight_enters_through_field_of_view_and_filter():
    way = FreeSpace(**WAY, sky_radiance=1e-3, optics_loss_db=3)
    wider = FreeSpace(**WAY, sky_radiance=1e-3, optics_loss_db=3, field_of_view_urad=200, filter_nm=0.5)
    assert FreeSpace(**WAY).noise_photons_per_s() == 0.0
    assert wider.noise_photons_per_s() == pytest.approx(2 * way.noise_photons_per_s())


MICIUS = {
    "altitude_km": 500,
    "waist_m": 0.1,
    "aperture_m": 1.0,
    "wavelength_nm": 848.6,
    "divergence_urad": 7.4,
    "pointing_jitter_urad": 1.2,
    "optics_loss_db": 7.96,
}


@pytest.mark.parametrize("atmosphere_db", [3.0, 8.0])
def test_micius_at_1200_km_is_within_its_printed_budget(atmosphere_db):
    # Liao et al., Nature 549, 43 (2017): 22 dB diffraction, 3 to 8 dB atmosphere, under 3 dB pointing, 16 %
    # optics, 50 % detectors; 35.97 to 43.97 dB with 3 dB for pointing or less.
    elevation = 19.806
    way = SatellitePass(**MICIUS, zenith_loss_db=atmosphere_db / air_mass(elevation))
    still = SatellitePass(**MICIUS | {"optics_loss_db": 0.0}, zenith_loss_db=0.0)
    diffraction_db = -10 * np.log10(still.transmittance_at(1200.0, elevation))
    assert diffraction_db == pytest.approx(22.0, abs=0.1)
    pointing = mean_aperture_share(1.0, 8.88, 1.44) / mean_aperture_share(1.0, 8.88, 0.0)
    pointing_db = -10 * math.log10(pointing)
    assert 0 < pointing_db < 3
    total = -10 * np.log10(way.transmittance_at(1200.0, elevation) * 0.5) + pointing_db
    assert 35.97 < total < 43.97


def test_a_diffraction_limited_telescope_of_300_mm_would_lose_less():
    # A waist of 150 mm spreads by 1.8 urad: about 10 dB at 1200 km; Micius's 22 dB are its divergence.
    ideal = SatellitePass(
        altitude_km=500, waist_m=0.15, aperture_m=1.0, wavelength_nm=848.6, zenith_loss_db=0
    )
    assert -10 * np.log10(ideal.transmittance_at(1200.0, 20.0)) == pytest.approx(9.95, abs=0.05)


def test_the_pass_of_micius_counted_what_its_budget_allows():
    # 1 671 072 sifted bits in 273 s, 1200 km to 645 km and back, between the ends of the printed budget: 3 dB
    # of atmosphere at 1200 km, or 8 dB and 3 dB of pointing, of which jitter explains .4 dB here.
    bob = ThresholdDetectors(efficiency=0.5, dark_count_prob=1e-7, misalignment=0.01)

    def sifted(atmosphere_db, further_db):
        way = SatellitePass(
            **MICIUS | {"optics_loss_db": 7.96 + further_db},
            max_elevation_deg=49.02,
            min_elevation_deg=19.81,
            zenith_loss_db=atmosphere_db / air_mass(19.81),
        )
        assert way.duration_s() == pytest.approx(273, rel=0.02)
        result = PROTOCOL.rate(Link(alice=SOURCE, channel=way, bob=bob))
        return float(result.sifted_bits) * 1e8 * 273

    assert sifted(8.0, 2.6) < 1_671_072 < sifted(3.0, 0.0)


PASS = SatellitePass(
    **MICIUS, max_elevation_deg=60, min_elevation_deg=10, zenith_loss_db=1.5, turbulence_cn2=1.7e-14
)
NIGHT = ThresholdDetectors(efficiency=0.5, dark_count_prob=1e-6, misalignment=0.01)


def test_the_rate_of_a_pass_is_not_that_of_its_mean_loss():
    shares, transmittance = PASS.segments()
    mean_loss = FixedLoss(loss_db=float(shares @ (-10 * np.log10(transmittance))))
    over_the_pass, at_mean_loss = rate(PASS, NIGHT), rate(mean_loss, NIGHT)
    assert over_the_pass > 1.3 * at_mean_loss > 0
    # In a finite block, too, which is the pass.
    pulses = 1e8 * float(PASS.duration_s())
    assert rate(PASS, NIGHT, pulses=pulses) > 1.3 * rate(mean_loss, NIGHT, pulses=pulses)


def test_averages_over_a_pass_converge(monkeypatch):
    coarse = rate(PASS, NIGHT)
    for name, count in (("_TIMES", 40), ("_POINTING_NODES", 9), ("_TWINKLING_NODES", 8)):
        monkeypatch.setattr(satellite_pass, name, count)
    assert coarse == pytest.approx(rate(PASS, NIGHT), rel=1e-4)


def test_shares_of_a_pass_are_shares_of_its_time():
    still = SatellitePass(**MICIUS | {"pointing_jitter_urad": 0.0}, min_elevation_deg=20)
    shares, transmittance = still.segments()
    times = np.linspace(0, float(still.duration_s()) / 2, 20_001)
    followed = still.transmittance_at(*satellite_pass.at_time(500.0, 90.0, times))
    even = np.trapezoid(followed, times) / times[-1]
    assert shares @ transmittance == pytest.approx(even, rel=1e-7)
    assert (np.diff(transmittance) < 0).all()


def test_a_pass_must_rise_above_its_end():
    with pytest.raises(InvalidInput, match="min_elevation_deg must be below max_elevation_deg"):
        SatellitePass(altitude_km=500, waist_m=0.1, aperture_m=1, max_elevation_deg=10, min_elevation_deg=20)


GRIDS = [
    (Fibre(length_km=50, forward_power_mw=0.1), {"length_km": [10, 50], "connectors": [0, 3]}),
    (
        FreeSpace(**WAY, pointing_jitter_urad=3, turbulence_cn2=1e-15, sky_radiance=1e-6),
        {"length_km": [1.0, 20.0], "turbulence_cn2": [0.0, 1e-14]},
    ),
    (
        FreeSpace(**WAY, turbulence_cn2=1e-15, fading="log-normal"),
        {"waist_m": [0.02, 0.1], "aperture_m": [0.1, 0.4]},
    ),
    (PASS, {"altitude_km": [400.0, 1200.0], "pointing_jitter_urad": [0.0, 2.0]}),
    (PASS, {"turbulence_cn2": [1e-15, 1e-13], "sky_radiance": [0.0, 1e-6]}),
    (Underwater(length_m=10), {"length_m": [1.0, 50.0], "wavelength_nm": [420.0, 530.0]}),
    (PhotonicChip(waveguide_cm=1, waveguide_db_per_cm=1), {"facets": [0, 2], "facet_loss_db": [1.0, 2.0]}),
]


@pytest.mark.parametrize(("channel", "changes"), GRIDS, ids=lambda x: getattr(x, "KIND", "") or None)
def test_a_grid_is_its_elements(channel, changes):
    grid = channel.with_arrays({name: np.array(values) for name, values in changes.items()})
    shares, transmittance = grid.segments()
    noise = np.broadcast_to(grid.noise_photons_per_s(), 2)
    for k in range(2):
        one = channel.with_arrays({name: np.float64(values[k]) for name, values in changes.items()})
        own_shares, own = one.segments()
        assert transmittance.shape == (len(shares), 2)
        assert shares @ transmittance[:, k] == pytest.approx(own_shares @ own, rel=1e-12)
        assert shares @ np.sqrt(transmittance[:, k]) == pytest.approx(own_shares @ np.sqrt(own), rel=1e-9)
        assert noise[k] == pytest.approx(float(one.noise_photons_per_s()), rel=1e-12)


def test_a_grid_of_two_dimensions():
    changes = {"altitude_km": np.array([[400.0], [800.0]]), "zenith_loss_db": np.array([[0.5, 1.0, 2.0]])}
    _, transmittance = PASS.with_arrays(changes).segments()
    assert transmittance.shape[1:] == (2, 3)
