"""The settings of BB84, shared by the tests of sampling and of attacks."""

import numpy as np

from noclone.sampling import photons
from noclone.sampling.pulses import PulseSettings


def settings(intensities, intensity_probs, basis_prob):
    """Return BB84 settings over (intensity, Alice's basis, her bit, Bob's basis), last fastest."""
    rows = photons.single()[None] if intensities is None else photons.poisson(intensities)
    intensity, sent_basis, sent_bit, measured_basis = np.indices((len(rows), 2, 2, 2)).reshape(4, -1)
    basis_probs = np.array([basis_prob, 1 - basis_prob])
    return PulseSettings(
        probs=np.array(intensity_probs)[intensity] * basis_probs[sent_basis] * 0.5 * basis_probs[measured_basis],
        photon_probs=rows[intensity],
        sent_basis=sent_basis,
        sent_bit=sent_bit,
        measured_basis=measured_basis,
        signal=intensity == 0,
    )
