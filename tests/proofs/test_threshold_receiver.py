"""Threshold detectors: photons counted one by one, and the photon-number bound of the flag-state squasher."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from noclone.core.errors import InvalidInput
from noclone.link.detection import DetectionModel
from noclone.proofs.library.threshold_receiver import (
    ThresholdReceiver,
    multiple,
    symmetric_power,
)
from noclone.protocols.four_states import BASES


def fock(state, photons):
    """Return n photons in one polarisation, shape (n + 1,)."""
    alone = symmetric_power(np.outer(state, state.conj()), photons)
    return np.linalg.eigh(alone)[1][:, -1]


@pytest.mark.parametrize("choice", ["active", "passive"])
@pytest.mark.parametrize("photons", range(4))
def test_elements_are_a_measurement(choice, photons):
    receiver = ThresholdReceiver(
        {"z": 0.6, "x": 0.4}, choice, efficiencies={("z", 1): 0.7, ("x", 0): 0.9}, dark_count_prob=0.01
    )
    elements = receiver.elements(photons)
    assert np.allclose(sum(elements.values()), np.eye(photons + 1))
    assert min(np.linalg.eigvalsh(each)[0] for each in elements.values()) > -1e-14


@pytest.mark.parametrize("photons", range(4))
def test_active_choice_agrees_with_the_links_detection_model(photons):
    receiver = ThresholdReceiver(
        {"z": 0.5, "x": 0.5}, efficiencies={(b, i): (0.4, 0.3)[i] for b in "zx" for i in (0, 1)},
        dark_count_prob=0.02,
    )  # fmt: skip
    model = DetectionModel(1.0, 0.4, dark_count_prob=0.02, efficiency_mismatch=0.75)
    elements = receiver.elements(photons)
    for sent, bit, own in np.ndindex(2, 2, 2):
        state = fock(BASES["zx"[sent]][bit], photons)
        expected = model.patterns(photons, sent, bit, own)
        for name, column in (("0", 1), ("1", 2), ("01", 3)):
            got = (state.conj() @ elements[f"{'zx'[own]}{name}"] @ state).real
            assert got == pytest.approx(0.5 * expected[column], abs=1e-14)


def test_passive_choice_counts_photon_by_photon():
    # Two photons in H and one in V, symmetrised: each ordering sends each photon to a detector of its own.
    receiver = ThresholdReceiver({"z": 0.6, "x": 0.4}, "passive")
    detectors = list(product("zx", (0, 1)))
    expected = dict.fromkeys(receiver.patterns, 0.0)
    kets = {(b, i): np.sqrt({"z": 0.6, "x": 0.4}[b]) * BASES[b][i] for b, i in detectors}
    orders = [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    for chosen in product(detectors, repeat=3):
        amplitude = sum(np.prod([kets[d][p].conj() for d, p in zip(chosen, o, strict=True)]) for o in orders)
        clicked = set(chosen)
        bases = {b for b, _ in clicked}
        name = "cross click" if len(bases) > 1 else min(bases) + "".join(str(i) for _, i in sorted(clicked))
        expected[name] += abs(amplitude) ** 2 / 3
    elements = receiver.elements(3)
    assert {name: elements[name][1, 1].real for name in expected} == pytest.approx(expected, abs=1e-12)


def test_floor_of_active_bb84_in_closed_form():
    # max <P_z + P_x>/2 over n photons is (1 + s)/2, s the largest singular value of the overlaps 2^(-n/2).
    receiver = ThresholdReceiver({"z": 0.5, "x": 0.5})
    for n, expected in ((1, 0), (2, 0), (3, 0.25), (4, 0.25), (5, 0.375), (6, 0.375)):
        assert receiver.multi_click_floor(n) == pytest.approx(expected, abs=1e-9)


def test_cross_clicks_of_a_passive_choice_do_not_depend_on_the_state():
    # Each of n photons goes to Z by itself with probability p: 1 - p^n - (1-p)^n.
    elements = ThresholdReceiver({"z": 0.7, "x": 0.3}, "passive").elements(3)
    assert np.allclose(elements["cross click"], (1 - 0.7**3 - 0.3**3) * np.eye(4))


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0.05, 0.95), st.floats(0.3, 1.0), st.floats(0.3, 1.0), st.sampled_from(["active", "passive"])
)
def test_more_photons_never_click_less(share, first, second, choice):
    receiver = ThresholdReceiver(
        {"z": share, "x": 1 - share}, choice, efficiencies={("z", 0): first, ("x", 1): second}
    )
    floors = []
    for n in range(1, 6):
        elements = receiver.elements(n)
        total = sum(elements[name] for name in receiver.patterns if multiple(name))
        floors.append(np.linalg.eigvalsh(total)[0])
    assert np.all(np.diff(floors) > -1e-12)


def test_bad_input_is_named():
    with pytest.raises(InvalidInput, match="sum to 1"):
        ThresholdReceiver({"z": 0.5, "x": 0.4})
    with pytest.raises(InvalidInput, match="one is 'w'"):
        ThresholdReceiver({"w": 1.0})
    with pytest.raises(InvalidInput, match="which is no detector"):
        ThresholdReceiver({"z": 0.5, "x": 0.5}, efficiencies={("y", 0): 0.5})
