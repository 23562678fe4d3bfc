import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from noclone.rates.entropy import binary_entropy
from noclone.rates.strong_reference_b92 import nulled_gains, phase_errors

INTENSITY = st.floats(0.01, 1.0)
TRANSMITTANCE = st.floats(1e-5, 1.0)


@given(INTENSITY, TRANSMITTANCE)
def test_loss_alone_is_worth_what_is_split_off(intensity, transmittance):
    """Without noise Eve holds a coherent state of the lost light, and the bound is exactly that attack."""
    light = intensity * transmittance
    gain, wrong = nulled_gains(light, light, 0.0, 0.0)
    assert gain == pytest.approx(-np.expm1(-4 * light) / 2)
    assert wrong == 0.0
    lost = -np.expm1(-2 * intensity * (1 - transmittance)) / 2
    assert phase_errors(intensity, light, gain, wrong) / gain == pytest.approx(lost, abs=3e-6)


@given(INTENSITY, TRANSMITTANCE, st.floats(1e-3, 0.1), st.floats(1e-9, 1e-3))
def test_the_multipliers_prove_the_bound(intensity, transmittance, misalignment, dark):
    """Weak duality: multipliers that satisfy the dual's conditions bound every attack.

    The programme is linear with a cone for each pair of parities, states outside the span included; its
    multipliers follow from the solution.
    """
    light = intensity * transmittance
    gain, wrong = nulled_gains(light, light, misalignment, dark)
    errors = float(phase_errors(intensity, light, gain, wrong))
    if errors >= gain / 2:
        return  # nothing is secret then, which needs no proof
    odd_weight, even_weight = -np.expm1(-2 * light) / 2, (1 + np.exp(-2 * light)) / 2
    alice_odd = -np.expm1(-2 * intensity) / 2
    odd = (gain - odd_weight) / np.exp(-2 * light)
    excess = alice_odd - odd
    crossed = errors - odd_weight * excess  # Alice even, Bob odd
    other = crossed + excess  # Alice odd, Bob even
    straight = 1 - odd - other, odd - crossed
    coherence = (gain - 2 * wrong) / (2 * np.sqrt(even_weight * odd_weight))
    a, b = np.sqrt(straight[1] / straight[0]), np.sqrt(other / crossed)
    cone = 1 / (a + 1 / a - b - 1 / b)
    of_gain = (even_weight - cone * (a - b)) / (even_weight - odd_weight)
    of_even, of_odd = cone * a - of_gain * odd_weight, cone / a - of_gain * even_weight
    # Conditions of the two states outside the span of Bob's oscillator, which click always.
    assert cone >= 0
    assert of_even + of_gain >= 0
    assert of_odd + of_gain >= 1
    value = of_even * (1 - alice_odd) + of_odd * alice_odd + of_gain * gain - 2 * cone * coherence
    # At low noise the multipliers are large and their sum cancels.
    assert value == pytest.approx(errors, rel=1e-4, abs=1e-12 * abs(of_gain))


@given(st.integers(0, 2**32 - 1), INTENSITY, st.floats(0.05, 0.95), st.floats(0.0, 2.0))
def test_no_attack_makes_more_phase_errors(seed, intensity, transmittance, strength):
    """Brute force: attacks near the loss of light, into the span of Bob's two states and a state outside."""
    rng = np.random.default_rng(seed)
    light = intensity * transmittance
    even_weight, odd_weight = (1 + np.exp(-2 * light)) / 2, -np.expm1(-2 * light) / 2
    alice = np.sqrt([(1 + np.exp(-2 * intensity)) / 2, -np.expm1(-2 * intensity) / 2])
    lost = intensity * (1 - transmittance)
    eve = np.sqrt([(1 + np.exp(-2 * lost)) / 2, -np.expm1(-2 * lost) / 2])
    bob = np.sqrt([even_weight, odd_weight])
    # Isometry (Bob: even, odd, outside; Eve: even, odd) of Alice's two parities.
    isometry = np.zeros((3, 2, 2), complex)
    for sent in (0, 1):
        for seen in (0, 1):
            isometry[seen, (sent + seen) % 2, sent] = bob[seen] * eve[(sent + seen) % 2] / alice[sent]
    flat = isometry.reshape(6, 2) + strength * (rng.normal(size=(6, 2)) + 1j * rng.normal(size=(6, 2)))
    kraus = np.linalg.qr(flat)[0] @ np.diag(np.exp(1j * np.angle(np.diag(np.linalg.qr(flat)[1]))))
    kraus = kraus.reshape(3, 2, 2) * alice
    reached = np.sum(abs(kraus) ** 2, axis=1)  # by Bob's state and Alice's parity
    gain = odd_weight * reached[0].sum() + even_weight * reached[1].sum() + reached[2].sum()
    turned = np.sum(kraus[0, :, 0].conj() * kraus[1, :, 1] + kraus[0, :, 1].conj() * kraus[1, :, 0]).real
    wrong = (gain - 2 * np.sqrt(even_weight * odd_weight) * turned) / 2
    errors = odd_weight * reached[0, 1] + even_weight * reached[1, 0] + reached[2, 1]
    bound = float(phase_errors(intensity, light, gain, wrong))
    assert bound == pytest.approx(gain / 2) or errors <= bound * (1 + 1e-6) + 1e-9


def test_the_rate_is_linear_in_the_transmittance():
    transmittance = np.geomspace(1e-4, 1e-2, 9)
    light = 0.15 * transmittance
    gain, wrong = nulled_gains(light, light, 0.005, 1e-12)
    worst = phase_errors(0.15, light, gain, wrong) / gain
    rate = gain * (1 - binary_entropy(worst) - binary_entropy(wrong / gain))
    slope = np.polyfit(np.log(transmittance), np.log(rate), 1)[0]
    assert slope == pytest.approx(1.0, abs=2e-3)


def test_gains_are_those_of_photon_counts():
    signal, local, misalignment, dark = 0.3, 0.2, 0.02, 0.01
    visibility = 1 - 2 * misalignment
    photons = np.arange(40)
    means = signal + local + 2 * visibility * np.sqrt(signal * local) * np.array([1, -1])
    clicks = [1 - (1 - dark) * poisson.pmf(photons, mean)[0] for mean in means]
    gain, wrong = nulled_gains(signal, local, misalignment, dark)
    assert gain == pytest.approx(sum(clicks) / 2)
    assert wrong == pytest.approx(clicks[1] / 2)
