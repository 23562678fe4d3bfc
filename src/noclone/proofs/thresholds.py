"""Where a certified key rate vanishes, along any parameter."""

from __future__ import annotations

from functools import cache
from typing import Any

from scipy.optimize import brentq

from noclone.core.errors import InvalidInput
from noclone.core.numbers import finite, positive
from noclone.proofs.proof import Proof
from noclone.proofs.proving import prove_case
from noclone.proofs.subjects import Subject, case_of, parameter_name


def threshold(
    protocol: Subject,
    parameter: str = "qber",
    *,
    low: float = 0.001,
    high: float = 0.5,
    tolerance: float = 1e-9,
    **fixed: Any,
) -> float:
    """Return the value of a parameter at which the certified key rate changes its sign.

    Parameters
    ----------
    protocol : str, Protocol, Declaration, Setup or callable
        As for `prove`; a callable maps the parameter (and `fixed`) to a `Case`.
    parameter : str
        Its name; of a setup a field's dotted name (``channel.length_km``).
    low, high : float
        Values between which the sign changes.
    tolerance : float
        How exactly the value is found; the bounds themselves lie within about 1e-8 bit of the optimum.
    **fixed
        Other parameters.

    Raises
    ------
    InvalidInput
        If the rate has the same sign at both ends.

    Examples
    --------
    >>> round(threshold("bb84", low=0.1, high=0.12, tolerance=1e-6), 5)
    0.11003
    """
    if parameter_name(parameter) in fixed:
        raise InvalidInput(parameter, "cannot be both set and varied")
    positive("tolerance", tolerance)
    if not finite("low", low) < finite("high", high):
        raise InvalidInput("low", f"must be below high, but they are {low} and {high}")
    last: list[Proof] = []

    @cache
    def rate(value: float) -> float:
        start = last[-1].point if last else None
        asked: dict[str, Any] = {**fixed, parameter: value}
        last[:] = [prove_case(case_of(protocol, **asked), start=start)]
        return last[0].rate

    ends = rate(low), rate(high)
    if (ends[0] > 0) == (ends[1] > 0):
        raise InvalidInput(
            parameter,
            f"must enclose a threshold, but the rate is {ends[0]:.3g} at {low:g} and {ends[1]:.3g} at "
            f"{high:g}",
        )
    return float(brentq(rate, low, high, xtol=tolerance, rtol=1e-12))
