"""The same minimum by QICS, an interior-point solver with a cone for the relative entropy of key rates.

The problem is handed over as it stands: one cone for the whole operator, no symmetry, no facial reduction.
Reference: He, Saunderson, Fawzi, arXiv:2407.00241 and arXiv:2410.17803.
"""

from __future__ import annotations

from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.extras import need
from noclone.proofs.certificate import certify
from noclone.proofs.objective import factor
from noclone.proofs.opinions.equations import equations
from noclone.proofs.opinions.opinion import Opinion, certificate_of
from noclone.proofs.problem import Problem
from noclone.proofs.reduced import smat

Array = NDArray[Any]


def solve(task: Problem, tolerance: float = 1e-8) -> Opinion:
    """Return what QICS finds.

    Parameters
    ----------
    task : Problem
        With positive definite feasible operators; without errors there are none, and QICS may fail.
    tolerance : float
        Relative gap and infeasibility at which QICS stops.

    Raises
    ------
    InvalidInput
        If QICS is not installed.

    Examples
    --------
    >>> from noclone.proofs.observations import Observations
    >>> from noclone.proofs.problem import problem
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> opinion = solve(problem(bb84, Observations.of_channel(bb84, depolarising(0.1))))
    >>> opinion.status, round(opinion.value / float(np.log(2)), 6)
    ('optimal', 0.356802)
    """
    qics = need("qics")
    start = process_time()
    linear = equations(task)
    kraus, symbols = kraus_operators(task)
    matrices = [each.real if linear.real else each for each in kraus]
    cones = [qics.cones.QuantKeyDist(matrices, symbols, iscomplex=not linear.real)]
    if linear.slacks:
        cones.append(qics.cones.NonNegOrthant(linear.slacks))
    # The unknowns are (t, X, slacks), each in its cone; t is at least the objective at X and is minimised.
    operators = smat(linear.table[:, : linear.coordinates], task.size, linear.real)
    entries = operators.view(float).reshape(len(operators), -1)
    rows = np.hstack([np.zeros((len(entries), 1)), entries, linear.table[:, linear.coordinates :]])
    cost = np.zeros((rows.shape[1], 1))
    cost[0] = 1
    model = qics.Model(c=cost, A=rows, b=linear.values[:, None], cones=cones)
    found = qics.Solver(model, tol_gap=tolerance, tol_feas=tolerance, verbose=0).solve()
    point = np.asarray(found["s_opt"][0][1], complex)
    point = (point + point.conj().T) / 2
    spent = process_time() - start
    # QICS's own multipliers know the signs that ranges ask for; the fit is closer where values are exact.
    own = linear.multipliers(task, -found["y_opt"][:, 0])
    certificates = certify(task, point), certificate_of(task, point, own)
    return Opinion(
        "QICS",
        found["sol_status"],
        float(found["p_obj"]),
        point,
        max(certificates, key=lambda each: each.bound),
        int(found["num_iter"]),
        spent,
    )


def kraus_operators(task: Problem) -> tuple[list[Array], int]:
    """Return Kraus operators, one for each announcement, and the number of key symbols that they write down.

    Their rows are (key symbol, announcement, the rest); a pinching forgets all but the diagonal of the first.
    """
    symbols = max(len(group) for group in task.key)
    factors = [[factor(operator) for operator in group] for group in task.key]
    rank = max(len(rows) for group in factors for rows in group)
    found = []
    for said, group in enumerate(factors):
        rows = np.zeros((symbols, len(task.key), rank, task.size), complex)
        for symbol, each in enumerate(group):
            rows[symbol, said, : len(each)] = each
        found.append(rows.reshape(-1, task.size))
    return found, symbols
