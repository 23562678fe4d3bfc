"""Maximising a function over a box without derivatives: one heuristic per file, one interface, one budget.

A file put here that has `NAME`, `TITLE`, `SOURCE`, `QUANTUM` and a generator function `propose` is a
heuristic; `search` finds it by its name. All maximise. None of them needs a quantum computer.
"""

from noclone.optimise.metaheuristics.ask_and_tell import Found, Task, heuristics, search, searches

__all__ = ["Found", "Task", "heuristics", "search", "searches"]
