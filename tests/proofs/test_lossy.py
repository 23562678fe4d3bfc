"""Lossy receivers: the statistics against the link's own detection model, the declaration by its parts."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link.detection import DetectionModel
from noclone.proofs.library.channels import symmetric_errors
from noclone.proofs.library.lossy import NO_CLICK, loss, with_loss
from noclone.protocols.four_states import bb84_declaration


def test_statistics_are_those_of_two_threshold_detectors_at_one_photon():
    # DetectionModel counts the patterns of each pair of bases; double clicks are drawn.
    declared = with_loss(bb84_declaration(0.7))
    table = declared.joint(loss(0.3, 0.02, symmetric_errors(0.04)))
    model = DetectionModel(0.5, 0.6, dark_count_prob=0.02, misalignment=0.04)
    shares = {"z": 0.7, "x": 0.3}
    for sent_basis, sent_bit, own in np.ndindex(2, 2, 2):
        patterns = model.patterns(1, sent_basis, sent_bit, own)
        name = "zx"[sent_basis]
        chance = shares[name] / 2 * shares["zx"[own]]
        for bit in (0, 1):
            seen = table[f"{name}{sent_bit}", f"{'zx'[own]}{bit}"]
            assert seen == pytest.approx(chance * (patterns[1 + bit] + patterns[3] / 2), abs=1e-15)
    none = sum(prob for (_, seen), prob in table.items() if seen == NO_CLICK)
    assert none == pytest.approx(0.7 * 0.98**2, abs=1e-15)


def test_without_loss_nothing_changes_but_the_name():
    declared = bb84_declaration(0.5)
    before = declared.joint(symmetric_errors(0.1))
    after = with_loss(declared).joint(loss(1.0, before=symmetric_errors(0.1)))
    assert {event: after[event] for event in before} == pytest.approx(before, abs=1e-15)
    assert max(prob for (_, seen), prob in after.items() if seen == NO_CLICK) == 0


def test_bad_input_is_named():
    with pytest.raises(InvalidInput, match="transmittance must lie in"):
        loss(1.2)
    lossy = with_loss(bb84_declaration(0.5))
    with pytest.raises(InvalidInput, match="no click"):
        with_loss(lossy)
