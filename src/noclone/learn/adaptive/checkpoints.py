"""Sessions in which Alice and Bob disclose a few rounds at checkpoints and stop if too many are wrong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from noclone.core.errors import InvalidInput
from noclone.core.fields import Described, choice, number

FIXED, RANDOM = "fixed", "random"


@dataclass(frozen=True, kw_only=True)
class Checkpoints(Described):
    """A session of blocks of sifted BB84 rounds, each block with a checkpoint at its end.

    At a checkpoint the parties disclose the last `window` rounds of the block (all of a shorter block) and
    test all errors disclosed so far against the channel's noise by a binomial test; if it fails they stop and
    throw the session's key away. Blocks are `interval` rounds long, or geometrically distributed with this
    mean, so that every round is as likely to be disclosed as any other.

    Eve decides round by round whether to intercept and resend, in a random basis. She hears what is
    disclosed. In half of the intercepted rounds she ends up knowing the bit; Bob's bit is wrong with
    probability 1/4 + noise / 2. Disclosed bits are no key.

    Notes
    -----
    The setting is that of Bagunu, arXiv:2606.22962 (2026): tabular learners that see the error rate, channel
    noise of 1, 3 and 5 %, fixed or random checkpoint intervals. We know its abstract alone. What is disclosed
    at a checkpoint, the test, all lengths and the price of an alarm are ours.

    Examples
    --------
    >>> Checkpoints().most_errors()[[4, 20, 40]].tolist()
    [2, 3, 4]
    """

    blocks: int = number("checkpoints per session", 10, low=1, high=50, whole=True)
    interval: int = number("rounds per block, or their mean", 8, unit="rounds", low=2, high=200, whole=True)
    window: int = number("rounds disclosed at a checkpoint", 4, unit="rounds", low=1, high=10, whole=True)
    intervals: str = choice("whether Eve can foresee the checkpoints", FIXED, (FIXED, RANDOM))
    noise: float = number("error rate without Eve", 0.01, low=0, high=0.25)
    false_alarm_rate: float = number(
        "probability, at most, that a session without Eve is stopped", 1e-3, low=0, high=0.5, low_open=True
    )
    alarm_cost: float = number("what an alarm costs Eve", 200.0, unit="bits", low=0, high=1e6)

    def check(self) -> None:
        """Refuse windows longer than the blocks."""
        if self.window > self.interval:
            raise InvalidInput("window", f"must be at most the interval of {self.interval} rounds")

    def most_errors(self) -> NDArray[np.int64]:
        """Return how many errors pass among n disclosed rounds, shape (blocks * window + 1,).

        One checkpoint may raise a false alarm with probability ``false_alarm_rate / blocks`` at most.
        """
        disclosed = np.arange(self.blocks * self.window + 1)
        return np.asarray(binom.isf(self.false_alarm_rate / self.blocks, disclosed, self.noise), np.int64)

    @property
    def error_prob(self) -> float:
        """Probability that Bob's bit is wrong in an intercepted round."""
        return 0.25 + self.noise / 2
