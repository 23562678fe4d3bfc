"""The model of the relay against brute force, and the bounds against the truth that they must enclose."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from noclone.rates.entropy import binary_entropy
from noclone.rates.interference import random_phase_click
from noclone.rates.mdi import diagonal_gains, one_click, rectilinear_gains, single_photon_pairs
from noclone.rates.mdi_curty import count_deviation, curty_2014, overhead_bits
from noclone.rates.mdi_decoy import pair_errors, pair_yield, rescaled
from noclone.rates.mdi_four_intensity import four_intensity

PHASES = np.arange(256) * 2 * np.pi / 256


def quadrature(light_a, light_b, dark, misalignment, basis):
    """Gains by fields, a beam splitter and an average over 256 phases; flips of Bob's state by hand."""
    root = np.sqrt(0.5)
    states = {"z": ((1, 0), (0, 1)), "x": ((root, root), (root, -root))}[basis]
    click = error = 0.0
    for sent_a in (0, 1):
        for sent_b in (0, 1):
            for flipped, prob in ((0, 1 - misalignment), (1, misalignment)):
                a, b = states[sent_a], states[sent_b ^ flipped]
                lit = np.empty((2, 2, PHASES.size))
                for mode in (0, 1):
                    field_a = np.sqrt(light_a) * a[mode]
                    field_b = np.sqrt(light_b) * b[mode] * np.exp(1j * PHASES)
                    for port, sign in enumerate((1, -1)):
                        mean = np.abs(field_a + sign * field_b) ** 2 / 2
                        lit[mode, port] = 1 - (1 - dark) * np.exp(-mean)
                for early in (0, 1):
                    for late in (0, 1):
                        seen = lit[0, early] * (1 - lit[0, 1 - early]) * lit[1, late] * (1 - lit[1, 1 - late])
                        both = 0.25 * prob * seen.mean()
                        equal = basis == "x" and early == late
                        click += both
                        error += both * ((sent_a == sent_b) != equal)
    return click, error


@pytest.mark.parametrize("light", [(0.02, 0.03), (1.0, 0.2), (6.0, 7.0), (0.4, 0.0)])
@pytest.mark.parametrize(("dark", "misalignment"), [(0.0, 0.0), (1e-3, 0.015), (0.1, 0.3)])
def test_gains_are_those_of_fields_on_a_beam_splitter(light, dark, misalignment):
    for basis, formula in (("z", rectilinear_gains), ("x", diagonal_gains)):
        expected = quadrature(*light, dark, misalignment, basis)
        assert formula(*light, dark, misalignment) == pytest.approx(expected, rel=1e-9, abs=1e-17)


def single_photons(eta_a, eta_b, dark, misalignment, basis):
    """One photon from each side, by amplitudes of the outgoing pair of photons."""
    root = np.sqrt(0.5)
    states = {"z": ((1, 0), (0, 1)), "x": ((root, root), (root, -root))}[basis]
    click = error = 0.0

    def announced(lit):
        """Probability of each Bell state when these detectors (mode, port) are lit."""
        on = np.where(lit, 1.0, dark)
        one = [[on[mode, port] * (1 - on[mode, 1 - port]) for port in (0, 1)] for mode in (0, 1)]
        same = sum(one[0][port] * one[1][port] for port in (0, 1))
        return same, sum(one[0]) * sum(one[1]) - same

    places = [(mode, port) for mode in (0, 1) for port in (0, 1)]
    for sent_a in (0, 1):
        for sent_b in (0, 1):
            for flipped, prob in ((0, 1 - misalignment), (1, misalignment)):
                a, b = states[sent_a], states[sent_b ^ flipped]
                into_a = {(m, p): a[m] * root for m, p in places}
                into_b = {(m, p): b[m] * root * (1, -1)[p] for m, p in places}
                cases = [((1 - eta_a) * (1 - eta_b), [])]
                cases += [(eta_a * (1 - eta_b) * abs(into_a[place]) ** 2, [place]) for place in places]
                cases += [((1 - eta_a) * eta_b * abs(into_b[place]) ** 2, [place]) for place in places]
                for i, first in enumerate(places):
                    cases.append((eta_a * eta_b * 2 * abs(into_a[first] * into_b[first]) ** 2, [first]))
                    for second in places[i + 1 :]:
                        amplitude = into_a[first] * into_b[second] + into_a[second] * into_b[first]
                        cases.append((eta_a * eta_b * abs(amplitude) ** 2, [first, second]))
                assert sum(weight for weight, _ in cases) == pytest.approx(1)
                for weight, lit_places in cases:
                    lit = np.zeros((2, 2), bool)
                    for place in lit_places:
                        lit[place] = True
                    same, different = announced(lit)
                    click += 0.25 * prob * weight * (same + different)
                    wrong_same = (sent_a == sent_b) != (basis == "x")
                    error += 0.25 * prob * weight * (same * wrong_same + different * (sent_a == sent_b))
    return click, error


@pytest.mark.parametrize("etas", [(0.1, 0.1), (0.9, 0.3), (1.0, 1.0), (0.02, 0.7)])
@pytest.mark.parametrize(("dark", "misalignment"), [(0.0, 0.0), (1e-3, 0.015), (0.1, 0.3)])
def test_yield_of_single_photons_is_that_of_their_amplitudes(etas, dark, misalignment):
    formula = single_photon_pairs(*etas, dark, misalignment)
    assert formula == pytest.approx(single_photons(*etas, dark, misalignment, "x"), rel=1e-12)
    # Dark counts make more errors in the rectilinear basis only through equal bits, with the same total.
    assert formula.click == pytest.approx(single_photons(*etas, dark, misalignment, "z")[0], rel=1e-12)


def test_no_digits_are_lost_at_low_light():
    """The series of Ma and Razavi's brackets at light 1e-9: leading terms only, no cancellation."""
    light = 1e-9
    key, test = rectilinear_gains(light, light, 0.0, 0.0), diagonal_gains(light, light, 0.0, 0.0)
    assert float(key.click) == pytest.approx(0.5 * light**2, rel=2e-9)
    assert float(test.click) == pytest.approx(light**2, rel=2e-9)
    assert float(test.error / test.click) == pytest.approx(0.25, rel=2e-9)


INTENSITIES = st.tuples(st.floats(0.2, 1.0), st.floats(0.01, 0.15), st.floats(0.0, 0.005)).map(np.array)
LINKS = st.tuples(st.floats(1e-4, 1.0), st.floats(1e-4, 1.0), st.floats(0.0, 1e-5), st.floats(0.0, 0.1))


@given(INTENSITIES, INTENSITIES, LINKS)
def test_three_intensities_enclose_the_truth(a, b, link):
    eta_a, eta_b, dark, misalignment = link
    light = eta_a * a[:, None], eta_b * b, dark, misalignment
    true, test = single_photon_pairs(*link), diagonal_gains(*light)
    rounding = 1e-12 / (a[1] - a[2]) / (b[1] - b[2])
    for gains in (rectilinear_gains(*light).click, test.click):
        grid = rescaled(a, b, gains)
        assert pair_yield(a, b, grid, grid) <= true.click * (1 + rounding)
    grid = rescaled(a, b, test.error)
    assert pair_errors(a, b, grid, grid) >= true.error * (1 - 10 * rounding)


def test_bound_is_nothing_where_intensities_do_not_fall():
    grid = np.full((3, 3), 0.1)
    assert pair_yield([0.1, 0.2, 0.0], [0.5, 0.1, 0.0], grid, grid) == 0


def expected(mu_a, mu_b, share, light, pairs, half=1.0):
    """Expected counts in both bases when each is chosen half of the time at each side."""
    sent = pairs * 0.25 * np.outer(share, share)
    key, test = rectilinear_gains(*light), diagonal_gains(*light)
    return sent, sent * key.click * half, sent * test.click * half, sent * test.error * half


def test_curty_bounds_hold_in_sampled_blocks():
    """True numbers of single-photon bits, drawn with the counts, against bounds that may fail once in 1e4."""
    rng, eps = np.random.default_rng(4), 1e-4
    mu, share = np.array([0.5, 0.1, 0.01]), np.array([0.5, 0.3, 0.2])
    link = 0.2, 0.1, 1e-6, 0.01
    light = link[0] * mu[:, None], link[1] * mu, *link[2:]
    sent, key, test, errors = expected(mu, mu, share, light, 1e10)
    single = single_photon_pairs(*link)
    ones = np.outer(mu * np.exp(-mu), mu * np.exp(-mu))
    for _ in range(200):
        true_bits = rng.poisson(sent[0, 0] * ones[0, 0] * single.click)
        true_phase = rng.poisson(sent[0, 0] * ones[0, 0] * single.error)
        seen_key = rng.poisson(key - sent[0, 0] * ones[0, 0] * single.click * np.eye(1, 9).reshape(3, 3))
        seen_key[0, 0] += true_bits
        wrong = rng.poisson(errors)
        seen = wrong + rng.poisson(test - errors)
        found = curty_2014(mu, mu, sent / 1e10, sent / 1e10, seen_key, seen, wrong, eps)
        assert 0 < found.single <= true_bits
        assert found.phase_error >= true_phase / true_bits


def test_curty_has_the_limit_of_the_double_differences():
    """Without fluctuations the best pair of double differences is that of three intensities, or better."""
    mu, share = np.array([0.4, 0.05, 0.0]), np.array([0.5, 0.3, 0.2])
    light = 0.1 * mu[:, None], 0.1 * mu, 1e-6, 0.01
    sent, key, test, errors = expected(mu, mu, share, light, 1e30)
    found = curty_2014(mu, mu, sent / 1e30, sent / 1e30, key, test, errors, 1e-12)
    grid = rescaled(mu, mu, key / sent)
    ceiling = sent[0, 0] * mu[0] ** 2 * np.exp(-2 * mu[0])
    assert found.single >= ceiling * pair_yield(mu, mu, grid, grid) * (1 - 1e-9)
    assert found.single <= ceiling * single_photon_pairs(0.1, 0.1, 1e-6, 0.01).click


def test_count_deviation_falls_back_to_hoeffding():
    """Fewer than some hundred counts: the multiplicative form is not allowed."""
    below, above = count_deviation(np.array(50.0), np.array(1000.0), 1e-10)
    assert below == above == pytest.approx(np.sqrt(500 * np.log(1e10)))


def test_overhead_by_hand():
    """log2(8/c) + 2 log2(2/(e e)) + 2 log2(1/(2 e))."""
    e, c = 1e-12, 1e-15
    by_hand = np.log2(8 / c) + 2 * np.log2(2 / (e * e)) + 2 * np.log2(1 / (2 * e))
    assert float(overhead_bits(e, c)) == pytest.approx(by_hand, rel=1e-12)


class TestFourIntensities:
    mu_a, mu_b = np.array([0.45, 0.25, 0.04]), np.array([0.6, 0.3, 0.07])
    share = np.array([0.05, 0.25, 0.1])
    link = 0.15, 0.08, 1e-7, 0.01

    def blocks(self, pairs, link=None):
        link = link or self.link
        a, b = np.append(self.mu_a[1:], 0.0), np.append(self.mu_b[1:], 0.0)
        gains = diagonal_gains(link[0] * a[:, None], link[1] * b, *link[2:])
        return pairs * np.outer(self.share, self.share), gains, pairs * 0.36

    def true(self):
        single = single_photon_pairs(*self.link)
        a, b = self.mu_a[0], self.mu_b[0]
        return a * b * np.exp(-a - b) * single.click, single.error / single.click

    def estimate(self, sent, counts, errors, signals, eps):
        return four_intensity(self.mu_a, self.mu_b, sent, counts, errors, signals, eps)

    def test_endless_block_is_the_double_difference(self):
        sent, gains, signals = self.blocks(1e30)
        found = self.estimate(sent, sent * gains.click, sent[1, 1] * gains.error[1, 1], signals, 1e-12)
        a, b = np.append(self.mu_a[1:], 0.0), np.append(self.mu_b[1:], 0.0)
        grid, wrong = rescaled(a, b, gains.click), rescaled(a, b, gains.error)
        least = pair_yield(a, b, grid, grid)
        weight = signals * self.mu_a[0] * self.mu_b[0] * np.exp(-self.mu_a[0] - self.mu_b[0])
        assert float(found.bits) == pytest.approx(float(weight * least), rel=1e-9)
        assert float(found.phase_error) == pytest.approx(
            float(pair_errors(a, b, wrong, wrong) / least), rel=1e-9
        )

    @pytest.mark.parametrize("pairs", [1e10, 1e11, 1e13])
    def test_least_key_over_a_fine_scan(self, pairs):
        """Minimum over the common part by scanning 20001 values instead of its convexity."""
        from noclone.rates.chernoff import chernoff_interval

        eps, nats = 1e-11, np.log(1e11)
        sent, gains, signals = self.blocks(pairs)
        counts, errors = sent * gains.click, sent[1, 1] * gains.error[1, 1]
        a, b = np.append(self.mu_a[1:], 0.0), np.append(self.mu_b[1:], 0.0)
        c = np.exp(a[:, None] + b) / sent

        def total(terms, side):
            terms = sorted(terms, reverse=True)
            value = joint = 0.0
            for place, (weight, count) in enumerate(terms):
                joint += count
                rest = terms[place + 1][0] if place + 1 < len(terms) else 0.0
                value += (weight - rest) * float(chernoff_interval(joint, eps)[side])
            return value

        from_a = a[0] * b[1] <= b[0] * a[1]
        more, less = (a[0], a[1]) if from_a else (b[0], b[1])
        large, small = more / ((more - less) * a[1] * b[1]), less / ((more - less) * a[0] * b[0])
        first = total(
            [
                (large * c[1, 1], counts[1, 1]),
                (small * c[0, 2], counts[0, 2]),
                (small * c[2, 0], counts[2, 0]),
            ],
            0,
        ) - total([(small * c[0, 0], counts[0, 0]), (small * c[2, 2], counts[2, 2])], 1)
        error = float(c[1, 1] * chernoff_interval(errors, eps)[1])
        either = [(c[1, 2], counts[1, 2]), (c[2, 1], counts[2, 1])]
        vacuum = [float(c[2, 2] * x) for x in chernoff_interval(counts[2, 2], eps)]
        low, high = total(either, 0) - vacuum[1], min(total(either, 1) - vacuum[0], 2 * error)
        h = np.linspace(low, max(high, low), 20001)
        weight = signals * self.mu_a[0] * self.mu_b[0] * np.exp(-self.mu_a[0] - self.mu_b[0])
        bits, wrong = weight * (first - large * h), weight * (error - h / 2) / (a[1] * b[1])
        bits = bits - np.sqrt(2 * nats * bits[0])
        wrong = wrong + (nats + np.sqrt(nats**2 + 8 * nats * wrong[0])) / 2
        scanned = bits * (1 - binary_entropy(np.minimum(wrong / bits, 0.5)))
        found = self.estimate(sent, counts, errors, signals, eps)
        key = float(found.bits * (1 - binary_entropy(found.phase_error)))
        assert key == pytest.approx(scanned.min(), rel=1e-6)

    def test_bounds_hold_in_sampled_blocks(self):
        rng, (sent, gains, signals) = np.random.default_rng(2), self.blocks(1e10)
        single, error = self.true()
        for _ in range(300):
            wrong = rng.poisson(sent * gains.error)
            counts = wrong + rng.poisson(sent * (gains.click - gains.error))
            bits, phase = rng.poisson(signals * single), rng.poisson(signals * single * error)
            found = self.estimate(sent, counts, wrong[1, 1], signals, 1e-4)
            assert 0 < found.bits <= bits
            assert found.bits * (1 - binary_entropy(found.phase_error)) <= bits * (
                1 - binary_entropy(phase / bits)
            )

    def test_key_grows_with_the_block(self):
        values = []
        for pairs in (1e9, 1e10, 1e11, 1e12, 1e14, 1e20):
            sent, gains, signals = self.blocks(pairs)
            found = self.estimate(sent, sent * gains.click, sent[1, 1] * gains.error[1, 1], signals, 1e-12)
            values.append(float(found.bits * (1 - binary_entropy(found.phase_error))) / pairs)
        assert values == sorted(values)
        assert values[0] < values[-1]

    def test_nothing_is_known_without_decoys(self):
        sent, _, signals = self.blocks(1e10)
        found = self.estimate(0 * sent, 0 * sent, 0.0, signals, 1e-12)
        assert (float(found.bits), float(found.phase_error)) == (0.0, 0.5)

    def test_measured_counts_of_wei_2020(self):
        """Wei et al., PRX 10, 031030 (2020), table II, 140 km: 1.29e-7 bits per pulse from these counts.

        The failure probability is not printed; ours, without the terms that depend on no count, brackets
        the published rate between 1e-7 and 1e-10.
        """
        share = np.array([0.030, 0.267, 0.096])
        counts = np.array([[258557, 0, 49091], [0, 606196, 69561], [102736, 47406, 6]], float)
        signals, mu = 3e13 * 0.607**2, np.array([0.207, 0.197, 0.035])
        leak = 1.16 * 67610084 * binary_entropy(1851744 / 67610084)

        def rate(eps):
            found = four_intensity(mu, mu, 3e13 * np.outer(share, share), counts, 160177, signals, eps)
            return float(found.bits * (1 - binary_entropy(found.phase_error)) - leak) / 3e13

        assert rate(1e-10) < 1.29e-7 < rate(1e-7)
        assert rate(1e-7) == pytest.approx(1.29e-7, rel=0.02)


def test_three_intensity_bounds_within_fluctuations():
    """Bounds from intervals of gains are those of the worst gains in them, tried at every corner."""
    rng, mu = np.random.default_rng(3), np.array([0.4, 0.08, 0.001])
    gains = diagonal_gains(0.1 * mu[:, None], 0.1 * mu, 1e-6, 0.01)
    low, high = (rescaled(mu, mu, gains.click * factor) for factor in (0.999, 1.001))
    wrong = [rescaled(mu, mu, gains.error * factor) for factor in (0.99, 1.01)]
    corners = rng.integers(0, 2, (3000, 3, 3))
    values = [pair_yield(mu, mu, *(np.where(corner, low, high),) * 2) for corner in corners]
    errors = [pair_errors(mu, mu, *(np.where(corner, *wrong),) * 2) for corner in corners]
    # The pair of vacua enters both differences, and is taken at its worse end in each.
    assert pair_yield(mu, mu, low, high) <= min(values)
    assert pair_yield(mu, mu, low, high) == pytest.approx(min(values), rel=1e-7)
    assert pair_errors(mu, mu, *wrong) == pytest.approx(max(errors), rel=1e-9)


def test_one_click_is_that_of_twin_field_protocols():
    """The same probability as `interference.random_phase_click`, which sums its series another way."""
    rng = np.random.default_rng(9)
    a, b, dark = 10 ** rng.uniform(-9, 1, (3, 500))
    dark = dark / 100
    assert one_click(a, b, dark) == pytest.approx(random_phase_click(a, b, dark), rel=1e-12)
