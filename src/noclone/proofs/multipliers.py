"""Of all multipliers that give the same bound's operator, those that what was seen makes cheapest.

Constraints follow from each other: all outcomes of a signal sum to what is certain of the source. Moving
multipliers along such relations leaves sum_i y_i Gamma_i, hence lambda, as it is, but not what ranges and the
1-norm ball cost. In particular all outcomes' multipliers can be moved to lie around 0, so that a ball of
radius mu costs mu (max y - min y) / 2 and not mu max |y|: the refinement that frequencies which sum to 1
allow is already contained in the choice of y, and needs no other support function.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from noclone.proofs.problem import Floats, Problem
from noclone.proofs.reduced import svec

DEPENDENT = 1e-10
"""Share of the largest singular value below which constraints follow from others."""


def cheapest_multipliers(task: Problem, multipliers: Floats) -> Floats:
    """Return the multipliers with the same sum of y_i operators_i and the greatest support.

    Parameters
    ----------
    task : Problem
    multipliers : ndarray, shape (m,)
        y, one for each constraint.

    Returns
    -------
    ndarray, shape (m,)
        From a linear programme; where it finds none, the multipliers as given. Any multipliers give a valid
        bound once lambda is computed from them.

    Examples
    --------
    >>> from noclone.proofs.finite.norm_ball import Block, norm_ball_terms
    >>> from noclone.proofs.problem import problem
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> terms = norm_ball_terms(bb84, bb84.joint(depolarising(0.01)), Block(10**6, 0.05, tolerance=1e-7))
    >>> task = problem(bb84, terms.seen)
    >>> y = np.zeros(20)
    >>> y[4] = 1.0
    >>> better = cheapest_multipliers(task, y)
    >>> bool(np.abs(np.tensordot(better - y, task.operators, 1)).max() < 1e-12)
    True
    >>> round(task.support(y), 6), round(task.support(better), 6)
    (0.035486, 0.102153)
    """
    count, seen = len(multipliers), task.observed
    columns = svec(task.operators, real=False).T
    left, singular, _ = np.linalg.svd(columns, full_matrices=False)
    rows = left[:, singular > DEPENDENT * singular[0]].T @ columns
    # y = above - below with both at least 0, and one variable more for the largest |y| of what was seen.
    above_below = np.hstack([rows, -rows, np.zeros((len(rows), 1))])
    limits = np.zeros((seen, 2 * count + 1))
    observed = np.arange(count - seen, count)
    limits[np.arange(seen), observed] = limits[np.arange(seen), count + observed] = 1
    limits[:, -1] = -1
    found = linprog(
        np.concatenate([-task.low, task.high, [task.radius]]),
        A_ub=limits,
        b_ub=np.zeros(seen),
        A_eq=above_below,
        b_eq=rows @ multipliers,
        bounds=(0, None),
        method="highs",
    )
    if found.x is None:
        return multipliers
    return np.asarray(found.x[:count] - found.x[count:-1], np.float64)
