"""Progress of long work: stages report, faces draw."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called as ``progress(stage, fraction)`` with the fraction done, 0 to 1."""


def silent(stage: str, fraction: float) -> None:
    """Report to nobody."""
