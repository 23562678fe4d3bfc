"""Photon-number splitting leaves the error rates as they are: who watches those alone, watches in vain."""

from pathlib import Path

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.learn.split_photons import ATTACK, SETUP, click_probs
from noclone.report.blind_watcher_figure import (
    FALSE_ALARM_RATE,
    PULSES,
    blind_and_seeing,
    blind_watcher_figure,
)

SHOWN = Path(__file__).parents[2] / "docs" / "images" / "pns-blind.svg"


@pytest.fixture(scope="module")
def sides():
    return blind_and_seeing()


def test_the_link_is_the_one_of_which_the_effect_is_known():
    """Gains of .5 and .1 photons after 50 km with Y0 = 1e-6: Q = 1 - (1 - Y0) exp(-mu / 100)."""
    gains = click_probs(None).sum(axis=1) / SETUP.protocol.intensity_probs
    known = 1 - (1 - 1e-6) * np.exp(-np.array([0.5, 0.1]) / 100)
    np.testing.assert_allclose(gains, known, rtol=1e-5)
    assert ATTACK.fraction == 0.3


def test_errors_do_not_tell_and_decoys_do(sides):
    errors, decoys = sides
    assert (errors.watcher, decoys.watcher) == ("binomial", "decoy-z")
    assert len(errors.normal) == len(errors.attacked) == 4000
    # Blind: the detection rate is the false-alarm rate within 3 sigma, and both are what was asked for.
    assert abs(errors.detected - errors.false_alarms) <= errors.three_sigma
    assert errors.three_sigma < 0.007
    assert abs(errors.detected - FALSE_ALARM_RATE) <= errors.three_sigma
    # Seeing: every attacked block lies more than 10 sigma from normal.
    assert decoys.attacked.min() > 10
    assert decoys.detected == 1
    assert abs(decoys.false_alarms - FALSE_ALARM_RATE) <= 0.007


def test_the_decoys_fall_as_far_as_the_formulas_say(sides):
    """Of n clicks to be expected, a share of .3 * (1 - .26) is missing: z = -.222 sqrt(n)."""
    clicks = PULSES * SETUP.protocol.intensity_probs[1] * (1 - (1 - 1e-6) * np.exp(-0.1 / 100))
    expected = 0.3 * (1 - 0.26) * np.sqrt(clicks)
    assert expected == pytest.approx(15.7, abs=0.05)
    # The watcher reports the largest of several z-values: the ratio's differs a little from the gain's.
    assert np.median(sides[1].attacked) == pytest.approx(expected, rel=0.02)


def test_the_error_rate_itself_is_what_it_was():
    """As large a share of the signal's sifted bits is wrong, to a hundredth of what one block can tell."""
    shares, sifted = [], []
    for eve in (None, ATTACK):
        _, right, wrong = click_probs(eve)[0]
        shares.append(wrong / (right + wrong))
        sifted.append((right + wrong) * PULSES)
    sigma = np.sqrt(shares[0] * (1 - shares[0]) / sifted[0])
    assert abs(shares[1] - shares[0]) < 0.01 * sigma


def test_the_picture_that_is_shown_is_the_one_that_is_drawn(sides, tmp_path):
    blind_watcher_figure(sides, tmp_path / "again.svg")
    text = (tmp_path / "again.svg").read_text()
    headings = [line for line in text.splitlines() if "of attacked blocks" in line or "apart (3" in line]
    assert len(headings) == 3
    for heading in headings:
        assert heading in SHOWN.read_text()
    with pytest.raises(InvalidInput, match=r"must end in \.svg or \.png"):
        blind_watcher_figure(sides, tmp_path / "again.pdf")
