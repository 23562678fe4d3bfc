"""When a click happens: the share of a pulse's detections that falls into the gate.

The time of a click around its pulse is Gaussian, for a share of the clicks followed by an exponential delay:
the diffusion tail of avalanche diodes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import log_ndtr, ndtr

Floats = NDArray[np.float64]

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))
"""Full width at half maximum of a Gaussian, in standard deviations."""


def gate_share(
    gate_width_s: ArrayLike, jitter_s: ArrayLike, tail_share: ArrayLike = 0.0, tail_s: ArrayLike = 0.0
) -> Floats:
    """Return the probability that a detection lies in a gate centred on its pulse.

    Parameters
    ----------
    gate_width_s : array_like, shape (...)
        Width of the gate; above 0.
    jitter_s : array_like, shape (...)
        Full width at half maximum of the Gaussian core; 0 for a sharp one.
    tail_share : array_like, shape (...)
        Share of the detections that are late by an exponential delay besides.
    tail_s : array_like, shape (...)
        Mean of that delay.

    Returns
    -------
    ndarray, shape (...)

    Notes
    -----
    Normal and exponentially modified normal distributions, the usual description of single-photon
    detectors (e.g. Ripamonti and Cova, Solid-State Electron. 28, 925, 1985).

    Examples
    --------
    >>> round(float(gate_share(1e-9, 0.5e-9)), 4)
    0.9815
    """
    half = np.asarray(gate_width_s, float) / 2
    # A core of this relative width is sharp, and a tail of it is none; both keep the terms below finite.
    sigma = np.maximum(np.asarray(jitter_s, float) / FWHM_PER_SIGMA, 1e-9 * half)
    tail = np.maximum(np.asarray(tail_s, float), 1e-4 * sigma)
    share = np.asarray(tail_share, float)

    def late(time: Floats) -> Floats:
        exponent = (sigma / tail) ** 2 / 2 - time / tail + log_ndtr(time / sigma - sigma / tail)
        return np.asarray(ndtr(time / sigma) - np.exp(np.minimum(exponent, 0.0)))

    core = ndtr(half / sigma) - ndtr(-half / sigma)
    return np.asarray((1 - share) * core + share * (late(half) - late(-half)))
