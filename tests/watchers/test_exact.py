"""The exact tests against the laws that they claim."""

import pickle
from math import comb, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import periodogram
from scipy.stats import binom, chi2, ncx2, norm
from sklearn.base import clone

from noclone.core.errors import InvalidInput
from noclone.watchers import get
from noclone.watchers.bartlett_spectrum import BartlettSpectrum
from noclone.watchers.binomial import BinomialClassifier, BinomialTest, log_tail
from noclone.watchers.chi_square import ChiSquareTest
from noclone.watchers.cusum import CumulativeSum
from noclone.watchers.decoy_z import DecoyTest
from noclone.watchers.run_length import alarm_prob, average_run_length, decision_interval

BITS = ("sifted[0]", "qber[0]")
GAINS = ("clicks[0]", "clicks[1]")
NAMES = ("binomial", "decoy-z", "chi-square", "cusum", "bartlett-spectrum")
COLUMNS = ("clicks[0]", "clicks[1]", "sifted[0]", "qber[0]", "temperature")


def blocks(rng, count, window=1):
    """Rows of honest blocks with all columns."""
    size = count * window
    clicks = rng.poisson([5000, 1000], (size, 2)).astype(float)
    sifted = rng.binomial(clicks[:, 0].astype(int), 0.5)
    qber = rng.binomial(sifted, 0.02) / sifted
    return np.column_stack([clicks, sifted, qber, rng.normal(20, 0.1, size)]).reshape(count, -1)


def within(count, trials, prob, sigmas=3):
    return abs(count - trials * prob) <= sigmas * np.sqrt(trials * prob * (1 - prob))


# What all exact tests keep to


@pytest.mark.parametrize("window", [1, 5])
@pytest.mark.parametrize("name", NAMES)
def test_copies_and_files_say_the_same(name, window):
    rng = np.random.default_rng(1)
    normal, fresh = blocks(rng, 60, window), blocks(rng, 9, window)
    watch = get(name).estimator("one-class", COLUMNS, window)
    fitted = clone(watch).fit(normal)
    again = clone(fitted).fit(normal)
    stored = pickle.loads(pickle.dumps(fitted))
    decided = fitted.decision_function(fresh)
    assert decided.shape == (9,)
    assert np.isfinite(decided).all()
    for other in (again, stored):
        np.testing.assert_array_equal(other.decision_function(fresh), decided)
    np.testing.assert_array_equal(fitted.predict(fresh), np.where(decided >= 0, 1, -1))


@pytest.mark.parametrize("name", NAMES)
def test_telemetry_that_never_changes_teaches_nothing(name):
    constant = np.tile([5000.0, 1000.0, 2500.0, 0.02, 20.0], (30, 1))
    with pytest.raises(InvalidInput, match=r"^telemetry must vary from block to block"):
        get(name).estimator("one-class", COLUMNS).fit(constant)


@pytest.mark.parametrize("name", ["chi-square", "cusum", "bartlett-spectrum"])
def test_a_constant_that_changes_is_a_deviation(name):
    rng = np.random.default_rng(2)
    for value in (0.0, 5.0, -1e6):
        normal = blocks(rng, 50)
        normal[:, 4] = value
        watch = get(name).estimator("one-class", COLUMNS).fit(normal)
        same, other = blocks(rng, 1), blocks(rng, 1)
        same[:, 4] = value * (1 + 1e-12)
        other[:, 4] = value + max(abs(value), 1) * 1e-3
        assert watch.predict(same).tolist() == [1]
        assert watch.predict(other).tolist() == [-1]


@pytest.mark.parametrize("name", ["binomial", "decoy-z"])
def test_tests_that_need_names_say_so(name):
    watch = get(name).make("one-class")
    with pytest.raises(InvalidInput, match=r"^columns must name the features"):
        watch.fit(blocks(np.random.default_rng(1), 20))
    with pytest.raises(InvalidInput, match=r"^telemetry must have the columns"):
        get(name).estimator("one-class", ("temperature",))
    short = get(name).estimator("one-class", COLUMNS[:4])
    with pytest.raises(InvalidInput, match=r"^columns must be as many as features, 5, but are 4"):
        short.fit(blocks(np.random.default_rng(1), 20))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("rate", [0.0, 0.6, -1.0])
def test_false_alarm_rates_must_be_rates(name, rate):
    watch = get(name).estimator("one-class", COLUMNS).set_params(false_alarm_rate=rate)
    with pytest.raises(InvalidInput, match="false_alarm_rate must be above 0 and at most"):
        watch.fit(blocks(np.random.default_rng(1), 20))


@pytest.mark.parametrize("name", ["binomial", "decoy-z", "cusum", "bartlett-spectrum"])
def test_windows_must_fit(name):
    watch = get(name).estimator("one-class", COLUMNS, 3)
    with pytest.raises(InvalidInput, match=r"^X must hold 3 blocks in a row"):
        watch.fit(np.random.default_rng(1).normal(size=(20, 16)))


# Binomial


@given(
    trials=st.integers(1, 300),
    share=st.floats(0, 1),
    prob=st.floats(0.001, 0.6),
)
def test_tails_are_those_of_exact_arithmetic(trials, share, prob):
    errors = round(share * trials)
    part, whole = prob.as_integer_ratio()
    terms = (comb(trials, k) * part**k * (whole - part) ** (trials - k) for k in range(errors, trials + 1))
    exact = log(sum(terms)) - trials * log(whole)
    found = log_tail(np.array([float(errors)]), np.array([float(trials)]), np.array([prob]))[0]
    assert found == pytest.approx(exact, rel=1e-9, abs=1e-9)


def test_tails_too_small_for_floating_point_numbers_keep_their_order():
    errors = np.arange(2000.0, 4000.0)
    tails = log_tail(errors, np.full(2000, 1e4), np.full(2000, 0.02))
    assert np.isfinite(tails).all()
    assert (np.diff(tails) < 0).all()


def test_binomial_alarms_no_more_often_than_asked_and_nearly_as_often():
    rng = np.random.default_rng(3)
    draw = lambda count: np.column_stack([np.full(count, 1000.0), rng.binomial(1000, 0.02, count) / 1000])  # noqa: E731
    test = BinomialTest(columns=BITS, error_prob=0.02).fit(draw(100))
    limit = int(binom.isf(0.01, 1000, 0.02)) + 1  # the fewest errors whose tail is at most 1 %
    assert binom.sf(limit - 1, 1000, 0.02) <= 0.01 < binom.sf(limit - 2, 1000, 0.02)
    assert test.predict([[1000, (limit - 1) / 1000], [1000, limit / 1000]]).tolist() == [1, -1]
    alarms = np.count_nonzero(test.predict(draw(40_000)) == -1)
    assert within(alarms, 40_000, binom.sf(limit - 1, 1000, 0.02))


def test_error_rates_are_pooled_over_blocks_of_unequal_size():
    rows = [[100, 0.1], [900, 0.02], [1000, 0.03]]
    test = BinomialTest(columns=BITS).fit(rows)
    assert test.error_probs_.tolist() == pytest.approx([(10 + 18 + 30 + 0.5) / 2001])


def test_several_intensities_are_counted_together():
    columns = ("sifted[0]", "sifted[1]", "qber[0]", "qber[1]")
    rng = np.random.default_rng(4)

    def draw(count):
        errors = rng.binomial([2000, 300], [0.02, 0.05], (count, 2))
        return np.column_stack([np.full((count, 2), [2000.0, 300.0]), errors / [2000, 300]])

    test = BinomialTest(columns=columns).fit(draw(3000))
    np.testing.assert_allclose(test.error_probs_, [0.02, 0.05], rtol=0.02)
    row = [[2000, 300, 0.03, 0.06]]
    expected = binom.logsf(
        60 + 18 - 1, 2300, (2000 * test.error_probs_[0] + 300 * test.error_probs_[1]) / 2300
    )
    assert test.score_samples(row)[0] == pytest.approx(expected)
    assert np.mean(test.predict(draw(20_000)) == -1) < 0.01  # Hoeffding: at most the binomial's


def test_windows_are_one_long_block():
    window = get("binomial").estimator("one-class", BITS, 2)
    rng = np.random.default_rng(5)
    rows = np.column_stack(
        [
            np.full(40, 100.0),
            rng.binomial(100, 0.02, 40) / 100,
            np.full(40, 300.0),
            rng.binomial(300, 0.02, 40) / 300,
        ]
    )
    window.fit(rows)
    errors = 100 * rows[:, 1] + 300 * rows[:, 3]
    np.testing.assert_allclose(
        window.score_samples(rows),
        log_tail(np.rint(errors), np.full(40, 400.0), np.full(40, window.error_probs_[0])),
    )


def test_nothing_sifted_is_no_evidence():
    test = BinomialTest(columns=BITS).fit([[100, 0.02], [100, 0.03], [100, 0.0]])
    assert test.score_samples([[0, 0.5]]).tolist() == [0.0]


@pytest.mark.parametrize(
    ("sifted", "fraction", "ceiling"), [(200, 0.2, 0.9580), (1000, 0.1, 0.9862), (1000, 0.2, 0.9999)]
)
def test_bayes_rule_reaches_the_exact_ceiling_on_intercepted_bits(sifted, fraction, ceiling):
    """The ceiling is half the sum over counts of the larger probability; all counts go through the rule."""
    honest, attacked = 0.02, 0.02 + fraction / 4 * 0.96
    errors = np.arange(sifted + 1)
    laws = np.array([binom.pmf(errors, sifted, prob) for prob in (honest, attacked)])
    best = laws.max(axis=0).sum() / 2
    assert best == pytest.approx(ceiling, abs=5e-5)
    rng = np.random.default_rng(6)
    counts = [rng.binomial(sifted, prob, 2000) for prob in (honest, attacked)]
    train = np.column_stack([np.full(4000, sifted), np.concatenate(counts) / sifted])
    rule = BinomialClassifier(columns=BITS).fit(train, np.repeat(["normal", "resent"], 2000))
    told = rule.predict(np.column_stack([np.full(sifted + 1, sifted), errors / sifted]))
    accuracy = (laws[0] @ (told == "normal") + laws[1] @ (told == "resent")) / 2
    assert best - 2e-4 <= accuracy <= best + 1e-12


def test_probabilities_are_bayes():
    rule = BinomialClassifier(columns=BITS).fit([[200, 0.02], [200, 0.07], [200, 0.03]], ["a", "b", "a"])
    known = binom.pmf(8, 200, rule.error_probs_[:, 0]) * [2 / 3, 1 / 3]
    np.testing.assert_allclose(rule.predict_proba([[200, 0.04]]), [known / known.sum()], rtol=1e-9)
    copy = clone(rule).fit([[200, 0.02], [200, 0.07], [200, 0.03]], ["a", "b", "a"])
    np.testing.assert_array_equal(copy.predict_proba([[200, 0.04]]), rule.predict_proba([[200, 0.04]]))


# Decoys


def test_decoy_z_is_the_textbook_value_for_photon_number_splitting():
    """The gain of the decoy falls from 1.00e-3 to .778e-3 of 1e6 pulses: -7.0 standard deviations."""
    rng = np.random.default_rng(7)
    test = DecoyTest(columns=GAINS).fit(rng.poisson([4990, 1000], (20_000, 2)))
    gain_0, gain_1, ratio = test.z_values([[4990, 1000 * (1 - 0.3 * 0.74)]])[0]
    assert gain_0 == pytest.approx(0, abs=0.05)
    assert gain_1 == pytest.approx(-7.0, abs=0.1)
    assert ratio == pytest.approx(-222 / np.sqrt(1000 * (1 + 1000 / 4990)), abs=0.1)


def test_ratios_do_not_drift_with_the_loss():
    rng = np.random.default_rng(8)
    loss = np.exp(0.1 * rng.normal(size=(3000, 1)))
    drifting = rng.poisson(np.array([[50_000, 10_000]]) * loss)
    test = DecoyTest(columns=GAINS).fit(drifting[:1500])
    assert (test.spreads_[:2] > 5).all()  # ten per cent of the gain, against half a per cent of counting
    assert test.spreads_[2] == pytest.approx(1, abs=0.1)
    assert np.mean(test.predict(drifting[1500:]) == -1) < 0.02
    split = drifting[1500:] * [1.0, 0.9]
    assert np.mean(test.predict(split) == -1) > 0.99  # a tenth less of the decoy


def test_decoy_alarms_are_as_rare_as_asked():
    rng = np.random.default_rng(9)
    test = DecoyTest(columns=GAINS).fit(rng.poisson([5000, 1000], (4000, 2)))
    rate = np.mean(test.predict(rng.poisson([5000, 1000], (50_000, 2))) == -1)
    assert 0.006 < rate < 0.0115  # Sidak's inequality: two of the three values are correlated


def test_an_intensity_that_never_clicked_may_click():
    columns = (*GAINS, "clicks[2]")
    rng = np.random.default_rng(10)
    normal = np.column_stack([rng.poisson([5000, 1000], (100, 2)), np.zeros(100)])
    test = DecoyTest(columns=columns).fit(normal)
    assert test.predict([[5000, 1000, 0], [5000, 1000, 40], [0, 0, 0]]).tolist() == [1, -1, -1]


# Chi-square


@pytest.mark.parametrize(("features", "correlation"), [(4, 0.0), (4, 0.7), (12, 0.0)])
def test_chi_square_alarms_as_often_as_asked(features, correlation):
    rng = np.random.default_rng(11)
    root = np.linalg.cholesky((1 - correlation) * np.eye(features) + correlation)
    rates = [
        np.mean(
            ChiSquareTest()
            .fit(rng.normal(size=(400, features)) @ root.T)
            .predict(rng.normal(size=(1000, features)) @ root.T)
            == -1
        )
        for _ in range(100)
    ]
    assert abs(np.mean(rates) - 0.01) < 3 * np.std(rates) / 10


def test_chi_square_of_many_rows_is_the_law_of_the_name():
    rng = np.random.default_rng(12)
    normal = rng.normal(3, 2, (200_000, 3))
    test = ChiSquareTest().fit(normal)
    assert -test.offset_ == pytest.approx(chi2.isf(0.01, 3), rel=1e-3)
    rows = rng.normal(3, 2, (50, 3))
    squares = (((rows - normal.mean(axis=0)) / normal.std(axis=0)) ** 2).sum(axis=1)
    np.testing.assert_allclose(-test.score_samples(rows), squares, rtol=0.02)
    np.testing.assert_allclose(test.p_values(rows), chi2.sf(-test.score_samples(rows), 3), rtol=0.02)


def test_chi_square_sees_what_only_the_correlation_forbids():
    rng = np.random.default_rng(13)
    root = np.linalg.cholesky([[1.0, 0.95], [0.95, 1.0]])
    test = ChiSquareTest().fit(rng.normal(size=(400, 2)) @ root.T)
    assert test.shrinkage_ < 0.05
    assert test.predict([[1.5, 1.5], [1.5, -1.5]]).tolist() == [1, -1]


def test_more_features_than_rows_are_no_obstacle():
    rng = np.random.default_rng(14)
    test = ChiSquareTest().fit(rng.normal(size=(12, 20)))
    assert test.predict([np.zeros(20), np.full(20, 30.0)]).tolist() == [1, -1]


@pytest.mark.parametrize(
    ("means", "area", "found"),
    [
        ([0, 0.983, 0.95, 0.379], 0.9995, 0.989),
        ([0, 0.863, 1.0, 0.303], 1.0, 1.0),
        ([12.05, 0.527, 1.0, 0.400], 1.0, 1.0),
    ],
)
def test_attacks_on_continuous_variables_at_published_strengths(means, area, found):
    """Block means at the strengths of Mao et al. (2020); noise of 9000 and 1000 symbols."""
    normal = np.array([0, 1.0128, 1.0, 0.4005])
    spread = np.array(
        [normal[1] ** 0.5 / 9000**0.5, normal[1] * (2 / 9000) ** 0.5, 0.01, 0.4105 * (2 / 1000) ** 0.5]
    )
    rng = np.random.default_rng(15)
    test = ChiSquareTest().fit(normal + spread * rng.normal(size=(1000, 4)))
    honest = test.score_samples(normal + spread * rng.normal(size=(4000, 4)))
    attacked = test.score_samples(np.array(means) + spread * rng.normal(size=(4000, 4)))
    above = np.mean(honest[:, None] > attacked[None, ::4])
    rate = np.mean(attacked < np.quantile(honest, 0.01))
    assert above == pytest.approx(area, abs=2e-3)
    assert rate == pytest.approx(found, abs=0.02)


# CUSUM


@pytest.mark.parametrize(
    ("reference", "decision"),
    [(0.25, 8.01), (0.5, 4.77), (0.75, 3.34), (1.0, 2.52), (1.25, 1.99), (1.5, 1.61)],
)
def test_two_sided_run_lengths_are_those_of_the_standard_table(reference, decision):
    """Hawkins, J. Qual. Technol. 25 (1993): limits, to two decimals, for 370 blocks between false alarms."""
    lengths = [average_run_length(reference, decision + off) / 2 for off in (-0.01, 0.01)]
    assert lengths[0] < 370.4 < lengths[1]


@pytest.mark.parametrize(
    ("shift", "length"), [(0.0, 168.0), (0.25, 74.2), (0.5, 26.6), (0.75, 13.3), (1.0, 8.38), (2.0, 3.34)]
)
def test_run_lengths_are_those_of_lucas_and_crosier(shift, length):
    """Two-sided, reference .5, decision 4: Technometrics 24, 199 (1982), as in Montgomery's textbook."""
    sides = [average_run_length(0.5, 4.0, sign * shift) for sign in (1, -1)]
    assert 1 / sum(1 / side for side in sides) == pytest.approx(length, rel=4e-3)


def test_long_run_lengths_follow_siegmund():
    """Sequential Analysis (1985), 2.56: (exp(2 k b) - 2 k b - 1) / 2 k^2 with b = h + 1.166."""
    for reference, decision in [(0.25, 8.0), (0.5, 5.0)]:
        b = decision + 1.166
        known = (np.exp(2 * reference * b) - 2 * reference * b - 1) / (2 * reference**2)
        assert average_run_length(reference, decision) == pytest.approx(known, rel=0.02)


def test_alarm_probabilities_agree_with_runs():
    rng = np.random.default_rng(16)
    steps = rng.normal(size=(25, 100_000))
    current, highest = np.zeros(100_000), np.zeros(100_000)
    for step in steps:
        current = np.maximum(current + step - 0.5, 0)
        highest = np.maximum(highest, current)
    for limit in (2.0, 4.0):
        assert within(np.count_nonzero(highest >= limit), 100_000, alarm_prob(0.5, limit, 25))


def test_one_block_is_a_z_test():
    assert decision_interval(0.5, 1, 0.005) == pytest.approx(norm.isf(0.005) - 0.5, abs=1e-6)
    assert decision_interval(2.0, 1, 0.3) < 1e-5  # no step is as large so often: any rise is an alarm


def test_cusum_alarms_as_often_as_asked_and_finds_a_shift_that_no_block_shows():
    rng = np.random.default_rng(17)
    watch = CumulativeSum(window=25).fit(rng.normal(size=(1000, 50)))
    fresh = rng.normal(size=(20_000, 50))
    assert within(
        np.count_nonzero(watch.predict(fresh) == -1), 20_000, 0.01, sigmas=4
    )  # the scale is estimated
    single = norm.isf(0.01 / 2 / 50)  # of tests block by block
    for sign in (1, -1):
        shifted = rng.normal(size=(500, 25, 2))
        shifted[:, 10:, 1] += 1.5 * sign  # from the eleventh block on
        rows = shifted.reshape(500, 50)
        assert np.mean(watch.predict(rows) == -1) > 0.95
        assert np.mean(np.abs(rows).max(axis=1) > single) < 0.3


# Bartlett


def test_spectrum_is_that_of_scipy():
    rng = np.random.default_rng(18)
    normal = rng.normal(5, 3, (40, 35))
    watch = BartlettSpectrum(window=35, segment=8).fit(normal)
    row = rng.normal(5, 3, 35)
    scaled = (row - normal.mean()) / normal.std(ddof=1)
    segments = scaled[3:].reshape(4, 8)
    _, power = periodogram(segments, detrend=False, scaling="density")
    power[:, 1:-1] /= 2  # scipy adds the negative frequencies
    np.testing.assert_allclose(watch.spectrum(row[None])[0, :, 0], power.mean(axis=0), rtol=1e-10)


@pytest.mark.parametrize("window", [1, 5, 32])
def test_white_noise_has_a_flat_spectrum_and_alarms_as_asked(window):
    rng = np.random.default_rng(19)
    watch = BartlettSpectrum(window=window).fit(rng.normal(size=(3000, 2 * window)))
    np.testing.assert_allclose(watch.normal_spectrum_, 1, atol=0.12)
    fresh = rng.normal(size=(20_000, 2 * window))
    assert within(
        np.count_nonzero(watch.predict(fresh) == -1), 20_000, 0.01, sigmas=4
    )  # the scale is estimated


def test_a_planted_tone_is_found_where_it_is_and_the_mean_test_is_blind_to_it():
    rng = np.random.default_rng(20)
    normal = rng.normal(size=(300, 64))
    watch = BartlettSpectrum(window=64).fit(normal)
    mean = get("chi-square").estimator("one-class", ("transmittance",), 64).fit(normal)
    tone = np.cos(2 * np.pi * np.arange(64) / 4)
    fresh = rng.normal(size=(4000, 64)) + tone
    spectrum = watch.spectrum(fresh).mean(axis=0)[:, 0]
    assert spectrum.argmax() == 2  # two periods in a segment of eight blocks
    assert spectrum[2] == pytest.approx(1 + 8 / 4, rel=0.02)  # noise, and squared amplitude times length / 4
    alone = np.count_nonzero(watch.spectrum(fresh)[:, 2, 0] / watch.normal_spectrum_[2, 0] > watch.limits_[2])
    limit = watch.limits_[2] * watch.normal_spectrum_[2, 0] * np.var(normal, ddof=1)
    assert within(alone, 4000, ncx2.sf(16 * limit, 16, 16 * 8 / 4))
    assert np.count_nonzero(watch.predict(fresh) == -1) >= alone
    assert np.mean(mean.predict(fresh) == -1) < 0.05


def test_slow_drift_of_normal_windows_is_no_alarm():
    rng = np.random.default_rng(21)

    def drifting(count):
        noise = rng.normal(size=(count, 64))
        for block in range(1, 64):
            noise[:, block] = 0.9 * noise[:, block - 1] + np.sqrt(1 - 0.81) * noise[:, block]
        return noise

    watch = BartlettSpectrum(window=64).fit(drifting(500))
    assert watch.normal_spectrum_[0, 0] > 5 > 1 > watch.normal_spectrum_[-1, 0]
    assert np.mean(watch.predict(drifting(2000)) == -1) < 0.03
