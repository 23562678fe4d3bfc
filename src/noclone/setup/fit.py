"""Fitting what a publication leaves open to what it measured.

A preset may say that a field (the effective loss, the error floor) was not published and is to
be the value with which the model meets a measured figure.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from scipy.optimize import brentq

from noclone.core.errors import InvalidInput
from noclone.core.fields import specs
from noclone.setup.setup import Setup

FIGURES: tuple[str, ...] = ("detections", "qber")
"""Measured figures that a field can be fitted to."""


def fit(setup: Setup, wishes: Mapping[str, str]) -> Setup:
    """Return the setup with fields set so that the model meets measured figures.

    Parameters
    ----------
    setup : Setup
        With a publication that holds the measured figures.
    wishes : mapping
        Dotted field name to the name of a measured figure, fitted in this order.

    Raises
    ------
    InvalidInput
        If the figure is not measured, not one of `FIGURES`, or out of the field's reach.

    Examples
    --------
    >>> import noclone as nc
    >>> round(nc.load("micius-2017").get("channel.loss_db"), 2)
    35.15
    """
    for name, figure in wishes.items():
        measured = {} if setup.publication is None else setup.publication.measured
        if figure not in FIGURES or figure not in measured:
            raise InvalidInput(
                f"fit.{name}", f"must name a measured figure ({', '.join(FIGURES)}), not {figure!r}"
            )
        station, _, field = name.partition(".")
        spec = specs(type(setup.part(station))).get(field)
        if spec is None:
            raise InvalidInput(f"fit.{name}", "is not a field of this setup")
        value = _solve(setup, name, float(measured[figure]), _model(figure), spec.low, spec.high)
        fitted = {**setup.fitted, name: figure}
        setup = dataclasses.replace(setup.replace({name: value}), fitted=fitted)
    return setup


def _model(figure: str) -> Callable[[Setup], float]:
    def predicted(setup: Setup) -> float:
        expected = setup.recorded.expected(setup.link, setup.pulses)
        return float(getattr(expected, figure))

    return predicted


def _solve(
    setup: Setup, name: str, target: float, model: Callable[[Setup], float], low: float, high: float
) -> float:
    def excess(value: float) -> float:
        return float(np.log(model(setup.replace({name: value})) / target))

    try:
        return float(brentq(excess, low, high, xtol=1e-9, rtol=1e-12))
    except ValueError:
        raise InvalidInput(
            f"fit.{name}", f"cannot meet {target:g} anywhere between {low:g} and {high:g}"
        ) from None
