import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone.rates.b92 import phase_errors
from noclone.rates.entropy import binary_entropy


def channel_statistics(overlap, kraus):
    """What Bob sees behind a channel of Kraus operators, and the phase errors that it causes."""
    even, odd = np.sqrt((1 + overlap) / 2), np.sqrt((1 - overlap) / 2)
    states = np.array([[even, odd], [even, -odd]])
    excluded = np.array([[odd, -even], [odd, even]])
    click = conclusive = wrong = 0.0
    for bit in (0, 1):
        for k in kraus:
            out = k @ states[bit]
            click += np.sum(abs(out) ** 2) / 2
            for guess in (0, 1):
                part = abs(excluded[guess] @ out) ** 2 / 4
                conclusive += part
                wrong += part * (guess == bit)
    # In the entangled picture Alice is even with the weight of even states; Bob's filter swaps the weights.
    errors = sum(odd**2 * odd**2 * abs(k[0, 1]) ** 2 + even**2 * even**2 * abs(k[1, 0]) ** 2 for k in kraus)
    return click, conclusive, wrong, errors


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95), st.floats(0.0, 3.0))
def test_no_channel_makes_more_phase_errors(seed, overlap, strength):
    """Brute force over random channels near and far from the identity, with loss."""
    rng = np.random.default_rng(seed)
    kraus = strength * (rng.normal(size=(3, 2, 2)) + 1j * rng.normal(size=(3, 2, 2)))
    kraus[0] += np.eye(2) * np.exp(2j * np.pi * rng.random())
    total = np.linalg.norm(sum(k.conj().T @ k for k in kraus), 2)
    kraus /= np.sqrt(total * rng.uniform(1.0, 1.5))
    click, conclusive, wrong, errors = channel_statistics(overlap, kraus)
    bound = float(phase_errors(overlap, click, conclusive, wrong))
    assert bound == pytest.approx(conclusive / 2) or errors <= bound * (1 + 1e-6) + 1e-9


@pytest.mark.parametrize(
    ("overlap", "loss", "conclusive", "error"),
    [
        # The first three behind channels that keep .99, .95 and .98 of the polarisation.
        (0.7, 0.2, 0.8 * (1 - 0.99 * 0.49) / 2, 0.005 / (1 - 0.99 * 0.49)),
        (0.5, 0.1, 0.9 * (1 - 0.95 * 0.25) / 2, 0.025 / (1 - 0.95 * 0.25)),
        (0.9, 0.5, 0.5 * (1 - 0.98 * 0.81) / 2, 0.01 / (1 - 0.98 * 0.81)),
        # Near the corner of nothing but phase errors, where the ellipse alone gives too little.
        (0.684607469109, 0.14590203187409112, 0.18465480749823096, 0.3129962420658769),
    ],
)
def test_it_is_the_largest_of_all_divisions(overlap, loss, conclusive, error):
    """Brute force over the two free probabilities of the entangled picture."""
    odd_weight, even_weight, seen = (1 - overlap) / 2, (1 + overlap) / 2, 1 - loss
    odd = (conclusive - odd_weight * seen) / overlap
    even = seen - odd
    x, y = np.linspace(0, odd, 3001)[:, None], np.linspace(0, even, 3001)
    allowed = np.sqrt((even - y) * (odd - x)) + np.sqrt(x * y) >= conclusive * (1 - 2 * error) / np.sqrt(
        1 - overlap**2
    )
    allowed &= (y - x <= odd_weight - odd) & (y - x >= even - even_weight)
    largest = np.where(allowed, odd_weight * y + even_weight * x, 0.0).max() / conclusive
    bound = float(phase_errors(overlap, seen, conclusive, error * conclusive)) / conclusive
    assert largest <= bound + 1e-9
    # A step of the grid in x and one in y change the share by 1/3000 of 2 at most.
    assert largest == pytest.approx(bound, abs=2 / 3000)


@given(st.floats(0.05, 0.95), st.floats(0.0, 0.9))
def test_without_errors_it_is_what_discrimination_reaches(overlap, part):
    """Eve discriminates a share of the photons and passes what she identifies: the bound is attained."""
    loss = overlap * part
    gain = (1 - loss) * (1 - overlap**2) / 2
    known = (1 - overlap) / overlap * loss / (1 - loss)
    assert phase_errors(overlap, 1 - loss, gain, 0.0) / gain == pytest.approx(known / 2, abs=1e-6)


def test_nothing_is_secret_where_the_loss_reaches_the_overlap():
    overlap = np.linspace(0.1, 0.9, 9)
    gain = (1 - overlap) * (1 - overlap**2) / 2
    np.testing.assert_array_equal(phase_errors(overlap, 1 - overlap, gain, 0.0), gain / 2)


@pytest.mark.parametrize(
    ("angle", "strength", "certified"),
    [
        # Rates per pulse by a certified numerical proof from the full statistics (an independent solver).
        (np.pi / 4, 0.01, 0.176809636),
        (np.pi / 4, 0.03, 0.100644414),
        (np.pi / 4, 0.05, 0.055253013),
        (np.pi / 3, 0.01, 0.221708813),
        (np.pi / 3, 0.03, 0.092287536),
        (np.pi / 3, 0.05, 0.033731691),
    ],
)
def test_it_is_below_the_certified_optimum(angle, strength, certified):
    """And not far below it where noise is low: the closed form reads three numbers, the proof all of them."""
    overlap = np.cos(angle)
    gain = (1 - (1 - strength) * overlap**2) / 2
    wrong = strength / 4
    phase_error = phase_errors(overlap, 1.0, gain, wrong) / gain
    rate = gain * (1 - binary_entropy(phase_error) - binary_entropy(wrong / gain))
    assert rate < certified
    assert strength > 0.01 or rate > certified / 2
