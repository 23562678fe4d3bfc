"""How watchers stand what they were not prepared for: unknown attacks, two at once, drift, and evasion."""

from noclone.learn.robustness.report import robustness_report

__all__ = ["robustness_report"]
