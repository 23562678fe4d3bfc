import numpy as np

from noclone.optimise.gradient import Plan, Problem, spsa


def test_it_finds_a_minimum_through_noise():
    noise = np.random.default_rng(5)
    target = np.linspace(-1, 1, 10)
    problem = Problem(1, lambda w, _: float(((w - target) ** 2).sum() + 0.05 * noise.normal()))
    found = spsa.minimise(
        problem, np.zeros(10), Plan(0.1, 1500, tol=0.0, patience=750), np.random.default_rng(0)
    )
    assert np.abs(found.weights - target).max() < 0.2
    assert found.losses[-100:].mean() < 0.1 * found.losses[:10].mean() + 0.1


def test_the_first_steps_have_the_size_of_the_learning_rate():
    slope = np.array([3.0, 0.0, 0.0])
    problem = Problem(1, lambda w, _: float(1000 * slope @ w))
    start = np.zeros(3)
    found = spsa.minimise(problem, start, Plan(0.07, 1), np.random.default_rng(0))
    # |slope along any direction of signs| is the same here, so that the calibration is exact
    np.testing.assert_allclose(np.abs(found.weights), 0.07, rtol=1e-9)


def test_two_losses_a_step_and_ten_pairs_to_calibrate():
    calls = []
    problem = Problem(1, lambda w, _: calls.append(1) or float(w @ w))
    spsa.minimise(problem, np.ones(50), Plan(max_iter=7), np.random.default_rng(0))
    assert len(calls) == 2 * (10 + 7)


def test_the_same_seed_gives_the_same_path():
    problem = Problem(1, lambda w, _: float(w @ w))
    first, second = (
        spsa.minimise(problem, np.ones(4), Plan(max_iter=20), np.random.default_rng(3)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.weights, second.weights)


def test_a_flat_start_makes_no_leaps():
    """The trials see a slope of 1e-7, the first wall one of 1: a step that followed it would be 1e6 long."""
    problem = Problem(1, lambda w, _: float(1e-7 * w[0] + np.maximum(np.abs(w) - 0.3, 0).sum()))
    plan = Plan(0.05, 300, tol=0.0, patience=300)
    found = spsa.minimise(problem, np.zeros(3), plan, np.random.default_rng(0))
    assert np.abs(found.weights).max() < 1
    assert found.losses.max() < 3
