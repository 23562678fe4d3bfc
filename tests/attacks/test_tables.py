"""Attack tables against a loop over photons, and against what the literature says they do."""

import math

import numpy as np
import pytest
from scipy import stats

from noclone.attacks import InterceptResend, PhotonNumberSplitting
from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.sampling import clicks, photons
from noclone.sampling.pulses import PulseSettings, honest_table

LINK = DetectionModel(channel_transmittance=0.1, efficiency=0.1, dark_count_prob=5e-7, misalignment=0.01)
DECOY = (0.5, 0.1)


def bb84(photon_rows):
    """Return BB84 settings from rows P(n), all intensities and bases equally likely."""
    row, sent_basis, sent_bit, measured_basis = np.indices((len(photon_rows), 2, 2, 2)).reshape(4, -1)
    probs = np.full(len(row), 1 / len(row))
    return PulseSettings(probs, photon_rows[row], sent_basis, sent_bit, measured_basis, row == 0)


def gain_and_error(table, rows):
    """Return P(click) and the error rate of the sifted bits, double clicks settled by a coin."""
    patterns, settings = table.by_setting(), table.settings
    rows = rows & (settings.sent_basis == settings.measured_basis)
    wrong = np.where(settings.sent_bit == 1, patterns[:, 1], patterns[:, 2]) + patterns[:, 3] / 2
    gain = 1 - patterns[rows, 0].mean()
    return gain, wrong[rows].mean() / gain


def loop(rng, model, transmittance, number, sent_basis, sent_bit, measured_basis):
    """Return the click patterns of pulses, photon by photon; one entry per pulse."""
    pattern = np.zeros(len(number), int)
    for k in range(number.max(initial=0)):
        present = (number > k) & (rng.random(len(number)) < transmittance * model.efficiency)
        wrong = rng.random(len(number)) < np.where(sent_basis == measured_basis, model.misalignment, 0.5)
        pattern |= np.where(present, 1 << (sent_bit ^ wrong), 0)
    for detector in (0, 1):
        pattern |= (rng.random(len(number)) < model.dark_count_prob).astype(int) << detector
    return pattern


def intercept_resend(rng, model, number, sent_basis, sent_bit, measured_basis, _):
    eve_basis = rng.integers(0, 2, len(number))
    found = np.where(eve_basis == sent_basis, sent_bit, rng.integers(0, 2, len(number)))
    resent = np.minimum(number, 1)
    return loop(rng, model, model.channel_transmittance, resent, eve_basis, found, measured_basis)


def photon_number_splitting(rng, model, number, sent_basis, sent_bit, measured_basis, plan):
    transmittance, single_prob = plan
    forwarded = np.where(number >= 2, number - 1, number * (rng.random(len(number)) < single_prob))
    return loop(rng, model, transmittance, forwarded, sent_basis, sent_bit, measured_basis)


@pytest.mark.parametrize(
    ("attack", "physics", "model"),
    [
        (InterceptResend(fraction=1), intercept_resend, DetectionModel(0.5, 0.6, 0.05, 0.05)),
        (PhotonNumberSplitting(fraction=1), photon_number_splitting, DetectionModel(0.05, 0.6, 0.05, 0.05)),
        (PhotonNumberSplitting(fraction=1), photon_number_splitting, DetectionModel(0.4, 0.6, 0.05, 0.05)),
    ],
)
def test_the_table_is_what_a_loop_over_photons_gives(attack, physics, model):
    rng = np.random.default_rng(3)
    settings = bb84(photons.poisson([0.9, 0.3]))
    table = attack.table(model, settings)
    plan = attack.plan(model, settings) if isinstance(attack, PhotonNumberSplitting) else None
    worst, tests = 1.0, 0
    for j in range(16):
        number = rng.choice(settings.photon_probs.shape[1], 60_000, p=settings.photon_probs[j])
        choices = (
            np.full(len(number), each[j])
            for each in (settings.sent_basis, settings.sent_bit, settings.measured_basis)
        )
        pattern = physics(rng, model, number, *choices, plan)
        for n in range(4):
            seen = np.bincount(pattern[number == n], minlength=4)
            expected = seen.sum() * table.patterns[j, n]
            if expected.min() > 5:
                worst, tests = min(worst, stats.chisquare(seen, expected).pvalue), tests + 1
    assert tests > 30
    assert worst * tests > 1e-4


@pytest.mark.parametrize("attack", [InterceptResend, PhotonNumberSplitting])
def test_a_fraction_of_zero_is_no_attack(attack):
    settings = bb84(photons.poisson(DECOY))
    honest = honest_table(LINK, settings).patterns
    np.testing.assert_array_equal(attack(fraction=0).table(LINK, settings).patterns, honest)


@pytest.mark.parametrize("fraction", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("misalignment", [0.0, 0.03])
def test_intercept_resend_raises_the_error_of_single_photons_by_a_quarter(fraction, misalignment):
    model = DetectionModel(0.1, 0.1, 1e-5, misalignment)
    settings = bb84(photons.single()[None])
    gain, honest = gain_and_error(honest_table(model, settings), settings.signal)
    attacked_gain, error = gain_and_error(
        InterceptResend(fraction=fraction).table(model, settings), settings.signal
    )
    assert error == pytest.approx(honest + fraction / 4 * (1 - 2 * honest), rel=1e-12)
    assert attacked_gain == pytest.approx(gain, rel=1e-12)


def test_intercept_resend_in_a_simulation():
    settings = bb84(photons.single()[None])
    table = InterceptResend(fraction=1).table(LINK, settings)
    got = clicks.joined(list(clicks.sample(table, DetectorMemory(), 1 << 26, seed=2)))
    sifted = got.select((settings.sent_basis == settings.measured_basis)[got.setting])
    errors = sifted.outcome != settings.sent_bit[sifted.setting]
    honest = 0.01 + 1e-4 * 0.49  # misalignment, and dark counts of 1e-6 beside a gain of 1e-2
    expected = honest + (1 - 2 * honest) / 4
    assert errors.mean() == pytest.approx(expected, abs=4 * 0.44 / math.sqrt(len(errors)))


def poisson_gain(model, intensity, transmittance, single_prob):
    """Return the gain under attack in closed form, from the series of the exponential."""
    x = 1 - transmittance * model.efficiency
    silent = (1 - model.dark_count_prob) ** 2
    empty, single = math.exp(-intensity), intensity * math.exp(-intensity)
    many = math.exp(-intensity) * (math.exp(intensity * x) - 1 - intensity * x) / x
    return 1 - silent * (empty + single * (1 - single_prob * (1 - x)) + many)


@pytest.mark.parametrize(("transmittance", "regime"), [(0.1, "blocked"), (0.01, "blocked"), (0.5, "passed")])
def test_photon_number_splitting_keeps_the_gain_of_the_signal_alone(transmittance, regime):
    model = DetectionModel(transmittance, 0.1, 5e-7, 0.01)
    settings = bb84(photons.poisson(DECOY))
    attack = PhotonNumberSplitting(fraction=1)
    own, single_prob = attack.plan(model, settings)
    assert (single_prob == 0 and own < 1) if regime == "blocked" else (0 < single_prob < 1 and own == 1)
    honest, attacked = honest_table(model, settings), attack.table(model, settings)
    signal, decoy = settings.signal, ~settings.signal
    gain, error = gain_and_error(honest, signal)
    attacked_gain, attacked_error = gain_and_error(attacked, signal)
    assert attacked_gain == pytest.approx(gain, rel=1e-10)
    assert attacked_error == pytest.approx(error, rel=0.01)
    weak_gain = gain_and_error(attacked, decoy)[0]
    assert weak_gain < gain_and_error(honest, decoy)[0] * 0.95
    for mean, expected in zip(DECOY, (attacked_gain, weak_gain), strict=True):
        assert poisson_gain(model, mean, own, single_prob) == pytest.approx(expected, rel=1e-10)


def test_photon_number_splitting_at_50_km_leaves_hardly_any_single_photons():
    settings = bb84(photons.poisson(DECOY))
    table = PhotonNumberSplitting(fraction=1).table(LINK, settings)
    got = clicks.joined(list(clicks.sample(table, DetectorMemory(), 1 << 28, seed=6)))
    by_table = np.einsum("j,jn,jn->n", settings.probs, settings.photon_probs, 1 - table.patterns[..., 0])
    seen = np.bincount(got.photons, minlength=len(by_table))
    z = (seen[:5] - got.pulses * by_table[:5]) / np.sqrt(got.pulses * by_table[:5])
    assert np.abs(z).max() < 4.5
    assert seen[1] / len(got.photons) < 1e-3


def test_a_lossless_channel_hides_no_splitting():
    model = DetectionModel(1.0, 0.1, 5e-7, 0.01)
    settings = bb84(photons.poisson(DECOY))
    attack = PhotonNumberSplitting(fraction=1)
    assert attack.plan(model, settings) == (1, 1)
    honest, attacked = honest_table(model, settings), attack.table(model, settings)
    assert gain_and_error(attacked, settings.signal)[0] < gain_and_error(honest, settings.signal)[0]


def test_single_photons_cannot_be_split():
    settings = bb84(photons.single()[None])
    table = PhotonNumberSplitting(fraction=1).table(LINK, settings)
    np.testing.assert_allclose(table.patterns[:, 1], honest_table(LINK, settings).patterns[:, 1], rtol=1e-10)
