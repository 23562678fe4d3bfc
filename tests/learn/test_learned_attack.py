"""The trained Eve between intercept-resend and what no Eve can exceed."""

import numpy as np
import pytest
from scipy.optimize import brentq

from noclone.core.errors import InvalidInput
from noclone.learn.eavesdropping import games, leaderboard_rows, learned_attack, learned_curve
from noclone.learn.eavesdropping.circuits import phase_covariant_cloner, trainable
from noclone.learn.eavesdropping.interception import EveCircuit, Interception
from noclone.learn.eavesdropping.protocol_games import collective_bound, intercept_resend
from noclone.proofs import Observations, prove
from noclone.proofs.library.channels import dephasing
from noclone.protocols.declaration import depolarising
from noclone.protocols.four_states import bb84_declaration
from noclone.quantum import Circuit, Engine, gate, w, x
from noclone.rates.entropy import binary_entropy
from noclone.rates.individual_attacks import (
    BB84_CROSSING,
    bb84_information,
    crossing,
    intercept_resend_information,
    six_state_information,
)

DISTURBANCES = (0.05, 0.11, 0.1464)


def test_the_cloner_lies_on_the_curve_of_fuchs():
    cloner = Interception(bb84_declaration(0.5), phase_covariant_cloner())
    for angle in (0.25, 0.5, np.pi / 4, 1.2, np.pi / 2):
        seen = cloner.intercepted([angle])
        assert seen.disturbances[0] == pytest.approx((1 - np.cos(angle)) / 2, abs=1e-12)
        assert seen.information == pytest.approx(float(bb84_information(seen.disturbances[0])), abs=1e-10)


def test_the_cloner_knows_as_much_as_bob_at_14_6_percent():
    cloner = Interception(bb84_declaration(0.5), phase_covariant_cloner())

    def lead(angle):
        seen = cloner.intercepted([angle])
        return seen.information - 1 + float(binary_entropy(seen.disturbances[0]))

    angle = brentq(lead, 0.1, 1.5, xtol=1e-13)
    assert cloner.intercepted([angle]).disturbances[0] == pytest.approx(0.146447, abs=1e-5)
    assert cloner.intercepted([angle]).disturbances[0] == pytest.approx(BB84_CROSSING, abs=1e-10)


@pytest.mark.parametrize(("name", "best"), [("bb84", bb84_information), ("six-state", six_state_information)])
def test_training_reaches_the_optimum_and_never_exceeds_it(name, best):
    bases = {"bb84": 2, "six-state": 3}[name]
    for found in learned_curve(name, DISTURBANCES, restarts=4):
        limit = float(best(found.disturbance))
        assert found.upper_bound == limit
        assert limit - 2e-3 < found.information <= limit + 1e-9
        assert max(found.restarts) <= float(best(found.disturbance + 1e-6)) + 1e-9
        assert found.information <= found.collective_bound
        line = float(intercept_resend_information(found.disturbance, bases))
        assert found.intercept_resend == pytest.approx(line, abs=1e-9)
        assert found.intercept_resend < found.information


def test_training_reaches_both_ends():
    """Without errors Eve learns nothing; with as many as right bits, all."""
    for name, disturbance, bits in (("bb84", 0.0, 0.0), ("bb84", 0.5, 1.0), ("six-state", 0.5, 1.0)):
        found = learned_attack(name, disturbance, restarts=2)
        assert found.information == pytest.approx(bits, abs=1e-6)
        assert found.information <= found.upper_bound + 1e-9
    unseen = learned_attack("b92", 0.0, restarts=3)  # rounding must not make its channel noisy
    assert unseen.information < 1e-3


def test_the_trained_curve_crosses_that_of_six_states_where_theory_says():
    """Between two trained points around 15.637 % the lead over Bob changes its sign."""
    low, high = learned_curve("six-state", (0.1559, 0.1568), restarts=3)
    leads = [each.information - 1 + float(binary_entropy(each.disturbance)) for each in (low, high)]
    assert leads[0] < 0 < leads[1]
    found = low.disturbance + (high.disturbance - low.disturbance) * leads[0] / (leads[0] - leads[1])
    assert found == pytest.approx(0.15637, abs=1e-5)
    assert crossing(six_state_information) == pytest.approx(found, abs=1e-5)


@pytest.mark.parametrize("name", ["b92", "sarg04", "biased-bb84", "biased-bb84-pooled"])
def test_the_other_protocols_stay_between_their_bounds(name):
    for disturbance in (0.05, 0.11):
        found = learned_attack(name, disturbance, restarts=2)
        assert found.disturbance <= disturbance + 1e-6
        assert found.information <= found.upper_bound + 1e-9
        assert found.information <= found.collective_bound
        assert not found.intercept_resend >= found.information
        kept = games()[name].expected_kept(disturbance)
        assert kept is None or found.kept == pytest.approx(kept, rel=1e-5)
        if name.startswith("biased"):
            assert found.information > found.upper_bound - 2e-3


def test_the_certified_bound_from_all_statistics_holds_too():
    for name in ("bb84", "b92", "sarg04"):
        game = games()[name]
        found = learned_attack(name, 0.08, restarts=1)
        table = Interception(game.declared, found.circuit).table(found.weights).sum(axis=-1)
        seen = {
            (sent, outcome): float(table[s, j] / table.sum())
            for s, sent in enumerate(game.declared.signals)
            for j, outcome in enumerate(game.declared.outcomes)
        }
        proof = prove(game.declared, Observations.full(game.declared, seen), leak_bits=0.0)
        limit = 1 - proof.entropy_bits / found.kept
        assert found.information <= limit <= found.collective_bound + 1e-6


def test_noise_that_eve_cannot_replace_costs_her_its_share_of_the_errors():
    """Depolarised qubits have an error rate d; Eve is left (D - d) / (1 - 2 d) of D, as errors compose."""
    found = learned_attack("bb84", 0.11, restarts=4, depolarising=0.1)
    own = (0.11 - 0.05) / (1 - 2 * 0.05)
    assert found.information == pytest.approx(float(bb84_information(own)), abs=1e-6)
    assert found.intercept_resend == pytest.approx(2 * own, abs=1e-9)


def test_dephasing_leaves_one_basis_clean():
    clean, noisy = (learned_attack("bb84", 0.11, restarts=4, dephasing=p) for p in (0.0, 0.1))
    assert noisy.intercept_resend < noisy.information < clean.information


def test_without_entanglement_eve_learns_nothing():
    assert learned_attack("bb84", 0.11, restarts=1, entangled=False).information < 1e-12


def test_slopes_against_differences():
    game = games()["sarg04"]
    circuit = trainable(2, 4, layers=2)
    interception = Interception(game.declared, circuit, depolarising(0.05), (("00", "11"), ("01", "10")))
    weights = np.random.default_rng(2).uniform(-np.pi, np.pi, circuit.n_weights)

    def numbers(at):
        seen = interception.intercepted(at)
        return np.array([seen.kept, seen.information, *seen.disturbances])

    _, slopes = interception.slopes(weights)
    step = 1e-6
    steps = step * np.eye(len(weights))
    differences = [(numbers(weights + each) - numbers(weights - each)) / (2 * step) for each in steps]
    np.testing.assert_allclose(slopes, np.array(differences).T, atol=1e-8)


def test_the_joint_table_against_density_matrices():
    """A one-ancilla circuit on BB84, by partial inner products of its state vectors."""
    declared = bb84_declaration(0.5)
    circuit = EveCircuit(
        Circuit(2, (gate("ry", 1, angle=w[0]), gate("cx", 0, 1), gate("crx", 1, 0, angle=w[1]))),
        Circuit(2, (gate("ry", 1, angle=w[2] * x[0] + w[3] * x[1]),)),
    )
    weights = np.array([0.4, 1.1, -0.7, 2.0])
    table = Interception(declared, circuit, depolarising(0.2)).table(weights)
    for s, (name, signal) in enumerate(declared.signals.items()):
        said = [[1.0, 0.0]] if signal.announced == "x" else [[0.0, 1.0]]
        whole = circuit.interaction + circuit.measurement
        flip, turn = gate("x", 0), gate("h", 0)
        prepared = {"z0": (), "z1": (flip,), "x0": (turn,), "x1": (flip, turn)}
        engine = Engine(Circuit(2, prepared[name]) + whole, backend="reference")
        state = engine.states(said, weights).reshape(2, 2)
        for j, (label, outcome) in enumerate(declared.outcomes.items()):
            for m in (0, 1):
                left = depolarising(0.2)(np.outer(state[:, m], state[:, m].conj()))
                direct = np.trace(outcome.element @ left).real / 4
                assert table[s, j, m] == pytest.approx(direct, abs=1e-12), (name, label)


def test_no_constraint_on_kept_rounds_where_there_is_no_choice():
    kept = {name: game.expected_kept(0.05) for name, game in games().items()}
    assert {name for name, each in kept.items() if each is not None} == {"b92"}
    noisy = games()["b92"].declared.kept_and_wrong(depolarising(0.1))
    assert games()["b92"].expected_kept(noisy[1] / noisy[0]) == pytest.approx(noisy[0])
    own = games()["b92"].declared.kept_and_wrong(dephasing(0.1))
    assert games()["b92"].expected_kept(own[1] / own[0], dephasing(0.1)) == pytest.approx(own[0])


def test_the_collective_bound_of_depolarised_bb84_is_shor_and_preskills():
    bb84 = bb84_declaration(0.5)
    seen = np.reshape(list(bb84.joint(depolarising(0.1)).values()), (4, 4))
    assert collective_bound(bb84, seen) == pytest.approx(float(binary_entropy(0.05)), abs=1e-7)


def test_intercept_and_resend_of_b92_by_hand():
    """Eve measures as Bob does and sends the state that she concludes, or the one that she tested for."""
    game = games()["b92"]
    overlap2 = abs(np.vdot(*(signal.state for signal in game.declared.signals.values()))) ** 2
    # The state sent on is wrong, and with it any conclusive result, if she tested for it in vain.
    most = overlap2 / 2
    assert intercept_resend(game, most) > intercept_resend(game, most / 2) > 0
    assert np.isnan(intercept_resend(game, most + 1e-3))


def test_rows_of_the_leaderboard():
    rows = {row["model"]: row for row in leaderboard_rows(seeds=(1, 2))}
    ceiling = float(bb84_information(0.11))
    assert {row["task"] for row in rows.values()} == {"optimal-individual-attack"}
    assert all(row["score"] <= ceiling + 1e-9 == row["ceiling"] + 1e-9 for row in rows.values())
    assert rows["phase-covariant cloner"]["score"] == pytest.approx(ceiling, abs=1e-10)
    assert rows["trained circuit, best of 8 starts"]["score"] == pytest.approx(ceiling, abs=2e-3)
    assert rows["trained circuit, unentangled"]["score"] < 1e-12


def test_equal_seeds_give_equal_attacks():
    first, again = (learned_attack("bb84", 0.11, restarts=1, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first.weights, again.weights)


def test_the_caveat_is_printed():
    text = str(learned_attack("bb84", 0.11, restarts=2))
    assert "no security threshold" in text
    assert "11.0 %" in text


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"protocol": "bb48", "disturbance": 0.1}, "protocol 'bb48' is not known"),
        ({"protocol": "bb84", "disturbance": 0.6}, "disturbance must lie between 0 and 0.5"),
        ({"protocol": "bb84", "disturbance": 0.1, "depolarising": 0.3}, "at least the channel's own, 0.15"),
        ({"protocol": "bb84", "disturbance": 0.1, "ancillas": 3}, "ancillas must be 1 or 2"),
        ({"protocol": "bb84", "disturbance": 0.1, "nois": 0.3}, "noise 'nois' is not known"),
        ({"protocol": "bb84", "disturbance": 0.1, "restarts": 0}, "restarts must be"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(InvalidInput, match=message):
        learned_attack(**call)


@pytest.mark.parametrize(
    ("interaction", "measurement", "message"),
    [
        (Circuit(2, (gate("ry", 0, angle=x[0]),)), Circuit(2), "must not know what will be announced"),
        (Circuit(2), Circuit(2, (gate("cx", 1, 0),)), "must not touch Alice's qubit"),
        (Circuit(1), Circuit(1), "one ancilla at least"),
    ],
)
def test_eve_cannot_do_everything(interaction, measurement, message):
    with pytest.raises(InvalidInput, match=message):
        EveCircuit(interaction, measurement)
