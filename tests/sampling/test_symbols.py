"""Readings of symbols: exact moments against integrals, published closed forms and draws."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import erf

from noclone.core.errors import InvalidInput
from noclone.sampling.homodyne import Reading, draw_block
from noclone.sampling.symbols import SymbolModel

GAIN = 0.6 * 10**-0.6
MODELS = {
    "plain": SymbolModel(),
    "cut": SymbolModel(displacement_v=12.3, resent=1.0),
    "cut on both sides": SymbolModel(limit_v=0.8),
    "some resent": SymbolModel(resent=0.3, transmittance=0.9, efficiency=0.9),
    "phase noise": SymbolModel(reference_photons=4.0, phase_noise_rad2=0.1, limit_v=2.0),
    "foreign light": SymbolModel(
        resent=1.0,
        foreign_signal_photons=4e6,
        foreign_oscillator_photons=1e6,
        foreign_imbalance=-0.02,
        foreign_fluctuation=0.05,
    ),
    "alternating light": SymbolModel(
        foreign_oscillator_photons=2e5, foreign_imbalance=0.028, foreign_alternates=1.0, limit_v=1.5
    ),
}


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.001])
def test_variance_of_an_untouched_link_is_the_published_one(ratio):
    # Mao et al. 2020: V = r eta T (V_A N0 + xi) + N0 + V_el, with xi = 0.1 N0 and V_el = 0.01 N0.
    variance = ratio * GAIN * (10 * 0.4 + 0.1 * 0.4) + 0.4 + 0.01 * 0.4
    moments = SymbolModel().reading(ratio).moments()
    assert moments.mean == 0
    assert moments.variance == pytest.approx(variance, rel=1e-12)
    assert moments.covariance == pytest.approx(math.sqrt(ratio * GAIN * 0.4) * 10, rel=1e-12)


@pytest.mark.parametrize("displacement", [0.0, 14.0, 19.5, 30.0])
def test_saturation_has_the_published_mean_and_variance(displacement):
    # Qin, Kumar, Alleaume 2016, as Mao et al. write it: one limit only.
    n0 = 0.4
    alpha, delta = 20 * math.sqrt(n0), displacement * math.sqrt(n0)
    v0 = GAIN * (10 + 0.1 + 2) * n0 + n0 + 0.01 * n0
    a = erf((alpha - delta) / math.sqrt(2 * v0))
    b = math.exp(-((alpha - delta) ** 2) / (2 * v0))
    c = -(math.sqrt(v0 / (2 * math.pi)) * b + (1 + a) * (alpha - delta) / 2)
    variance = v0 * ((1 + a) / 2 - b**2 / (2 * math.pi))
    variance -= (alpha - delta) * math.sqrt(v0 / (2 * math.pi)) * a * b
    variance += (alpha - delta) ** 2 * (1 - a**2) / 4
    moments = SymbolModel(resent=1.0, displacement_v=delta).reading(1.0).moments()
    assert moments.mean == pytest.approx(alpha + c, abs=1e-10)
    assert moments.variance == pytest.approx(variance, rel=1e-9)


@pytest.mark.parametrize(("offset", "limit"), [(0.0, 1.0), (0.7, 1.0), (3.0, 1.0), (0.2, np.inf)])
def test_moments_of_a_cut_gaussian_are_integrals(offset, limit):
    deviation = 0.9
    law = Reading(1.0, 0.5, 0.0, deviation**2 - 0.25, 0.0, 0.0, offset, 0.0, limit)
    gaussian = stats.norm(offset, deviation)

    def mean(power, centre):
        edge = min(limit, 12.0)
        middle = integrate.quad(
            lambda y: (y - centre) ** power * gaussian.pdf(y), -edge, edge, epsabs=1e-13, limit=200
        )[0]
        return (
            middle
            + (edge - centre) ** power * gaussian.sf(edge)
            + (-edge - centre) ** power * gaussian.cdf(-edge)
        )

    moments = law.moments()
    centre = mean(1, 0.0)
    assert moments.mean == pytest.approx(centre, abs=1e-10)
    for power, found in ((2, moments.variance), (3, moments.third), (4, moments.fourth)):
        assert found == pytest.approx(mean(power, centre), abs=1e-10)
    # E[x y]: x is 0.5 / 0.81 of y's deviation from its mean, so E[x y] = (0.5 / 0.81) E[(Y - offset) cut(Y)].
    cut = integrate.quad(
        lambda y: (y - offset) * np.clip(y, -limit, limit) * gaussian.pdf(y),
        -12,
        12,
        points=[-min(limit, 12), min(limit, 12)],
        limit=200,
    )[0]
    assert moments.covariance == pytest.approx(0.5 / deviation**2 * cut, abs=1e-9)


@pytest.mark.parametrize("ratio", [1.0, 0.001])
@pytest.mark.parametrize("name", MODELS)
def test_draws_have_the_moments(name, ratio):
    law, count = MODELS[name].reading(ratio), 300_000
    sent, read = law.draw(count, np.random.default_rng(5))
    moments = law.moments()
    centred = read - moments.mean
    assert np.abs(read).max() <= law.limit_v
    for values, expected in (
        (read, moments.mean),
        (centred**2, moments.variance),
        (centred**3, moments.third),
        (centred**4, moments.fourth),
        (sent * centred, moments.covariance),
        (sent**2, law.modulation_snu),
    ):
        assert values.mean() == pytest.approx(expected, abs=4.5 * values.std() / math.sqrt(count))


def test_foreign_light_adds_its_photoelectrons():
    # eta n of them, of which (1 - 2 t) as a mean difference; the oscillator's eta I have the variance N0.
    model = MODELS["foreign light"]
    law, plain = model.reading(0.25), SymbolModel(resent=1.0).reading(0.25)
    electrons = 0.6 * np.array([0.25 * 4e6, 1e6])
    volts = math.sqrt(0.4 / (0.6 * 1e7))
    mean = volts * -0.02 * (electrons[0] - electrons[1])
    assert law.offset_v == pytest.approx(mean, abs=1e-12)
    noise = volts**2 * electrons.sum() + (0.05 * mean) ** 2
    assert law.noise_v2 - plain.noise_v2 == pytest.approx(noise, rel=1e-12)


def test_reference_pulses_give_the_phase_to_half_a_photon():
    # A coherent state of n photons has the amplitude 2 sqrt(n); heterodyne detection adds a unit of noise.
    assert SymbolModel(reference_photons=200.0, electronic_noise_v2=0.0).phase_variance == pytest.approx(
        2 / (4 * 200)
    )
    assert SymbolModel().phase_variance == 0


def test_parties_find_what_is_there_on_an_untouched_link():
    for model in (SymbolModel(), SymbolModel(reference_photons=100.0), SymbolModel(transmittance=0.0)):
        found = model.estimates(model.expected())
        assert found.shot_noise_v2 == pytest.approx(0.4, rel=1e-12)
        assert found.transmittance == pytest.approx(
            model.transmittance * math.exp(-float(model.phase_variance)), abs=1e-12
        )
        assert found.excess_noise_snu == pytest.approx(model.gain * 0.1, abs=1e-12)


def test_a_block_has_the_statistics_of_its_symbols():
    model, rng = SymbolModel(resent=0.2), np.random.default_rng(2)
    bright, faint = model.reading(1.0), model.reading(0.001)
    seen = draw_block([(700, bright), (200, SymbolModel().reading(1.0))], [(100, faint)], rng)
    rng = np.random.default_rng(2)
    drawn = [bright.draw(700, rng), SymbolModel().reading(1.0).draw(200, rng)]
    monitored = faint.draw(100, rng)[1]
    sent, read = (np.concatenate(each) for each in zip(*drawn, strict=True))
    expected = np.cov(sent, read)
    assert seen.mean == pytest.approx(read.mean())
    assert (seen.sent_variance, seen.variance) == pytest.approx(tuple(np.diag(expected)))
    assert seen.covariance == pytest.approx(expected[0, 1])
    assert seen.monitor_variance == pytest.approx(monitored.var(ddof=1))
    assert seen.monitor_kurtosis == pytest.approx(stats.kurtosis(monitored))


def test_parameters_may_be_arrays_over_blocks():
    transmittance = np.array([0.1, 0.25])
    both = replace(MODELS["cut"], transmittance=transmittance).reading(1.0)
    for block, value in enumerate(transmittance):
        alone = replace(MODELS["cut"], transmittance=value).reading(1.0)
        np.testing.assert_allclose(both.over(2)[block], list(alone), rtol=1e-14)
        for each, other in zip(both.moments(), alone.moments(), strict=True):
            assert each[block] == pytest.approx(float(other), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"transmittance": -0.1}, "transmittance must be at least 0 and finite, but is -0.1"),
        ({"efficiency": 1.5}, "efficiency must be above 0 and at most 1, but is 1.5"),
        ({"shot_noise_v2": 0}, "shot_noise_v2 must be above 0"),
        ({"excess_noise_snu": np.array([0.1, np.nan])}, "excess_noise_snu must be at least 0"),
    ],
)
def test_a_model_refuses_what_is_no_link(change, message):
    with pytest.raises(InvalidInput, match=message):
        SymbolModel(**change)
