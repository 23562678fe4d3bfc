"""Attacks on devices: their signatures against theory, published figures, and brute force."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone import attacks
from noclone.core.errors import InvalidInput
from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.protocols.pulse_combination import PulseCombination
from noclone.protocols.readings import Readings
from noclone.rates.entropy import binary_entropy
from noclone.sampling import clicks, photons
from noclone.sampling.patterns import with_dead, with_noise
from noclone.sampling.pulses import PulseSettings, honest_patterns, honest_table

LINK = DetectionModel(channel_transmittance=0.1, efficiency=0.1, dark_count_prob=5e-7, misalignment=0.01)
CLEAN = DetectionModel(channel_transmittance=0.1, efficiency=0.1)
DECOY = photons.poisson([0.5, 0.1])
SINGLE = photons.single()[None]


def bb84(photon_rows, z_prob=0.5):
    """Return BB84 settings from rows P(n), all intensities equally likely."""
    row, sent_basis, sent_bit, measured_basis = np.indices((len(photon_rows), 2, 2, 2)).reshape(4, -1)
    bases = np.array([z_prob, 1 - z_prob])
    probs = bases[sent_basis] * bases[measured_basis] / (2 * len(photon_rows))
    return PulseSettings(probs, photon_rows[row], sent_basis, sent_bit, measured_basis, row == 0)


def matched(settings):
    return settings.sent_basis == settings.measured_basis


def gain_and_error(table, rows):
    """Return P(click) and the error rate of sifted events, double clicks settled by a coin."""
    settings, patterns = table.settings, table.by_setting()
    weights = settings.probs * rows * matched(settings)
    wrong = np.where(settings.sent_bit == 1, patterns[:, 1], patterns[:, 2]) + patterns[:, 3] / 2
    gain = weights @ (1 - patterns[:, 0])
    return gain / weights.sum(), weights @ wrong / gain


def simulated(table, pulses, seed):
    return clicks.joined(list(clicks.sample(table, DetectorMemory(), pulses, seed=seed)))


# Detector blinding


def test_blinding_halves_matched_clicks_in_a_simulation():
    settings = bb84(DECOY)
    pulses = 1 << 25
    honest = simulated(honest_table(LINK, settings), pulses, seed=11)
    blinded = simulated(attacks.DetectorBlinding().table(LINK, settings), pulses, seed=12)
    before, after = (int(matched(settings)[run.setting].sum()) for run in (honest, blinded))
    light = 1 - (1 - math.exp(-0.5 * 0.01) + 1 - math.exp(-0.1 * 0.01)) / 2
    expected = pulses / 2 * (1 - light) / 2
    assert abs(after - expected) < 4 * math.sqrt(expected)
    assert abs(after - before / 2) < 4 * math.sqrt(after + before / 4)
    sifted = blinded.select(matched(settings)[blinded.setting])
    assert np.array_equal(sifted.outcome, settings.sent_bit[sifted.setting])  # no error at all
    assert not blinded.double_click.any()
    assert not (blinded.photons == 0).any()
    assert float(attacks.DetectorBlinding().information(LINK, settings)) == pytest.approx(1, abs=1e-12)


def test_compensated_blinding_keeps_every_gain_but_the_dark_counts():
    settings = bb84(DECOY)
    table = attacks.DetectorBlinding(compensate=1).table(LINK, settings)
    for rows in (settings.signal, ~settings.signal):
        honest, error = gain_and_error(table, rows)
        dark = gain_and_error(honest_table(LINK, settings), rows)[0] - 2 * LINK.dark_count_prob
        assert honest == pytest.approx(dark, rel=1e-3)
        assert error == 0


def test_blinding_cannot_make_every_pulse_click():
    model = DetectionModel(1.0, 1.0)
    table = attacks.DetectorBlinding(compensate=1).table(model, bb84(SINGLE))
    np.testing.assert_allclose(table.patterns[:, 1, 0], 0.5)


def test_blinding_shows_in_times_and_current():
    read = attacks.DetectorBlinding().attacked_readings(Readings())
    assert read.arrival_std_ps < Readings.arrival_std_ps
    assert read.bob_current_ua > Readings.bob_current_ua


# Faked states and after-gate pulses


@pytest.mark.parametrize(("full", "half"), [(0.5, 0.02), (0.9, 0.1), (1.0, 0.5)])
def test_the_error_rate_of_faked_states(full, half):
    # Lydersen et al., PRA 84, 032320 (2011): half of the events are measured in the other basis.
    either = 2 * half - half**2
    expected = either / (2 * (full + either))
    attack = attacks.FakedStates(full_prob=full, half_prob=half)
    settings = bb84(DECOY)
    gain, error = gain_and_error(attack.table(CLEAN, settings), settings.signal)
    assert error == pytest.approx(expected, rel=1e-9)
    assert gain == pytest.approx(gain_and_error(honest_table(CLEAN, settings), settings.signal)[0], rel=1e-9)
    known = full / (full + either)
    assert float(attack.information(CLEAN, settings)) == pytest.approx(known, rel=1e-9)


def test_independent_detections_make_faked_states_no_better_than_intercept_and_resend():
    # Half the light, half the clicks: to first order 25 % of errors.
    attack = attacks.FakedStates(full_prob=1e-4, half_prob=0.5e-4)
    settings = bb84(SINGLE)
    assert gain_and_error(attack.table(DetectionModel(1e-5, 1.0), settings), settings.signal)[
        1
    ] == pytest.approx(0.25, abs=1e-4)


def test_after_gate_pulses_err_only_through_after_pulses():
    settings = bb84(DECOY)
    quiet = attacks.AfterGate(afterpulse_prob=0)
    gain, error = gain_and_error(quiet.table(CLEAN, settings), settings.signal)
    assert error == pytest.approx(0, abs=1e-15)
    assert gain == pytest.approx(gain_and_error(honest_table(CLEAN, settings), settings.signal)[0], rel=1e-9)
    assert float(quiet.information(CLEAN, settings)) == pytest.approx(1, abs=1e-9)
    noisy = attacks.AfterGate(afterpulse_prob=0.01)
    error = gain_and_error(noisy.table(CLEAN, settings), settings.signal)[1]
    # Every second pulse is in Bob's basis; there 0.01 / 2 err, elsewhere half of 1 - 0.99^2.
    assert error == pytest.approx((0.005 + 0.5 * 0.0199) / 1.0199, rel=1e-9)
    assert float(noisy.information(CLEAN, settings)) < 1
    assert attacks.AfterGate().attacked_readings(Readings()).arrival_mean_ps > 1000


@pytest.mark.parametrize("name", ["faked-states", "after-gate"])
def test_booked_after_pulses_stay(name):
    settings = bb84(DECOY)
    booking = replace(CLEAN, proportional_afterpulse_prob=0.04)
    changes = {"half_prob": 0.0} if name == "faked-states" else {"afterpulse_prob": 0.0}
    gain, error = gain_and_error(attacks.get(name)(**changes).table(booking, settings), settings.signal)
    honest = gain_and_error(honest_table(booking, settings), settings.signal)
    assert gain == pytest.approx(honest[0], rel=1e-9)
    assert error == pytest.approx(honest[1], rel=1e-9)


# Wavelength


def test_the_wavelength_attack_errs_as_often_as_the_beam_splitter_divides_wrongly():
    settings = bb84(SINGLE)
    table = attacks.Wavelength().table(CLEAN, settings)
    gain, error = gain_and_error(table, settings.signal)
    assert error == pytest.approx((1 - (0.997 + 0.986) / 2) / 2, rel=1e-9)  # 0.4 %
    assert gain == pytest.approx(0.01, rel=1e-9)
    assert float(attacks.Wavelength().information(CLEAN, settings)) == pytest.approx(0.9915, rel=1e-9)


def test_a_fair_beam_splitter_leaves_intercept_and_resend():
    settings = bb84(SINGLE)
    fair = attacks.Wavelength(share_z=0.5, share_x=0.5)
    assert gain_and_error(fair.table(CLEAN, settings), settings.signal)[1] == pytest.approx(0.25, rel=1e-12)
    assert float(fair.information(CLEAN, settings)) == pytest.approx(0.5, rel=1e-12)


def test_the_wavelength_attack_keeps_bobs_basis_statistics():
    settings = bb84(SINGLE, z_prob=0.9)
    patterns = attacks.Wavelength(share_z=1, share_x=1).table(CLEAN, settings).by_setting()
    np.testing.assert_allclose(1 - patterns[:, 0], 0.01, rtol=1e-9)
    assert attacks.Wavelength(share_z=1, share_x=1).information(CLEAN, settings) == pytest.approx(1)


# Dead time


@pytest.mark.parametrize("detected", [0.0, 1.0, 4.0, 8.82])
def test_what_the_dead_time_tells(detected):
    attack = attacks.DeadTime(blinding_photons=detected / CLEAN.efficiency)
    settings = bb84(SINGLE)
    y = math.exp(-detected / 2)
    gain, error = gain_and_error(attack.table(CLEAN, settings), settings.signal)
    assert gain == pytest.approx(0.01 * (1 + y) ** 2 / 4, rel=1e-9)
    assert error == pytest.approx(0, abs=1e-15)
    in_basis, wrong = (1 + y * y) / (1 + y) ** 2, y * y / (1 + y * y)
    assert float(attack.information(CLEAN, settings)) == pytest.approx(
        in_basis * float(1 - binary_entropy(wrong)), abs=1e-12
    )
    right = in_basis * (1 - wrong) + (1 - in_basis) / 2
    assert right == pytest.approx(1 / (1 + y), rel=1e-12)
    if detected == 8.82:  # Weier et al. inferred 98.8 % of the key
        assert right == pytest.approx(0.988, abs=5e-4)


def test_dead_detectors_against_photon_by_photon():
    rng = np.random.default_rng(5)
    model, mean, count = DetectionModel(0.5, 0.6, 0.02, 0.05, efficiency_mismatch=0.7), 3.0, 400_000
    settings = bb84(SINGLE)
    table = attacks.DeadTime(blinding_photons=mean).table(model, settings)
    for j in (0, 3):
        basis, bit = rng.integers(0, 2, (2, count))
        own = basis == settings.measured_basis[j]
        alive = np.ones((2, count), bool)
        for detector in (0, 1):
            light = np.where(own, bit == detector, 0.5) * mean * 0.6 * (1, 0.7)[detector]
            alive[detector] = rng.poisson(light) == 0
        ready = honest_patterns(model, settings)[j, 1]
        pattern = rng.choice(4, count, p=ready)
        seen = (pattern & 1) * alive[0] + (pattern >> 1) * alive[1] * 2
        share = np.bincount(seen, minlength=4) / count
        np.testing.assert_allclose(share, table.patterns[j, 1], atol=4 * 0.5 / math.sqrt(count))


# Light that enters or leaves stations


@pytest.mark.parametrize("name", ["back-flash", "trojan-horse"])
def test_listeners_change_no_count(name):
    settings = bb84(DECOY)
    table = attacks.get(name)().table(LINK, settings)
    np.testing.assert_allclose(table.patterns, honest_table(LINK, settings).patterns, rtol=1e-12)
    np.testing.assert_array_equal(table.settings.photon_probs, settings.photon_probs)


def test_the_trojan_horse_shows_on_the_monitor_alone():
    read, honest = attacks.TrojanHorse().attacked_readings(Readings()), Readings()
    assert read.alice_monitor_nw == pytest.approx(1 + 6.4)  # a hundredth of 1e6 photons at 5 MHz and 1550 nm
    assert replace(read, alice_monitor_nw=honest.alice_monitor_nw) == honest


@pytest.mark.parametrize(
    ("attack", "light"),
    [
        (attacks.DeadTime(blinding_photons=1e9), {"bob": 1e9}),
        (attacks.TrojanHorse(back_photons=1e4, reflection_db=50), {"alice": 1e9}),
        (attacks.TrojanHorse(), {"alice": 1e6}),
        (attacks.HomodyneBlinding(photons=1e12), {"bob": 1e12}),
        (attacks.InterceptResend(), {}),
    ],
)
def test_light_is_declared_as_it_is_set(attack, light):
    assert attack.injected_light == pytest.approx(light)


@given(st.floats(1e-4, 5.0))
def test_the_trojan_horse_reads_two_coherent_states(mean):
    # The density matrices themselves, in the Fock basis: Helstrom's error, and no better information.
    number = np.arange(60)
    plus = np.exp(
        -mean / 2 + number * math.log(mean) / 2 - np.array([math.lgamma(n + 1) for n in number]) / 2
    )
    minus = plus * (-1.0) ** number
    difference = np.outer(plus, plus) - np.outer(minus, minus)
    error = (1 - np.abs(np.linalg.eigvalsh(difference)).sum() / 2) / 2
    got = float(attacks.TrojanHorse(back_photons=mean).information(LINK, bb84(DECOY)))
    assert got == pytest.approx(float(1 - binary_entropy(error)), abs=1e-7)


def test_the_flash_tells_single_clicks():
    settings = bb84(SINGLE)
    attack = attacks.BackFlash(flash_prob=0.06)
    assert float(attack.information(CLEAN, settings)) == pytest.approx(0.06, rel=1e-9)
    # Errors of Bob's make his bit, which she sees, a worse guess of Alice's.
    noisy = float(attack.information(replace(CLEAN, misalignment=0.05), settings))
    assert noisy == pytest.approx(0.06 * float(1 - binary_entropy(0.05)), rel=1e-9)


def test_seeding_raises_gains_and_tells_more_multi_photon_pulses():
    settings = bb84(DECOY)
    attack = attacks.LaserSeeding(factor=1.5)
    for rows, mean in ((settings.signal, 0.5), (~settings.signal, 0.1)):
        honest, _ = gain_and_error(honest_table(CLEAN, settings), rows)
        seeded, _ = gain_and_error(attack.table(CLEAN, settings), rows)
        assert seeded > honest
        # Every photon but one of each multi-photon pulse: E[n] - P(n >= 2), to first order in the loss.
        kept = 1.5 * mean - (1 - math.exp(-1.5 * mean) * (1 + 1.5 * mean))
        assert seeded == pytest.approx(0.01 * kept, rel=6e-3)
    believed = attacks.LaserSeeding(factor=1).information(CLEAN, settings)
    assert attack.information(CLEAN, settings) > believed
    read = attack.attacked_readings(Readings())
    assert read.source_power == pytest.approx(1.5)
    assert read.alice_monitor_nw > Readings.alice_monitor_nw


def test_seeding_a_share_of_the_pulses_mixes_the_sources():
    settings = bb84(DECOY)
    emitted, patterns = attacks.LaserSeeding(fraction=0.25, factor=2).mixture(LINK, settings)
    brighter = attacks.LaserSeeding(factor=2).attacked_settings(settings).photon_probs
    np.testing.assert_allclose(emitted, 0.75 * settings.photon_probs + 0.25 * brighter, rtol=1e-12)
    np.testing.assert_allclose(
        brighter @ np.arange(brighter.shape[1]), 2 * np.where(settings.signal, 0.5, 0.1)
    )
    np.testing.assert_allclose(patterns.sum(axis=-1), 1, rtol=1e-12)


@pytest.mark.parametrize("factor", [1, 1.5, 10, 30, 100])
def test_seeded_pulses_have_all_their_photons(factor):
    settings = bb84(DECOY)
    mean = factor * np.where(settings.signal, 0.5, 0.1)
    rows = attacks.LaserSeeding(factor=factor).attacked_settings(settings).photon_probs
    np.testing.assert_allclose(rows @ np.arange(rows.shape[1]), mean, rtol=1e-9)
    # Bob gets one photon less of every pulse of two or more: sums over n in closed form.
    seen = attacks.LaserSeeding(factor=factor).table(CLEAN, settings).by_setting()
    q = 0.99  # the share of photons that are lost
    silent = np.exp(-mean) * (1 + q * mean) + (np.exp(mean * (q - 1)) - np.exp(-mean) * (1 + q * mean)) / q
    np.testing.assert_allclose(seen[:, 0], silent, rtol=1e-9)


def test_a_combination_gets_the_photons_of_its_brightest_part():
    settings = bb84(DECOY)
    parts = attacks.LaserDamage(fraction=0.5, drop_db=20), attacks.InterceptResend(fraction=0.5)
    both = PulseCombination(parts=parts)
    by_hand = sum(replace(part, fraction=1.0).table(LINK, settings).by_setting() / 2 for part in parts)
    np.testing.assert_allclose(both.table(LINK, settings).by_setting(), by_hand, rtol=1e-12)
    np.testing.assert_allclose(both.by_cause(LINK, settings).sum(axis=0), by_hand, rtol=1e-12)


def test_faked_states_far_outside_the_gates_click_like_nothing():
    attack = attacks.ChannelCalibration(gate_width_ps=5.0, shift_ps=1e4)
    np.testing.assert_allclose(
        attack.table(CLEAN, bb84(SINGLE)).by_setting()[:, 0], np.ones(8), rtol=0, atol=1e-15
    )


def test_light_too_bright_to_be_counted_is_refused():
    with pytest.raises(InvalidInput, match="above 255 photons"):
        attacks.LaserSeeding(factor=100).attacked_settings(bb84(photons.poisson([2.0, 0.1])))


def test_only_lasers_can_be_made_brighter():
    with pytest.raises(InvalidInput, match="must be a laser"):
        attacks.LaserSeeding().attacked_settings(bb84(SINGLE))


@pytest.mark.parametrize("drop_db", [3, 10, 15, 20])
@pytest.mark.parametrize("transmittance", [0.001, 0.1, 1.0])
def test_laser_damage_cannot_be_seen_in_the_counts(transmittance, drop_db):
    settings = bb84(DECOY)
    model = replace(LINK, channel_transmittance=transmittance)
    attack = attacks.LaserDamage(drop_db=drop_db)
    np.testing.assert_allclose(
        attack.table(model, settings).by_setting(),
        honest_table(model, settings).by_setting(),
        rtol=1e-8,
        atol=1e-14,
    )
    assert attack.attacked_readings(Readings()) == Readings()
    # Beams of a laser are independent: Eve holds 10^(dB / 10) - T times the mean, whatever Bob has.
    held = 0.5 * (10 ** (drop_db / 10) - transmittance)
    known = -math.expm1(-held)
    assert float(
        attack.information(replace(model, dark_count_prob=0, misalignment=0), settings)
    ) == pytest.approx(known, rel=1e-8)


# Phase remapping


def test_remapped_phases_cause_the_error_rate_that_was_measured():
    # Xu et al. measured 19.7 %; full phases leave intercept and resend.
    assert attacks.PhaseRemapping().error_rate == pytest.approx(0.197, abs=1e-4)
    assert attacks.PhaseRemapping(step_deg=90).error_rate == pytest.approx(0.25, abs=1e-12)
    settings = bb84(SINGLE)
    table = attacks.PhaseRemapping().table(CLEAN, settings)
    gain, error = gain_and_error(table, settings.signal)
    assert error == pytest.approx(attacks.PhaseRemapping().error_rate, rel=1e-9)
    assert gain == pytest.approx(0.01, rel=1e-9)
    assert 0 < float(attacks.PhaseRemapping().information(CLEAN, settings)) < 1


def test_no_measurement_errs_less_than_the_one_of_phase_remapping():
    rng = np.random.default_rng(1)
    step = math.radians(attacks.PhaseRemapping().step_deg)
    vectors = np.stack([np.ones(4), np.exp(1j * step * np.arange(4))], axis=-1) / math.sqrt(2)
    basis, bit = np.arange(4) % 2, np.arange(4) // 2
    wrong = np.where(basis[:, None] == basis, bit[:, None] != bit, 0.5)
    effects = rng.standard_normal((20_000, 2)) + 1j * rng.standard_normal((20_000, 2))
    found = np.abs(vectors @ effects.conj().T) ** 2
    errors = (wrong.T @ found) / found.sum(axis=0)
    assert errors.min() >= attacks.PhaseRemapping().error_rate - 1e-12
    assert errors.min() == pytest.approx(attacks.PhaseRemapping().error_rate, abs=1e-3)


@given(st.floats(1.0, 90.0))
def test_the_remapped_measurement_is_one(step_deg):
    found = attacks.PhaseRemapping(step_deg=step_deg).measurement()
    assert found.min() >= -1e-12
    assert found.sum(axis=1).max() <= 1 + 1e-12
    assert 0.15 < attacks.PhaseRemapping(step_deg=step_deg).error_rate <= 0.25 + 1e-12


# Patterns


def test_noise_and_dead_time_act_on_each_detector():
    patterns = np.array([0.4, 0.3, 0.2, 0.1])
    clicking = np.array([[0, 1, 0, 1], [0, 0, 1, 1]])
    noisy = with_noise(patterns, 0.1)
    np.testing.assert_allclose(clicking @ noisy, 1 - 0.9 * (1 - clicking @ patterns))
    dead = with_dead(patterns, 0.1, 0.3)
    np.testing.assert_allclose(clicking @ dead, np.array([0.9, 0.7]) * (clicking @ patterns))
    for each in (noisy, dead):
        assert each.sum() == pytest.approx(1)
    np.testing.assert_allclose(
        with_noise(np.eye(4)[0], LINK.dark_count_prob), honest_patterns(LINK, bb84(SINGLE))[0, 0]
    )
