import numpy as np
import pytest

from noclone.sampling.pulses import PulseSettings


@pytest.fixture
def bb84():
    """Return a builder of BB84 settings from rows P(n), all intensities and bases equally likely."""

    def build(photon_rows):
        row, sent_basis, sent_bit, measured_basis = np.indices((len(photon_rows), 2, 2, 2)).reshape(4, -1)
        probs = np.full(len(row), 1 / len(row))
        return PulseSettings(probs, photon_rows[row], sent_basis, sent_bit, measured_basis, row == 0)

    return build


@pytest.fixture
def gain_and_error():
    """Return P(click) and the error rate of the sifted bits, double clicks settled by a coin."""

    def figures(table, rows):
        patterns, settings = table.by_setting(), table.settings
        rows = rows & (settings.sent_basis == settings.measured_basis)
        wrong = np.where(settings.sent_bit == 1, patterns[:, 1], patterns[:, 2]) + patterns[:, 3] / 2
        gain = 1 - patterns[rows, 0].mean()
        return gain, wrong[rows].mean() / gain

    return figures
