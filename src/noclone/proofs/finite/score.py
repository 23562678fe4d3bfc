r"""Scores for what rounds disclose, and the constant that turns them into Renyi entropy.

For any numbers f_c (a score for each event, in nats) let

.. math:: G(X) = \sum_c e^{(\alpha - 1) f_c / \alpha} p_c(X), \quad
          \kappa = -\frac{\alpha}{\alpha - 1} \ln \max_X G(X), \quad p_c \text{ as in `rounds`}.

A block of N rounds with the frequencies q then has Renyi entropy N (q . f + kappa), in this sense: were its
key N (q . f + kappa) - alpha/(alpha - 1) ln(1/eps) + 2 ln 2 nats long, with q as it turns out, then the
distance from a secret key, 2^(2/alpha - 2) e^((alpha - 1)/alpha (length - entropy given q)) averaged over q,
would be at most eps times the N-round value of max G over (max G)^N. That value is at most (max G)^N for
all attacks because channel entropies of the sandwiched Renyi family are additive, also where the channels'
inputs have known marginals (Arqand and Tan, arXiv:2502.02563, abstract; scores enter as the entropy of a
register more). arXiv:2504.12248 applies it to key distribution.

G is concave and homogeneous, G(X) <= <grad G(X0), X>, so every X0 > 0 and every y bound it: with the
constraints <Gamma_i, X> = b_i that hold of every channel and <W, X> = 1,

.. math:: \max G \le \sum_i y_i b_i + \lambda, \quad \lambda W \succeq \nabla G(X_0) - \sum_i y_i \Gamma_i.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from noclone.proofs.finite.rounds import Floats, Rounds, numbers
from noclone.proofs.observations import Event
from noclone.proofs.problem import Array
from noclone.proofs.reduced import svec

LN2 = float(np.log(2))
ROUNDING = 1e-13
"""Share by which the bound on G is raised against errors of floating-point arithmetic."""
SLOPE_ROUNDING = 1e-14
"""The same for the gradient of G, as a share of X0^(-1): more than its computation loses."""


@dataclass(frozen=True, eq=False)
class Score:
    """Scores, their constant, and what proves it, in floating-point arithmetic.

    Attributes
    ----------
    alpha : float
        Order of the entropy, in (1, 2].
    events : tuple of (str, str)
        The disclosed events.
    bits : ndarray, shape (k + 1,)
        f_c in bits, of "key" last.
    constant : float
        A lower bound on kappa, in bits.
    point : ndarray, shape (n, n)
        X0.
    multipliers : ndarray, shape (m,)
        y.
    """

    alpha: float
    events: tuple[Event, ...]
    bits: Floats
    constant: float
    point: Array
    multipliers: Floats

    def entropy(self, frequencies: Floats) -> float:
        """Return the entropy per round, in bits, for the frequencies of the events, shape (k + 1,)."""
        return float(self.bits @ frequencies) + self.constant

    def worst_entropy(self, frequencies: Floats, radius: float) -> float:
        """Return the least entropy per round for frequencies within a 1-norm ball, in bits.

        Both distributions sum to 1, so the frequencies can move at most half the radius from the dearest
        event to the cheapest.
        """
        return self.entropy(frequencies) - radius / 2 * float(np.ptp(self.bits))


def certified(found: Rounds, alpha: float, scores: Floats, point: Array, barrier: float = 0.0) -> Score:
    """Return the scores with a constant that a point proves, in floating-point arithmetic (`ROUNDING`).

    Parameters
    ----------
    found : Rounds
    alpha : float
    scores : ndarray, shape (k + 1,)
        f_c in nats.
    point : ndarray, shape (n, n)
        X0, positive definite; the nearer to the maximum of G, the better.
    barrier : float
        Weight of the logarithmic barrier beside -ln G at the point, 0 if it was found otherwise.

    Examples
    --------
    With scores of 0 the constant bounds the least entropy over all channels, which is 0.

    >>> from noclone.proofs.finite.rounds import rounds
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> z_only = rounds(bb84_declaration(0.9, "z"))
    >>> blind = (np.eye(4) / 2).astype(complex)
    >>> certified(z_only, 1.1, np.zeros(len(z_only.events) + 1), blind).constant <= 0
    True
    """
    certain = found.certain
    # Only differences of scores count; the largest weight is kept near 1.
    top = float(scores.max())
    weights = np.exp((alpha - 1) / alpha * (scores - top))
    values, gradients = numbers(found, point, alpha)
    slope = np.tensordot(weights, gradients, 1)
    levels, vectors = np.linalg.eigh(point)
    root = (vectors * np.sqrt(np.maximum(levels, 0))) @ vectors.conj().T
    columns = svec(root @ certain.operators @ root, real=False)
    weight = barrier * float(weights @ values)
    target = svec(root @ slope @ root + weight * np.eye(len(point)), real=False)
    y = np.asarray(np.linalg.lstsq(columns.T, target, rcond=1e-14)[0], np.float64)
    slope = slope + SLOPE_ROUNDING * np.linalg.inv(point)
    rest = slope - np.tensordot(y, certain.operators, 1)
    last = len(point) - 1
    shift = eigh((rest + rest.conj().T) / 2, certain.unit, eigvals_only=True, subset_by_index=[last, last])
    most = float(shift[0]) - certain.support(-y)
    constant = -top - alpha / (alpha - 1) * (float(np.log(most)) + ROUNDING)
    return Score(alpha, found.events, scores / LN2, constant / LN2, point, y)
