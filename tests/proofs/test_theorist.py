"""The theorist's page: its protocol is short, runs as printed, and prints what the page says."""

import contextlib
import csv
import io
import re
from pathlib import Path

import numpy as np

from noclone.proofs.proving import prove
from noclone.proofs.thresholds import threshold
from noclone.protocols.declaration import depolarising

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "proofs.md").read_text(encoding="utf-8")


def blocks(kind):
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)


def trine():
    names = {}
    code = next(block for block in blocks("python") if "trine = Declaration" in block)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(code, names)
    return names["trine"]


def test_the_new_protocol_takes_few_lines_and_prints_what_the_page_says():
    code = next(block for block in blocks("python") if "trine = Declaration" in block)
    lines = [line for line in code.splitlines() if line.strip() and not line.startswith(("import", "from"))]
    assert len(lines) <= 15
    shown = io.StringIO()
    names = {}
    with contextlib.redirect_stdout(shown):
        exec(code, names)
    assert shown.getvalue() == blocks("text")[0]
    assert "checked: True" in shown.getvalue()
    proof = names["proof"]
    assert proof.gap < 1e-7
    # If Bob's outcomes were announced, each would tell the bit.
    from dataclasses import replace

    outcomes = {name: replace(each, announced=name) for name, each in names["trine"].outcomes.items()}
    told = prove(replace(names["trine"], outcomes=outcomes), depolarising=0.05)
    assert told.rate < 0


def test_without_noise_the_trine_states_give_half_a_bit():
    """Every kept round is right and secret; half of them are kept."""
    quiet = prove(trine(), depolarising=0.0)
    kept, wrong = trine().kept_and_wrong(lambda state: state)
    assert np.isclose(kept, 0.5)
    assert np.isclose(wrong, 0.0)
    assert 0.5 - 1e-7 < quiet.rate < 0.5


def test_the_trine_states_stand_more_noise_than_their_error_rate_alone_would_prove():
    """Boileau et al., PRL 94, 040503 (2005): 9.81 % from the error rate."""
    end = threshold(trine(), "depolarising", low=0.1, high=0.3, tolerance=1e-6)
    kept, wrong = trine().kept_and_wrong(depolarising(end))
    assert wrong / kept > 0.0981
    assert "11.24 %" in PAGE
    assert round(100 * wrong / kept, 2) == 11.24


def test_the_other_lines_run():
    code = next(block for block in blocks("python") if "threshold(" in block)
    names = {"np": np, "proof": prove("six-state", qber=0.05)}
    exec(code.replace("21)", "3)"), names)
    assert len(names["found"].values) == 3


def test_finite_keys_print_what_the_page_says():
    code = next(block for block in blocks("python") if "preset = Block" in block)
    shown, names = io.StringIO(), {}
    with contextlib.redirect_stdout(shown):
        exec(code, names)
    assert shown.getvalue() == blocks("text")[1]
    # The numbers of the preset, which test_finite_norm_ball holds against the published ones.
    costs = {name: -bits for name, bits in names["proof"].adjustments}
    assert f"μ = {names['proof'].seen.radius - 1e-7:.9f}" in PAGE
    assert f"smoothing {costs['smoothing']:.10f}" in PAGE
    assert f"verification {costs['verification']:.4e}" in PAGE
    assert f"amplification {costs['amplification']:.4e}" in PAGE


def test_the_table_of_finite_keys_is_that_of_the_evidence():
    with (ROOT / "evidence" / "results" / "renyi_bb84.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    # Where the published tables end: Utils_data_*.jl in the public code of arXiv:2511.10584.
    published = {
        ("variable", "100000"): 10, ("variable", "10000000"): 30, ("variable", "1000000000"): 50,
        ("fixed", "100000"): 7, ("fixed", "1000000"): 14,
        ("fixed", "10000000"): 20, ("fixed", "1000000000"): 30,
    }  # fmt: skip
    assert {(row["length"], row["signals"]) for row in found} == set(published)
    for (length, signals), end in published.items():
        rates = {
            float(row["loss_db"]): float(row["rate"])
            for row in found
            if (row["length"], row["signals"]) == (length, signals)
        }
        last = max(loss for loss, rate in rates.items() if rate > 0)
        first = min(loss for loss, rate in rates.items() if rate <= 0)
        assert end <= last < first
        power = len(signals) - 1
        assert f"| {length} | 1e{power} | {last:g} | {rates[last]:.2g} | {first:g} | {end} |" in PAGE
