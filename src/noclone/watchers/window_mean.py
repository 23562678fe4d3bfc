"""The mean over a window's blocks: all that independent, equally distributed blocks say of a shift."""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from noclone.core.errors import InvalidInput


class WindowMean(TransformerMixin, BaseEstimator):
    """Average the blocks that stand side by side in a row.

    Parameters
    ----------
    window : int
        Blocks in a row; the number of features must be a multiple of it.

    Examples
    --------
    >>> WindowMean(window=2).fit_transform([[1.0, 10.0, 3.0, 20.0]]).tolist()
    [[2.0, 15.0]]
    """

    def __init__(self, window: int = 1) -> None:
        self.window = window

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Check the shape of the rows; nothing is learned."""
        rows = validate_data(self, X)
        if self.window < 1 or rows.shape[1] % self.window:
            raise InvalidInput(
                "X", f"must hold {self.window} blocks in a row, but has {rows.shape[1]} features"
            )
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the means, shape (rows, features / window)."""
        check_is_fitted(self)
        rows = np.asarray(validate_data(self, X, reset=False), float)
        return np.asarray(rows.reshape(len(rows), self.window, -1).mean(axis=1))

    def __sklearn_is_fitted__(self) -> bool:
        """Return whether `fit` has seen rows."""
        return hasattr(self, "n_features_in_")
