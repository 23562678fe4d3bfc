"""What models that may draw finite shots have in common."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

from noclone.core.numbers import whole


def check_shots(shots: int | None) -> None:
    """Raise `InvalidInput` if a number of shots is neither None nor a whole number of at least 1."""
    if shots is not None:
        whole("shots", shots, 1)


class FiniteShots(BaseEstimator):
    """Base of models with the parameter `shots`, with which a sample's value varies from batch to batch."""

    shots: int | None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.shots is not None
        return tags
