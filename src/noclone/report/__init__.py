"""Reports: a self-contained page, a terminal summary, pictures of sweeps."""

from noclone.report.page import write
from noclone.report.protocol_curves import comparison_figure
from noclone.report.protocol_page import write_pages
from noclone.report.rate_curves import sweep_figure
from noclone.report.text import key_summary, summary

__all__ = ["comparison_figure", "key_summary", "summary", "sweep_figure", "write", "write_pages"]
