import itertools
import pickle

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from scipy.optimize import linprog
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from noclone.core.errors import InvalidInput
from noclone.learn.environments.switched_corridor import SwitchedCorridor
from noclone.learn.environments.value_iteration import value_iteration
from noclone.models.policy_gradient import Episodes, PerceptronPolicy
from noclone.models.quantum_policy import QuantumPolicy


class Spaces(gymnasium.Env):
    """One step with the given spaces; the reward is the number of the action."""

    def __init__(self, observations, actions=None):
        self.observation_space = observations
        self.action_space = actions or gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        return self.observation_space.sample(), {}

    def step(self, action):
        assert self.action_space.contains(action)
        return self.observation_space.sample(), float(action), True, False, {}


def test_the_optimum_of_the_corridor_by_hand():
    values = value_iteration(*SwitchedCorridor().model())
    assert values.tolist() == [[-5, -4], [-3, -5], [-2, -4], [-3, -1]]


def test_value_iteration_finds_the_optimum_of_the_linear_programme():
    random = np.random.default_rng(0)
    states, actions, discount = 6, 3, 0.9
    transitions = random.dirichlet(np.ones(states), size=(states, actions))
    rewards = random.normal(size=(states, actions))
    # Least v with v >= r + discount P v for each action: M. Puterman, "Markov Decision Processes", 6.9.
    matrix = (discount * transitions - np.eye(states)[:, None]).reshape(-1, states)
    best = linprog(np.ones(states), matrix, -rewards.ravel(), bounds=(None, None)).x
    np.testing.assert_allclose(value_iteration(transitions, rewards, discount).max(axis=1), best, atol=1e-8)


def test_value_iteration_says_when_there_is_no_value():
    with pytest.raises(ArithmeticError, match="did not settle within 50"):
        value_iteration(np.ones((1, 1, 1)), np.ones((1, 1)), max_iter=50)


def test_corridor_keeps_to_its_model_and_to_gymnasium():
    check_env(SwitchedCorridor(), skip_render_check=True)
    corridor = SwitchedCorridor(max_steps=3)
    transitions, _ = corridor.model()
    for actions in itertools.product((0, 1), repeat=3):
        room, _ = corridor.reset()
        for number, action in enumerate(actions, 1):
            chances = transitions[room, action]
            room, reward, left, cut, _ = corridor.step(action)
            assert reward == -1
            assert left == (chances.sum() == 0)
            assert left or chances[room] == 1
            assert cut == (number == 3 and not left)
    with pytest.raises(InvalidInput, match="switched must be rooms from 0 to 3"):
        SwitchedCorridor(switched=(4,))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "policy",
    [QuantumPolicy(), QuantumPolicy(entangled=False), PerceptronPolicy(hidden=8)],
    ids=["quantum", "unentangled", "perceptron"],
)
def test_policies_learn_the_corridor_to_its_optimum(policy, seed):
    corridor = SwitchedCorridor()
    best = value_iteration(*corridor.model())
    policy = clone(policy).set_params(max_iter=50, random_state=seed).fit(corridor)
    assert policy.score(corridor) == best.max(axis=1)[0]
    assert policy.act(np.arange(4)).tolist() == best.argmax(axis=1).tolist()
    assert len(policy.weights_) == 42


def test_the_gradient_of_the_expected_reward_is_exact():
    """With every sequence of actions weighted by its probability, against finite differences."""
    policy = QuantumPolicy(layers=2, max_iter=1, episodes=2, random_state=0).fit(SwitchedCorridor())
    network, features = policy._network(), policy._features(np.arange(4))
    rewards = np.random.default_rng(1).normal(size=(4, 2))

    def chances(weights):
        logits = network.expectations(features, weights)
        return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)

    _, pullback = network.vjp(features, policy.weights_)
    now = chances(policy.weights_)
    slope = sum(pullback((now[:, [a]] * rewards[:, [a]]) * (np.eye(2)[[a] * 4] - now))[0] for a in (0, 1))
    steps = np.eye(len(policy.weights_)) * 1e-6
    differences = [
        ((chances(policy.weights_ + step) - chances(policy.weights_ - step)) * rewards).sum() / 2e-6
        for step in steps
    ]
    np.testing.assert_allclose(slope, differences, atol=1e-8)


def test_returns_and_advantages_by_hand():
    run = Episodes(
        np.zeros((3, 2, 1)),
        np.zeros((3, 2), int),
        np.array([[1.0, 0.0], [1.0, 4.0], [1.0, 0.0]]),
        np.array([[True, True], [True, True], [True, False]]),
    )
    np.testing.assert_allclose(run.returns_to_go(0.5), [[1.75, 2.0], [1.5, 4.0], [1.0, 0.0]])
    gained = np.array([-0.125, 0.125, -1.25, 1.25, 0.0])
    np.testing.assert_allclose(run.advantages(0.5), gained / gained.std())


def test_the_pole_is_balanced_longer():
    policy = QuantumPolicy(layers=2, max_iter=12, learning_rate=0.1, episodes=8, random_state=0)
    policy.fit("CartPole-v1")
    assert policy.return_curve_[-1] > 3 * policy.return_curve_[0]


def test_fit_is_max_iter_partial_fits_and_the_seed_decides():
    one = QuantumPolicy(max_iter=3, episodes=4, random_state=5).fit(SwitchedCorridor)
    other, third = clone(one), clone(one).set_params(random_state=6)
    for _ in range(3):
        other.partial_fit(SwitchedCorridor())
        third.partial_fit(SwitchedCorridor())
    np.testing.assert_array_equal(one.weights_, other.weights_)
    np.testing.assert_array_equal(one.return_curve_, other.return_curve_)
    assert one.n_iter_ == 3
    assert not np.array_equal(one.weights_, third.weights_)
    copy = pickle.loads(pickle.dumps(one)).partial_fit(SwitchedCorridor)
    np.testing.assert_array_equal(copy.weights_, other.partial_fit(SwitchedCorridor).weights_)


def test_spaces_that_do_not_start_at_zero():
    spaces = gymnasium.spaces
    environment = Spaces(spaces.Discrete(5, start=3), spaces.Discrete(3, start=-1))
    policy = QuantumPolicy(max_iter=40, random_state=0).fit(environment)
    assert policy.circuit_.qubits == 3
    assert policy.act([3, 5, 7]).tolist() == [1, 1, 1]
    assert policy.action_probabilities([3, 4]).sum(axis=1) == pytest.approx([1, 1])


def test_boxes_become_angles():
    box = gymnasium.spaces.Box(np.array([[0.0, -np.inf]]), np.array([[4.0, np.inf]]), dtype=np.float64)
    policy = QuantumPolicy(layers=1, max_iter=1, episodes=2, random_state=0).fit(lambda: Spaces(box))
    np.testing.assert_allclose(
        policy._features([[[0.0, 1.0]], [[4.0, -1.0]]]), np.array([[-2, 1], [2, -1]]) * np.pi / 4
    )


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (Spaces(gymnasium.spaces.MultiBinary(2)), "must have observations in a box or discrete"),
        (Spaces(gymnasium.spaces.Discrete(2), gymnasium.spaces.Box(0, 1)), "must have discrete actions"),
        (Spaces(gymnasium.spaces.Box(0, 1, (7,))), "must have observations of 1 to 6 features"),
    ],
)
def test_environments_that_do_not_fit_are_refused(environment, message):
    with pytest.raises(InvalidInput, match=message):
        QuantumPolicy(max_qubits=2, max_iter=1).fit(environment)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"discount": 1.5}, "discount must be between 0 and 1"),
        ({"episodes": 0}, "episodes must be at least 1"),
    ],
)
def test_parameters_out_of_range_are_refused(options, message):
    with pytest.raises(InvalidInput, match=message):
        QuantumPolicy(**options).fit(SwitchedCorridor())


def test_nothing_is_known_before_the_first_update():
    with pytest.raises(NotFittedError):
        QuantumPolicy().act([0])
