"""The scale of normal telemetry: each feature in standard deviations from its mean, constants included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from noclone.core.errors import InvalidInput

Floats = NDArray[np.float64]

ROUNDING = 1e-9
"""A feature that varies by less than this share of its size is constant."""
LEAST_CHANGE = 1e-6
"""Of a feature that was constant: the share of its value that counts as one standard deviation."""


@dataclass(frozen=True, eq=False)
class Scale:
    """Where normal blocks lie and how widely they spread.

    A feature that never varied has no standard deviation. Whatever later changes it is a deviation, so its
    width is a millionth of its value (a millionth of 1 if that is 0): too wide for rounding errors, too
    narrow for anything else.

    Attributes
    ----------
    centre, width : array, shape (features,)
    constant : array of bool, shape (features,)
        Which features never varied.

    Examples
    --------
    >>> scale = Scale.of(np.array([[1.0, 5.0], [3.0, 5.0]]))
    >>> scale(np.array([[4.0, 5.0], [2.0, 5.1]])).round(3).tolist()
    [[1.414, 0.0], [0.0, 20000.0]]
    """

    centre: Floats
    width: Floats
    constant: NDArray[np.bool_]

    @classmethod
    def of(cls, blocks: Floats) -> Self:
        """Return the scale of normal blocks, shape (blocks, features).

        Raises
        ------
        InvalidInput
            If no feature varies.
        """
        centre, size = blocks.mean(axis=0), np.abs(blocks).max(axis=0)
        constant = np.ptp(blocks, axis=0) <= ROUNDING * size
        if constant.all():
            raise InvalidInput(
                "telemetry",
                "must vary from block to block to learn what is normal, but all blocks are the same",
            )
        change = LEAST_CHANGE * np.where(size > 0, size, 1.0)
        return cls(centre, np.where(constant, change, blocks.std(axis=0, ddof=1)), constant)

    def __call__(self, blocks: Floats) -> Floats:
        """Return blocks in standard deviations from the mean."""
        return (blocks - self.centre) / self.width
