"""Counts of two records that hold the same pulses, as somebody who sees both would count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from noclone.records.record import AliceRecord, BobRecord


def tally(
    alice: AliceRecord, bob: BobRecord, intensities: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Count basis-matched events and errors (2, K) of two records that hold the same pulses."""
    matched = alice.basis == bob.basis
    classes = alice.basis[matched].astype(np.intp) * intensities + alice.intensity[matched]
    wrong = (alice.bit ^ bob.bit)[matched].astype(bool)
    detections = np.bincount(classes, minlength=2 * intensities).reshape(2, intensities)
    errors = np.bincount(classes[wrong], minlength=2 * intensities).reshape(2, intensities)
    return detections.astype(np.int64), errors.astype(np.int64)
