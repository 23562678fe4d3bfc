"""DPS: its two bounds, and where each ends."""

import numpy as np
import pytest

from noclone.link import FixedLoss
from noclone.protocols.dps import DifferentialPhaseShift


def link_at(transmittance, intensity, **bob):
    link, _ = DifferentialPhaseShift.typical(0)
    changes = {"efficiency": 1.0, "dark_count_prob": 0.0, "misalignment": 0.01} | bob
    return link.replaced(
        {
            "alice": link.alice.with_arrays({"intensities[0]": intensity}),
            "channel": FixedLoss(loss_db=0).with_arrays({"loss_db": -10 * np.log10(transmittance)}),
            "bob": link.bob.with_arrays(changes),
        }
    )


def test_reference_row_within_the_second_order_of_its_gains():
    # reference_rates.csv: .000829435669 at eta .01, mu .222, p 1e-8, e 1 %, f 1.16, with added dark counts.
    found = DifferentialPhaseShift().rate(link_at(0.01, 0.222, dark_count_prob=1e-8)).rate_per_pulse
    assert found == pytest.approx(0.000829435669079343, rel=2e-5)


def test_no_key_above_the_threshold():
    protocol = DifferentialPhaseShift(f_ec=1.0)
    errors = np.array([0.0608, 0.0610])
    # Light so weak that beam splitting tells nothing and clicks never coincide.
    rates = protocol.rate(link_at(1e-3, 1e-7, misalignment=errors)).rate_per_pulse
    assert rates[0] > 0
    assert rates[1] == 0


def test_best_intensity_for_individual_attacks():
    # The optimum of the notes, .222 at eta = .01 and 1 % errors.
    mu = np.linspace(0.1, 0.4, 3001)
    rates = DifferentialPhaseShift().rate(link_at(0.01, mu, dark_count_prob=1e-8)).rate_per_pulse
    assert mu[rates.argmax()] == pytest.approx(0.222, abs=2e-3)


def test_coherent_attacks_cost_an_order_of_the_transmittance():
    protocol, best = DifferentialPhaseShift(bound="mizutani-2019", f_ec=1.0), []
    for transmittance in (1e-2, 1e-4):
        mu = transmittance * np.logspace(-3, 0, 4001)
        best.append(protocol.rate(link_at(transmittance, mu, misalignment=0.005)).rate_per_pulse.max())
    assert best[0] / best[1] == pytest.approx(1e4, rel=0.03)
    assert best[1] > 0


def test_coherent_bound_is_below_the_individual_one():
    mu = np.logspace(-6, -1, 200)
    link = link_at(0.05, mu)
    assert (
        DifferentialPhaseShift(bound="mizutani-2019").rate(link).rate_per_pulse
        <= DifferentialPhaseShift().rate(link).rate_per_pulse
    ).all()
