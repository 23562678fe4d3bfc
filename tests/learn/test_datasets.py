"""Data sets against the published files and generators, and their ceilings against closed forms."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from noclone.learn import all_tasks
from noclone.learn.datasets import bars_and_stripes, hidden_manifold, linearly_separable, two_curves

HOME = Path(__file__).parents[1] / "models" / "bowles_2024"
"""Files made with the generators and seeds published with arXiv:2403.07059."""
FILES = [(linearly_separable, f"linearly_separable_{n}d", n) for n in (2, 3, 4, 10)]
FILES += [(two_curves, f"two_curves-5degree-0.1offset-{n}d", n) for n in (2, 4, 10)]

GENERATED = {"bars-and-stripes", "hidden-manifold", "linearly-separable", "two-curves"}
KEY_RATES = {"homodyne-key-rate", "heterodyne-key-rate"}


@pytest.mark.parametrize(("module", "name", "features"), FILES)
def test_published_file_bit_for_bit(module, name, features):
    with np.load(HOME / f"{name}.npz") as file:
        wanted = [file[part] for part in ("Xtr", "ytr", "Xte", "yte")]
    for found, want in zip(module.published(features), wanted, strict=True):
        np.testing.assert_array_equal(found, want)


# First training pixel, last test pixel, sums of training and test labels: printed by the generators of
# XanaduAI/qml-benchmarks at 0bbf848, run with their seeds.
@pytest.mark.parametrize(
    ("module", "size", "first", "last", "sums"),
    [
        (hidden_manifold, 2, -0.6410728972968278, 0.5539619806704182, (0, 0)),
        (hidden_manifold, 4, -0.2822490476051703, 0.16363814363070084, (0, 0)),
        (hidden_manifold, 10, 0.5349517673690123, -0.5000991088451101, (10, -10)),
        (bars_and_stripes, 4, 1.1395206461000689, 0.6481016400069781, (28, 22)),
        (bars_and_stripes, 8, 0.7095609329882425, -1.0041038570045249, (-40, 6)),
    ],
)
def test_published_generator(module, size, first, last, sums):
    X_train, y_train, X_test, y_test = module.published(size)
    assert (X_train[0, 0], X_test[-1, -1]) == pytest.approx((first, last), rel=1e-13)
    assert (y_train.sum(), y_test.sum()) == sums


def test_likelihood_ratio_of_images_is_the_sum_over_all_patterns():
    height, width, noise = 3, 2, 0.7
    X, _ = bars_and_stripes.generate(np.random.default_rng(1), 40, height, width, noise)

    def likelihood(image, patterns):
        return np.mean([np.exp(-np.sum((image - pattern) ** 2) / (2 * noise**2)) for pattern in patterns])

    stripes = [np.repeat(p, width) for p in product((-1, 1), repeat=height)]
    bars = [np.tile(p, height) for p in product((-1, 1), repeat=width)]
    wanted = [np.log(likelihood(x, stripes) / likelihood(x, bars)) for x in X]
    np.testing.assert_allclose(bars_and_stripes.log_odds(X, height, width, noise), wanted, atol=1e-10)


def test_ceiling_of_clean_images_leaves_out_those_that_tell_nothing():
    found = bars_and_stripes.bayes_accuracy(4, 0.01, np.random.default_rng(1))
    assert found == pytest.approx(1 - 2**-4, abs=0.003)


@pytest.mark.parametrize("offset", [0.0, 0.01, 0.02, 0.2])
def test_ceiling_of_curves_that_are_points_is_that_of_two_gaussians(offset):
    features, noise = 3, 0.01
    found = two_curves.bayes_accuracy(np.ones((features, 1, 2)), offset, noise, np.random.default_rng(1))
    assert found == pytest.approx(norm.cdf(offset * np.sqrt(features) / (2 * noise)), abs=0.015)


@pytest.mark.parametrize(("features", "dimension"), [(1, 2), (4, 6), (6, 6), (7, 6)])
def test_ceiling_of_a_linear_network_is_that_of_a_correlation(features, dimension):
    draws = np.random.default_rng(features)
    embedding = draws.normal(size=(dimension, features))
    inner, outer = 1e-5 * draws.normal(size=(dimension, dimension)), draws.normal(size=dimension)
    direction = outer @ inner
    seen = np.linalg.lstsq(embedding, direction, rcond=None)[0]
    correlation = np.linalg.norm(embedding @ seen) / np.linalg.norm(direction)
    found = hidden_manifold.bayes_accuracy(embedding, inner, outer, 0.0, draws)
    assert found == pytest.approx(0.5 + np.arcsin(min(1, correlation)) / np.pi, abs=0.02)


@pytest.mark.parametrize("name", sorted(GENERATED))
def test_generated_task_depends_on_its_seed_only(name):
    task = all_tasks()[name]
    one, same, other = task.draw(1), task.draw(1), task.draw(2)
    np.testing.assert_array_equal(one.X, same.X)
    assert not np.array_equal(one.X, other.X)
    assert task.ceiling is not None
    ceiling = task.ceiling(1)
    assert 0.5 < ceiling <= 1
    assert task.ceiling(1) == ceiling


TELEMETRY = {name for name, task in all_tasks().items() if task.columns or name.startswith("synthetic-flows")}


@pytest.mark.parametrize("name", sorted(set(all_tasks()) - GENERATED - KEY_RATES - TELEMETRY))
def test_collected_task_states_that_its_ceiling_is_not_known(name):
    task = all_tasks()[name]
    assert task.ceiling is None
    assert task.ceiling_text.startswith("not known")
    data = task.draw(1)
    assert f"{len(data.y):,}" in task.source
    np.testing.assert_array_equal(data.X, task.draw(2).X)


def test_the_likelihood_ratio_reaches_the_ceiling_of_its_images():
    X, y = bars_and_stripes.generate(np.random.default_rng(3), 40_000, 4, 4, 0.5)
    right = np.mean((bars_and_stripes.log_odds(X, 4, 4, 0.5) > 0) == (y > 0))
    assert right == pytest.approx(
        bars_and_stripes.bayes_accuracy(4, 0.5, np.random.default_rng(4)), abs=0.004
    )
