"""Learned key rates and learned choices of certificates: what is safe, and how it is measured."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.dummy import DummyRegressor

from noclone.core.errors import InvalidInput
from noclone.learn import surrogate_report as report
from noclone.learn import surrogate_sides as sides
from noclone.learn.certificate_choice import Completion, chosen
from noclone.learn.contenders import QUANTUM, UNENTANGLED
from noclone.learn.proven_points import ProvenPoints
from noclone.learn.surrogates import RateSurrogate, calibrated, estimates, fitted, rate_models
from noclone.learn.tasks.quaternary_key_rates import RANGES, key_rates
from noclone.proofs.bank import CertificateBank
from noclone.proofs.proving import prove_case
from noclone.proofs.subjects import case_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def homodyne():
    return key_rates("homodyne")


def test_estimates_are_the_parameters_of_the_channel(homodyne):
    wanted = homodyne.points * [0.2, 1, 1]
    np.testing.assert_allclose(estimates(homodyne.observed), wanted, rtol=1e-9)
    with pytest.raises(InvalidInput, match="observed must have shape"):
        estimates(homodyne.observed[:, :16])


def test_twin_has_as_many_weights_and_no_entangling_gate():
    models = {each.name: each for each in rate_models()}
    whole = models["variational-regressor"], models["variational-regressor, unentangled"]
    assert [each.side for each in whole] == [QUANTUM, UNENTANGLED]
    assert whole[0].space == whole[1].space
    first, second = (each.estimator["model"].example_circuit(9) for each in whole)
    assert first.qubits == second.qubits == 3
    assert first.n_weights == second.n_weights
    assert first.entangling > second.entangling == 0


def constant(decades):
    model = DummyRegressor(strategy="constant", constant=decades).fit([[0.0] * 3], [0.0])
    return RateSurrogate(model)


@pytest.mark.parametrize(("rows", "place"), [(199, 199), (399, 398), (50, 50)])
def test_margin_is_the_order_statistic_of_split_conformal_prediction(homodyne, rows, place):
    over = np.random.default_rng(1).normal(size=rows)
    safer = calibrated(constant(-2.0), homodyne.observed[:rows], 10 ** (-2 - over))
    assert safer.margin == pytest.approx(np.sort(over)[place - 1])
    assert safer.unproven_rates(homodyne.observed[:1])[0] == pytest.approx(10 ** (-2 - safer.margin))
    twice = calibrated(safer, homodyne.observed[:rows], 10 ** (-2 - over))
    assert twice.margin == pytest.approx(safer.margin)


def test_margin_keeps_its_promise_on_average(homodyne):
    random, model, missed = np.random.default_rng(2), constant(-2.0), []
    for _ in range(300):
        over = random.normal(size=200)
        safer = calibrated(model, homodyne.observed[:199], 10 ** (-2 - over[:199]))
        missed.append(over[199] > safer.margin)
    assert np.mean(missed) < 0.005 + 4 * np.sqrt(0.005 / 300)


def test_a_surrogate_learns_and_needs_positive_rates(homodyne):
    cubic = rate_models()[0]
    model = fitted(cubic, homodyne.observed[:300], homodyne.rates[:300], 2, 0)
    above = model.over_decades(homodyne.observed[300:500], homodyne.rates[300:500])
    assert np.median(np.abs(above)) < 0.02
    with pytest.raises(InvalidInput, match="rates must be positive"):
        fitted(cubic, homodyne.observed[:9], np.zeros(9), 2, 0)


@pytest.fixture(scope="module")
def bank():
    return CertificateBank.build("six-state", [{"qber": qber} for qber in (0.01, 0.04, 0.08)])


def test_any_choice_is_a_bound_that_verifies(bank):
    case = case_of("six-state", qber=0.05)
    upper = prove_case(case).value_bits - case.leak_bits
    rates = [chosen(bank, index).rate(case) for index in range(3)]
    assert max(rates) == bank.rate(case) < upper
    assert all(chosen(bank, index).proof(case).verify().accepted for index in range(3))
    for index in (-1, 3, 0.5):
        with pytest.raises(InvalidInput, match="index must be"):
            chosen(bank, index)


def test_any_multipliers_are_made_a_bound(bank):
    completion, random = Completion(bank), np.random.default_rng(3)
    case = case_of("six-state", qber=0.05)
    upper = prove_case(case).value_bits * case.share - case.leak_bits
    for number in range(40):
        index = number % 3
        guess = bank.multipliers[index] + 10 ** random.uniform(-6, 1) * random.normal(
            size=bank.multipliers.shape[1]
        )
        made = completion.certificate(index, guess)
        assert made.rate(case) < upper
        if number < 3:
            assert made.proof(case).verify().accepted
    own = completion.certificate(1, bank.multipliers[1])
    assert own.shifts[0] == pytest.approx(bank.shifts[1], abs=1e-8)
    for wrong in ([0.0], np.full(bank.multipliers.shape[1], np.nan)):
        with pytest.raises(InvalidInput, match="multipliers must be"):
            completion.certificate(0, wrong)


def test_report_holds_every_side_on_the_same_points(homodyne, monkeypatch):
    for module, name, few in ((report, "SOLVED", 1), (sides, "STORED", 1), (sides, "FEW", 30)):
        monkeypatch.setattr(module, name, few)
    held = {name: values[:140] for name, values in vars(homodyne).items() if name != "drawn"}
    points = ProvenPoints("homodyne", replace(homodyne, **held))
    rows = {row["side"]: row for row in report.surrogate_report(points, range(2), 100, rate_models()[:1])}
    assert list(rows)[:2] == ["cubic-ridge", "cubic-ridge, margin"]
    assert all(row["over_estimates"] == 0 for row in rows.values() if row["validity"] == "by construction")
    measured = [name for name, row in rows.items() if row["validity"] == "measured"]
    assert measured == ["cubic-ridge", "cubic-ridge, margin"]
    for name in ("nearest of 100", "likest state of 100", "best of 30"):
        assert rows[name]["tightness_mean"] <= rows["best of 100"]["tightness_mean"] + 1e-12
    assert rows["solver"]["tightness_low"] == pytest.approx(1, abs=1e-5)
    assert rows["best of 100"]["single_us"] < rows["solver"]["single_us"] / 10


def test_noisier_tests_are_noisier_than_all_that_is_proven(homodyne):
    points = ProvenPoints("homodyne", homodyne)
    have, test = points.noisier(0, 500)
    column = list(RANGES).index("excess_noise_snu")
    assert homodyne.points[have, column].max() < homodyne.points[test, column].min()
    have, test = points.alike(0, 500)
    assert sorted([*have, *test]) == list(range(len(homodyne)))
    with pytest.raises(InvalidInput, match="proven must lie"):
        points.alike(0, len(homodyne))


def test_the_page_shows_the_evidence():
    spec = importlib.util.spec_from_file_location("surrogates_evidence", ROOT / "evidence" / "surrogates.py")
    evidence = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evidence)
    page = (ROOT / "docs" / "surrogates.md").read_text(encoding="utf-8")
    for detection in evidence.DETECTIONS:
        for tests in evidence.TESTS:
            assert evidence.table(detection, tests) in page
    rows = evidence.load()
    assert all(float(row["over_estimates"]) == 0 for row in rows if row["validity"] == "by construction")
    assert len({row["seed"] for row in rows}) >= 5


def test_the_code_on_the_page_prints_what_it_says(capsys):
    page = (ROOT / "docs" / "surrogates.md").read_text(encoding="utf-8")
    code, printed = re.search(r"```python\n(.*?)```\n```text\n(.*?)```", page, re.DOTALL).groups()
    exec(code, {})
    assert capsys.readouterr().out == printed
