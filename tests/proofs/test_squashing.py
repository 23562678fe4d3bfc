"""Squashing maps: their existence is decided here by the positivity of their Choi operators."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.proofs.library.squashing import recorded, squashing_rule
from noclone.proofs.library.threshold_receiver import NO_CLICK, ThresholdReceiver
from noclone.protocols.declaration import depolarising
from noclone.protocols.four_states import bb84_declaration

TWO = {"z": 0.5, "x": 0.5}
THREE = {"z": 1 / 3, "x": 1 / 3, "y": 1 / 3}
PAULI = {"z": np.diag([1, -1]), "x": np.array([[0, 1], [1, 0]]), "y": np.array([[0, -1j], [1j, 0]])}


def squashed_elements(receiver, photons, rule):
    """Return the receiver's elements after Bob's rule."""
    found = {}
    for pattern, element in receiver.elements(photons).items():
        for kind, share in rule[pattern].items():
            found[kind] = found.get(kind, 0) + share * element
    return found


def images(receiver, photons, rule):
    """Return what the adjoint of a squashing map would make of each Pauli operator that is measured."""
    found = squashed_elements(receiver, photons, rule)
    for basis, prob in receiver.bases.items():
        assert np.allclose(found[f"{basis}0"] + found[f"{basis}1"], prob * np.eye(photons + 1))
    return {basis: (found[f"{basis}0"] - found[f"{basis}1"]) / prob for basis, prob in receiver.bases.items()}


def choi_floor(operators):
    """Return the least eigenvalue of the Choi operator of the adjoint map."""
    size = len(next(iter(operators.values())))
    total = np.eye(2 * size, dtype=complex)
    for basis, image in operators.items():
        # A map with these images of Pauli operators has the Choi operator 1/2 sum P^T x image.
        total += np.kron(PAULI[basis].T, image)
    return np.linalg.eigvalsh(total)[0]


@pytest.mark.parametrize("photons", range(2, 8))
def test_passive_choice_has_a_map_for_two_and_three_bases(photons):
    for bases in (TWO, THREE):
        receiver = ThresholdReceiver(bases, "passive")
        assert choi_floor(images(receiver, photons, squashing_rule(receiver))) > -1e-12


@pytest.mark.parametrize("photons", range(1, 7))
def test_active_bb84_has_a_map(photons):
    # The image of Y is free: alternating projections find one (Bauschke and Borwein, 1996).
    receiver = ThresholdReceiver(TWO)
    found = images(receiver, photons, squashing_rule(receiver))
    size = photons + 1
    fixed = np.eye(2 * size) + np.kron(PAULI["z"].T, found["z"]) + np.kron(PAULI["x"].T, found["x"])
    free = np.zeros((size, size), complex)
    for _ in range(20000):
        whole = fixed + np.kron(PAULI["y"].T, free)
        levels, vectors = np.linalg.eigh(whole)
        if levels[0] > -1e-6:
            return
        positive = (vectors * levels.clip(0)) @ vectors.conj().T
        blocks = positive.reshape(2, size, 2, size)
        free = np.einsum("ab,biaj->ij", PAULI["y"].T, blocks) / 2
        free = (free + free.conj().T) / 2
    pytest.fail(f"least eigenvalue {levels[0]}")


def test_active_six_state_has_none_at_three_photons_and_is_refused():
    draw = {f"{b}01": {f"{b}{bit}": 0.5 for bit in (0, 1)} for b in "zxy"}
    receiver = ThresholdReceiver(THREE)
    rule = {pattern: {pattern: 1.0} for pattern in receiver.patterns} | draw
    assert choi_floor(images(receiver, 1, rule)) > -1e-12
    assert choi_floor(images(receiver, 3, rule)) < -0.4
    with pytest.raises(InvalidInput, match="must be at most 2 for a squashing map with an active choice"):
        squashing_rule(receiver)


def test_unequal_passive_choice_is_refused():
    with pytest.raises(InvalidInput, match="equally likely"):
        squashing_rule(ThresholdReceiver({"z": 0.9, "x": 0.1}, "passive"))


def test_unequal_detectors_are_refused():
    with pytest.raises(InvalidInput, match="must be equal"):
        squashing_rule(ThresholdReceiver(TWO, efficiencies={("z", 1): 0.5}))


def test_one_photon_is_the_qubit_measurement():
    declared = bb84_declaration(0.8)
    receiver = ThresholdReceiver({"z": 0.8, "x": 0.2})
    for name, outcome in declared.outcomes.items():
        assert np.allclose(receiver.elements(1)[name], outcome.element)
    table = declared.joint(depolarising(0.2))
    seen = recorded(squashing_rule(receiver), table)
    assert {event: prob for event, prob in seen.items() if event[1] != NO_CLICK} == pytest.approx(table)
