"""Optimal individual attacks against the papers' numbers and the attacks that reach them."""

import numpy as np
import pytest

from noclone.rates.entropy import binary_entropy
from noclone.rates.individual_attacks import (
    BB84_CROSSING,
    bb84_information,
    biased_bb84_information,
    crossing,
    intercept_resend_information,
    six_state_information,
)


def phi(z):
    """Fuchs et al. (1997) as they write it."""
    return (1 + z) * np.log2(1 + z) + (1 - z) * np.log2(1 - z)


def test_the_crossings_are_the_papers():
    """14.6 % of Fuchs et al.; 15.6 % of Bechmann-Pasquinucci and Gisin, PRA 59, 4238."""
    assert crossing(bb84_information) == pytest.approx((1 - 1 / np.sqrt(2)) / 2, abs=1e-12)
    assert pytest.approx(0.146447, abs=1e-6) == BB84_CROSSING
    assert crossing(six_state_information) == pytest.approx(0.15637, abs=5e-6)


def test_the_curve_of_fuchs():
    errors = np.linspace(0.001, 0.499, 50)
    theirs = phi(2 * np.sqrt(errors * (1 - errors))) / 2
    np.testing.assert_allclose(bb84_information(errors), theirs, rtol=1e-11)


def test_six_states_are_safer_than_four_at_every_error_rate():
    errors = np.linspace(0.001, 0.499, 50)
    assert (six_state_information(errors) < bb84_information(errors)).all()


def test_at_a_sixth_it_is_the_universal_cloner():
    """Its clones are right with 5/6; Eve's guess, knowing where Bob is wrong, with 1/6 + 5/6 * 4/5."""
    guessed_wrong = 5 / 6 * 0.2
    assert 1 - guessed_wrong == pytest.approx(5 / 6)  # no more than a clone of its own gives
    assert float(six_state_information(1 / 6)) == pytest.approx(1 - 5 / 6 * float(binary_entropy(0.2)))


@pytest.mark.parametrize(("bases", "most"), [(2, 0.25), (3, 1 / 3)])
def test_intercept_and_resend_stays_below(bases, most):
    best = {2: bb84_information, 3: six_state_information}[bases]
    errors = np.linspace(0.001, most, 50)
    line = intercept_resend_information(errors, bases)
    assert (line < best(errors)).all()
    assert line[-1] == pytest.approx(1 / bases)
    assert np.isnan(intercept_resend_information(most + 0.01, bases))


def test_errors_counted_together_are_no_limit_where_one_basis_is_rare():
    errors = np.array([0.0, 0.01, 0.05, 0.11, 0.3, 0.5])
    np.testing.assert_allclose(biased_bb84_information(errors, 0.5), bb84_information(errors), atol=1e-9)
    for prob in (0.1, 0.6, 0.9):
        pooled = biased_bb84_information(errors, prob)
        assert (pooled >= bb84_information(errors) - 1e-12).all()
        assert (np.diff(pooled) > 0).all()
        np.testing.assert_allclose(pooled, biased_bb84_information(errors, 1 - prob))
    # Measuring everything in the frequent basis makes every second bit of the rare one wrong.
    share = 0.9**2 / (0.9**2 + 0.1**2)
    assert biased_bb84_information((1 - share) / 2, 0.9) >= share


def test_pooled_optimum_against_a_grid():
    share = 0.7**2 / (0.7**2 + 0.3**2)
    rare = np.linspace(0, 0.5, 200_001)
    often = (0.08 - (1 - share) * rare) / share
    valid = (often >= 0) & (often <= 0.5)
    told = share * bb84_information(rare[valid]) + (1 - share) * bb84_information(often[valid])
    assert float(biased_bb84_information(0.08, 0.7)) == pytest.approx(told.max(), abs=1e-9)
