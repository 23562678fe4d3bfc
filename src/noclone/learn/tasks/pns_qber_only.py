"""Photon-number splitting, watched by the signal's errors alone: nothing there tells of it."""

from __future__ import annotations

from noclone.learn.split_photons import RIGHT, WRONG, task

TASK = task(
    "pns-qber-only",
    "Photon-number splitting of 30 % of the pulses, by the signal's sifted bits and their errors",
    ("sifted[0]", "qber[0]"),
    [(0, RIGHT), (0, WRONG)],
)
