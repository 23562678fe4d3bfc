"""What no protocol can beat: secret-key capacities of lossy channels and their bounds."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.rates.entropy import thermal_entropy

Floats = NDArray[np.float64]

_LN2 = np.log(2.0)


def repeaterless_bound(transmittance: ArrayLike) -> Floats:
    """Return the PLOB bound, the secret-key capacity of a pure-loss channel: -log2(1 - eta).

    Parameters
    ----------
    transmittance : array_like, any shape
        eta in [0, 1], end to end.

    Returns
    -------
    ndarray, shape of `transmittance`
        Bits per mode (per use of the channel); infinite at eta = 1.

    Notes
    -----
    Pirandola, Laurenza, Ottaviani, Banchi, Nat. Commun. 8, 15043 (2017), eq. (19).

    Examples
    --------
    >>> float(repeaterless_bound(0.5))
    1.0
    """
    with np.errstate(divide="ignore"):
        bits: Floats = -np.log1p(-np.asarray(transmittance, dtype=np.float64)) / _LN2
    return bits


def takeoka_guha_wilde_bound(transmittance: ArrayLike) -> Floats:
    """Return the TGW bound on the key rate of a pure-loss channel: log2((1 + eta) / (1 - eta)).

    Parameters
    ----------
    transmittance : array_like, any shape
        eta in [0, 1], end to end.

    Returns
    -------
    ndarray, shape of `transmittance`
        Bits per mode; infinite at eta = 1.

    Notes
    -----
    Takeoka, Guha, Wilde, Nat. Commun. 5, 5235 (2014), eq. (1).

    Examples
    --------
    >>> round(float(takeoka_guha_wilde_bound(0.5)), 6)
    1.584963
    """
    with np.errstate(divide="ignore"):
        bits: Floats = 2.0 * np.arctanh(np.asarray(transmittance, dtype=np.float64)) / _LN2
    return bits


def single_repeater_bound(transmittance: ArrayLike) -> Floats:
    """Return the capacity of a pure-loss line with one ideal repeater in its middle: -log2(1 - sqrt(eta)).

    Parameters
    ----------
    transmittance : array_like, any shape
        eta in [0, 1], end to end.

    Returns
    -------
    ndarray, shape of `transmittance`
        Bits per mode; infinite at eta = 1.

    Notes
    -----
    Pirandola, Commun. Phys. 2, 51 (2019).

    Examples
    --------
    >>> float(single_repeater_bound(0.25))
    1.0
    """
    return repeaterless_bound(np.sqrt(np.asarray(transmittance, dtype=np.float64)))


def thermal_upper_bound(transmittance: ArrayLike, thermal_photons: ArrayLike) -> Floats:
    """Return the upper bound on the key rate of a thermal-loss channel: -log2((1 - eta) eta^n) - g(n).

    Parameters
    ----------
    transmittance : array_like, shape (...)
        eta in (0, 1].
    thermal_photons : array_like, shape (...)
        Mean photon number n of the environment.

    Returns
    -------
    ndarray, shape (...)
        Bits per mode; 0 where n >= eta / (1 - eta), as the channel then breaks entanglement.

    Notes
    -----
    Pirandola et al., Nat. Commun. 8, 15043 (2017), eq. (23).

    Examples
    --------
    >>> float(thermal_upper_bound(0.5, 0.0))
    1.0
    """
    eta, n = np.asarray(transmittance, dtype=np.float64), np.asarray(thermal_photons, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = repeaterless_bound(eta) - n * np.log2(eta) - thermal_entropy(n)
    return np.where(n * (1.0 - eta) < eta, bits, 0.0)


def thermal_lower_bound(transmittance: ArrayLike, thermal_photons: ArrayLike) -> Floats:
    """Return the reverse coherent information of a thermal-loss channel: -log2(1 - eta) - g(n).

    Parameters
    ----------
    transmittance : array_like, shape (...)
        eta in [0, 1].
    thermal_photons : array_like, shape (...)
        Mean photon number n of the environment.

    Returns
    -------
    ndarray, shape (...)
        Bits per mode, at least 0: a rate that is achievable.

    Notes
    -----
    Pirandola, García-Patrón, Braunstein, Lloyd, PRL 102, 050503 (2009); Nat. Commun. 8, 15043 (2017).

    Examples
    --------
    >>> float(thermal_lower_bound(0.5, 0.0))
    1.0
    """
    return np.fmax(repeaterless_bound(transmittance) - thermal_entropy(thermal_photons), 0.0)
