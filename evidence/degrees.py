"""Optimise the column degrees of the LDPC codes that the package ships.

For a leak (rows over columns) and a mean column degree, the error rate is raised step by step;
at each step a linear program reshapes the degrees so that every iteration of density evolution
still makes progress, and by as much as possible. The best mean degree is kept.

    python evidence/degrees.py              optimise the leaks that degrees.csv lacks
    python evidence/degrees.py 0.09 0.2     optimise these leaks again
"""

from __future__ import annotations

import csv
import io
import math
import sys
import time
from typing import BinaryIO

import numpy as np
from scipy.optimize import linprog

from noclone.core.files import write_atomically
from noclone.distillation.reconciliation.ldpc.adaptation import COLUMNS, DEGREES_FILE, SIZE
from noclone.distillation.reconciliation.ldpc.density_evolution import (
    Grid,
    concentrated,
    edge_fractions,
    evolve,
    shannon_error_rate,
    threshold,
)
from noclone.rates.entropy import binary_entropy

LEAKS = (
    *(0.03, 0.04, 0.05, 0.06, 0.075, 0.09, 0.11, 0.13, 0.15, 0.175),
    *(0.2, 0.225, 0.25, 0.275, 0.3, 0.325, 0.35, 0.4, 0.45, 0.5),
)
MEAN_DEGREES = (4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5)
DEGREES = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 22, 25, 30, 35, 40, 50, 60)

DEGREE_TWO_PER_ROW = 0.9
"""Below 1 the columns of degree 2 form a forest, so they close no codeword among themselves."""
USED_DIFFERENCES = 0.45
"""Share of a row pair's shift differences that columns may take up. Above about 0.25 (which only
matters below a leak of 0.085) the construction leaves some cycles of length 4 in wide columns."""
PROGRESS = 0.002
"""Relative progress that each iteration must keep at the design's error rate."""


def reshape(
    column_edges: dict[int, float],
    leak: float,
    mean_degree: float,
    error_rate: float,
    reach: float,
    degrees: list[int],
    grid: Grid,
) -> tuple[dict[int, float], float] | None:
    """Return the edge fractions within `reach` of the given ones that progress most, and by how much.

    None if the given ones do not converge at this error rate, or if no others are in reach.
    """
    row_edges = concentrated(mean_degree / leak)
    run = evolve(column_edges, row_edges, error_rate, grid, extra_degrees=degrees)
    if not run.converged:
        return None
    shrink = np.array([run.error_out[degree] for degree in degrees]).T / run.error_in[:, None]
    rows = round(leak * COLUMNS)
    pairs = np.array([(degree - 1) / 2 for degree in degrees]) * mean_degree * COLUMNS
    capacity = USED_DIFFERENCES * SIZE * rows * (rows - 1) / 2
    stable = 1 / (
        sum(share * (degree - 1) for degree, share in row_edges.items())
        * 2
        * math.sqrt(error_rate * (1 - error_rate))
    )
    most_of_two = min(2 * DEGREE_TWO_PER_ROW * leak / mean_degree, 0.95 * stable)
    bounds: list[tuple[float | None, float]] = []
    for degree in degrees:
        top = most_of_two if degree == 2 else 1.0
        now = column_edges.get(degree, 0.0)
        bounds.append((min(max(0.0, now - reach), top), min(top, now + reach)))
    # variables: the edge fractions, then the progress, which is maximised
    size = len(degrees)
    solution = linprog(
        [0.0] * size + [-1.0],
        A_ub=np.vstack((np.c_[shrink, np.ones(len(shrink))], np.append(pairs / capacity, 0.0))),
        b_ub=np.ones(len(shrink) + 1),
        A_eq=[[1.0] * size + [0.0], [1 / degree for degree in degrees] + [0.0]],
        b_eq=[1.0, 1 / mean_degree],
        bounds=[*bounds, (None, 1.0)],
    )
    if solution.status != 0:
        return None
    fractions = {d: float(x) for d, x in zip(degrees, solution.x[:-1], strict=True) if x > 1e-4}
    return fractions, float(solution.x[-1])


def optimise(leak: float, mean_degree: float, start: dict[int, int] | None, grid: Grid) -> dict[int, int]:
    """Return the number of columns of each degree, `COLUMNS` in all."""
    rows = round(leak * COLUMNS)
    degrees = [degree for degree in DEGREES if degree <= 0.7 * rows]
    column_edges = edge_fractions(start or plausible(leak, mean_degree, max(degrees)))
    error_rate = shannon_error_rate(leak) * (0.75 if start else 0.7)
    last_good = None
    step, reach = 0.12, 0.15
    for _ in range(25):
        found = reshape(column_edges, leak, mean_degree, error_rate, reach, degrees, grid)
        if found is not None:
            column_edges, progress = found
            last_good = error_rate
            step = min(step, max(progress - PROGRESS, 0) / 2)
            reach = max(reach * 0.8, 0.01)
        elif last_good is None:
            error_rate *= 0.9
            continue
        else:
            step /= 2
        if step < 5e-4:
            break
        error_rate = last_good * (1 + step)
    return whole_nodes(column_edges)


def plausible(leak: float, mean_degree: float, highest: int) -> dict[int, float]:
    """Return shares of degrees 2, 3, 9 and a high one with the given mean, to start from."""
    two = min(DEGREE_TWO_PER_ROW * leak, 0.35)
    high = min(highest, 30)
    options = []
    for three in np.arange(0.05, 0.95 - two, 0.05):
        rest = 1 - two - three
        wide = (mean_degree - 2 * two - 3 * three - 9 * rest) / (high - 9)
        if 0.01 <= wide <= rest - 0.01:
            options.append((abs(wide - 0.08), {2: two, 3: float(three), 9: rest - wide, high: wide}))
    return min(options, key=lambda option: option[0])[1]


def whole_nodes(column_edges: dict[int, float]) -> dict[int, int]:
    """Round edge fractions to numbers of columns that add up to `COLUMNS`."""
    weights = {degree: share / degree for degree, share in sorted(column_edges.items())}
    scale = COLUMNS / sum(weights.values())
    nodes = {degree: int(weight * scale) for degree, weight in weights.items()}
    by_remainder = sorted(weights, key=lambda degree: nodes[degree] - weights[degree] * scale)
    for degree in by_remainder[: COLUMNS - sum(nodes.values())]:
        nodes[degree] += 1
    return {degree: count for degree, count in nodes.items() if count}


def write_table(table: dict[float, dict[str, object]], file: BinaryIO) -> None:
    """Write the designs in the order of their leak."""
    text = io.TextIOWrapper(file, newline="")
    writer = csv.DictWriter(text, ["leak", "nodes", "threshold", "f_at_threshold"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(table[leak] for leak in sorted(table))
    text.detach()


def main(leaks: list[float]) -> None:
    """Optimise and write the file; one line of progress per leak and mean degree."""
    table: dict[float, dict[str, object]] = {}
    if DEGREES_FILE.exists():
        with DEGREES_FILE.open() as file:
            table = {float(row["leak"]): dict(row) for row in csv.DictReader(file)}
    coarse, fine = Grid(300), Grid(400)
    for leak in leaks or [leak for leak in LEAKS if leak not in table]:
        rows = round(leak * COLUMNS)
        best: tuple[float, dict[int, int]] | None = None
        start = None
        for mean_degree in MEAN_DEGREES:
            clock = time.process_time()
            nodes = optimise(leak, mean_degree, start, coarse)
            found = threshold(nodes, rows, coarse)
            print(
                f"leak {leak} mean degree {mean_degree}: threshold {found:.5f}, "
                f"f {rows / COLUMNS / binary_entropy(found):.4f}, {time.process_time() - clock:.1f} s CPU",
                flush=True,
            )
            if best is not None and found < best[0] * 0.98:
                break
            start = nodes
            if best is None or found > best[0]:
                best = found, nodes
        assert best is not None
        nodes = best[1]
        exact = threshold(nodes, rows, fine, tolerance=3e-4)
        table[leak] = {
            "leak": leak,
            "nodes": " ".join(f"{degree}:{count}" for degree, count in nodes.items()),
            "threshold": f"{exact:.5f}",
            "f_at_threshold": f"{rows / COLUMNS / binary_entropy(exact):.4f}",
        }
        write_atomically(DEGREES_FILE, lambda file: write_table(table, file))


if __name__ == "__main__":
    main([float(argument) for argument in sys.argv[1:]])
