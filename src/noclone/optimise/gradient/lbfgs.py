"""L-BFGS: a quasi-Newton method with line search, on all samples at once."""

from __future__ import annotations

import numpy as np

from noclone.optimise.gradient.descent import ALL, Descent, Floats, Plan, Problem


def minimise(problem: Problem, start: Floats, plan: Plan, random: np.random.Generator) -> Descent:
    """Minimise by SciPy's L-BFGS-B.

    Neither `plan.learning_rate` nor `plan.batch_size` is used: the line search finds the step, and needs the
    same loss each time. It settles when a step gains less than ``tol / patience``.

    Parameters
    ----------
    problem : Problem
        With a gradient.
    start : ndarray, shape (W,)
    plan : Plan
    random : Generator
        Not used.

    Returns
    -------
    Descent

    Raises
    ------
    InvalidInput
        If the problem has no gradient.

    Examples
    --------
    >>> bowl = Problem(1, lambda w, _: float(w @ w), lambda w, _: (float(w @ w), 2 * w))
    >>> minimise(bowl, np.ones(2), Plan(), np.random.default_rng(0)).weights.round(6).tolist()
    [0.0, 0.0]
    """
    from scipy.optimize import minimize

    slope_at = problem.slope()
    losses = [slope_at(start, ALL)[0]]
    result = minimize(
        slope_at,
        start,
        args=(ALL,),
        jac=True,
        method="L-BFGS-B",
        callback=lambda intermediate_result: losses.append(float(intermediate_result.fun)),
        options={"maxiter": plan.max_iter, "ftol": plan.tol / plan.patience, "gtol": 1e-8},
    )
    return Descent(np.asarray(result.x, float), np.array(losses), result.status == 0)
