"""Phase-matching key distribution: both parties put a bit and a random phase on one pulse.

Rounds whose phases fall into the same slice (or opposite ones) are kept. Eve's share follows from the
parity of the total photon number: odd numbers reveal as much as they err, even ones everything.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import factorial

Floats = NDArray[np.float64]

PHOTONS = (1, 3, 5, 7, 9, 11)
"""Odd photon numbers that are told apart; all beyond count as errors."""
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


class Clicks(NamedTuple):
    """Probabilities that exactly one detector clicks in a kept round: the right one, the wrong one."""

    right: Floats
    wrong: Floats


class Model(NamedTuple):
    """An honest middle with two threshold detectors, rounds kept; shapes (...) and (photon numbers, ...).

    Attributes
    ----------
    all, vacuum : Clicks
        Of coherent pulses, and of no photon.
    odd : Clicks
        Of 1, 3, 5, … photons in all, `PHOTONS`.
    """

    all: Clicks
    vacuum: Clicks
    odd: Clicks


def honest_clicks(
    intensity_a: ArrayLike,
    intensity_b: ArrayLike,
    transmittance_a: ArrayLike,
    transmittance_b: ArrayLike,
    dark_count_prob: ArrayLike,
    misalignment: ArrayLike,
    phase_slices: ArrayLike,
) -> Model:
    """Return the clicks of kept rounds, exactly, averaged over phases within the slices.

    Parameters
    ----------
    intensity_a, intensity_b : array_like, shape (...)
        Mean photon numbers of the two pulses.
    transmittance_a, transmittance_b : array_like, shape (...)
        Of the arms, detection efficiency included.
    dark_count_prob : array_like, shape (...)
        Per detector and gate.
    misalignment : array_like, shape (...)
        sin^2 of half the phase between the parties' references.
    phase_slices : array_like, shape (...)
        Number D of slices of the circle.

    Returns
    -------
    Model

    Notes
    -----
    The phases of a kept round differ by the difference of two uniform ones within 2 pi / D. A photon
    number k of both pulses together is a state of one optical mode of which each photon takes its way on
    its own; that holds for unequal arms and intensities, too.

    Examples
    --------
    >>> model = honest_clicks(0.1, 0.1, 0.01, 0.01, 0.0, 0.0, 16)
    >>> error = model.all.wrong / (model.all.right + model.all.wrong)
    >>> bool(abs(error - (1 - np.sinc(1 / 16) ** 2) / 2) < 1e-5)
    True
    """
    mu_a, mu_b, eta_a, eta_b, dark, astray, slices = np.broadcast_arrays(
        *(
            np.asarray(value, float)
            for value in (
                intensity_a,
                intensity_b,
                transmittance_a,
                transmittance_b,
                dark_count_prob,
                misalignment,
                phase_slices,
            )
        )
    )
    offset, live = 2 * np.arcsin(np.sqrt(astray)), 1 - dark
    total, seen_a, seen_b = mu_a + mu_b, mu_a * eta_a, mu_b * eta_b
    weight = factorial(PHOTONS)
    poisson = np.stack([np.exp(-total) * total**k / w for k, w in zip(PHOTONS, weight, strict=True)])
    silent = 1 - (seen_a + seen_b) / total  # a photon reaches no detector
    sums = [np.zeros((1 + len(PHOTONS), *total.shape)) for _ in range(2)]
    for sign in (-1, 1):
        for node, share in zip(0.5 + 0.5 * _NODES, 0.25 * _WEIGHTS, strict=True):
            half = 0.5 * (offset + sign * node * 2 * np.pi / slices)
            mass = 2 * share * (1 - node)  # the density of the difference is a triangle
            cross = 2 * np.sqrt(seen_a * seen_b) * np.sin(half) ** 2
            bad = 0.5 * (np.sqrt(seen_a) - np.sqrt(seen_b)) ** 2 + cross
            good = seen_a + seen_b - bad
            for port, (here, there) in enumerate(((good, bad), (bad, good))):
                sums[port][0] += mass * live * np.exp(-there) * (dark - live * np.expm1(-here))
                # (1 - there)^k - live silent^k by recursion, without a difference.
                quiet, gap, power = 1 - there / total, here / total, silent
                apart = gap
                for row, k in enumerate(PHOTONS, 1):
                    sums[port][row] += mass * live * (apart + dark * power)
                    if k < PHOTONS[-1]:
                        for _ in range(2):
                            apart, power = quiet * apart + gap * power, power * silent
    spurious = np.exp(-total) * dark * live
    return Model(
        all=Clicks(sums[0][0], sums[1][0]),
        vacuum=Clicks(spurious, spurious),
        odd=Clicks(poisson * sums[0][1:], poisson * sums[1][1:]),
    )


def phase_error(vacuum_share: ArrayLike, odd_shares: ArrayLike, odd_errors: ArrayLike) -> Floats:
    """Return the bound on the phase-error rate: even photon numbers and those not told apart all count.

    Parameters
    ----------
    vacuum_share : array_like, shape (...)
        q_0, the share of the kept clicks that no photon caused; half of them count.
    odd_shares, odd_errors : array_like, shape (N, ...)
        q_k and bit-error rate e_k of odd photon numbers k.

    Returns
    -------
    ndarray, shape (...)
        q_0 / 2 + sum e_k q_k + (1 - q_0 - sum q_k), at most 1/2.

    Notes
    -----
    Ma, Zeng, Zhou, PRX 8, 031043 (2018), eqs. (2) and (B27).

    Examples
    --------
    >>> round(float(phase_error(0.01, [0.9], [0.02])), 12)
    0.113
    """
    vacuum, shares = np.asarray(vacuum_share, float), np.asarray(odd_shares, float)
    known = (shares * np.asarray(odd_errors, float)).sum(axis=0)
    bound: Floats = np.minimum(vacuum / 2 + known + (1 - vacuum - shares.sum(axis=0)), 0.5)
    return bound
