"""What the parties see of attacks on the channel, and what Eve learns: theory and simulated counts."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

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
from noclone.link.detection import DetectionModel, DetectorMemory
from noclone.protocols.readings import Readings
from noclone.rates.entropy import binary_entropy
from noclone.sampling import clicks, photons
from noclone.sampling.pulses import PulseSettings, honest_table

LINK = DetectionModel(channel_transmittance=0.1, efficiency=0.1, dark_count_prob=5e-7, misalignment=0.01)
CLEAN = DetectionModel(channel_transmittance=0.1, efficiency=0.1)
DECOY = (0.5, 0.1)


def bb84(photon_rows, z_prob=0.5):
    """Return BB84 settings from rows P(n), all intensities equally likely."""
    row, sent_basis, sent_bit, measured_basis = np.indices((len(photon_rows), 2, 2, 2)).reshape(4, -1)
    basis = np.array([z_prob, 1 - z_prob])
    probs = basis[sent_basis] * basis[measured_basis] / 2 / len(photon_rows)
    return PulseSettings(probs, photon_rows[row], sent_basis, sent_bit, measured_basis, row == 0)


SINGLE, COHERENT = bb84(photons.single()[None]), bb84(photons.poisson(DECOY))


def gain_and_error(table, rows):
    """Return P(click) and the error rate of the sifted bits, double clicks settled by a coin."""
    patterns, settings = table.by_setting(), table.settings
    rows = rows & (settings.sent_basis == settings.measured_basis)
    wrong = np.where(settings.sent_bit == 1, patterns[:, 1], patterns[:, 2]) + patterns[:, 3] / 2
    gain = 1 - patterns[rows, 0].mean()
    return gain, wrong[rows].mean() / gain


def simulated(attack, model, settings, pulses=1 << 26, seed=2):
    """Return the sifted clicks of a simulation pulse by pulse, and how many pulses there were."""
    got = clicks.joined(
        list(clicks.sample(attack.table(model, settings), DetectorMemory(), pulses, seed=seed))
    )
    return got.select((settings.sent_basis == settings.measured_basis)[got.setting]), got.pulses


def assert_share(count, total, expected):
    """Check a count against its expected share within 4 sigma."""
    assert abs(count / total - expected) < 4 * math.sqrt(expected * (1 - expected) / total)


@pytest.mark.parametrize("basis", ["random", "breidbart"])
@pytest.mark.parametrize("fraction", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("misalignment", [0.0, 0.03])
def test_intercept_resend_raises_the_error_of_single_photons_by_a_quarter(fraction, misalignment, basis):
    model = DetectionModel(0.1, 0.1, 1e-5, misalignment)
    gain, honest = gain_and_error(honest_table(model, SINGLE), SINGLE.signal)
    attack = InterceptResend(fraction=fraction, basis=basis)
    attacked_gain, error = gain_and_error(attack.table(model, SINGLE), SINGLE.signal)
    assert error == pytest.approx(honest + fraction / 4 * (1 - 2 * honest), rel=1e-12)
    assert attacked_gain == pytest.approx(gain, rel=1e-12)


@pytest.mark.parametrize(
    "attack", [InterceptResend(), InterceptResend(fraction=0.2), InterceptResend(basis="breidbart")]
)
def test_intercept_resend_in_a_simulation(attack):
    sifted, _ = simulated(attack, LINK, SINGLE)
    errors = np.sum(sifted.outcome != SINGLE.sent_bit[sifted.setting])
    honest = 0.01 + 1e-4 * 0.49  # misalignment, and dark counts of 1e-6 beside a gain of 1e-2
    assert_share(errors, len(sifted.outcome), honest + attack.fraction / 4 * (1 - 2 * honest))


@pytest.mark.parametrize(("basis", "errors"), [("z", (0.0, 0.5)), ("x", (0.5, 0.0))])
def test_intercept_resend_in_one_basis_disturbs_the_other(basis, errors):
    table = InterceptResend(basis=basis).table(CLEAN, SINGLE)
    for sent, error in enumerate(errors):
        assert gain_and_error(table, SINGLE.sent_basis == sent)[1] == pytest.approx(error, abs=1e-12)


def test_what_intercept_resend_learns():
    by_click = (
        1
        - np.exp(-0.5)
        * (1 - (1 - 5e-7) ** 2)
        / gain_and_error(InterceptResend().table(LINK, COHERENT), COHERENT.signal)[0]
    )
    assert InterceptResend().information(LINK, COHERENT) == pytest.approx(by_click / 2, rel=1e-9)
    assert InterceptResend().information(CLEAN, SINGLE) == pytest.approx(0.5, rel=1e-12)
    # Half-way between the bases: 1 - h(cos^2(pi / 8)), which is what the optimal attack learns at 14.6 %.
    assert InterceptResend(basis="breidbart").information(CLEAN, SINGLE) == pytest.approx(0.39912, abs=5e-6)
    biased = bb84(photons.single()[None], z_prob=0.9)
    in_z = 0.81 / 0.82
    assert InterceptResend(basis="z").information(CLEAN, biased) == pytest.approx(in_z, rel=1e-12)
    assert InterceptResend(basis="x").information(CLEAN, biased) == pytest.approx(1 - in_z, rel=1e-12)


@pytest.mark.parametrize("disturbance", [0.05, 0.146447, 0.3])
@pytest.mark.parametrize("kind", [PhaseCovariantCloning, UniversalCloning])
def test_cloning_disturbs_both_bases_alike(kind, disturbance):
    attack = kind(disturbance=disturbance)
    gain, honest = gain_and_error(honest_table(LINK, SINGLE), SINGLE.signal)
    expected = honest + disturbance * (1 - 2 * honest)
    table = attack.table(LINK, SINGLE)
    sifted, _ = simulated(attack, LINK, SINGLE)
    for basis in (0, 1):
        attacked_gain, error = gain_and_error(table, SINGLE.sent_basis == basis)
        assert (attacked_gain, error) == pytest.approx((gain, expected), rel=1e-4)
        setting = sifted.setting[SINGLE.sent_basis[sifted.setting] == basis]
        outcome = sifted.outcome[SINGLE.sent_basis[sifted.setting] == basis]
        assert_share(np.sum(outcome != SINGLE.sent_bit[setting]), len(setting), error)


@pytest.mark.parametrize(
    ("disturbance", "information"),
    [(0.01554, 0.04461), (0.06121, 0.17282), (0.146447, 0.39912), (0.31882, 0.78602), (0.5, 1.0)],
)
def test_the_phase_covariant_cloner_lies_on_the_curve_of_fuchs(disturbance, information):
    """Points of Fuchs et al., PRA 56, 1163 (1997), with I = phi(2 sqrt(D (1 - D))) / 2."""
    z = 2 * math.sqrt(disturbance * (1 - disturbance))
    phi = (1 + z) * math.log2(1 + z) + ((1 - z) * math.log2(1 - z) if z < 1 else 0.0)
    found = PhaseCovariantCloning(disturbance=disturbance).information(CLEAN, SINGLE)
    assert found == pytest.approx(phi / 2, rel=1e-9)
    assert found == pytest.approx(information, abs=2e-5)


@pytest.mark.parametrize(
    ("kind", "crossing"), [(PhaseCovariantCloning, 0.146447), (UniversalCloning, 0.15637)]
)
def test_where_eve_knows_as_much_as_bob(kind, crossing):
    """Fuchs et al. 1997 and Bruß 1998."""

    def advantage(disturbance):
        information = kind(disturbance=disturbance).information(CLEAN, SINGLE)
        return float(information - 1 + binary_entropy(disturbance))

    assert brentq(advantage, 0.01, 0.4) == pytest.approx(crossing, abs=5e-6)


def test_the_universal_cloner_learns_less_than_the_phase_covariant_one():
    for disturbance in (0.01, 0.1, 0.146447, 0.3):
        universal, covariant = (
            kind(disturbance=disturbance).information(CLEAN, SINGLE)
            for kind in (UniversalCloning, PhaseCovariantCloning)
        )
        # Bechmann-Pasquinucci and Gisin, PRA 59, 4238 (1999).
        f = (1 + math.sqrt(disturbance * (2 - 3 * disturbance)) / (1 - disturbance)) / 2
        expected = 1 + (1 - disturbance) * (f * math.log2(f) + (1 - f) * math.log2(1 - f))
        assert universal == pytest.approx(expected, rel=1e-9)
        assert universal < covariant


def poisson_gain(model, intensity, transmittance, rest_prob, single_prob):
    """Return the gain under photon-number splitting of Poissonian pulses, from the series of exponentials."""
    silent, x = (1 - model.dark_count_prob) ** 2, 1 - transmittance * model.efficiency
    empty, single = math.exp(-intensity), intensity * math.exp(-intensity)
    one = (1 - empty - single) * x
    rest = math.exp(-intensity) * (math.exp(intensity * x) - 1 - intensity * x) / x
    quiet = rest_prob * rest + (1 - rest_prob) * one
    return 1 - silent * (empty + single * (1 - single_prob * (1 - x)) + quiet)


@pytest.mark.parametrize(
    ("transmittance", "regime"), [(0.01, "one"), (0.1, "one"), (0.2, "rest"), (0.5, "singles")]
)
def test_photon_number_splitting_keeps_the_gain_of_the_signal_alone(transmittance, regime):
    model = DetectionModel(transmittance, 0.1, 5e-7, 0.01)
    attack = PhotonNumberSplitting()
    plan = own, rest_prob, single_prob = attack.plan(model, COHERENT)
    assert {
        "one": own < 1 and rest_prob == single_prob == 0,
        "rest": own == 1 and 0 < rest_prob < 1 and single_prob == 0,
        "singles": own == rest_prob == 1 and 0 < single_prob < 1,
    }[regime]
    honest, attacked = honest_table(model, COHERENT), attack.table(model, COHERENT)
    gain, error = gain_and_error(honest, COHERENT.signal)
    attacked_gain, attacked_error = gain_and_error(attacked, COHERENT.signal)
    assert attacked_gain == pytest.approx(gain, rel=1e-10)
    assert attacked_error == pytest.approx(error, rel=0.01)
    weak_gain = gain_and_error(attacked, ~COHERENT.signal)[0]
    assert weak_gain < gain_and_error(honest, ~COHERENT.signal)[0] * 0.95
    for mean, expected in zip(DECOY, (attacked_gain, weak_gain), strict=True):
        assert poisson_gain(model, mean, *plan) == pytest.approx(expected, rel=1e-10)


def test_photon_number_splitting_at_50_km_shows_in_the_decoy_alone():
    """Intensities .5 and .1, 10 dB of fibre, efficiency .1, Y0 = 1e-6: Q_nu falls from 1.00e-3 to 2.6e-4."""
    honest = [
        gain_and_error(honest_table(LINK, COHERENT), rows)[0] for rows in (COHERENT.signal, ~COHERENT.signal)
    ]
    assert honest == pytest.approx([4.99e-3, 1.00e-3], rel=2e-3)
    for fraction, score in ((1.0, -23), (0.3, -7.0), (0.1, -2.3), (0.03, -0.7)):
        attack = PhotonNumberSplitting(fraction=fraction)
        table = attack.table(LINK, COHERENT)
        gain = gain_and_error(table, ~COHERENT.signal)[0]
        assert (gain - honest[1]) * 1e6 / math.sqrt(honest[1] * 1e6) == pytest.approx(score, rel=0.05)
        sifted, pulses = simulated(attack, LINK, COHERENT)
        signal = COHERENT.signal[sifted.setting]
        # A quarter of the pulses are sifted ones of either intensity.
        assert_share(signal.sum(), pulses / 4, honest[0])
        assert_share((~signal).sum(), pulses / 4, gain)
        if fraction == 1:
            assert gain == pytest.approx(2.6e-4, rel=0.01)
            assert gain / honest[1] == pytest.approx(0.26, abs=0.005)
            # Hardly any single photon is left, and Eve knows the others.
            assert np.sum(sifted.photons == 1) / len(sifted.photons) < 1e-3


def test_what_photon_number_splitting_learns():
    for model in (LINK, DetectionModel(0.5, 0.1, 1e-4, 0.02)):
        attack = PhotonNumberSplitting()
        table = attack.table(model, COHERENT)
        rows = COHERENT.signal & (COHERENT.sent_basis == COHERENT.measured_basis)
        by_number = ((1 - table.patterns[..., 0]) * COHERENT.photon_probs)[rows].mean(axis=0)
        share = by_number[2:].sum() / by_number.sum()
        assert attack.information(model, COHERENT) == pytest.approx(share, rel=1e-9)


def test_photon_number_splitting_without_hiding_loses_gain():
    table = PhotonNumberSplitting(gain="lost").table(LINK, COHERENT)
    expected = poisson_gain(LINK, 0.5, 0.1, 0.0, 0.0)
    assert gain_and_error(table, COHERENT.signal)[0] == pytest.approx(expected, rel=1e-10)
    assert expected < 0.3 * gain_and_error(honest_table(LINK, COHERENT), COHERENT.signal)[0]


def test_a_lossless_channel_hides_no_splitting():
    model = DetectionModel(1.0, 0.1, 5e-7, 0.01)
    attack = PhotonNumberSplitting()
    assert attack.plan(model, COHERENT) == (1, 1, 1)
    honest, attacked = honest_table(model, COHERENT), attack.table(model, COHERENT)
    assert gain_and_error(attacked, COHERENT.signal)[0] < gain_and_error(honest, COHERENT.signal)[0]


def test_single_photons_cannot_be_split():
    table = PhotonNumberSplitting().table(LINK, SINGLE)
    np.testing.assert_allclose(table.patterns[:, 1], honest_table(LINK, SINGLE).patterns[:, 1], rtol=1e-10)
    assert PhotonNumberSplitting().information(LINK, SINGLE) == 0


@pytest.mark.parametrize("transmittance", [0.0, 0.1, 0.7, 1.0])
def test_beam_splitting_changes_nothing_and_tells_what_the_channel_loses(transmittance):
    model = DetectionModel(transmittance, 0.1, 5e-7, 0.01)
    table = BeamSplitting().table(model, COHERENT)
    np.testing.assert_allclose(table.patterns, honest_table(model, COHERENT).patterns, rtol=1e-13, atol=1e-16)
    # Both parts of a coherent state on a beam splitter are coherent, and independent of each other.
    expected = -math.expm1(-0.5 * (1 - transmittance))
    assert BeamSplitting().information(model, COHERENT) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert BeamSplitting().information(CLEAN, SINGLE) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("ratio", [1.0, 2.0, 5.0])
def test_time_shift_clicks_in_the_ratio_of_the_efficiencies(ratio):
    """Zhao et al. 2008; half of the pulses early and half late leave no asymmetry and the error rate."""
    early = TimeShift(ratio=ratio, early_prob=1)
    sifted, _ = simulated(early, LINK, COHERENT)
    assert_share(np.sum(sifted.outcome == 0), len(sifted.outcome), ratio / (1 + ratio))
    attack = TimeShift(ratio=ratio)
    sifted, pulses = simulated(attack, LINK, COHERENT)
    assert_share(np.sum(sifted.outcome == 0), len(sifted.outcome), 0.5)
    assert_share(np.sum(sifted.outcome != COHERENT.sent_bit[sifted.setting]), len(sifted.outcome), 0.0101)
    honest = [
        gain_and_error(honest_table(LINK, COHERENT), rows)[0] for rows in (COHERENT.signal, ~COHERENT.signal)
    ]
    assert_share(len(sifted.outcome), pulses / 2, np.mean(honest) * (1 + 1 / ratio) / 2)


def test_what_a_time_shift_tells():
    for ratio in (1.0, 2.0, 5.0, 1e6):
        expected = 1 - binary_entropy(ratio / (1 + ratio))
        assert TimeShift(ratio=ratio).information(CLEAN, SINGLE) == pytest.approx(
            expected, rel=1e-9, abs=1e-12
        )
        # A shift that is always the same tells nothing that everybody does not see.
        always = TimeShift(ratio=ratio, early_prob=1)
        assert always.information(CLEAN, SINGLE) == pytest.approx(0, abs=1e-12)
    # Fung et al. 2009: h(2/3) = .9183 bits remain.
    assert TimeShift(ratio=2).information(CLEAN, SINGLE) == pytest.approx(1 - 0.9183, abs=5e-5)


@pytest.mark.parametrize("ratio", [1.0, 4.0, 15.0, 100.0])
def test_faked_states_make_the_errors_of_makarov_anisimov_and_skaar(ratio):
    q = 1 / ratio
    attack = EfficiencyMismatch(ratio=ratio)
    expected = 2 * q / (1 + 3 * q)
    gain, _ = gain_and_error(honest_table(CLEAN, SINGLE), SINGLE.signal)
    attacked_gain, error = gain_and_error(attack.table(CLEAN, SINGLE), SINGLE.signal)
    assert error == pytest.approx(expected, rel=1e-9)
    assert attacked_gain == pytest.approx(gain, rel=1e-9)
    # In Bob's basis she knows the bit, and in the other one nothing.
    assert attack.information(CLEAN, SINGLE) == pytest.approx((1 + q) / (1 + 3 * q), rel=1e-9)
    sifted, pulses = simulated(attack, CLEAN, SINGLE)
    assert_share(np.sum(sifted.outcome != SINGLE.sent_bit[sifted.setting]), len(sifted.outcome), expected)
    assert_share(len(sifted.outcome), pulses / 2, gain)


def test_faked_states_are_tolerable_from_a_mismatch_of_1_to_15():
    """Makarov, Anisimov and Skaar 2006: an error rate of 11 % at 0.066."""
    table = EfficiencyMismatch(ratio=1 / 0.066).table(CLEAN, SINGLE)
    assert gain_and_error(table, SINGLE.signal)[1] == pytest.approx(0.11, abs=0.0005)


def test_faked_states_lose_gain_where_the_channel_has_no_loss_to_spare():
    model = DetectionModel(0.5, 0.1)
    gain, _ = gain_and_error(EfficiencyMismatch(ratio=5).table(model, SINGLE), SINGLE.signal)
    assert gain == pytest.approx(0.1 * (1 + 3 / 5) / 4, rel=1e-12)


def test_gates_put_apart_are_mismatched():
    attack = ChannelCalibration(separation_ps=400, gate_width_ps=200, shift_ps=300)
    q = math.exp(-300 * 400 / 200**2)
    # 100 ps and 500 ps from the middles of the gates.
    assert attack.kept_efficiencies() == pytest.approx((math.exp(-1 / 8), math.exp(-25 / 8)), rel=1e-12)
    gain, error = gain_and_error(attack.table(CLEAN, SINGLE), SINGLE.signal)
    assert (gain, error) == pytest.approx((0.01, 2 * q / (1 + 3 * q)), rel=1e-9)
    assert attack.information(CLEAN, SINGLE) == pytest.approx((1 + q) / (1 + 3 * q), rel=1e-9)


@pytest.mark.parametrize("fraction", [0.5, 1.0])
def test_denial_of_service_leaves_dark_counts(fraction):
    table = DenialOfService(fraction=fraction).table(LINK, COHERENT)
    dark = 1 - (1 - 5e-7) ** 2
    for rows in (COHERENT.signal, ~COHERENT.signal):
        honest, error = gain_and_error(honest_table(LINK, COHERENT), rows)
        gain, attacked_error = gain_and_error(table, rows)
        assert gain == pytest.approx((1 - fraction) * honest + fraction * dark, rel=1e-9)
        wrong = ((1 - fraction) * honest * error + fraction * dark / 2) / gain
        assert attacked_error == pytest.approx(wrong, rel=1e-9)


@pytest.mark.parametrize("attack", [TimeShift(shift_ps=300), EfficiencyMismatch(shift_ps=300)])
def test_shifted_pulses_spread_the_arrival_times(attack):
    honest = Readings(arrival_mean_ps=20.0, arrival_std_ps=100.0)
    rng = np.random.default_rng(1)
    times = 20 + 100 * rng.standard_normal(400_000) + 300 * rng.choice([-1, 1], 400_000)
    read = attack.attacked_readings(honest)
    assert float(read.arrival_mean_ps) == pytest.approx(20)
    assert float(read.arrival_std_ps) == pytest.approx(times.std(), rel=0.005)
    assert float(read.arrival_skew) == pytest.approx(0, abs=1e-12)
    early = TimeShift(shift_ps=300, early_prob=1).attacked_readings(honest)
    assert float(early.arrival_mean_ps) == pytest.approx(-280)


@pytest.mark.parametrize(
    "attack",
    [
        *(InterceptResend(basis=basis) for basis in ("random", "z", "x", "breidbart")),
        *(PhaseCovariantCloning(disturbance=disturbance) for disturbance in (0.01, 0.11, 0.3)),
        *(UniversalCloning(disturbance=disturbance) for disturbance in (0.01, 0.11, 0.3)),
        PhotonNumberSplitting(),
        BeamSplitting(),
        DenialOfService(),
        TimeShift(),
        EfficiencyMismatch(),
        ChannelCalibration(),
    ],
)
def test_what_stays_inside_the_assumptions_obeys_the_bound(attack):
    """Of single photons Eve learns at most h(e) (Shor and Preskill 2000), unless an assumption breaks."""
    model = DetectionModel(channel_transmittance=0.1, efficiency=0.1, dark_count_prob=1e-9)
    _, error = gain_and_error(attack.table(model, SINGLE), SINGLE.signal)
    beaten = attack.information(model, SINGLE) > binary_entropy(error) + 1e-12
    assert beaten == bool(attack.BREAKS)
