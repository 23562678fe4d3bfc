"""The tasks of predicting key rates: their labels against solver, known rates and capacity of the channel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from noclone.learn import all_tasks, run_task
from noclone.learn.certificate_choice import Completion
from noclone.learn.proven_points import ProvenPoints, case_at, features
from noclone.learn.tasks.quaternary_key_rates import LEAST_BITS, RANGES, KeyRates, key_rates, random_point
from noclone.proofs.bank import CertificateBank
from noclone.proofs.proving import prove_case

DETECTIONS = ("homodyne", "heterodyne")


@pytest.fixture(scope="module", params=DETECTIONS)
def points(request):
    return ProvenPoints(request.param, key_rates(request.param))


def some(points, count):
    held = {name: values[:count] for name, values in vars(points.known).items() if name != "drawn"}
    return ProvenPoints(points.detection, replace(points.known, **held))


def test_labels_are_certified_to_the_solver_gap_and_below_the_capacity_of_the_fibre(points):
    known = points.known
    assert len(known) == 2000
    assert known.rates.min() >= LEAST_BITS
    gap = known.uppers - known.rates
    assert (gap > 0).all()
    assert gap.max() < 2e-8
    # Pirandola et al., Nat. Commun. 8, 15043 (2017): -log2(1 - T)
    assert (known.uppers < -np.log2(1 - 10 ** (-0.02 * known.points[:, 0]))).all()
    low, high = np.array(list(RANGES.values())).T
    assert ((known.points >= low) & (known.points <= high)).all()


def test_labels_are_those_of_the_numbered_points(points):
    known = points.known
    drawn = [list(random_point(points.detection, number).values()) for number in range(known.drawn)]
    kept = [point for point in drawn if point in known.points.tolist()]
    np.testing.assert_array_equal(kept, known.points)
    case = some(points, 8).cases[7]
    # The labels come from the moments of uncut light; those of light below the cutoff differ by rounding.
    np.testing.assert_allclose(features(case.seen, known.points[7, 2]), known.observed[7], atol=1e-15)
    assert case.leak_bits == pytest.approx(known.leaks[7], abs=1e-12)
    assert prove_case(case).rate == pytest.approx(known.rates[7], abs=2e-8)


def test_every_stored_certificate_bounds_every_other_point(points):
    few = some(points, 300)
    entropies = few.values @ points.known.multipliers.T + points.known.shifts / np.log(2)
    rates = entropies - few.known.leaks[:, None]
    assert (rates <= few.known.uppers[:, None]).all()
    np.testing.assert_allclose(np.diag(rates), few.known.rates, atol=3e-8)


def test_a_stored_certificate_can_be_made_whole_and_verified(points):
    case, known = some(points, 4).cases[3], points.known
    completion = Completion(CertificateBank.of_proofs([points.first, prove_case(case)]))
    made = completion.certificate(1, known.multipliers[3])
    assert made.shifts[0] == pytest.approx(known.shifts[3], abs=1e-8)
    assert made.rate(case) == pytest.approx(known.rates[3], abs=2e-8)
    assert made.proof(case).verify().accepted


# Certified by a prototype of the solver, at the same cutoff; at most 6e-7 below the optimum.
@pytest.mark.parametrize(
    ("length_km", "noise", "amplitude", "rate"),
    [(20, 0.01, 0.8, 0.059001223), (20, 0.02, 0.78, 0.044869156), (50, 0.01, 0.72, 0.009996010)],
)
def test_the_bank_of_all_labels_is_near_and_below_known_rates(length_km, noise, amplitude, rate):
    points = ProvenPoints("heterodyne", key_rates("heterodyne"))
    bank = points.bank(np.arange(len(points.known)))
    found = bank.rate(case_at("heterodyne", length_km, noise, amplitude))
    assert 0.97 * rate < found < rate + 7e-7


def test_key_rates_survive_a_file(points):
    again = KeyRates.decoded(points.known.encoded())
    assert again.drawn == points.known.drawn
    for name, values in vars(points.known).items():
        np.testing.assert_array_equal(getattr(again, name), values)


@pytest.mark.parametrize("detection", DETECTIONS)
def test_task_states_what_it_reproduces(detection):
    task = all_tasks()[f"{detection}-key-rate"]
    assert "labels and ranges of our own" in task.source
    assert 1 - 1e-9 < task.ceiling(1) < 1
    data = task.draw(1)
    assert data.X.shape == (2000, 17)
    np.testing.assert_allclose(10**data.y, key_rates(detection).rates)


def test_task_runs():
    found = run_task(all_tasks()["heterodyne-key-rate"], budget=1, quick=True)
    assert {entry.name for entry in found.entries} >= {"variational-regressor", "ridge", "mlp"}
