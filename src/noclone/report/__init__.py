"""Reports: a self-contained page, a terminal summary, pictures of sweeps."""

from noclone.report.page import write
from noclone.report.rate_curves import sweep_figure
from noclone.report.text import key_summary, summary

__all__ = ["key_summary", "summary", "sweep_figure", "write"]
