"""The discard rule: how a watcher may lower a key, fixed before the block, and what it costs in epsilon.

Nothing here knows a score. A rule names the watcher and its false-alarm rate; after the block it is told yes
or no, and the key is withheld or kept as it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from noclone.core.fields import Described, number, word
from noclone.distillation.ledger import Epsilon
from noclone.distillation.result import Abort, SecretKey


@dataclass(frozen=True, kw_only=True)
class DiscardRule(Described):
    """Withhold the key of a block in which a watcher raises the alarm.

    A block that is withheld is an abort: it takes nothing from the security of the blocks that are kept,
    counted over all blocks (the joint probability that a key is kept and fails is at most that of failing).
    Whoever holds a kept key asks for less: the failure probability given that it was kept. Of a link that
    nobody attacks, and that is as it was when the watcher was calibrated, a share 1 - `false_alarm_rate` is
    kept in the mean over calibrations, so the total eps grows to eps / (1 - false_alarm_rate); the difference
    enters the ledger. Of a link under attack nothing is said about the kept blocks alone.

    Examples
    --------
    >>> rule = DiscardRule(watcher="chi-square", false_alarm_rate=0.01)
    >>> f"{rule.epsilon(1e-9).value:.3g}"
    '1.01e-11'
    """

    watcher: str = word("name of the watcher that decides", "chi-square")
    false_alarm_rate: float = number(
        "share of honest blocks that are withheld", 0.01, low=0, high=0.5, low_open=True
    )

    def epsilon(self, eps_total: float) -> Epsilon:
        """Return what the rule adds to a key's total failure probability."""
        rate = self.false_alarm_rate
        return Epsilon(
            "discard rule", eps_total * rate / (1 - rate), "the condition that an honest block was kept"
        )

    def applied(
        self, key: SecretKey | Abort, alarm: bool, evidence: dict[str, Any] | None = None
    ) -> SecretKey | Abort:
        """Return the key with the rule in its ledger, or an abort where there was an alarm.

        The key's length is never touched.
        """
        if isinstance(key, Abort):
            return key
        if alarm:
            return Abort(
                f"the watcher {self.watcher} raised the alarm, and the rule fixed before the block was to "
                "withhold its key",
                "watch",
                evidence or {},
                key.ledger,
            )
        rest = (*key.ledger.epsilons, self.epsilon(key.ledger.eps_total))
        return replace(key, ledger=replace(key.ledger, epsilons=rest))
