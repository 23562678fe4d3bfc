"""The agreement of models with bounds and samples, and experiments against models."""

from noclone.agreement.agree import agree
from noclone.agreement.experiments import experiments

__all__ = ["agree", "experiments"]
