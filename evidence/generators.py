"""Measure how well the quantum GAN learns distributions of 8 to 64 bins, beside classical generators.

    python evidence/generators.py            all runs that are missing, then the tables
    python evidence/generators.py report     the tables of what is there

Each run sees 1000 samples of a law over 2**qubits bins and is judged by the exact distance between the
probabilities that it ends with and the law: total variation, and the maximum mean discrepancy with Gaussian
kernels of 5, 10 and 20 % of the range. Five seeds, each with its own samples; intervals are of the mean
over seeds and laws, 95 % by Student's t. Results are rows of evidence/results/generators.csv; a run
continues where the last one stopped. All adversarial generators play the same game: same critic, steps and
rates, and the same number of weights as nearly as their shape allows. CPU time is that of one core.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import norm, qmc, t
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity

from noclone.models.perceptron import Perceptron
from noclone.models.quantum_gan import Generator, QuantumGAN, bin_marks, play

Floats = np.ndarray
RESULTS = Path(__file__).parent / "results" / "generators.csv"
QUBITS, SEEDS, SAMPLES, STEPS, LATENTS = (3, 4, 5, 6), range(5), 1000, 500, 1024
COLUMNS = (
    "law",
    "qubits",
    "method",
    "seed",
    "weights",
    "total_variation",
    "mmd",
    "variation_from_histogram",
    "cpu_s",
)


def laws(qubits: int) -> dict[str, Floats]:
    """Return the laws over 2**qubits bins: three smooth ones, and one without structure."""
    place = (np.arange(2**qubits) + 0.5) / 2**qubits
    densities = {
        "log-normal": norm.pdf(np.log(place / 0.3), scale=0.6) / place,
        "bimodal": norm.pdf(place, 0.25, 0.07) + norm.pdf(place, 0.75, 0.1),
        "discrete Gaussian": norm.pdf(place, 0.5, 0.15),
        "rough": np.random.default_rng(qubits).exponential(size=2**qubits),
    }
    return {name: density / density.sum() for name, density in densities.items()}


def latent(bins: int, weights: int, random: np.random.RandomState) -> tuple[Generator, Floats]:
    """Return a generator as of classical GANs: a perceptron maps normal noise to a value, and its start.

    The noise is a fixed Sobol set of 1024 points; a value's mass is split between the two nearest bins, so
    that the probabilities are differentiable.
    """
    network = Perceptron((2, max(round((weights - 1) / 4), 1), 1))
    noise = norm.ppf(qmc.Sobol(2, rng=random.randint(2**31)).random(LATENTS))

    def generate(given: Floats) -> tuple[Floats, Callable[[Floats], Floats]]:
        values, pullback = network.vjp(noise, given)
        share = 0.5 + 0.5 * np.tanh(0.5 * values[:, 0])
        place = np.clip(bins * share - 0.5, 0, bins - 1)
        below = np.minimum(place.astype(int), bins - 2)
        above_part = place - below
        probabilities = np.bincount(below, 1 - above_part, bins) + np.bincount(below + 1, above_part, bins)
        moving = (place > 0) & (place < bins - 1)

        def back(by_share: Floats) -> Floats:
            slope = (by_share[below + 1] - by_share[below]) * moving * bins * share * (1 - share)
            return pullback(slope[:, None] / LATENTS)[0]

        return probabilities / LATENTS, back

    return generate, network.start(random)


def energy(marks: Floats, weights: int, random: np.random.RandomState) -> tuple[Generator, Floats]:
    """Return a generator with the softmax of a perceptron's value for each bin, and its start."""
    inputs = marks.shape[1]
    network = Perceptron((inputs, max(round((weights - 1) / (inputs + 2)), 1), 1))

    def generate(given: Floats) -> tuple[Floats, Callable[[Floats], Floats]]:
        values, pullback = network.vjp(marks, given)
        raw = np.exp(values[:, 0] - values.max())
        probabilities = raw / raw.sum()

        def back(by_share: Floats) -> Floats:
            return pullback((probabilities * (by_share - probabilities @ by_share))[:, None])[0]

        return probabilities, back

    return generate, network.start(random)


def independent_bits(shares: Floats, qubits: int) -> Floats:
    """Return the product of the shares of each bit: the likeliest law that needs no entanglement."""
    table, product = shares.reshape((2,) * qubits), np.ones(1)
    for bit in range(qubits):
        product = np.kron(product, table.sum(axis=tuple(other for other in range(qubits) if other != bit)))
    return product


def kernel_density(data: Floats, bins: int, seed: int) -> Floats:
    """Return the mass in each bin of a Gaussian kernel density estimate, bandwidth by 5-fold likelihood."""
    search = GridSearchCV(KernelDensity(), {"bandwidth": np.geomspace(0.002, 0.5, 20) * bins})
    order = np.random.default_rng(seed).permutation(len(data))
    search.fit(data[order, None])
    points = (np.arange(16 * bins) + 0.5) / 16 - 0.5
    density = np.exp(search.best_estimator_.score_samples(points[:, None]))
    mass = density.reshape(bins, 16).sum(axis=1)
    return mass / mass.sum()


def mmd(difference: Floats) -> float:
    """Return the maximum mean discrepancy of two laws over bins, from the difference of probabilities."""
    place = (np.arange(len(difference)) + 0.5) / len(difference)
    apart = place[:, None] - place
    kernel = np.mean([np.exp(-(apart**2) / (2 * width**2)) for width in (0.05, 0.1, 0.2)], axis=0)
    return float(np.sqrt(max(difference @ kernel @ difference, 0.0)))


def methods(law: Floats, qubits: int, seed: int) -> dict[str, Callable[[], tuple[Floats, int]]]:
    """Return what makes probabilities, and its number of weights, by name of method."""
    bins = 2**qubits
    draw = np.random.default_rng([seed, qubits])
    data = draw.choice(bins, SAMPLES, p=law) + draw.uniform(-0.5, 0.5, SAMPLES)
    shares = np.bincount(np.round(data).astype(int).clip(0, bins - 1), minlength=bins) / SAMPLES
    marks = bin_marks(np.array([bins]))
    as_many = QuantumGAN(max_qubits=qubits).example_circuit(1).n_weights

    def quantum(**options: object) -> tuple[Floats, int]:
        model = QuantumGAN(
            max_qubits=qubits, bounds=(-0.5, bins - 0.5), max_iter=STEPS, random_state=seed, **options
        ).fit(data[:, None])
        return model.probabilities_, len(model.weights_)

    def classical(make: Callable[[np.random.RandomState], tuple[Generator, Floats]]) -> tuple[Floats, int]:
        random = np.random.RandomState(seed)
        generate, start = make(random)
        found, _ = play(generate, start, shares, marks, random, max_iter=STEPS)
        return generate(found)[0], len(start)

    return {
        "histogram": lambda: (shares, bins - 1),
        "bootstrap": lambda: (draw.multinomial(SAMPLES, shares) / SAMPLES, bins - 1),
        "kernel density": lambda: (kernel_density(data, bins, seed), 1),
        "independent bits": lambda: (independent_bits(shares, qubits), qubits),
        "quantum GAN": lambda: quantum(),
        "quantum GAN, unentangled": lambda: quantum(entangled=False),
        "quantum GAN, 256 shots": lambda: quantum(batch_size=256),
        "classical GAN, latent": lambda: classical(lambda random: latent(bins, as_many, random)),
        "classical GAN, energy": lambda: classical(lambda random: energy(marks, as_many, random)),
    }


def measure() -> None:
    """Make all runs that are missing."""
    done = {tuple(row[name] for name in COLUMNS[:4]) for row in rows()}
    fresh = not RESULTS.exists()
    with RESULTS.open("a", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        if fresh:
            table.writerow(COLUMNS)
        for qubits in QUBITS:
            for name, law in laws(qubits).items():
                for seed in SEEDS:
                    ways = methods(law, qubits, seed)
                    histogram, _ = ways["histogram"]()
                    for method, make in ways.items():
                        if (name, str(qubits), method, str(seed)) in done:
                            continue
                        start = time.process_time()
                        found, weights = make()
                        spent = time.process_time() - start
                        variation, apart = (0.5 * np.abs(found - other).sum() for other in (law, histogram))
                        values = (variation, mmd(found - law), apart, spent)
                        table.writerow(
                            (name, qubits, method, seed, weights, *(f"{value:.4f}" for value in values))
                        )
                        file.flush()


def rows() -> list[dict[str, str]]:
    """Return the rows measured so far."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(newline="") as file:
        return list(csv.DictReader(file))


def interval(values: list[float]) -> str:
    """Return mean and half width of its 95 % interval."""
    half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{np.mean(values):.3f} ± {half:.3f}"


def report() -> None:
    """Print total variation and MMD by method and number of bins, means over laws and seeds."""
    found = rows()
    for column in ("total_variation", "mmd"):
        for kind, chosen in (
            ("smooth laws", lambda law: law != "rough"),
            ("rough law", lambda law: law == "rough"),
        ):
            print(f"\n{column}, {kind}\n{'':26}" + "".join(f"{2**qubits:>9} bins  " for qubits in QUBITS))
            for method in dict.fromkeys(row["method"] for row in found):
                cells = [
                    [
                        float(row[column])
                        for row in found
                        if (row["method"], row["qubits"]) == (method, str(qubits)) and chosen(row["law"])
                    ]
                    for qubits in QUBITS
                ]
                print(f"{method:26}" + "".join(f"{interval(cell):>16}" for cell in cells))


if __name__ == "__main__":
    if sys.argv[1:] != ["report"]:
        measure()
    report()
