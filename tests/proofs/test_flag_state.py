"""Flag-state squasher: the qubit's closed form, never above the qubit squasher, and what that cannot do."""

import contextlib
import csv
import io
import re
from functools import reduce
from math import comb
from pathlib import Path

import numpy as np
import pytest

import noclone
from noclone.core.errors import InvalidInput
from noclone.proofs.case import collective
from noclone.proofs.library.flag_state import FLAGGED, flag_observations, flag_state
from noclone.proofs.library.lossy import with_loss
from noclone.proofs.library.squashing import recorded, squashing_rule
from noclone.proofs.library.threshold_receiver import ThresholdReceiver
from noclone.proofs.observations import Observations
from noclone.proofs.proving import prove_declared
from noclone.protocols.declaration import depolarising
from noclone.protocols.four_states import bb84_declaration
from noclone.rates.entropy import binary_entropy

BB84 = bb84_declaration(0.5)
BASES = {"z": 0.5, "x": 0.5}
KINDS = [("active", 2), ("passive", 1)]


def clones(state, photons):
    """Return n photons that the optimal cloner makes of one (Keyl and Werner, 1999)."""
    ones = np.array([bin(index).count("1") for index in range(2**photons)])
    dicke = np.array([(ones == k) / np.sqrt(comb(photons, k)) for k in range(photons + 1)])
    if photons == 0:
        return np.trace(state).reshape(1, 1)
    whole = reduce(np.kron, [state] + [np.eye(2)] * (photons - 1))
    return 2 / (photons + 1) * dicke @ whole @ dicke.T


def clicks(receiver, shares, qber, declared=BB84):
    """Return the joint probabilities of signals and patterns if n photons arrive with these shares."""
    table = {}
    for sent, signal in declared.signals.items():
        state = depolarising(2 * qber)(signal.emitted)
        for photons, share in enumerate(shares):
            for pattern, element in receiver.elements(photons).items():
                prob = share * float(np.trace(element @ clones(state, photons)).real)
                table[sent, pattern] = table.get((sent, pattern), 0.0) + prob
    # Patterns that cannot occur do so with a probability of exactly 0.
    return {event: round(prob, 15) for event, prob in table.items()}


def proved(declared, seen):
    return prove_declared(declared, seen, title="test", leak_bits=0.0, security=collective())


def flagged(receiver, photons, table, rule=None):
    declared = flag_state(BB84, receiver, photons, rule)
    return proved(declared, flag_observations(declared, receiver, photons, table, rule))


def squashed(receiver, table):
    lossy = with_loss(BB84)
    return proved(lossy, Observations.full(lossy, recorded(squashing_rule(receiver), table)))


@pytest.mark.parametrize(("choice", "photons"), KINDS)
@pytest.mark.parametrize("arriving", [1.0, 0.3])
def test_single_photons_give_the_closed_form(choice, photons, arriving):
    receiver = ThresholdReceiver(BASES, choice)
    table = clicks(receiver, (1 - arriving, arriving), 0.05)
    proof = flagged(receiver, photons, table)
    exact = 0.5 * arriving * float(1 - binary_entropy(0.05))
    # Probabilities of 0 have large multipliers, for which the bound allows more rounding.
    assert exact - 1e-7 < proof.entropy_bits <= exact


@pytest.mark.parametrize(("choice", "photons"), KINDS)
def test_never_above_the_qubit_squasher_and_nearer_with_fewer_photons(choice, photons):
    receiver = ThresholdReceiver(BASES, choice)
    rule = squashing_rule(receiver)
    lost = []
    for several in (0.03, 0.01, 0.001):
        table = clicks(receiver, (0.5, 0.5 - several, several / 2, several / 2), 0.03)
        qubit, flags = squashed(receiver, table), flagged(receiver, photons, table, rule)
        assert flags.entropy_bits <= qubit.value_bits + 1e-9
        lost.append(qubit.entropy_bits - flags.entropy_bits)
    assert lost[0] > lost[1] - 1e-8 > lost[2] - 2e-8
    assert lost[2] < 1e-3


def test_patterns_that_are_kept_apart_can_beat_the_squasher():
    # Only the flag-state squasher sees that errors come from double clicks.
    receiver = ThresholdReceiver(BASES, "passive")
    table = clicks(receiver, (0.5, 0.47, 0.03), 0.03)
    assert flagged(receiver, 2, table).entropy_bits > squashed(receiver, table).entropy_bits + 1e-3


def test_unequal_detectors_and_unbalanced_passive_choices_are_covered():
    receiver = ThresholdReceiver({"z": 0.9, "x": 0.1}, "passive", efficiencies={("x", 1): 0.8})
    proof = flagged(receiver, 1, clicks(receiver, (0.5, 0.49, 0.01), 0.02))
    assert 0 < proof.entropy_bits < 0.5 * 0.5
    assert proof.gap < 1e-7


def test_active_six_state_has_a_proof_without_a_squasher():
    from noclone.protocols.six_state import SixState

    receiver = ThresholdReceiver(dict.fromkeys("zxy", 1 / 3))
    declared = SixState(basis_prob=1 / 3).declaration()
    flags = flag_state(declared, receiver, 1)
    assert flags.moments[FLAGGED].trace() == 9
    proof = proved(flags, flag_observations(flags, receiver, 1, clicks(receiver, (0.5, 0.5), 0.05, declared)))
    kept, _ = declared.kept_and_wrong(depolarising(0.1))
    # Bruss, PRL 81, 3018 (1998): the six-state rate, and what error correction takes off it.
    secret = 1 + 0.925 * np.log2(0.925) + 0.075 * np.log2(0.025) + float(binary_entropy(0.05))
    assert proof.entropy_bits == pytest.approx(0.5 * kept * secret, abs=1e-6)
    assert proof.entropy_bits <= 0.5 * kept * secret
    assert proof.verify()


def test_too_few_photons_are_refused():
    with pytest.raises(InvalidInput, match="2 photons need not trip two detectors"):
        flag_state(BB84, ThresholdReceiver(BASES), 1)
    with pytest.raises(InvalidInput, match="which the receiver does not record"):
        flag_state(BB84, ThresholdReceiver({"z": 1 / 3, "y": 2 / 3}, "passive"), 1)


PAGE = (Path(__file__).parents[2] / "docs" / "proofs.md").read_text(encoding="utf-8")
SHOWN = re.findall(
    r"<!-- This block is run by the tests.*?-->\n```python\n(.*?)```\n```text\n(.*?)```", PAGE, re.DOTALL
)


@pytest.mark.parametrize("what", ["flag_observations", "tail_order", "CertificateBank"])
def test_the_page_prints_what_it_says(what):
    ((code, expected),) = [each for each in SHOWN if what in each[0]]
    said, names = io.StringIO(), {}
    with contextlib.redirect_stdout(said):
        exec(code, names)
    assert said.getvalue() == expected
    if "proof" in names:
        assert names["proof"].gap < 1e-7


def test_the_page_says_what_the_evidence_says_of_the_bank():
    path = Path(__file__).parents[2] / "evidence" / "results" / "certificate_bank.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    share = [float(row["bank_rate"]) / float(row["direct_rate"]) for row in rows]
    said = (
        f"gives {100 * np.median(share):.1f} % of the direct rate in the median and {100 * min(share):.1f} %"
    )
    assert f"Of {len(share)} random points" in PAGE
    assert said in PAGE


def test_the_page_proves_a_setup():
    code = next(block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "nc.load(" in block)
    names = {"nc": noclone}
    exec(code, names)
    assert names["proof"].rate > 0
    assert names["proof"].decoys["rates"]
