"""Attacks on the channel against a loop over photons, and what holds for the tables of all of them."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from noclone.attacks import (
    BeamSplitting,
    ChannelCalibration,
    DenialOfService,
    EfficiencyMismatch,
    InterceptResend,
    PhaseCovariantCloning,
    PhotonNumberSplitting,
    TimeShift,
    UniversalCloning,
)
from noclone.link.detection import DetectionModel
from noclone.protocols.channel_attack import ChannelAttack
from noclone.sampling import photons
from noclone.sampling.pulses import PulseSettings, honest_table

KINDS = (
    BeamSplitting,
    ChannelCalibration,
    DenialOfService,
    EfficiencyMismatch,
    InterceptResend,
    PhaseCovariantCloning,
    PhotonNumberSplitting,
    TimeShift,
    UniversalCloning,
)
INTENSITIES = (0.9, 0.3)


def bb84(photon_rows):
    """Return BB84 settings from rows P(n), all intensities and bases equally likely."""
    row, sent_basis, sent_bit, measured_basis = np.indices((len(photon_rows), 2, 2, 2)).reshape(4, -1)
    probs = np.full(len(row), 1 / len(row))
    return PulseSettings(probs, photon_rows[row], sent_basis, sent_bit, measured_basis, row == 0)


class Lab:
    """Pulses of linearly polarised photons, one entry per pulse; Z, Breidbart and X lie pi/8 apart."""

    def __init__(self, rng, model, number, sent_basis, sent_bit, measured_basis):
        self.rng, self.model, self.number, self.bit = rng, model, number, sent_bit
        self.angle = sent_basis * np.pi / 4 + sent_bit * np.pi / 2
        self.bobs_angle = measured_basis * np.pi / 4

    def happens(self, prob):
        return self.rng.random(len(self.number)) < prob

    def measured(self, angle, basis_angle):
        """Return the bit that a photon of this polarisation shows."""
        return self.happens(np.sin(angle - basis_angle) ** 2).astype(int)

    def detected(self, number, angle, transmittance, efficiency_0=1.0, efficiency_1=1.0):
        """Return the click patterns, photon by photon."""
        model, pattern = self.model, np.zeros(len(number), int)
        for k in range(number.max(initial=0)):
            side = self.measured(angle, self.bobs_angle) ^ self.happens(model.misalignment)
            efficiency = np.where(side, efficiency_1 * model.efficiency_mismatch, efficiency_0)
            present = (number > k) & self.happens(transmittance * model.efficiency * efficiency)
            pattern |= np.where(present, 1 << side, 0)
        for detector in (0, 1):
            pattern |= self.happens(model.dark_count_prob).astype(int) << detector
        return pattern


def intercept_resend(lab, attack):
    choice = lab.rng.integers(0, 2, len(lab.number)) if attack.basis == "random" else 0
    angle = {"random": choice * np.pi / 4, "z": 0.0, "x": np.pi / 4, "breidbart": np.pi / 8}[attack.basis]
    bit = lab.measured(lab.angle, angle)
    pattern = lab.detected(
        np.minimum(lab.number, 1), angle + bit * np.pi / 2, lab.model.channel_transmittance
    )
    return pattern, np.where(lab.number == 0, 0, 1 + 2 * choice + bit)


def photon_number_splitting(lab, attack):
    if attack.gain == "kept":
        transmittance, rest_prob, single_prob = attack.plan(lab.model, bb84(photons.poisson(INTENSITIES)))
    else:
        transmittance, rest_prob, single_prob = lab.model.channel_transmittance, 0.0, 0.0
    many = np.where(lab.happens(rest_prob), lab.number - 1, 1)
    forwarded = np.where(lab.number >= 2, many, lab.number * lab.happens(single_prob))
    return lab.detected(forwarded, lab.angle, transmittance), np.where(lab.number < 2, 0, 1 + lab.bit)


def beam_splitting(lab, attack):
    kept = lab.rng.binomial(lab.number, 1 - lab.model.channel_transmittance)
    pattern = lab.detected(lab.number - kept, lab.angle, 1.0)
    return pattern, np.where(kept == 0, 0, 1 + lab.bit)


def denial_of_service(lab, attack):
    return lab.detected(0 * lab.number, lab.angle, 1.0), 0 * lab.number


def time_shift(lab, attack):
    late = 1 - lab.happens(attack.early_prob)
    worse = 1 / attack.ratio
    efficiencies = np.where(late, worse, 1.0), np.where(late, 1.0, worse)
    return lab.detected(lab.number, lab.angle, lab.model.channel_transmittance, *efficiencies), late


def faked_states(lab, attack):
    better, worse = (
        attack.kept_efficiencies() if isinstance(attack, ChannelCalibration) else (1, 1 / attack.ratio)
    )
    basis = lab.rng.integers(0, 2, len(lab.number))
    bit = lab.measured(lab.angle, basis * np.pi / 4)
    # The channel that keeps a Poissonian signal's gain if one photon clicks with (better + 3 worse) / 4.
    model, mean = lab.model, INTENSITIES[0]
    click = model.efficiency * (better + 3 * worse) / 4
    honest = -np.expm1(-mean * model.channel_transmittance * model.efficiency)
    transmittance = min(1.0, honest / (-np.expm1(-mean) * click))
    efficiencies = np.where(bit, worse, better), np.where(bit, better, worse)
    faked = (1 - basis) * np.pi / 4 + (1 - bit) * np.pi / 2
    pattern = lab.detected(np.minimum(lab.number, 1), faked, transmittance, *efficiencies)
    return pattern, np.where(lab.number == 0, 0, 1 + 2 * bit + basis)


LOSSY, CLEAR = DetectionModel(0.05, 0.6, 0.05, 0.05), DetectionModel(0.4, 0.6, 0.05, 0.05)
UNEQUAL = DetectionModel(0.5, 0.6, 0.02, 0.05, efficiency_mismatch=0.7)


@pytest.mark.parametrize(
    ("attack", "physics", "model"),
    [
        (InterceptResend(), intercept_resend, CLEAR),
        (InterceptResend(basis="z"), intercept_resend, UNEQUAL),
        (InterceptResend(basis="x"), intercept_resend, CLEAR),
        (InterceptResend(basis="breidbart"), intercept_resend, UNEQUAL),
        (PhotonNumberSplitting(), photon_number_splitting, LOSSY),
        (PhotonNumberSplitting(), photon_number_splitting, replace(CLEAR, channel_transmittance=0.33)),
        (PhotonNumberSplitting(), photon_number_splitting, CLEAR),
        (PhotonNumberSplitting(gain="lost"), photon_number_splitting, UNEQUAL),
        (BeamSplitting(), beam_splitting, UNEQUAL),
        (DenialOfService(), denial_of_service, CLEAR),
        (TimeShift(ratio=3, early_prob=0.3), time_shift, UNEQUAL),
        (EfficiencyMismatch(ratio=5), faked_states, LOSSY),
        (EfficiencyMismatch(ratio=5), faked_states, CLEAR),
        (ChannelCalibration(shift_ps=150), faked_states, LOSSY),
    ],
)
def test_patterns_and_findings_are_what_a_loop_over_photons_gives(
    attack: ChannelAttack, physics: Callable, model: DetectionModel
):
    rng = np.random.default_rng(3)
    settings = bb84(photons.poisson(INTENSITIES))
    law = np.stack(np.broadcast_arrays(*attack.outcomes(model, settings)))
    law = np.broadcast_to(law, (len(law), *settings.photon_probs.shape, 4))
    np.testing.assert_allclose(law.sum(axis=0), attack.attacked_patterns(model, settings), rtol=1e-14)
    worst, tests = 1.0, 0
    for j in range(16):
        number = rng.choice(settings.photon_probs.shape[1], 30_000, p=settings.photon_probs[j])
        choices = (settings.sent_basis[j], settings.sent_bit[j], settings.measured_basis[j])
        pattern, finding = physics(Lab(rng, model, number, *choices), attack)
        for n in range(4):
            seen = np.bincount((4 * finding + pattern)[number == n], minlength=4 * len(law))
            expected = seen.sum() * law[:, j, n].ravel()
            assert not seen[expected == 0].any()
            often = expected > 5
            if often.sum() > 1:
                share = seen[often].sum() / expected[often].sum()
                test = stats.chisquare(seen[often], share * expected[often])
                worst, tests = min(worst, test.pvalue), tests + 1
    assert tests > 30
    assert worst * tests > 1e-4


@pytest.mark.parametrize("disturbance", [0.0, 0.05, 0.2, 1 / 3, 0.5])
@pytest.mark.parametrize("kind", [PhaseCovariantCloning, UniversalCloning])
def test_cloners_against_their_isometry(kind, disturbance):
    """Bob's copy and Eve's best measurement, from the state |psi> -> sum_P sqrt(w_P) P|psi> |P>.

    The weights are (1 - D)^2, D (1 - D), D^2, D (1 - D) of 1, X, Y, Z, and 1 - 3 D / 2, D / 2, D / 2, D / 2
    (Cerf, PRL 84, 4497, 2000).
    """
    wrong = disturbance
    weights = {
        PhaseCovariantCloning: [(1 - wrong) ** 2, wrong * (1 - wrong), wrong**2, wrong * (1 - wrong)],
        UniversalCloning: [1 - 1.5 * wrong, wrong / 2, wrong / 2, wrong / 2],
    }[kind]
    paulis = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    isometry = np.einsum("p,pba->bpa", np.sqrt(np.array(weights) + 0j), paulis)
    turns = {0: np.eye(2), 1: np.array([[1, 1], [1, -1]]) / np.sqrt(2)}
    attack = kind(disturbance=disturbance)
    for turn in turns.values():
        # Eve's vectors, by Bob's bit and Alice's.
        eves = np.einsum("bc,cpd,da->bap", turn.conj().T, isometry, turn)
        for error, guess_prob in enumerate(attack.guess_probs()):
            vectors = [eves[bit ^ error, bit] for bit in (0, 1)]
            for vector in vectors:
                assert np.vdot(vector, vector).real == pytest.approx([1 - wrong, wrong][error], abs=1e-12)
            states = [np.outer(vector, vector.conj()) for vector in vectors]
            advantage = np.abs(np.linalg.eigvalsh(states[0] - states[1])).sum() / 2
            norm = [1 - wrong, wrong][error]
            if norm:
                assert (1 + advantage / norm) / 2 == pytest.approx(guess_prob, abs=1e-7)
        # Whether Bob has an error, Eve can tell for certain without spoiling her guess.
        right, false = ([eves[bit ^ error, bit] for bit in (0, 1)] for error in (0, 1))
        np.testing.assert_allclose([[np.vdot(a, b) for a in right] for b in false], 0, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", [CLEAR, UNEQUAL])
def test_eve_uses_nothing_that_she_cannot_know(kind, model):
    settings = bb84(photons.poisson(INTENSITIES))
    patterns = kind().attacked_patterns(model, settings)
    np.testing.assert_allclose(patterns.sum(axis=-1), 1, rtol=1e-13)
    assert patterns.min() >= 0
    patterns = patterns.reshape(
        2, 2, 2, 2, -1, 4
    )  # axes: intensity, Alice's basis, bit, Bob's basis, photons
    np.testing.assert_array_equal(patterns[0], patterns[1])
    empty = patterns[..., 0, :]
    np.testing.assert_allclose(empty, np.broadcast_to(empty[:1, :1, :1], empty.shape), rtol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_no_attacked_pulses_are_no_attack(kind):
    settings = bb84(photons.poisson(INTENSITIES))
    honest = honest_table(CLEAR, settings).patterns
    np.testing.assert_array_equal(kind(fraction=0).table(CLEAR, settings).patterns, honest)


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_are_what_each_is_by_itself(kind):
    attack = kind(fraction=0.7)
    settings = bb84(photons.poisson(INTENSITIES))
    rng = np.random.default_rng(5)
    columns = {
        "channel_transmittance": np.array([0.0, 1e-4, 0.05, 0.5, 1.0]),
        "efficiency": rng.uniform(0.05, 0.9, 5),
        "dark_count_prob": np.array([1e-7, 1e-6, 1e-5, 0.0, 1e-3]),
        "misalignment": rng.uniform(0, 0.1, 5),
    }
    for names in (columns, ["channel_transmittance"], ["misalignment"]):
        varied = {key: columns[key] for key in names}
        model = replace(CLEAR, **{key: each[:, None, None] for key, each in varied.items()})
        _, patterns = attack.mixture(model, settings)
        information = attack.information(model, settings)
        assert information.shape == (5,)
        for b in range(5):
            alone = replace(CLEAR, **{key: float(each[b]) for key, each in varied.items()})
            np.testing.assert_allclose(patterns[b], attack.mixture(alone, settings)[1], rtol=1e-9, atol=1e-15)
            assert information[b] == pytest.approx(attack.information(alone, settings), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_learns_of_bits_that_were_not_sent(kind):
    settings = bb84(np.array([[1.0, 0.0]]))
    assert kind().information(CLEAR, settings) == pytest.approx(0, abs=1e-12)
    silent = replace(CLEAR, dark_count_prob=0.0)
    assert kind().information(silent, settings) == 0


@pytest.mark.parametrize("efficiency", [0.1, 1.0])
def test_detectors_that_miss_nothing_do_not_make_eve_send_too_much(efficiency):
    """With them a second photon adds no click: she must not take that for a lack of light."""
    model = DetectionModel(3e-4, efficiency, 1.5e-7, 0.01)
    settings = bb84(photons.poisson((0.8, 0.1, 0.0)))
    attacked = PhotonNumberSplitting().table(model, settings)
    gains = [
        1 - table.by_setting()[settings.signal, 0].mean()
        for table in (honest_table(model, settings), attacked)
    ]
    assert gains[1] == pytest.approx(gains[0], rel=1e-6)
