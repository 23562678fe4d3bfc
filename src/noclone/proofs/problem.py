r"""The optimisation behind a key rate, derived from a declaration and observations.

The variable X is the Choi operator of the channel between the span of Alice's signals and Bob's space (for
a pair: the pair's state), so that a joint probability is tr((A_i x E_k) X) with A_i = p_i (|phi_i><phi_i|)*.
Eve holds a purification. With M_cr the sum of A_i x E_k over the events that are kept under the
announcement c with key symbol r, her ignorance of the key per signal sent is

.. math:: f(X) = \sum_c \Big[ \varphi_{M_c}(X) - \sum_r \varphi_{M_{cr}}(X) \Big], \quad
          M_c = \sum_r M_{cr}, \quad \varphi_M(X) = \mathrm{tr}\, Y \log Y,\ Y = M^{1/2} X M^{1/2}

(source replacement, Kraus operators and pinching at once: phi depends on a Kraus operator K only through
K^dagger K). f is convex and homogeneous, so for any X0 > 0 and any y

.. math:: f(X) \ge \langle \nabla f(X_0), X \rangle \ge \sum_i y_i \langle \Gamma_i, X \rangle + \lambda,\quad
          \nabla f(X_0) - \sum_i y_i \Gamma_i \succeq \lambda W,\ \langle W, X \rangle = 1.

References: Coles, Metodiev, Luetkenhaus, Nat. Commun. 7, 11712 (2016); Winick, Luetkenhaus, Coles,
Quantum 2, 77 (2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput
from noclone.proofs.observations import Observations
from noclone.protocols.declaration import Declaration

Array = NDArray[Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Problem:
    """Minimise f(X) over positive X with <operators[i], X> in [low[i], high[i]]; entropies in nats.

    Attributes
    ----------
    names : tuple of str
        What each constraint is.
    operators : ndarray, shape (m, n, n)
        Hermitian. The first are certain (what Alice's own source or the trace imply); the last `observed`
        of them come from the observations, in their order.
    low, high : ndarray, shape (m,)
    observed : int
    radius : float
        Where positive, how far the observed values together may deviate (1-norm).
    key : tuple of tuples of ndarray, shape (n, n)
        key[c][r] = M_cr, positive semidefinite.
    unit : ndarray, shape (n, n)
        W, positive definite, with <W, X> = 1.
    """

    names: tuple[str, ...]
    operators: Array
    low: Floats
    high: Floats
    observed: int
    radius: float
    key: tuple[tuple[Array, ...], ...]
    unit: Array

    @property
    def size(self) -> int:
        """The dimension n of the variable."""
        return int(self.operators.shape[-1])

    def support(self, y: Floats) -> float:
        """Return the least of sum_i y_i g_i over all values g that the observations allow."""
        least = float(np.sum(np.where(y > 0, y * self.low, y * self.high)))
        if self.radius and self.observed:
            least -= self.radius * float(np.abs(y[-self.observed :]).max())
        return least


def problem(declared: Declaration, seen: Observations) -> Problem:
    """Return the optimisation that gives Eve's least ignorance of a declared protocol's key.

    Raises
    ------
    InvalidInput
        If an observation names a signal, outcome or moment that the protocol lacks.

    Examples
    --------
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> problem(bb84, Observations.of_channel(bb84, depolarising(0.1))).operators.shape
    (20, 4, 4)
    """
    alice = {name: signal.operator.astype(complex) for name, signal in declared.signals.items()}
    bob = {name: outcome.element.astype(complex) for name, outcome in declared.outcomes.items()}
    size, other = declared.dimensions
    operators: list[Array] = []
    names, low, high = [], [], []
    if declared.sent:
        for name, basis, value in hermitian_basis(size):
            operators.append(np.kron(basis, np.eye(other)))
            names.append(f"channel keeps the trace, {name}")
            low.append(value)
            high.append(value)
    else:
        operators.append(np.eye(size * other, dtype=complex))
        names.append("trace")
        low.append(1.0)
        high.append(1.0)
    measured = bob | {name: moment.astype(complex) for name, moment in declared.moments.items()}
    for item in seen.items:
        total = np.zeros((size * other, size * other), complex)
        for (sent, what), weight in item.weights.items():
            if sent not in alice or what not in measured:
                raise InvalidInput(
                    f"observation {item.name!r}", f"names {(sent, what)}, which the protocol lacks"
                )
            total += weight * np.kron(alice[sent], measured[what])
        operators.append(total)
        names.append(item.name)
        low.append(item.low)
        high.append(item.high)
    return Problem(
        tuple(names),
        np.array(operators),
        np.array(low),
        np.array(high),
        len(seen.items),
        seen.radius,
        key_operators(declared),
        np.kron(sum(alice.values()), np.eye(other)),
    )


def key_operators(declared: Declaration) -> tuple[tuple[Array, ...], ...]:
    """Return M_cr for each announcement c under which rounds are kept, and each key symbol r."""
    who = 0 if declared.reconciliation == "direct" else 1
    groups: dict[tuple[str, str], dict[int, Array]] = {}
    for sent, signal in declared.signals.items():
        for seen, outcome in declared.outcomes.items():
            pair = declared.symbols(sent, seen)
            if pair is not None:
                group = groups.setdefault((signal.announced, outcome.announced), {})
                term = np.kron(signal.operator, outcome.element).astype(complex)
                group[pair[who]] = group.get(pair[who], 0) + term
    return tuple(tuple(group[symbol] for symbol in sorted(group)) for _, group in sorted(groups.items()))


def hermitian_basis(size: int) -> list[tuple[str, Array, float]]:
    """Return a basis of the Hermitian matrices, with a name and the trace of each element.

    Examples
    --------
    >>> [(name, trace) for name, _, trace in hermitian_basis(2)]
    [('00', 1.0), ('re 01', 0.0), ('im 01', 0.0), ('11', 1.0)]
    """
    found = []
    for i in range(size):
        for j in range(i, size):
            element = np.zeros((size, size), complex)
            if i == j:
                element[i, i] = 1
                found.append((f"{i}{i}", element, 1.0))
                continue
            element[i, j] = element[j, i] = 1
            found.append((f"re {i}{j}", element, 0.0))
            found.append((f"im {i}{j}", 1j * np.triu(element) - 1j * np.tril(element), 0.0))
    return found
