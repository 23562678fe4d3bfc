"""Phase errors of B92: how many are compatible with Bob's conclusive, wrong and missing results."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def filtered_phase_errors(
    even: ArrayLike, odd: ArrayLike, excess: ArrayLike, coherence: ArrayLike, weight: ArrayLike
) -> Floats:
    """Return the most phase errors that pass Bob's filter, given what he sees of even and odd states.

    In the entangled picture Alice holds a qubit and Bob a state that is even or odd; untouched, they are
    equal. The filter passes even states with probability `weight` and odd ones with the complement.

    Parameters
    ----------
    even, odd : array_like, shape (...)
        Probabilities r and s that Bob's state is even and odd.
    excess : array_like, shape (...)
        Probability that Alice is odd and Bob even, less that of the opposite.
    coherence : array_like, shape (...)
        g, bits that are right less those that are wrong, over twice the geometric mean of the weights.
    weight : array_like, shape (...)
        Of the even states in the filter.

    Returns
    -------
    ndarray, shape (...)
        The largest weight p(odd, even) + (1 - weight) p(even, odd).

    Notes
    -----
    With x = p(even, odd) and y = p(odd, even) the bit errors demand sqrt((r - y)(s - x)) + sqrt(x y) >= g.
    In the rectangle s by r that is an ellipse which touches the sides (x = s sin^2 a, y = r sin^2 b,
    |a - b| <= arccos(g / sqrt(r s))), filled up to the corners (0, 0) and (s, r). The line y = x + excess
    cuts it, and the answer is the upper end of the cut: where the line leaves the rectangle if that is
    near the corner, and on the ellipse otherwise. Derived here from the operators of Tamaki, Koashi, Imoto,
    PRL 90, 167904 (2003).

    Examples
    --------
    >>> round(float(filtered_phase_errors(0.8, 0.2, 0.0, 0.4, 0.2)), 9)
    0.0
    """
    r, s, g = (np.asarray(value, np.float64) for value in (even, odd, coherence))
    difference, part = np.asarray(excess, np.float64), np.asarray(weight, np.float64)
    lean = 2.0 * g * g - r * s
    slack = 4.0 * g * g * np.maximum(r * s - g * g, 0.0)
    length = (r + s) ** 2 - 4.0 * g * g
    shift = difference - (r - s) / 2.0
    root = np.sqrt(slack * np.maximum(length / 4.0 - shift * shift, 0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        opposite = s / 2.0 + (root - shift * (s * s - lean)) / length
    # Without width there is one point: equal parity everywhere.
    opposite = np.where(length > 0, np.clip(opposite, 0.0, s), 0.0)
    side = np.minimum(s, r - difference)
    opposite = np.where((side >= 0) & (side * (side + difference) >= g * g), side, opposite)
    errors: Floats = np.maximum(opposite + part * difference, 0.0)
    return errors


def phase_errors(
    overlap: ArrayLike, detected: ArrayLike, conclusive: ArrayLike, in_error: ArrayLike
) -> Floats:
    """Return the most phase errors among the conclusive results of B92 with single photons.

    Parameters
    ----------
    overlap : array_like, shape (...)
        c = |<phi_0|phi_1>| of Alice's two states, in (0, 1).
    detected : array_like, shape (...)
        Probability that Bob detects the photon, whatever the result.
    conclusive, in_error : array_like, shape (...)
        Probabilities of a conclusive result and of a wrong one.

    Returns
    -------
    ndarray, shape (...)
        Probability per photon sent, at most half of `conclusive`, where nothing is secret: so at a loss
        of c and more, where Eve discriminates the states without error and hides her failures in the loss.

    Notes
    -----
    Tamaki and Lütkenhaus, PRA 69, 032316 (2004), sec. III. The lost photons may have any parity, so the
    excess lies in a strip; its upper side, all losses from even states, is the worst, unless the strip holds
    a state with nothing but phase errors. Nothing is secret either where half of the bits are wrong.

    Examples
    --------
    Without errors Eve can discriminate (1 - c) / c of as many photons as are lost:

    >>> c, loss = 0.68, 0.3
    >>> gain = (1 - loss) * (1 - c**2) / 2
    >>> round(float(phase_errors(c, 1 - loss, gain, 0.0) / gain), 9)
    0.100840336
    >>> round((1 - c) / (2 * c) * loss / (1 - loss), 9)
    0.100840336
    """
    c, seen, q, wrong = (np.asarray(value, np.float64) for value in (overlap, detected, conclusive, in_error))
    weight = (1.0 - c) / 2.0
    odd = (q - weight * seen) / c
    even = seen - odd
    coherence = (q - 2.0 * wrong) / np.sqrt(1.0 - c * c)
    worst = filtered_phase_errors(even, odd, weight - odd, coherence, weight)
    hopeless = (coherence <= 0) | (seen <= 1.0 - c) | (even <= weight)
    return np.where(hopeless, q / 2.0, np.minimum(worst, q / 2.0))
