"""Photon-number splitting, watched by the clicks and errors of signal and decoy."""

from __future__ import annotations

from noclone.learn.split_photons import RIGHT, UNSIFTED, WRONG, task

TASK = task(
    "pns-decoys",
    "Photon-number splitting of 30 % of the pulses, by the clicks and errors of signal and decoy",
    ("clicks[0]", "clicks[1]", "sifted[0]", "sifted[1]", "qber[0]", "qber[1]"),
    [(intensity, click) for intensity in (0, 1) for click in (UNSIFTED, RIGHT, WRONG)],
)
