"""Bad input: one sentence that names what is wrong and by how much."""

import dataclasses
import re

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.proofs.library.channels import amplitude_damping, rotation, symmetric_errors
from noclone.proofs.library.mubs import mub_declaration
from noclone.proofs.library.pairs import of_pair
from noclone.proofs.observations import Observation, Observations
from noclone.proofs.proving import prove
from noclone.proofs.sensitivities import sensitivity
from noclone.proofs.spans import from_overlaps, spanned
from noclone.proofs.sweeps import sweep
from noclone.proofs.thresholds import threshold
from noclone.protocols.bell_relay import bell_relay_declaration
from noclone.protocols.declaration import Declaration, Outcome, Reading, Signal, Symmetry, depolarising
from noclone.protocols.four_states import bb84_declaration
from noclone.protocols.mdi import MDI
from noclone.protocols.six_state import SixState

BB84 = bb84_declaration(0.5)
TABLE = BB84.joint(depolarising(0.1))


def refused(action, *parts):
    with pytest.raises(InvalidInput) as caught:
        action()
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    for part in parts:
        assert re.search(part, sentence), sentence


def test_statistics_that_no_channel_gives():
    """They contradict each other, lie outside the Bloch sphere, or are no probabilities."""
    unequal = {**TABLE, ("z0", "z0"): TABLE["z0", "z0"] + 0.001, ("z1", "z0"): TABLE["z1", "z0"] - 0.001}
    refused(lambda: prove(BB84, unequal), "observation '.*' contradicts the others", "off by 0.001")
    outside = BB84.joint(depolarising(0.001))
    for sent, sign in (("z0", 1), ("z1", -1)):
        outside[sent, "x0"] += 0.02 * sign
        outside[sent, "x1"] -= 0.02 * sign
    refused(lambda: prove(BB84, outside), "contradict each other", r"0\.\d+")
    errors = {"qber_z": 0.01, "qber_x": 0.01, "qber_y": 0.3}
    refused(lambda: prove("six-state-pairs", **errors), "contradict each other", r"0\.\d+")
    negative = Observations((Observation("errors in z", {("z0", "z1"): 1.0}, -0.01, -0.01),))
    refused(lambda: prove(BB84, negative, leak_bits=0.0), "errors in z|observations", r"0\.\d+")


def test_a_table_that_is_none():
    refused(lambda: prove(BB84, {**TABLE, ("z0", "z0"): 0.2}), "observations must sum to 1, but sum to 1.08")
    refused(lambda: prove(BB84, {("z0", "z0"): 1.0}), "observations lack the pair")
    refused(lambda: prove(BB84, {**TABLE, ("z9", "z0"): 0.0}), "z9.*which the protocol lacks")
    moved = {**TABLE, ("z0", "z1"): -0.01, ("z0", "z0"): TABLE["z0", "z0"] + TABLE["z0", "z1"] + 0.01}
    refused(lambda: prove(BB84, moved), "must not be negative, but one is -0.01")


def test_counts_that_are_none():
    counts = dict.fromkeys(TABLE, 1000)
    refused(lambda: prove(BB84, {**counts, ("z0", "z1"): 10.5}), r"\('z0', 'z1'\).*but is 10.5")
    refused(lambda: prove(BB84, {**counts, ("z0", "z1"): -3}), "whole number from 0, but is -3")
    empty = {event: 0 if event[0] == "z0" else 1000 for event in TABLE}
    refused(lambda: prove(BB84, empty), "signal 'z0' must not all be 0")


def test_a_measurement_that_does_not_sum_to_one():
    outcomes = {**BB84.outcomes, "x1": Outcome(BB84.outcomes["x1"].element * 0.9, "x")}
    refused(lambda: dataclasses.replace(BB84, outcomes=outcomes), "outcomes", "sum to the identity", "0.025")


def test_a_matrix_that_is_not_hermitian_and_one_that_is_not_positive():
    skew = BB84.outcomes["z0"].element + np.array([[0, 0.01], [0, 0]])
    outcomes = {**BB84.outcomes, "z0": Outcome(skew, "z")}
    refused(
        lambda: dataclasses.replace(BB84, outcomes=outcomes), r"outcomes\['z0'\]", "Hermitian", r"up to 0\.01"
    )
    outcomes = {
        **BB84.outcomes,
        "z0": Outcome(np.diag([0.6, -0.1]).astype(complex), "z"),
        "z1": Outcome(np.diag([-0.1, 0.6]).astype(complex), "z"),
    }
    refused(
        lambda: dataclasses.replace(BB84, outcomes=outcomes),
        r"outcomes\['z0'\]",
        "positive",
        "eigenvalue -0.1",
    )


def test_a_rule_that_names_what_nobody_announces():
    refused(
        lambda: dataclasses.replace(BB84, bits={**BB84.bits, ("y", "z0"): 0}),
        r"bits\[\('y', 'z0'\)\]",
        "'y', which no signal announces",
    )
    refused(
        lambda: dataclasses.replace(BB84, bits={**BB84.bits, ("z", "y0"): 0}), "'y0', which is no outcome"
    )


def test_states_and_probabilities():
    z0 = BB84.signals["z0"]
    for change, parts in (
        ({"state": np.array([1.0, 0.1])}, (r"signals\['z0'\].state", "length 1, but has 1.00498756")),
        ({"prob": 0.3}, ("signals", "sum to 1, but they sum to 1.05")),
        ({"prob": -0.1}, (r"signals\['z0'\].prob", "but is -0.1")),
    ):
        signals = {**BB84.signals, "z0": dataclasses.replace(z0, **change)}
        refused(lambda signals=signals: dataclasses.replace(BB84, signals=signals), *parts)


def test_names_and_numbers():
    refused(lambda: prove("six-stat", qber=0.05), "six-stat", "did you mean six-state")
    refused(lambda: prove("gg02", qber=0.05), "gg02", "is not known")
    refused(lambda: prove("six-state", qber=0.9), r"qber must lie in \[0, 0.5\], but is 0.9")
    refused(lambda: prove("six-state", qber="a"), "qber must be a number, but is 'a'")
    refused(lambda: prove("six-state", dephase=0.1), "dephase is not known; did you mean dephasing")
    refused(lambda: prove("six-state"), "observations must be given once")
    refused(lambda: prove(BB84, TABLE, depolarising=0.1), "given 2 times")
    refused(lambda: prove("bb84", qber=0.05, dephasing=0.1), "qber already describes a channel")
    refused(lambda: prove("six-state", qber=0.05, basis_prob=1.2), "protocol.basis_prob", "1.2")
    refused(lambda: prove("six-state", qber=0.05, f_ec=0.9), "f_ec must be at least 1, but is 0.9")
    refused(lambda: prove("mub", dimension=4, bases=2, qber=0.1), "dimension must be a prime, but is 4")
    refused(lambda: prove("mub", dimension=3, bases=5, qber=0.1), "bases must be from 2 to 4, but are 5")
    refused(lambda: prove("mub", dimension=3, bases=2), "qber is missing")
    refused(lambda: prove("mub", dimension=3, bases=2, qber=0.1, colour=1), "colour is not known")
    refused(lambda: prove("mub", TABLE, dimension=3, bases=2, qber=0.1), "follow from the parameters")
    refused(lambda: prove("bb84-pairs", qber_z=1.5, qber_x=0), "error rate of basis 0", "but is 1.5")
    refused(lambda: prove(3, qber=0.1), "protocol must be a name.*but is int")
    refused(lambda: prove(BB84, TABLE, leak_bits=-1.0), "leak_bits must be at least 0, but is -1")
    refused(lambda: prove(BB84, Observations.error_rates(BB84, TABLE)), "leak_bits must be given")
    refused(lambda: prove(SixState(), qber=0.1, leak_bits=0.1), "leak_bits follows from the channel")
    refused(lambda: mub_declaration(3, 2, 1.0), "key_prob must lie between 0 and 1, but is 1")


def test_spaces_and_states_that_do_not_fit():
    refused(
        lambda: prove(MDI.typical(0.0)[1].declaration(), rotation=0.1), "rotation acts on qubits.*dimension 4"
    )
    refused(lambda: amplitude_damping(1.2), r"amplitude_damping must lie in \[0, 1\], but is 1.2")
    refused(lambda: rotation(float("nan")), "rotation must be a finite angle")
    refused(lambda: symmetric_errors(0.7, 3), "qber must lie in .*0.666667.*but is 0.7")
    refused(lambda: from_overlaps(np.array([[1, 2], [2, 1]])), "eigenvalue -1")
    refused(lambda: from_overlaps(np.array([[1, 0.1], [0.2, 1]])), "Hermitian.*0.1")
    refused(lambda: bell_relay_declaration(0.5, ("phi+",)), "announced must be different ones of")
    refused(lambda: prove("mdi", qber=0.6), r"qber must lie in \[0, 0.5\], but is 0.6")
    lone = dataclasses.replace(
        BB84,
        signals={
            **BB84.signals,
            "z0": dataclasses.replace(BB84.signals["z0"], prob=0.05),
            "z1": dataclasses.replace(BB84.signals["z1"], prob=0.45),
        },
    )
    refused(lambda: of_pair(lone), "average to the completely mixed state.*off by 0.4")
    refused(lambda: of_pair(bell_relay_declaration(0.5)), "states of Alice's alone")


def test_lists_are_as_good_as_arrays():
    """And give the same proof."""
    plain = Declaration(
        {
            name: Signal(each.prob, each.state.tolist(), each.bit, each.announced)
            for name, each in BB84.signals.items()
        },
        {name: Outcome(each.element.tolist(), each.announced) for name, each in BB84.outcomes.items()},
        BB84.bits,
        {"z": [[1, 0], [0, -1]]},
        symmetries=[Symmetry([[1, 0], [0, 1]], [[1, 0], [0, 1]])],
    )
    seen = Observations.of_channel(plain, depolarising(0.1))
    assert prove(plain, seen).rate == pytest.approx(prove(BB84, TABLE).rate, abs=1e-8)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Signal("half", [1, 0], 0, ""), "prob must be a number, but is 'half'"),
        (lambda: Signal(float("nan"), [1, 0], 0, ""), "prob must be a finite number, but is nan"),
        (lambda: Signal(0.5, "zero", 0, ""), "state must be an array of numbers, but is 'zero'"),
        (lambda: Signal(0.5, [1, [0]], 0, ""), "state must be an array of numbers"),
        (lambda: Signal(0.5, [1, 0], "a", ""), "bit must be a whole number from 0, but is 'a'"),
        (lambda: Signal(0.5, [1, 0], 0.5, ""), "bit must be a whole number from 0, but is 0.5"),
        (lambda: Signal(0.5, [1, 0], -1, ""), "bit must be a whole number from 0, but is -1"),
        (lambda: Signal(0.5, [1, 0], 0, 3), "announced must be text, but is 3"),
        (lambda: Signal(0.5, [1, 0], 0, "", 0.5), "prepared must be a whole number"),
        (lambda: Reading([[1, None]], 0, ""), "element must be an array of numbers"),
        (lambda: Outcome(None, ""), "element must be an array of numbers, but is None"),
        (lambda: Symmetry("a", [[1]]), "alice must be an array of numbers"),
        (lambda: Observation("a", [1], 0, 1), "observation 'a' must have weights by"),
        (lambda: Observation("a", {("z0", "z0"): 1.0}, "low", 1), "observation 'a' must be a number"),
        (lambda: Observations([1, 2]), "items must be a tuple of Observation"),
        (lambda: Observations((), radius="a"), "radius must be a number from 0 up, but is 'a'"),
    ],
)
def test_the_parts_of_a_declaration_refuse_other_types(make, sentence):
    refused(make, sentence)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"bits": {"0": 0}}, r"bits\['0'\] must be named by a pair"),
        ({"bits": {("z", "z0"): 0.5}}, r"bits\[\('z', 'z0'\)\] must be a whole number from 0, but is 0.5"),
        ({"bits": [0]}, "bits must be a mapping by name, but is list"),
        ({"signals": list(BB84.signals.values())}, "signals must be a mapping by name, but is list"),
        (
            {"signals": {"z0": (1.0, [1, 0], 0, "z")}},
            r"signals\['z0'\] must be a Signal or Reading, but is tuple",
        ),
        ({"signals": {0: BB84.signals["z0"]}}, r"signals\[0\] must have text as its name"),
        ({"outcomes": {"z0": np.eye(2)}}, r"outcomes\['z0'\] must be a Outcome, but is ndarray"),
        ({"outcomes": {"a": Outcome([[np.nan, 0], [0, 1]], "")}}, "must have finite numbers, but has .*nan"),
        ({"outcomes": {"a": Outcome([1, 0], "")}}, r"must be a square matrix, but has shape \(2,\)"),
        ({"moments": {"n": "a"}}, r"moments\['n'\] must be an array of numbers"),
        ({"symmetries": 3}, "symmetries must be a tuple of Symmetry"),
        ({"reconciliation": 3}, "reconciliation must be 'direct' or 'reverse', but is 3"),
    ],
)
def test_a_declaration_refuses_other_types(changes, sentence):
    refused(lambda: dataclasses.replace(BB84, **changes), sentence)


def test_bits_are_bits_where_both_send():
    relay = bell_relay_declaration(0.5)
    bits = dict.fromkeys(relay.bits, 2)
    refused(lambda: dataclasses.replace(relay, bits=bits), "bits must be 0 or 1")


def test_nearly_alike_states_are_told_from_dependent_ones():
    pair = {"a": Signal(0.5, [1, 0], 0, ""), "b": Signal(0.5, [1, 1e-10], 1, "")}
    outcomes = {"only": Outcome(np.eye(2), "")}
    refused(
        lambda: Declaration(pair, outcomes, {("", "only"): 0}),
        "span their space of dimension 2, but in 1 of its directions none is longer than 1e-09",
    )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: prove(BB84, [0.1] * 16), "seen must be Observations or a mapping .*, but is list"),
        (lambda: prove(BB84, np.full((4, 4), 1 / 16)), "seen must be .* but is ndarray"),
        (lambda: prove(BB84, {**TABLE, ("z0", "z0"): "a"}), r"seen\[\('z0', 'z0'\)\] must be a number"),
        (lambda: prove(BB84, {**TABLE, ("z0", "z0"): np.nan}), "must be a finite number, but is nan"),
        (lambda: prove(BB84, {**TABLE, 3: 0.0}), "have the pair 3, which the protocol lacks"),
        (
            lambda: prove(BB84, {event: 100 * p for event, p in TABLE.items()}),
            "must be a whole number from 0, but is 11.875.*taken as counts, and probabilities sum to 1",
        ),
        (lambda: prove(BB84, channel=3), "channel must be a function of density matrices, but is 3"),
        (lambda: prove(BB84, channel=lambda state: None), "channel must give a matrix of numbers"),
        (
            lambda: prove(BB84, channel=lambda state: np.kron(state, np.eye(2))),
            r"channel must lead from 2 to 2 dimensions, but gives the shape \(4, 4\)",
        ),
        (lambda: prove(BB84, channel=lambda state: np.eye(3) @ state), "channel fails on a 2 x 2 matrix"),
        (lambda: prove(BB84, channel=lambda state: state * np.nan), "channel must give finite numbers"),
        (lambda: prove(lambda qber: None, qber=0.1), "protocol must return a Case, but returns NoneType"),
        (lambda: prove(BB84, TABLE, barrier="x"), "barrier must be a number"),
        (lambda: prove(BB84, TABLE, barrier=0), "barrier must be above 0"),
        (lambda: prove(BB84, TABLE, title=3), "title must be text on one line, but is 3"),
        (lambda: prove(BB84, TABLE, block=3), "block must be a Block, but is int"),
        (lambda: prove(BB84, TABLE, leak_bits="a"), "leak_bits must be a number, but is 'a'"),
        (lambda: prove(BB84, TABLE, f_ec="a"), "f_ec must be a number, but is 'a'"),
        (lambda: prove(BB84, depolarising=1.5), r"depolarising must lie in \[0, 1\], but is 1.5"),
        (lambda: sweep("bb84", "qber", "abc"), "values must be a list of finite numbers"),
        (lambda: sweep("bb84", "qber", [0.1], workers=0), "workers must be at least 1, but is 0"),
        (lambda: sweep(BB84, "seen", [0.1]), "parameter 'seen' is no number"),
        (lambda: threshold("bb84", low="a"), "low must be a number, but is 'a'"),
        (lambda: threshold("bb84", tolerance=0), "tolerance must be above 0"),
        (lambda: threshold("bb84", "protocol"), "parameter 'protocol' is no number"),
        (lambda: threshold("bb84", qber=0.1), "qber cannot be both set and varied"),
        (lambda: sensitivity("bb84", "qber", qber="a"), "qber must be a number, but is 'a'"),
        (
            lambda: spanned({"a": Signal(1, [0, 0], 0, "")}),
            r"signals\['a'\].state must have length 1, but has 0",
        ),
        (lambda: spanned([np.zeros(2)]), "signals must be a mapping of Signal by name"),
        (lambda: from_overlaps([["a"]]), "overlaps must be a square matrix of finite numbers"),
        (lambda: prove("mdi", qber=0.01, announced="psi-"), "announced must be a list of Bell states"),
    ],
)
def test_plain_mistakes_are_one_sentence(make, sentence):
    refused(make, sentence)


def test_statistics_whose_certificate_exceeds_what_a_symbol_holds_are_refused(monkeypatch):
    """Where the solver fails and white noise does not help, what it found is no bound worth handing out."""
    from noclone.proofs import proving

    honest = proving.certify

    def too_high(*arguments):
        return dataclasses.replace(honest(*arguments), bound=1.0)

    def fails(*_):
        raise np.linalg.LinAlgError("singular")

    monkeypatch.setattr(proving, "certify", too_high)
    refused(lambda: prove(BB84, TABLE), "contradict each other: more follows")
    monkeypatch.setattr(proving, "minimise", fails)
    refused(lambda: prove(BB84, TABLE), r"observations are too ill-conditioned for the solver \(singular\)")
