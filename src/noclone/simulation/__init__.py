"""From a setup, and perhaps an attack, to two Records."""

from noclone.simulation.sample import sample
from noclone.simulation.simulate import Simulated, simulate, with_truth

__all__ = ["Simulated", "sample", "simulate", "with_truth"]
