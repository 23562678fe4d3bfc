"""Light that Eve shone into Alice's encoder and got back: what it tells of the basis."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def infidelity(trojan_photons: ArrayLike) -> Floats:
    """Return 1 - F, where F is the overlap of what leaves Alice in the two bases, light of Eve included.

    Parameters
    ----------
    trojan_photons : array_like, shape (...)
        Mean photon number mu of the light that leaves with Alice's phase on it, per pulse.

    Returns
    -------
    ndarray, shape (...)
        1 - e^-mu cos(mu): twice the imbalance of the quantum coin.

    Notes
    -----
    Lucamarini et al., Phys. Rev. X 5, 031030 (2015): the light comes back in a coherent state
    with Alice's phase, one of four at right angles.

    Examples
    --------
    >>> f"{float(infidelity(1e-6)):.6e}"
    '1.000000e-06'
    """
    mu = np.asarray(trojan_photons, dtype=np.float64)
    # without cancellation for small mu
    lost: Floats = -np.expm1(-mu) + np.exp(-mu) * 2.0 * np.sin(0.5 * mu) ** 2
    return lost
