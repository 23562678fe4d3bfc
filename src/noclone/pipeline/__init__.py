"""The main job, end to end."""

from noclone.pipeline.run import RunResult, run

__all__ = ["RunResult", "run"]
