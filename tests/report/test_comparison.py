"""Differences, their standard deviations and their explanations, against calculations of another kind."""

from __future__ import annotations

import dataclasses
import re
import shlex

import numpy as np
import pytest
from scipy.stats import binomtest, norm

import noclone as nc
from noclone.cli.options import load_setup
from noclone.rates.counts import DecoyCounts
from noclone.rates.key_terms import shannon_leak
from noclone.report.budget import run_terms, steps, true_single_photons
from noclone.report.comparison import experiment_pulses, key_spread, measured_figures, rows
from noclone.report.description import changes, command
from noclone.report.deviations import deviations


def row(result, name):
    return next(each for each in rows(result) if each.name == name)


def test_detections_are_apart_by_root_n(micius):
    found = row(micius, "detections")
    assert found.sigma == pytest.approx(np.sqrt(3_551_136), rel=1e-6)
    assert found.deviation == pytest.approx(
        (len(micius.simulated.bob) - 3_551_136) / np.sqrt(3_551_136), rel=1e-4
    )
    assert "by construction" in found.why


def test_the_spread_of_the_key_is_that_of_many_runs(micius):
    # One draw of all counts after the other, each event class for itself.
    counts, protocol = micius.expected.counts, micius.setup.protocol
    generator = np.random.default_rng(5)
    lengths = []
    for _ in range(300):
        errors = generator.poisson(counts.errors)
        detections = errors + generator.poisson(counts.detections - counts.errors)
        drawn = DecoyCounts(counts.intensities, counts.intensity_probs, detections, errors)
        terms = protocol.key_terms(
            drawn, shannon_leak(drawn, protocol.keyed, micius.alice.f_ec), micius.bound
        )
        lengths.append(float(terms.length))
    assert key_spread(micius, micius.alice.f_ec) == pytest.approx(np.std(lengths), rel=0.15)


def test_error_correction_and_chance_make_up_the_whole_difference(micius):
    why = row(micius, "key_bits").why
    whole, correction, chance = (
        float(text.replace("−", "-")) for text in re.findall(r"([+−][\d.]+) %", why)[:3]
    )
    assert correction + chance == pytest.approx(whole, abs=0.1)
    paid = nc.rate(micius.setup.replace({"protocol.f_ec": micius.alice.f_ec}))
    assert correction == pytest.approx(100 * float(paid.key_bits / micius.predicted.key_bits - 1), abs=0.06)


def test_the_model_meets_the_measured_length_where_the_row_says(micius):
    needed = float(re.search(r"at f = ([\d.]+)", row(micius, "key_bits").why)[1])
    model = nc.rate(micius.setup.replace({"protocol.f_ec": needed}))
    assert float(model.key_bits) == pytest.approx(300_939, rel=1e-3)


def test_a_shorter_run_is_compared_per_pulse(made):
    result = made(nc.load("micius-2017"), pulses=27_300_000_00)
    found = row(result, "detections")
    assert found.scale == pytest.approx(0.1)
    assert found.from_measured == pytest.approx(len(result.simulated.bob) / 355_113.6 - 1)
    assert "0.1 times" in row(result, "pulses").why
    changed = dataclasses.replace(result, setup=result.setup.replace({"run.pulses": 2_730_000_000}))
    assert experiment_pulses(changed) == 27_300_000_000
    assert measured_figures(changed)["key_bits"] == 300_939


def test_figures_of_another_link_are_not_compared(micius):
    farther = micius.setup.replace({"channel.loss_db": 36})
    assert not measured_figures(dataclasses.replace(micius, setup=farther))
    other_bound = micius.setup.replace({"protocol.bound": "wiesemann-2024"})
    assert measured_figures(dataclasses.replace(micius, setup=other_bound))


def test_an_attacked_run_is_not_compared_with_the_experiment(aborted):
    assert not measured_figures(aborted)
    assert "more than chance" in row(aborted, "qber").why
    assert "knows nothing of Eve" in row(aborted, "qber").why
    assert row(aborted, "key_bits").simulated is None


def test_an_asymptotic_preset_says_which_bound_decides(made):
    result = made(nc.load("gys-2004"), pulses=1e9)
    found = row(result, "key_bits")
    assert "vacuum-weak" in found.why
    assert "wiesemann-2024" in found.quantity
    assert not any(each.name == "key_bits_rigorous" for each in rows(result))


def test_approximate_statistics_are_named(short):
    assert "approximate formulas lim-2014" in row(short, "detections").why


def test_intervals_are_those_of_the_exact_binomial_test(micius):
    found = deviations(micius)
    for at in ((0, 0), (1, 1), (0, 2)):
        wrong, seen = int(micius.errors[at]), int(micius.detections[at])
        exact = binomtest(wrong, seen).proportion_ci(0.95, method="exact")
        assert found.error_bars[(0, *at)] == pytest.approx(exact.low, rel=1e-8)
        assert found.error_bars[(1, *at)] == pytest.approx(exact.high, rel=1e-8)
    # Bob's clicks of one class out of a quarter of the pulses times the class's share.
    assert found.gain[0, 2] == pytest.approx(micius.detections[0, 2] / (27.3e9 / 4 * 0.25))


def test_an_honest_run_agrees_and_an_attacked_one_does_not(micius, aborted):
    honest, attacked = deviations(micius), deviations(aborted)
    assert honest.largest < honest.limit == pytest.approx(norm.isf(0.005 / 12))
    assert attacked.largest > 100


def test_nothing_expected_and_nothing_seen_is_no_deviation(made):
    dark = nc.load("micius-2017").replace({"bob.dark_count_prob": 0.0})
    found = deviations(made(dark, pulses=1e8))
    assert (found.gain_sigmas[:, 2] == 0).all()
    assert np.isfinite(found.largest)


def test_the_budget_adds_up(micius, short):
    for result in (micius, short):
        budget = steps(result, result.alice)
        height = 0.0
        for step in budget:
            if step.level and height:
                assert height == pytest.approx(step.bits, abs=2)
            height = step.bits if step.level else height + step.bits
        assert sum(run_terms(result.alice).values()) == pytest.approx(result.alice.key_bits, abs=2)
        labels = [step.label for step in budget]
        assert labels[0] == "events with matching bases"
        assert labels[-1] == "key"
        charged = result.alice.ledger.charged_under("reconciliation")
        assert budget[labels.index("reconciliation")].bits == -charged


def test_the_truth_is_counted_event_by_event(short):
    records, keyed = short.simulated, short.setup.protocol.keyed
    counted = [0, 0]
    columns = (records.alice.basis, records.bob.basis, records.alice.intensity, records.photons)
    for hers, his, intensity, photons in zip(*(column[:200_000].tolist() for column in columns), strict=True):
        if hers == his and photons == 1 and keyed[hers][intensity]:
            counted[hers] += 1
    head = dataclasses.replace(
        records,
        alice=_head(records.alice),
        bob=_head(records.bob),
        photons=records.photons[:200_000],
    )
    assert true_single_photons(dataclasses.replace(short, simulated=head)).tolist() == counted
    assert true_single_photons(short)[0] >= float(short.alice.estimate.terms[0].single.sum())


def _head(record):
    names = [field.name for field in dataclasses.fields(record) if field.name != "run"]
    columns = {name: getattr(record, name)[:200_000] for name in names}
    return dataclasses.replace(record, **columns)


@pytest.mark.parametrize(
    "edits", [{}, {"channel.length_km": 20}, {"alice.intensities[1]": 0.2, "protocol.keyed_bases": "both"}]
)
def test_the_command_gives_the_setup_again(short, edits):
    setup = short.setup.replace(edits)
    words = shlex.split(command(dataclasses.replace(short, setup=setup)))
    assert words[:3] == ["noclone", "run", "lim-2014"]
    assert words[-4:] == ["--pulses", "1000000000", "--seed", "1"]
    wanted = [words[i + 1] for i, word in enumerate(words) if word == "--set"]
    again = load_setup("lim-2014", wanted)
    assert again.link == setup.link
    assert again.protocol == setup.protocol


def test_the_command_names_bound_attack_and_file(short, aborted):
    assert "--attack intercept-resend:fraction=1.0" in command(aborted)
    other = dataclasses.replace(short, bound="wiesemann-2024")
    assert "--bound wiesemann-2024" in command(other)
    own = dataclasses.replace(short, setup=dataclasses.replace(short.setup, name="my-link"))
    assert command(own).startswith("noclone run my-link.toml")
    assert changes(own.setup) == {}
