"""SPSA: a slope along one random direction from two losses, for losses known only with noise."""

from __future__ import annotations

import numpy as np

from noclone.optimise.gradient.descent import Descent, Floats, Plan, Problem, batches

STEP_DECAY, REACH_DECAY = 0.602, 0.101
REACH = 0.2
"""First distance, in radians, at which losses are compared."""
TRIALS = 10
"""Directions tried at the start to set the size of the steps."""
STEEPEST = 5.0
"""Largest slope that a step follows, in units of the trials' mean: a flat start then makes no leaps."""


def minimise(problem: Problem, start: Floats, plan: Plan, random: np.random.Generator) -> Descent:
    """Minimise by simultaneous perturbation.

    The step is calibrated at the start so that the first ones change each weight by about
    `plan.learning_rate`, and none by more than 5 of them; steps then shrink as ``(k + A) ** -0.602`` and the
    distance of comparison as ``k ** -0.101``. Costs two losses per step, whatever the number of weights.

    Source: J. C. Spall, IEEE Trans. Aerosp. Electron. Syst. 34, 817 (1998): the guidelines on the
    gains, with A = 10 % of the steps.

    Parameters
    ----------
    problem : Problem
        Its gradient, if it has one, is not used.
    start : ndarray, shape (W,)
    plan : Plan
    random : Generator
        Draws directions, and the samples of each step.

    Returns
    -------
    Descent
        Its losses are means of the two that each step compares.

    Examples
    --------
    >>> bowl = Problem(1, lambda w, _: float(w @ w))
    >>> found = minimise(bowl, np.ones(4), Plan(max_iter=300), np.random.default_rng(0))
    >>> bool(np.abs(found.weights).max() < 0.1)
    True
    """
    weights, rows = start, batches(problem.samples, plan.batch_size, random)

    def compare(reach: float) -> tuple[float, float, Floats]:
        """Return mean loss, slope and direction."""
        direction = random.choice([-1.0, 1.0], len(start))
        here = next(rows)
        ahead = problem.value(weights + reach * direction, here)
        behind = problem.value(weights - reach * direction, here)
        return (ahead + behind) / 2, (ahead - behind) / (2 * reach), direction

    typical = max(float(np.mean([abs(compare(REACH)[1]) for _ in range(TRIALS)])), 1e-8)
    offset = 0.1 * plan.max_iter
    gain = plan.learning_rate * (1 + offset) ** STEP_DECAY / typical
    losses: list[float] = []
    for k in range(1, plan.max_iter + 1):
        loss, slope, direction = compare(REACH * k**-REACH_DECAY)
        losses.append(loss)
        bounded = np.clip(slope, -STEEPEST * typical, STEEPEST * typical)
        weights = weights - gain * (k + offset) ** -STEP_DECAY * bounded * direction
        if plan.settled(losses):
            return Descent(weights, np.array(losses), True)
    return Descent(weights, np.array(losses), False)
