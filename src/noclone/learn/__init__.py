"""Learning tasks with known answers, and fair comparisons of quantum and classical models on them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noclone.learn.benchmark import compare as compare
    from noclone.learn.benchmark import run_task as run_task
    from noclone.learn.comparison import Comparison as Comparison
    from noclone.learn.contenders import Contender as Contender
    from noclone.learn.task import Data as Data
    from noclone.learn.task import Task as Task
    from noclone.learn.task import all_tasks as all_tasks

_HOMES = {
    "Comparison": "comparison",
    "Contender": "contenders",
    "Data": "task",
    "Task": "task",
    "all_tasks": "task",
    "compare": "benchmark",
    "run_task": "benchmark",
}

__all__ = ["Comparison", "Contender", "Data", "Task", "all_tasks", "compare", "run_task"]


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use (PEP 562)."""
    if name in _HOMES:
        thing = getattr(import_module(f"noclone.learn.{_HOMES[name]}"), name)
        globals()[name] = thing
        return thing
    raise AttributeError(f"module 'noclone.learn' has no attribute {name!r}")
