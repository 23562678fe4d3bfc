"""Attacks on symbols: published formulas, what the parties then find, and what Eve knows."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, stats

import noclone as nc
from noclone import attacks
from noclone.attacks.entangling_cloner import EntanglingCloner
from noclone.attacks.homodyne_blinding import HomodyneBlinding
from noclone.attacks.local_oscillator_calibration import LocalOscillatorCalibration
from noclone.attacks.local_oscillator_intensity import LocalOscillatorIntensity
from noclone.attacks.local_oscillator_wavelength import LocalOscillatorWavelength
from noclone.attacks.polarisation import Polarisation
from noclone.attacks.reference_pulse import ReferencePulse
from noclone.attacks.saturation import Saturation
from noclone.attacks.transmittance_denial import TransmittanceDenial
from noclone.core.errors import InvalidInput
from noclone.protocols.symbol_attack import Combination, combined
from noclone.sampling.symbols import SymbolModel
from noclone.simulation.symbol_telemetry import symbol_model

LINK = SymbolModel()
OWN_OSCILLATOR = SymbolModel(reference_photons=100.0)
ETA_T = 0.6 * 10**-0.6
N0, V_EL, XI = 0.4, 0.004, 0.04
ON_THE_OSCILLATOR = (
    LocalOscillatorIntensity(),
    LocalOscillatorCalibration(),
    LocalOscillatorWavelength(),
    Polarisation(),
)
EVERY = (
    *((attack, LINK) for attack in (*ON_THE_OSCILLATOR, Saturation(), HomodyneBlinding())),
    (EntanglingCloner(), LINK),
    (TransmittanceDenial(), LINK),
    *(
        (attack, link)
        for attack in (EntanglingCloner(), TransmittanceDenial())
        for link in (OWN_OSCILLATOR, replace(OWN_OSCILLATOR, trusted=False))
    ),
    (ReferencePulse(), OWN_OSCILLATOR),
)


def variance(model, ratio):
    return float(model.reading(ratio).moments().variance)


@pytest.mark.parametrize("k", [0.95, 0.99, 0.5])
@pytest.mark.parametrize("ratio", [1.0, 0.001])
def test_oscillator_intensity_has_the_published_variance(k, ratio):
    entangled = (1 - k * ETA_T) / (k * (1 - ETA_T))
    gaussian = (1 - ETA_T) * (entangled - 1) * N0 / ETA_T
    assert gaussian == pytest.approx((1 - k) * N0 / (k * ETA_T), rel=1e-12)
    expected = k * (ratio * ETA_T * (10 * N0 + XI + gaussian) + N0) + V_EL
    assert variance(LocalOscillatorIntensity(kept=k).attacked(LINK), ratio) == pytest.approx(
        expected, rel=1e-12
    )


@pytest.mark.parametrize("mu", [1.0, 0.1])
@pytest.mark.parametrize("ratio", [1.0, 0.001])
def test_oscillator_calibration_has_the_published_variance(mu, ratio):
    noise = 0.1 + 2 * mu
    lower = N0 / (1 + ETA_T * noise)
    expected = ratio * ETA_T * lower * (10 + noise) + lower + V_EL
    attacked = LocalOscillatorCalibration(resent=mu).attacked(LINK)
    assert variance(attacked, ratio) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("angle", [5.0, 30.0])
def test_a_turned_oscillator_is_a_weaker_one_at_the_same_power(angle):
    turned = Polarisation(angle_deg=angle).attacked(LINK)
    weaker = LocalOscillatorIntensity(kept=math.cos(math.radians(angle)) ** 2).attacked(LINK)
    assert variance(turned, 1.0) == pytest.approx(variance(weaker, 1.0), rel=1e-12)
    assert turned.oscillator_photons == LINK.oscillator_photons


def test_what_the_parties_find_with_the_calibrated_shot_noise():
    honest = LINK.estimates(LINK.expected())
    for attack, factor, noise in (
        (LocalOscillatorIntensity(kept=0.9), 0.9, 0.9 * ETA_T * 0.1),  # xi unchanged at the transmittance k T
        (LocalOscillatorCalibration(), 1 / (1 + ETA_T * 2.1), 0.0),
        (LocalOscillatorWavelength(), 1.0, ETA_T * 0.1),
    ):
        found = LINK.estimates(attack.attacked(LINK).expected())
        assert found.transmittance == pytest.approx(honest.transmittance * factor, rel=1e-9)
        assert found.excess_noise_snu == pytest.approx(noise, abs=1e-9)


@pytest.mark.parametrize("trusted", [True, False])
def test_phase_noise_falls_with_the_light_and_is_charged_as_that_of_a_longer_link(trusted):
    link = replace(OWN_OSCILLATOR, trusted=trusted)
    longer = replace(link, transmittance=0.5 * link.transmittance)
    denial = TransmittanceDenial(kept=0.5)
    found = link.estimates(denial.attacked(link).expected())
    assert float(found.excess_noise_snu) == pytest.approx(longer.gain * 0.1, rel=1e-9)
    assert float(found.transmittance) == pytest.approx(
        longer.transmittance * math.exp(-float(link.phase_variance)), rel=1e-9
    )
    honest = EntanglingCloner(excess_noise_snu=0.0).charged(longer)
    assert float(denial.charged(link)) == pytest.approx(float(honest), rel=1e-9)


@pytest.mark.parametrize("attack", [LocalOscillatorIntensity(), Polarisation()])
@pytest.mark.parametrize("transmittance", [0.0, np.array([0.2, 0.0])])
def test_a_channel_without_light_hides_nothing(attack, transmittance):
    with pytest.raises(InvalidInput, match="needs a channel that passes light"):
        attack.attacked(replace(LINK, transmittance=transmittance))


@pytest.mark.parametrize(
    ("gain", "transmittance", "factor"), [(2.0, 0.25, 2.0), (1e4, 0.25, 4.0), (2.0, 0.8, 1.25), (1e4, 1, 1)]
)
def test_reference_pulses_get_no_brighter_than_without_loss(gain, transmittance, factor):
    link = replace(OWN_OSCILLATOR, transmittance=transmittance)
    found = ReferencePulse(gain=gain).attacked(link)
    assert found.reference_photons == pytest.approx(100 * factor, rel=1e-12)
    dark = replace(OWN_OSCILLATOR, transmittance=0.0)
    assert float(ReferencePulse(gain=gain).information(dark)) == 0


def test_foreign_colours_hide_from_two_ratios_but_not_from_a_third():
    attacked = LocalOscillatorWavelength().attacked(LINK)
    for ratio in (1.0, 0.001):
        assert variance(attacked, ratio) == pytest.approx(variance(LINK, ratio), rel=1e-10)
    assert variance(attacked, 0.5) < variance(LINK, 0.5) - 0.02
    # Two Gaussians at +-d in equal parts have the fourth cumulant -2 d^4.
    swing = float(attacked.reading(0.001).swing_v)
    kurtosis = float(attacked.expected().monitor_kurtosis)
    assert kurtosis == pytest.approx(-2 * swing**4 / variance(LINK, 0.001) ** 2, rel=1e-9)
    assert kurtosis < -0.15
    injected = attacked.foreign_signal_photons + attacked.foreign_oscillator_photons
    assert injected == pytest.approx(LocalOscillatorWavelength().injected_light["bob"], rel=0.01)


def test_bright_light_displaces_readings_as_published():
    # Qin et al. 2018: sqrt(eta / I_LO) (1 - 2 t) I_ext, -44 at the setting of a public re-implementation.
    attacked = HomodyneBlinding(photons=9e6).attacked(LINK)
    for ratio in (1.0, 0.5):
        offset = float(attacked.reading(ratio).offset_v) / math.sqrt(N0)
        assert offset == pytest.approx(ratio * math.sqrt(0.6 / 1e7) * -0.02 * 9e6, rel=1e-9)
    assert float(attacked.reading(1.0).offset_v) / math.sqrt(N0) == pytest.approx(-44.1, abs=0.05)


def test_brighter_reference_pulses_change_no_reading():
    attacked = ReferencePulse(gain=5.0).attacked(OWN_OSCILLATOR)
    for ratio in (1.0, 0.001):
        for found, expected in zip(
            attacked.reading(ratio).moments(), OWN_OSCILLATOR.reading(ratio).moments(), strict=True
        ):
            assert float(found) == pytest.approx(float(expected), rel=1e-10, abs=1e-12)
    assert attacked.excess_noise_snu > OWN_OSCILLATOR.excess_noise_snu


def cloner_by_hand(modulation, transmittance, excess, efficiency, electronic):
    """Return S(E) - S(E | y) of an entangling cloner from the covariance matrix of Eve's two modes."""
    v, t = modulation + 1, transmittance
    w = 1 + t * excess / (1 - t)
    kept = math.sqrt(w**2 - 1)
    # One mode that left the beam splitter, one that stayed; quadratures x and p alike up to signs.
    out, cross = t * w + (1 - t) * v, math.sqrt(t) * kept
    x, p = np.array([[out, cross], [cross, w]]), np.array([[out, -cross], [-cross, w]])
    read = efficiency * (t * v + (1 - t) * w) + 1 - efficiency + electronic
    told = math.sqrt(efficiency) * np.array([math.sqrt(t * (1 - t)) * (w - v), math.sqrt(1 - t) * kept])

    def entropy(x, p):
        nu = np.sqrt(np.linalg.eigvals(x @ p).real)
        up, down = (nu + 1) / 2, np.maximum((nu - 1) / 2, 1e-300)
        return float(np.sum(up * np.log2(up) - down * np.log2(down)))

    return entropy(x, p) - entropy(x - np.outer(told, told) / read, p)


@pytest.mark.parametrize("transmittance", [0.05, 0.25, 0.8])
@pytest.mark.parametrize("excess", [0.001, 0.1, 1.0])
def test_holevo_information_is_that_of_the_cloners_own_modes(transmittance, excess):
    model = SymbolModel(transmittance=transmittance, excess_noise_snu=excess / 2, trusted=True)
    found = EntanglingCloner(excess_noise_snu=excess / 2).information(model)
    assert float(found) == pytest.approx(cloner_by_hand(10.0, transmittance, excess, 0.6, 0.01), rel=1e-7)


@pytest.mark.parametrize("name", ["lodewyck-2007", "zhang-2020-27km", "zhang-2020-141km"])
def test_the_cloner_learns_what_the_asymptotic_rate_charges(name):
    setup = nc.load(name)
    noisier = setup.replace({"alice.excess_noise_snu": setup.get("alice.excess_noise_snu") + 0.01})
    protocol = replace(noisier.protocol, bound="asymptotic", frame_error_rate=0.0)
    charged = -protocol.rate(noisier.link).terms["Eve's information"]
    cloner = EntanglingCloner(excess_noise_snu=0.01)
    assert cloner.BREAKS == ""
    assert float(cloner.information(symbol_model(setup))) == pytest.approx(float(charged), rel=1e-9)
    assert float(cloner.charged(symbol_model(setup))) == pytest.approx(float(charged), rel=1e-9)


@pytest.mark.parametrize(("attack", "link"), EVERY, ids=lambda each: getattr(each, "NAME", ""))
def test_an_attack_tells_more_than_is_charged_only_if_it_breaks_something(attack, link):
    told, charged = float(attack.information(link)), float(attack.charged(link))
    if attack.BREAKS:
        assert told > charged + 1e-3
    else:
        assert told == pytest.approx(charged, abs=1e-9)


def test_information_of_resent_symbols_without_a_limit_is_gaussian():
    link = replace(LINK, limit_v=np.inf)
    for attack in (Saturation(displacement=0.0), LocalOscillatorCalibration()):
        attacked = attack.attacked(link)
        known = ETA_T * 12 * float(attacked.shot_noise_v2)
        noise = variance(attacked, 1.0) - known
        assert float(attack.information(link)) == pytest.approx(math.log2(1 + known / noise) / 2, rel=1e-9)
    partly = LocalOscillatorCalibration(resent=0.25)
    law = partly.attacked(link).reading(1.0)
    known = float(law.gain_v**2 * 12)
    bits = math.log2(1 + known / float(law.noise_v2)) / 8
    assert float(partly.information(link)) == pytest.approx(bits, rel=1e-9)


@pytest.mark.parametrize("displacement", [10.0, 19.5, 22.0])
def test_information_of_cut_readings_is_an_integral(displacement):
    attack = Saturation(displacement=displacement)
    law = attack.attacked(LINK).reading(1.0)
    signal, noise = math.sqrt(law.gain_v**2 * 12), math.sqrt(law.noise_v2)
    limit = float(law.limit_v)

    def entropy(mean, deviation):
        gaussian = stats.norm(mean, deviation)
        y = np.linspace(min(mean - 12 * deviation, limit), limit, 4001)
        middle = integrate.simpson(-gaussian.pdf(y) * gaussian.logpdf(y), x=y)
        atom = gaussian.sf(limit)
        return middle - (atom * math.log(atom) if atom > 0 else 0.0)

    nodes = np.linspace(-8, 8, 201)
    weights = stats.norm.pdf(nodes) * (nodes[1] - nodes[0])
    given = sum(w * entropy(law.offset_v + signal * z, noise) for z, w in zip(nodes, weights, strict=True))
    bits = (entropy(float(law.offset_v), math.hypot(signal, noise)) - given) / math.log(2)
    assert float(attack.information(LINK)) == pytest.approx(bits, abs=2e-5)


@pytest.mark.parametrize("attack", ON_THE_OSCILLATOR, ids=lambda attack: attack.NAME)
def test_bobs_own_oscillator_is_out_of_reach(attack):
    with pytest.raises(InvalidInput, match=f"attack {attack.NAME} needs a local oscillator that travels"):
        attack.attacked(OWN_OSCILLATOR)


def test_attacks_refuse_links_that_offer_nothing():
    with pytest.raises(InvalidInput, match="attack reference-pulse needs a link with reference pulses"):
        ReferencePulse().attacked(LINK)
    with pytest.raises(
        InvalidInput, match=r"needs an efficiency times transmittance below 0\.5, but it is 0\.54"
    ):
        LocalOscillatorWavelength().attacked(replace(LINK, transmittance=0.9))


def test_combinations_are_named_alphabetically_and_act_in_turn():
    parts = (Saturation(), LocalOscillatorIntensity(), LocalOscillatorCalibration())
    both = Combination(parts=parts, fraction=0.5)
    assert both.NAME == "local-oscillator-calibration+local-oscillator-intensity+saturation"
    step = LocalOscillatorIntensity().attacked(LocalOscillatorCalibration().attacked(LINK))
    assert both.attacked(LINK) == Saturation().attacked(step)
    assert both.attacked(LINK).resent == 1  # a symbol is measured and resent once
    assert float(both.information(LINK)) >= float(LocalOscillatorCalibration().information(LINK))
    assert combined([]) is None
    assert combined(parts[:1]) is parts[0]
    assert combined(parts[:2]).NAME == "local-oscillator-intensity+saturation"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((Saturation(),), "parts must be different attacks, at least two"),
        ((Saturation(), Saturation(displacement=3)), "parts must be different attacks"),
        ((Saturation(fraction=0.5), Polarisation()), "parts must attack all symbols"),
    ],
)
def test_combinations_refuse(parts, message):
    with pytest.raises(InvalidInput, match=message):
        Combination(parts=parts)


@pytest.mark.parametrize(
    ("attack", "link"),
    [pair for pair in EVERY if pair[0].NAME != "transmittance-denial"],  # acts by the number of the block
    ids=lambda each: getattr(each, "NAME", ""),
)
def test_blocks_are_attacked_one_by_one(attack, link):
    transmittance = np.array([0.1, 0.25])
    both = attack.attacked(replace(link, transmittance=transmittance))
    for block, value in enumerate(transmittance):
        alone = attack.attacked(replace(link, transmittance=value))
        np.testing.assert_allclose(both.reading(1.0).over(2)[block], list(alone.reading(1.0)), rtol=1e-12)
        information = attack.information(replace(link, transmittance=transmittance))
        assert float(information[block]) == pytest.approx(
            float(attack.information(replace(link, transmittance=value))), rel=1e-10
        )


def test_users_reach_every_one_by_name():
    for attack, _ in EVERY:
        assert attacks.parse(attack.NAME) == attack
    assert attacks.parse("transmittance-denial:period_blocks=16,kept=.5").period_blocks == 16
