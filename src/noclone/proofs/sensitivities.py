r"""How a certified rate changes with the parameters of source, channel and protocol.

By the envelope theorem the derivative of a minimum is that of its Lagrangian at the minimum, with the
operator X and the multipliers y held fixed:

.. math:: \frac{d}{d\theta} \min f_\theta = \frac{\partial}{\partial\theta}
          \Big[f_\theta(X) + \sum_i y_i\,(g_i(\theta) - \langle \Gamma_i(\theta), X\rangle)\Big]

so that one proof gives the derivatives with respect to all parameters; what depends on them, the declaration
and what is seen, is only evaluated (by central differences), never solved again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from noclone.core.errors import InvalidInput
from noclone.core.numbers import finite
from noclone.proofs.case import Case
from noclone.proofs.objective import value
from noclone.proofs.problem import problem
from noclone.proofs.proof import Proof
from noclone.proofs.proving import prove_case
from noclone.proofs.subjects import Subject, case_of, parameter_name

STEP = 1e-5
"""Half the distance of the values between which differences are taken, relative to the parameter."""


def sensitivity(
    protocol: Subject,
    wrt: str | Iterable[str],
    **parameters: Any,
) -> dict[str, float]:
    """Return the derivative of the certified rate with respect to each of some parameters.

    Parameters
    ----------
    protocol : str, Protocol, Declaration, Setup or callable
        As for `prove`; a callable maps parameters to a `Case`.
    wrt : str or iterable of str
        Names of numbers among the parameters, or one of them.
    **parameters
        Where the derivatives are taken.

    Raises
    ------
    InvalidInput
        If a name is not among the parameters, or a parameter lies at an end of its range.

    Examples
    --------
    >>> slope = sensitivity("six-state", ["qber"], qber=0.05, basis_prob=0.5)
    >>> round(slope["qber"] / 0.25, 3)
    -7.814
    """
    names = (wrt,) if isinstance(wrt, str) else tuple(wrt)
    for name in names:
        if name not in parameters:
            raise InvalidInput(str(name), f"must be one of the parameters {tuple(parameters)}")
        finite(parameter_name(name), parameters[name])
    proof = prove_case(case_of(protocol, **parameters))
    slopes = {}
    for name in names:
        here = float(parameters[name])
        step = STEP * max(abs(here), 1e-2)
        ends = [
            _lagrangian(proof, case_of(protocol, **{**parameters, name: here + sign * step}))
            for sign in (1, -1)
        ]
        slopes[name] = (ends[0] - ends[1]) / (2 * step)
    return slopes


def _lagrangian(proof: Proof, case: Case) -> float:
    """Return the rate of a neighbouring case at a proof's operator and multipliers, to first order."""
    task = problem(case.declared, case.seen)
    y, point = proof.multipliers, proof.point
    met = np.einsum("i,ijk,kj->", y, task.operators, point).real
    entropy = (value(task, point) + task.support(y) - float(met)) / np.log(2)
    return float(case.share * entropy) + sum(bits for _, bits in case.adjustments) - case.leak_bits
