r"""A cutoff of the photon number without an assumption: what lies beyond is bounded, flagged and paid for.

Bob's space is the photon numbers up to N and one more state that stands for all others, so that Alice's
side stays exactly known. No key is made there. Two things are lost. First, means of operators that the cutoff
changes have ranges. Second, Bob's measurement does not respect the cutoff: with Pi the projector onto up to N
photons, w the weight beyond, and R_z his elements, the states of key and Eve with R_z and with
Pi R_z Pi + (1 - Pi) R_z (1 - Pi) have the trace distance

.. math:: \tfrac12 \sum_z \| \mathrm{tr}_{AB} [(\Pi R_z (1 - \Pi) + h.c.) |\psi\rangle\langle\psi|] \|_1
          = \mathrm{Re} \langle\psi| (1 - \Pi) \sum_z (R_z \otimes U_z) \Pi |\psi\rangle \le \sqrt{w (1 - w)}

(U_z are contractions of Eve's, so that the sum lies between -1 and 1), and the entropy of a classical symbol
is continuous. With the second measurement, the symmetry 2 Pi - 1 and convexity leave the key of the
subspace alone as a lower bound.

References: Upadhyaya, van Himbeeck, Lin, Luetkenhaus, PRX Quantum 2, 020325 (2021), whose correction for a
measurement that does not respect the cutoff is sqrt(w) log2 |Z| + (1 + sqrt(w)) h(sqrt(w) / (1 + sqrt(w)));
Wilde, Quantum Inf. Process. 19, 61 (2020), for the continuity bound used here, which is a little smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr, eval_genlaguerre, gammaln, poch

from noclone.core.errors import InvalidInput
from noclone.proofs.library.one_more_state import with_one_more_state
from noclone.protocols.declaration import Declaration

Array = NDArray[Any]
Floats = NDArray[np.float64]

BEYOND = "beyond the cutoff"
"""The outcome of the state that stands for larger photon numbers, and what is said of it."""

_TERMS = 300


@dataclass(frozen=True)
class Tail:
    """What a state may have beyond a cutoff, and how far its means may be from those of what is below.

    Attributes
    ----------
    weight : float
        How probable it is that there are more photons.
    photons : float
        By how much the cutoff may lower the mean photon number.
    quadrature : float
        By how much it may change the mean of any quadrature, in shot-noise units.
    square : float
        Likewise of the difference of the squares of two orthogonal quadratures.
    """

    weight: float
    photons: float
    quadrature: float
    square: float


def tail(amplitude: float, moments: Sequence[float], cutoff: int) -> Tail:
    r"""Return what lies beyond a cutoff, from how closely a state is a coherent one.

    Parameters
    ----------
    amplitude : float
        |beta| of the coherent state that is compared with.
    moments : sequence of float
        The means F_j of b^dagger^j b^j, at most, with b = a - beta and j = 1, ..., k; at least two of them.
        Heterodyne detection measures them: they are polynomials of degree 2 j in both quadratures. The two
        of the literature are those of the displaced photon number and its square.
    cutoff : int
        N, above k.

    Notes
    -----
    In displaced photon numbers m the state has components psi_m, and the sum of m!/(m-j)! abs(psi_m)^2 is
    F_j. Thus abs(psi_m) is at most c_m = min_j (F_j (m-j)!/m!)^(1/2), and with t_m the norm of a displaced
    number state beyond N the triangle and Cauchy-Schwarz inequalities give, for any M,

    .. math:: \|(1 - \Pi) \psi\| \le \sum_{m<k} t_m c_m
              + \Big(F_k \sum_{m=k}^M \frac{(m-k)!}{m!} t_m^2\Big)^{1/2}
              + \Big(F_k \frac{(M+1-k)!}{(M+1)!}\Big)^{1/2}

    and likewise with a or a^2 in front, where a = b + beta. Of a = Pi a Pi + a (1 - Pi), the last term's
    mean is at most the product of the norms of the parts beyond N - 1 and, with a in front, beyond N.

    Examples
    --------
    >>> found = tail(0.3, [0.0005, 2 * 0.0005**2], 12)
    >>> found.weight < 1e-8, found.photons < 1e-6
    (True, True)
    """
    order = len(moments)
    if order < 2:
        raise InvalidInput("moments", f"must be at least two, but are {order}")
    if not cutoff > order:
        raise InvalidInput("cutoff", f"must be at least {order + 1} for {order} moments, but is {cutoff}")
    if not all(moment >= 0 and np.isfinite(moment) for moment in moments):
        raise InvalidInput("moments", "must be finite and at least 0")

    def norm(power: int, above: int) -> float:
        return _norm(amplitude, moments, power, above, cutoff - 1)

    last = norm(1, cutoff)
    return Tail(
        min(norm(0, cutoff) ** 2, 1.0),
        last**2,
        2 * norm(0, cutoff - 1) * last,
        4 * norm(0, cutoff - 2) * norm(2, cutoff),
    )


def _norm(amplitude: float, moments: Sequence[float], power: int, above: int, most: int) -> float:
    """Return a bound on the norm of a^power times the part of more than `above` photons, power up to 2."""
    order = len(moments)
    n = above + 1 + np.arange(_TERMS)[:, None]
    m = np.arange(most + 1)
    distance = max(amplitude**2, 1e-300)
    logs = gammaln(m + 1) - gammaln(n + 1) - distance + (n - m) * np.log(distance)
    inside = np.exp(logs) * eval_genlaguerre(m, n - m, distance) ** 2  # |<n|D(beta)|m>|^2
    squares = np.sum(poch(n - power + 1, power) * inside, axis=0)
    few = 0.0
    for level in range(order):
        limits = [moments[j - 1] / poch(level - j + 1, j) for j in range(1, level + 1)]
        few += float(np.sqrt(squares[level] * min([1.0, *limits])))
    last = moments[-1]
    some = np.concatenate([[0.0], np.cumsum(squares[order:] / poch(m[order:] - order + 1, order))])
    ends = np.arange(order - 1, most + 1)  # M
    # norm of b^j beyond M: the share (n-k)!/(n-j)! of F_k is largest at n = M + 1
    rest = [np.sqrt(last / poch(ends + 2 - order, order - j)) for j in range(power + 1)]
    binomial = ((1.0,), (amplitude, 1.0), (amplitude**2, 2 * amplitude, 1.0))[power]
    many = sum(c * each for c, each in zip(binomial, rest, strict=True))
    return few + float(np.min(np.sqrt(last * some) + many))


def correction_bits(weight: float, symbols: int) -> float:
    """Return what a measurement that does not respect the cutoff may cost, in bits per signal.

    Parameters
    ----------
    weight : float
        w, at most, on average over all signals.
    symbols : int
        How many values the key symbol has.

    Examples
    --------
    >>> round(correction_bits(1e-8, 4), 6)
    0.001632
    """
    most = min(weight, 0.5)
    distance = float(np.sqrt(most * (1 - most)))
    entropy = (entr(distance) + entr(1 - distance)) / np.log(2)
    return float(distance * np.log2(max(symbols - 1, 1)) + entropy)


def flagged(declared: Declaration) -> Declaration:
    """Return a protocol whose Bob has one more state, for all that lies beyond the cutoff.

    Examples
    --------
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> flagged(bb84_declaration(0.5)).dimensions
    (2, 3)
    """
    return with_one_more_state(declared, BEYOND)


def flagged_start(start: Array, dimensions: tuple[int, int]) -> Array:
    """Return a Choi operator cut off in photons, with what it misses on the flag.

    Examples
    --------
    >>> flagged_start(0.9 * np.eye(4), (2, 2)).real.diagonal().round(12).tolist()
    [0.9, 0.9, -0.8, 0.9, 0.9, -0.8]
    """
    alice, bob = dimensions
    blocks = start.reshape(alice, bob, alice, bob)
    found = np.zeros((alice, bob + 1, alice, bob + 1), complex)
    found[:, :bob, :, :bob] = blocks
    found[:, bob, :, bob] = np.eye(alice) - np.einsum("injn->ij", blocks)
    return found.reshape(alice * (bob + 1), -1)
