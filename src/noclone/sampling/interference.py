"""Rounds of one-photon interference, pulse by pulse: amplitudes, beam splitter, photons, dark counts."""

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Complexes = NDArray[np.complex128]


def port_clicks(
    field_a: Complexes,
    field_b: Complexes,
    dark_count_prob: float,
    rng: np.random.Generator,
    polarisation_angle_rad: float = 0.0,
) -> tuple[Bools, Bools]:
    """Return which detectors click behind a balanced beam splitter that two coherent pulses enter.

    Parameters
    ----------
    field_a, field_b : ndarray, shape (n,)
        Complex amplitudes at the splitter; their squared moduli are mean photon numbers, detection
        efficiency included.
    dark_count_prob : float
        Per detector and gate.
    rng : numpy.random.Generator
    polarisation_angle_rad : float
        Between the two pulses.

    Returns
    -------
    tuple of two ndarray, shape (n,)
        Of the port where equal phases interfere constructively, and of the other.

    Examples
    --------
    >>> rng, bright = np.random.default_rng(1), np.full(4, 5.0 + 0j)
    >>> [port.tolist() for port in port_clicks(bright, bright, 0.0, rng)]
    [[True, True, True, True], [False, False, False, False]]
    """
    along, across = np.cos(polarisation_angle_rad) * field_b, np.sin(polarisation_angle_rad) * field_b
    lost = across.real**2 + across.imag**2
    ports = []
    for out in (field_a + along, field_a - along):
        mean = 0.5 * (out.real**2 + out.imag**2 + lost)
        ports.append((rng.poisson(mean) > 0) | (rng.random(mean.size) < dark_count_prob))
    return ports[0], ports[1]
