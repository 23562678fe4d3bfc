import numpy as np
import pytest

from noclone.sampling import photons
from noclone.sampling.pulses import PulseSettings


@pytest.fixture(scope="session")
def bb84():
    """Return a builder of settings over (intensity, Alice's basis, her bit, Bob's basis)."""

    def build(photon_rows, row_probs, basis_prob):
        row, sent_basis, sent_bit, measured_basis = np.indices((len(photon_rows), 2, 2, 2)).reshape(4, -1)
        basis = np.array([basis_prob, 1 - basis_prob])
        return PulseSettings(
            probs=np.array(row_probs)[row] * basis[sent_basis] * 0.5 * basis[measured_basis],
            photon_probs=photon_rows[row],
            sent_basis=sent_basis,
            sent_bit=sent_bit,
            measured_basis=measured_basis,
            signal=row == 0,
        )

    return build


@pytest.fixture(scope="session")
def decoy(bb84):
    """Return decoy-state settings with intensities 0.5, 0.15 and 0.001."""
    return bb84(photons.poisson([0.5, 0.15, 0.001]), [0.6, 0.25, 0.15], 0.9)
