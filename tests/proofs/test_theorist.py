"""The theorist's page: its protocol is short, runs as printed, and prints what the page says."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np

from noclone.proofs.proving import prove
from noclone.proofs.thresholds import threshold
from noclone.protocols.declaration import depolarising

PAGE = (Path(__file__).parents[2] / "docs" / "proofs.md").read_text(encoding="utf-8")


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
