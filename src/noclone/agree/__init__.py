"""Experiments against models."""

from noclone.agree.experiments import experiments

__all__ = ["experiments"]
