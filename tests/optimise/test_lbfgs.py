import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.optimise.gradient import Plan, Problem, lbfgs


def test_it_solves_rosenbrock_as_scipy_does():
    from scipy.optimize import rosen, rosen_der

    problem = Problem(1, lambda w, _: float(rosen(w)), lambda w, _: (float(rosen(w)), rosen_der(w)))
    plan = Plan(max_iter=200, tol=0.0)
    found = lbfgs.minimise(problem, np.array([-1.2, 1.0, 0.5]), plan, np.random.default_rng(0))
    np.testing.assert_allclose(found.weights, 1.0, atol=1e-5)
    assert found.settled
    assert (np.diff(found.losses) <= 0).all()


def test_it_stops_at_the_step_limit():
    from scipy.optimize import rosen, rosen_der

    problem = Problem(1, lambda w, _: float(rosen(w)), lambda w, _: (float(rosen(w)), rosen_der(w)))
    found = lbfgs.minimise(problem, np.array([-1.2, 1.0]), Plan(max_iter=3), np.random.default_rng(0))
    assert len(found.losses) == 4
    assert not found.settled


def test_it_needs_a_gradient():
    with pytest.raises(InvalidInput, match="exact gradient"):
        lbfgs.minimise(Problem(1, lambda w, _: 0.0), np.zeros(1), Plan(), np.random.default_rng(0))
