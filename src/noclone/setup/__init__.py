"""Setups: a link and its protocol, grids of them, files, presets, and their key rates."""

from noclone.setup.adapted import adapted, replaced
from noclone.setup.grid import Grid
from noclone.setup.presets import load, typical
from noclone.setup.presets import names as preset_names
from noclone.setup.rate import rate
from noclone.setup.setup import Publication, Setup

__all__ = ["Grid", "Publication", "Setup", "adapted", "load", "preset_names", "rate", "replaced", "typical"]
