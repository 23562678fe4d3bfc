"""Features to angles: the step before every circuit that reads data."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.core.errors import InvalidInput

Floats = NDArray[np.float64]


CONSTANT = 1e-12
"""A feature that varies by less than this share of its size is constant: the rest is rounding."""


class AngleEncoder(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Scale each feature to angles in ``bandwidth * (-pi/2, pi/2)``; project first where there are too many.

    The smallest and largest value seen in `fit` become the ends of the range; constant features become 0.
    With more features than `max_angles`, the standardised features are first projected on their leading
    principal axes, which uses no labels.

    Parameters
    ----------
    max_angles : int
        Most angles to produce, that is qubits to use.
    bandwidth : float
        Scale of the angles; small values keep a kernel from concentrating.

    Attributes
    ----------
    axes_ : ndarray, shape (features, angles), or None
        The projection, or None.
    n_angles_ : int

    Examples
    --------
    >>> AngleEncoder().fit_transform([[0.0, 5.0], [1.0, 5.0]]).round(6).tolist()
    [[-1.570796, 0.0], [1.570796, 0.0]]
    """

    def __init__(self, max_angles: int = 8, bandwidth: float = 1.0) -> None:
        self.max_angles = max_angles
        self.bandwidth = bandwidth

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the ranges, and the projection if one is needed."""
        data = validate_data(self, X, dtype=np.float64)
        if not np.isfinite(self.bandwidth) or self.bandwidth <= 0:
            raise InvalidInput("bandwidth", f"must be a finite number above 0, but is {self.bandwidth}")
        # As shares of the largest value, no difference of large numbers overflows.
        largest = np.abs(data).max(axis=0)
        self.unit_ = np.where(largest > 0, largest, 1.0)
        data = data / self.unit_
        self.mean_ = data.mean(axis=0)
        spread = (data - self.mean_).std(axis=0)
        self.scale_ = np.where(spread > CONSTANT, spread, np.inf)
        self.axes_ = None
        if data.shape[1] > self.max_angles:
            standard = (data - self.mean_) / self.scale_
            axes = np.linalg.eigh(standard.T @ standard)[1].T[::-1][: self.max_angles]
            signs = np.sign(np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1))
            self.axes_ = (axes * signs).T
        projected = self._projected(data)
        self.low_, self.high_ = projected.min(axis=0), projected.max(axis=0)
        self.n_angles_ = projected.shape[1]
        return self

    def _projected(self, data: Floats) -> Floats:
        return data if self.axes_ is None else ((data - self.mean_) / self.scale_) @ self.axes_

    def transform(self, X: ArrayLike) -> Floats:
        """Return angles in radians, shape (samples, n_angles_); unseen values may lie outside the range."""
        check_is_fitted(self)
        data = self._projected(validate_data(self, X, dtype=np.float64, reset=False) / self.unit_)
        width = self.high_ - self.low_
        moving = width > CONSTANT
        share = (data - self.low_) / np.where(moving, width, 1.0) - 0.5
        return np.where(moving, np.pi * self.bandwidth * share, 0.0)
