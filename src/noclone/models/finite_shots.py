"""What models that may draw finite shots have in common."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

from noclone.core.errors import InvalidInput


def check_shots(shots: int | None) -> None:
    """Raise `InvalidInput` if a number of shots is neither None nor at least 1."""
    if shots is not None and shots < 1:
        raise InvalidInput("shots", f"must be at least 1 or None, but is {shots}")


class FiniteShots(BaseEstimator):
    """Base of models with the parameter `shots`, with which a sample's value varies from batch to batch."""

    shots: int | None

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.non_deterministic = self.shots is not None
        return tags
