"""Heavy packages are loaded when they are used, not before."""

import subprocess
import sys

import pytest

HEAVY = (
    "numba",
    "scipy",
    "sklearn",
    "matplotlib",
    "pyarrow",
    "gmpy2",
    "torch",
    "pennylane",
    "qiskit",
    "gymnasium",
    "cma",
    "flint",
    "qics",
    "clarabel",
)


def loaded_by(statement):
    code = f"import sys; {statement}; print(*(name for name in {HEAVY} if name in sys.modules))"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("import noclone", set()),
        ("import noclone.quantum", set()),
        ("import noclone.models", set()),
        ("import noclone.learn", set()),
        ("import noclone.proofs", set()),
        ("from noclone.models.registry import models; models()", {"numba", "scipy", "sklearn"}),
    ],
)
def test_importing_loads_nothing_heavy(statement, allowed):
    assert set(loaded_by(statement)) <= allowed
