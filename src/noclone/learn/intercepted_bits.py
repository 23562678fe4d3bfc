"""Errors among sifted bits, some of which Eve intercepted: the watch's smallest task, with an exact ceiling.

Al-Mohammed et al., IEEE Access (2021), report up to 99 % accuracy of a network that watches BB84. Any such
figure is one about the number of bits and the share that Eve intercepts. These tasks state both, and the best
accuracy that anything can reach.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from noclone.attacks.intercept_resend import InterceptResend
from noclone.core.seeds import stream
from noclone.learn.task import CLASSIFICATION, Data, Task
from noclone.records.telemetry import NORMAL

COLUMNS = ("sifted[0]", "qber[0]")
HONEST_ERROR_PROB = 0.02
RUNS, BLOCKS = 20, 20
"""Of each class; the blocks of a run follow each other, and nothing drifts."""


def attacked_error_prob(fraction: float) -> float:
    """Return the error rate where Eve intercepts and resends this share of the pulses.

    Examples
    --------
    >>> round(attacked_error_prob(0.2), 6)
    0.068
    """
    return HONEST_ERROR_PROB + fraction / 4 * (1 - 2 * HONEST_ERROR_PROB)


def best_accuracy(sifted: int, fraction: float) -> float:
    """Return the accuracy of Bayes' rule for blocks that are normal or attacked with equal probability.

    Examples
    --------
    >>> round(best_accuracy(200, 0.2), 4)
    0.958
    """
    errors = np.arange(sifted + 1)
    laws = [binom.pmf(errors, sifted, prob) for prob in (HONEST_ERROR_PROB, attacked_error_prob(fraction))]
    return float(np.maximum(*laws).sum() / 2)


def blocks(sifted: int, fraction: float, seed: int) -> Data:
    """Return blocks of both classes, with their runs."""
    probs = np.repeat([HONEST_ERROR_PROB, attacked_error_prob(fraction)], RUNS * BLOCKS)
    errors = stream(seed, "intercepted bits").binomial(sifted, probs)
    return Data(
        X=np.column_stack([np.full(len(errors), float(sifted)), errors / sifted]),
        y=np.repeat([NORMAL, InterceptResend.NAME], RUNS * BLOCKS),
        groups=np.repeat(np.arange(2 * RUNS), BLOCKS),
    )


def task(name: str, sifted: int, fraction: float) -> Task:
    """Return the task of telling blocks of this many sifted bits, so attacked, from normal ones."""
    return Task(
        name=name,
        title=f"Intercept-resend of {100 * fraction:g} % of the pulses, by {sifted} sifted bits",
        source="the question: Al-Mohammed et al., IEEE Access (2021), doi 10.1109/access.2021.3117405; "
        "numbers of bits, fractions and error rates are ours",
        kind=CLASSIFICATION,
        draw=lambda seed: blocks(sifted, fraction, seed),
        ceiling_text="Bayes' rule with both binomial laws known, exactly",
        ceiling=lambda seed: best_accuracy(sifted, fraction),
        columns=COLUMNS,
    )
