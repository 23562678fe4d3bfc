"""The main job, end to end."""

from noclone.run.run import RunResult, run

__all__ = ["RunResult", "run"]
