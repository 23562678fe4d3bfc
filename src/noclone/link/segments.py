"""Shares of the pulses and their transmittances: channels that stand still, and room for grids."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from noclone.core.fields import Described, specs
from noclone.link.device import Segments


def steady(loss_db: ArrayLike) -> Segments:
    """Return the one share of a channel of constant loss.

    Examples
    --------
    >>> shares, transmittance = steady(20.0)
    >>> shares.tolist(), transmittance.tolist()
    ([1.0], [0.01])
    """
    return np.ones(1), np.asarray(10.0 ** (-np.asarray(loss_db, float) / 10))[None]


def grid_rank(device: Described) -> int:
    """Return the dimensions of the grid over which the fields of a device vary.

    Examples
    --------
    >>> from noclone.link.fixed_loss import FixedLoss
    >>> grid_rank(FixedLoss(loss_db=3.0)), grid_rank(FixedLoss(loss_db=3.0).with_arrays({"loss_db": [1, 2]}))
    (0, 1)
    """
    return max(np.ndim(getattr(device, name)) for name in specs(type(device)))
