"""Gaussian mixture with risk measures: how improbable a block is, and how bad the worst normal blocks are."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import ks_2samp
from sklearn.mixture import GaussianMixture

from noclone.core.errors import InvalidInput
from noclone.core.numbers import whole
from noclone.watchers.outliers import HeldOut
from noclone.watchers.watcher import ONE_CLASS, Watcher

Floats = NDArray[np.float64]

RISKS = ("value-at-risk", "conditional-value-at-risk")


class MixtureRisk(HeldOut):
    """Alarm when a row is less probable, under a Gaussian mixture, than normal rows risk to be.

    The loss of a row is minus the logarithm of its density. The value at risk is the loss that a share
    `false_alarm_rate` of normal rows exceed; the conditional value at risk is the mean loss of those that do
    (Rockafellar and Uryasev, J. Risk 2, 21, 2000), a threshold that fewer false alarms reach. Chou et al.
    watch a link in this way, with mixtures learned while nobody attacks; details here are ours.

    Parameters
    ----------
    max_components : int
        The number of Gaussians up to this one with the least Bayesian information criterion is taken.
    risk : {"value-at-risk", "conditional-value-at-risk"}
        The loss above which there is an alarm.
    false_alarm_rate : float
        Share of normal rows beyond the value at risk.
    random_state : int, RandomState or None

    Attributes
    ----------
    scale_ : Scale
    held_out_scores_ : ndarray, shape (rows,)
        Of normal rows, by copies that were not fitted to them; ascending.
    mixture_ : GaussianMixture
    value_at_risk_, conditional_value_at_risk_ : float
    offset_ : float
        Minus the risk chosen.

    Examples
    --------
    >>> random = np.random.default_rng(1)
    >>> normal = random.normal(size=(300, 2)) + random.choice([-4, 4], (300, 1))
    >>> watch = MixtureRisk(random_state=1).fit(normal)
    >>> watch.mixture_.n_components, watch.predict([[4.0, 4.0], [0.0, 0.0], [4.0, -4.0]]).tolist()
    (2, [1, -1, -1])
    """

    def __init__(
        self,
        max_components: int = 5,
        risk: str = "value-at-risk",
        false_alarm_rate: float = 0.01,
        random_state: int | np.random.RandomState | None = None,
    ) -> None:
        self.max_components = max_components
        self.risk = risk
        self.false_alarm_rate = false_alarm_rate
        self.random_state = random_state

    def batch_p_value(self, X: ArrayLike) -> float:
        """Return how rarely rows, taken together, would look so little like normal ones if they were.

        The test of Kolmogorov and Smirnov, of the rows' losses against those of normal rows held out.
        """
        return float(ks_2samp(self.score_samples(X), self.held_out_scores_).pvalue)

    def _draw(self, standard: Floats) -> None:
        most = min(whole("max_components", self.max_components, 1), len(standard))
        found = [GaussianMixture(n, random_state=self.random_state).fit(standard) for n in range(1, most + 1)]
        self.mixture_ = min(found, key=lambda mixture: mixture.bic(standard))

    def _threshold(self, scores: Floats) -> float:
        if self.risk not in RISKS:
            raise InvalidInput("risk", f"must be {' or '.join(RISKS)}, but is {self.risk!r}")
        self.value_at_risk_ = -super()._threshold(scores)
        self.conditional_value_at_risk_ = -float(scores[scores <= -self.value_at_risk_].mean())
        return -(self.value_at_risk_ if self.risk == RISKS[0] else self.conditional_value_at_risk_)

    def _place(self, standard: Floats) -> Floats:
        return np.asarray(self.mixture_.score_samples(standard))


WATCHER = Watcher(
    name="gaussian-mixture",
    title="Gaussian mixture with the number of components by BIC and a threshold by value at risk",
    family=ONE_CLASS,
    kinds=("one-class",),
    source="H. Chou, T. X. Vu, I. Maity, arXiv:2401.14622",
    make=lambda kind: MixtureRisk(),
    space=lambda kind: {"max_components": [1, 3, 5]},
)
