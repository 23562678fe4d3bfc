"""One-photon interference: two coherent pulses meet at a beam splitter, a threshold detector at each port.

A relay announces a round in which exactly one of its two detectors clicked. These are the probabilities of
that, for pulses whose relative phase is known and for pulses whose relative phase is uniformly random.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import i0

Floats = NDArray[np.float64]


def matched_clicks(
    arriving_a: ArrayLike, arriving_b: ArrayLike, visibility: ArrayLike, dark_count_prob: ArrayLike
) -> tuple[Floats, Floats]:
    """Return the probabilities that only the bright port's detector clicks, and only the dark port's.

    Parameters
    ----------
    arriving_a, arriving_b : array_like, shape (...)
        Mean photon numbers of Alice's and Bob's pulse, arm and detection efficiency included.
    visibility : array_like, shape (...)
        Cosine of the phase difference times the overlap of the polarisations, in [-1, 1].
    dark_count_prob : array_like, shape (...)
        Per detector and gate.

    Returns
    -------
    bright, dark : ndarray, shape (...)
        The mean photon numbers at the ports are (a + b)/2 plus and minus visibility sqrt(a b).

    Notes
    -----
    Curty, Azuma, Lo, npj Quantum Inf. 5, 64 (2019), channel model.

    Examples
    --------
    >>> bright, dark = matched_clicks(0.01, 0.01, 1.0, 0.0)
    >>> round(float(bright), 6), float(dark)
    (0.019801, 0.0)
    """
    a, b = np.asarray(arriving_a, float), np.asarray(arriving_b, float)
    dark = np.asarray(dark_count_prob, float)
    cross, live = np.sqrt(a * b), 1.0 - dark
    # The difference (a + b)/2 - cross visibility, without losing digits where the pulses cancel.
    weak = 0.5 * (np.sqrt(a) - np.sqrt(b)) ** 2 + cross * (1.0 - np.asarray(visibility, float))
    strong = a + b - weak
    return (
        live * np.exp(-weak) * (dark - live * np.expm1(-strong)),
        live * np.exp(-strong) * (dark - live * np.expm1(-weak)),
    )


def random_phase_click(
    arriving_a: ArrayLike, arriving_b: ArrayLike, dark_count_prob: ArrayLike, overlap: ArrayLike = 1.0
) -> Floats:
    """Return the probability that exactly one detector clicks when the relative phase is uniformly random.

    Parameters
    ----------
    arriving_a, arriving_b : array_like, shape (...)
        Mean photon numbers of the two pulses, arm and detection efficiency included; 0 for no pulse.
    dark_count_prob : array_like, shape (...)
        Per detector and gate.
    overlap : array_like, shape (...)
        Cosine of the angle between the polarisations.

    Returns
    -------
    ndarray, shape (...)
        2 (1 - p) [e^(-(a+b)/2) I0(overlap sqrt(a b)) - (1 - p) e^(-(a+b))], either detector.

    Notes
    -----
    Wang, Yu, Hu, PRA 98, 062323 (2018); I0 is the modified Bessel function.

    Examples
    --------
    >>> round(float(random_phase_click(0.01, 0.0, 1e-6)), 9)
    0.009927261
    """
    a, b = np.asarray(arriving_a, float), np.asarray(arriving_b, float)
    dark = np.asarray(dark_count_prob, float)
    half = 0.5 * (a + b)
    one = dark - (1.0 - dark) * np.expm1(-half)  # 1 - (1 - p) e^(-half)
    click: Floats = 2.0 * (1.0 - dark) * np.exp(-half) * (_i0_minus_1(np.sqrt(a * b) * overlap) + one)
    return click


def _i0_minus_1(x: Floats) -> Floats:
    """I0(x) - 1 to full relative precision; the series converges to 1e-17 below 1."""
    quarter = 0.25 * np.minimum(np.abs(x), 1.0) ** 2
    series = np.ones_like(quarter)
    for k in range(9, 1, -1):
        series = 1.0 + series * quarter / k**2
    return np.where(np.abs(x) < 1.0, quarter * series, i0(x) - 1.0)
