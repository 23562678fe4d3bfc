"""Rounds of MDI-QKD, played pulse by pulse: bits in two modes, interference, and the announced Bell state."""

import numpy as np
from numpy.typing import NDArray

from noclone.sampling.interference import port_clicks

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def bell_announcements(
    rectilinear: bool,
    light_a: Floats,
    light_b: Floats,
    dark_count_prob: float,
    misalignment: float,
    rng: np.random.Generator,
) -> tuple[Bools, Bools]:
    """Return which rounds are announced as a Bell state, and in which the sifted bits differ.

    Parameters
    ----------
    rectilinear : bool
        Whether both parties encode their bit in which of the two modes is lit, or in their relative phase.
    light_a, light_b : ndarray, shape (n,)
        Mean photon numbers of the pulses, arm and detection efficiency included.
    dark_count_prob : float
        Per detector and mode.
    misalignment : float
        Probability that Bob's pulse arrives in the state orthogonal to the one that he sent.
    rng : numpy.random.Generator

    Returns
    -------
    announced, differ : ndarray of bool, shape (n,)
        One detector alone clicked in each mode; the bits are unequal after Bob has flipped his as the
        announced state demands.

    Examples
    --------
    >>> rng, light = np.random.default_rng(1), np.full(1000, 0.5)
    >>> announced, differ = bell_announcements(True, light, light, 0.0, 0.0, rng)
    >>> bool(announced.any()), bool((announced & differ).any())
    (True, False)
    """
    n = light_a.size
    bits = rng.integers(0, 2, (2, n))
    arriving = bits.copy()
    arriving[1] ^= rng.random(n) < misalignment
    field_a, field_b = (
        np.sqrt(light) * np.exp(2j * np.pi * rng.random(n)) * _modes(rectilinear, bit)
        for light, bit in zip((light_a, light_b), arriving, strict=True)
    )
    one, two = (
        part.reshape(2, n) for part in port_clicks(field_a.ravel(), field_b.ravel(), dark_count_prob, rng)
    )
    announced = (one[0] ^ two[0]) & (one[1] ^ two[1])
    # The state of one detector twice has equal bits in the diagonal basis; in all other cases Bob flips his.
    stays = ~(one[0] ^ one[1]) & (not rectilinear)
    return announced, (bits[0] == bits[1]) ^ stays


def _modes(rectilinear: bool, bit: NDArray[np.int64]) -> Floats:
    """Return the amplitudes (2, n) of the two modes that encode a bit."""
    if rectilinear:
        return np.stack([bit == 0, bit == 1]).astype(float)
    amplitudes: Floats = 0.5**0.5 * np.stack([np.ones(bit.size), 1.0 - 2.0 * bit])
    return amplitudes
