"""Models that predict key rates, and how far to lower what they say.

A predicted rate is not a key rate that you may use, lowered or not: it says nothing about an attack unlike
the channels that the model has seen. It is for planning and comparison; for a bound see `certificate_choice`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from noclone.core.errors import InvalidInput
from noclone.learn.contenders import CLASSICAL, QUANTUM, Contender, baselines, twin
from noclone.learn.splits import FOLDS
from noclone.learn.task import REGRESSION

Floats = NDArray[np.float64]

COVERED = 0.995
"""Share of new predictions that the margin is to keep from being over-estimates."""


def estimates(observed: ArrayLike) -> Floats:
    """Return loss, excess noise and amplitude as they follow from what is observed, shape (n, 3).

    Every model gets these: what an experimenter computes first, and where the excess noise is no longer the
    small difference of large numbers.

    Parameters
    ----------
    observed : array_like, shape (n, 17)
        As `noclone.learn.proven_points.features` gives it.

    Returns
    -------
    ndarray, shape (n, 3)
        Loss in dB, excess noise in shot-noise units referred to the channel's input, amplitude.

    Examples
    --------
    >>> from noclone.learn.proven_points import case_at, features
    >>> case = case_at("homodyne", length_km=20, excess_noise_snu=0.01, amplitude=0.6)
    >>> estimates([features(case.seen, 0.6)]).round(9).tolist()
    [[4.0, 0.01, 0.6]]
    """
    table = np.asarray(observed, float)
    if table.ndim != 2 or table.shape[1] != 17:
        raise InvalidInput("observed", f"must have shape (rows, 17), but has {table.shape}")
    q, p, photons, _ = table[:, :16].reshape(-1, 4, 4).sum(axis=1).T  # probabilities 1/4 make sums means
    amplitude = table[:, 16]
    received = (q**2 + p**2) / 4
    through = received / amplitude**2
    return np.array([-10 * np.log10(through), 2 * (photons - received) / through, amplitude]).T


def rate_models() -> tuple[Contender, ...]:
    """Return the models of the logarithm of the rate, each with what may be tried of it.

    Examples
    --------
    >>> [contender.name for contender in rate_models()][:4]
    ['cubic-ridge', 'gradient-boosting', 'mlp', 'variational-regressor']
    """
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import FunctionTransformer, PolynomialFeatures, StandardScaler

    from noclone.models.variational_regressor import VariationalRegressor

    usual = {each.name: each for each in baselines(REGRESSION)}
    cubic = Pipeline(
        [("scaler", StandardScaler()), ("powers", PolynomialFeatures(3)), ("model", Ridge(1e-3))]
    )
    circuit = Pipeline(
        [
            ("repeat", FunctionTransformer(_three_times)),
            ("model", VariationalRegressor(layers=4, bandwidth=0.5, max_iter=500)),
        ]
    )
    quantum = Contender(
        "variational-regressor",
        circuit,
        {
            "model__layers": [2, 4, 6],
            "model__learning_rate": [0.02, 0.05, 0.1],
            "model__bandwidth": [0.3, 0.5, 1.0],
        },
        QUANTUM,
    )
    product = twin(quantum)
    assert product is not None
    return (
        Contender("cubic-ridge", cubic, {"model__alpha": [10.0**k for k in range(-6, 1)]}, CLASSICAL),
        usual["gradient-boosting"],
        usual["mlp"],
        quantum,
        product,
    )


def _three_times(table: Floats) -> Floats:
    """Return the features thrice: a re-uploading circuit of three qubits then reads all on each."""
    return np.tile(table, (1, 3))


@dataclass(frozen=True)
class RateSurrogate:
    """A model of the logarithm of the key rate, with a margin.

    Attributes
    ----------
    model : object
        With scikit-learn's interface, from `estimates` to the rate's logarithm to base 10.
    margin : float
        By how much its answers are lowered, in decades; 0 for none.
    """

    model: Any
    margin: float = 0.0

    def unproven_rates(self, observed: ArrayLike) -> Floats:
        """Return predicted rates: plain numbers, not key rates that you may use.

        Parameters
        ----------
        observed : array_like, shape (n, 17)

        Returns
        -------
        ndarray, shape (n,)
            Bits per signal.
        """
        predicted: Floats = 10 ** (self.model.predict(estimates(observed)) - self.margin)
        return predicted

    def over_decades(self, observed: ArrayLike, rates: ArrayLike) -> Floats:
        """Return by how many decades predictions lie above rates, shape (n,)."""
        above: Floats = np.log10(self.unproven_rates(observed) / np.asarray(rates, float))
        return above


def fitted(
    contender: Contender, observed: ArrayLike, rates: ArrayLike, settings: int, seed: int
) -> RateSurrogate:
    """Return a surrogate without a margin, its hyperparameters chosen by three folds.

    Parameters
    ----------
    contender : Contender
    observed : array_like, shape (n, 17)
    rates : array_like, shape (n,)
        Positive.
    settings : int
        How many are tried, drawn without repetition.
    seed : int

    Raises
    ------
    InvalidInput
        If a rate is not positive, or `observed` not of this shape.

    Examples
    --------
    >>> from noclone.learn.tasks.quaternary_key_rates import key_rates
    >>> known = key_rates("homodyne")
    >>> model = fitted(rate_models()[0], known.observed[:200], known.rates[:200], 2, 0)
    >>> bool(np.median(np.abs(model.over_decades(known.observed[200:], known.rates[200:]))) < 0.02)
    True
    """
    from sklearn.base import clone
    from sklearn.model_selection import KFold, RandomizedSearchCV
    from threadpoolctl import threadpool_limits

    known = np.asarray(rates, float)
    if not (known > 0).all():
        raise InvalidInput("rates", f"must be positive, but one is {known.min():.3g}")
    model = clone(contender.estimator)
    names = [name for name in model.get_params() if name.split("__")[-1] == "random_state"]
    model.set_params(**dict.fromkeys(names, seed))
    search = RandomizedSearchCV(
        model,
        dict(contender.space),
        n_iter=settings,
        cv=KFold(FOLDS, shuffle=True, random_state=seed),
        random_state=seed,
    )
    with threadpool_limits(1):
        search.fit(estimates(observed), np.log10(known))
    return RateSurrogate(search.best_estimator_)


def calibrated(surrogate: RateSurrogate, observed: ArrayLike, rates: ArrayLike) -> RateSurrogate:
    """Return a surrogate lowered by a margin that rows which it has not seen call for.

    The margin is the k-th smallest over-estimate of n rows, k = ceil(.995 (n + 1)) or n: a new row from the
    same distribution is then over-estimated with a probability of at most 1 - k / (n + 1). Nothing follows
    for any other distribution.

    Parameters
    ----------
    surrogate : RateSurrogate
    observed : array_like, shape (n, 17)
    rates : array_like, shape (n,)

    Notes
    -----
    Split conformal prediction: Lei et al., J. Am. Stat. Assoc. 113, 1094 (2018).

    Examples
    --------
    >>> from noclone.learn.tasks.quaternary_key_rates import key_rates
    >>> known = key_rates("homodyne")
    >>> model = fitted(rate_models()[0], known.observed[:200], known.rates[:200], 2, 0)
    >>> safer = calibrated(model, known.observed[200:400], known.rates[200:400])
    >>> int((safer.over_decades(known.observed[200:400], known.rates[200:400]) > 1e-12).sum())
    0
    """
    above = np.sort(surrogate.over_decades(observed, rates))
    place = min(int(np.ceil(COVERED * (len(above) + 1))), len(above))
    return RateSurrogate(surrogate.model, surrogate.margin + float(above[place - 1]))
