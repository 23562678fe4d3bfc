"""Choosing what a protocol leaves free, for one link or many at once."""

from noclone.optimise.advise import advise, curves
from noclone.optimise.tune import Tuned, tune

__all__ = ["Tuned", "advise", "curves", "tune"]
