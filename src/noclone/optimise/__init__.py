"""Choosing what a protocol leaves free, for one link or many at once."""

from noclone.optimise.tune import Tuned, tune

__all__ = ["Tuned", "tune"]
