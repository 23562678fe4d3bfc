"""Two-way rounds: a message crosses the channel twice, a control stops after the first crossing."""

from __future__ import annotations

from noclone.link import Link
from noclone.protocols.protocol import Floats
from noclone.rates.threshold_detection import record_of_photons

NAMES = ("returned", "wrong", "control", "control wrong")


def control_statistics(link: Link, messages: Floats, controls: Floats) -> dict[str, Floats]:
    """Return the probabilities per round of message bits and of control results, and of errors among them.

    Parameters
    ----------
    link : Link
        Whose channel a message crosses twice.
    messages, controls : ndarray, shape (...)
        Shares of the rounds that are messages, and that are controls which can be compared.
    """
    rows = []
    for share, (transmittance,) in link.segments():
        parts = []
        for weight, passes in ((messages, 2), (controls, 1)):
            bob = link.detectors("bob", passes)
            right, wrong = (
                record_of_photons(1, transmittance**passes * bob.efficiency, each, bob.dark_count_prob)
                for each in (1.0 - bob.misalignment, bob.misalignment)
            )
            parts += [weight * (right + wrong), weight * wrong]
        rows.append([share * part for part in parts])
    return dict(zip(NAMES, (sum(column) for column in zip(*rows, strict=True)), strict=True))
