r"""Check a proof file in ball arithmetic: the declaration, the observations and two lists of numbers suffice.

What is proven. Take any protocol whose numbers are within `Verdict.rounding` of the file's (in the sense of
`Claim.rounding`) and any attack, that is any X >= 0 with tr_B X = 1 (for a pair: tr X = 1), that shows values
as near to the observed ones. Then Eve's ignorance f(X) of the raw key symbol (see `problem`) is at least
`Verdict.proven_bits` per declared signal. Where decoy states were sent, the share of single photons, their
values and the credit for empty pulses are proven from what was seen (`decoys_check`). Any other share and
credit, finite-size terms and the leak of error correction are the file's claims; nothing here proves them,
nor that the values were observed.

How, for one announcement c (sums over c are left out; M_r is what keeps symbol r, phi(Y) = tr Y log Y):

1. Floats give rows K_r with K_r^dagger K_r near M_r; from there on they are exact. With C^dagger C = sum_r
   K_r^dagger K_r, f~(X) = phi(C X C^dagger) - sum_r phi(K_r X K_r^dagger) is convex and homogeneous, so for
   every X0 with C X0 C^dagger > 0 it is at least tr G X, G = C^dagger log(C X0 C^dagger) C - sum_r K_r^dagger
   log(K_r X0 K_r^dagger) K_r.
2. Logarithms are bounded, not computed: approximate eigenvectors, made unitary, and Gershgorin's theorem
   give U^dagger A U >= D with D diagonal; then log A >= U log D U^dagger, since the logarithm is operator
   monotone. From below for the first term and from above for the others; degenerate levels need no care.
3. G - sum y_i Gamma_i - lambda W >= 0 by Cholesky's factorisation, hence f~ >= sum y_i g_i + lambda <W, X>.
4. f >= f~ - q log R - (1+q) h(q/(1+q)) for R symbols and q >= tr(sigma - rho)_+, where Eve's states with the
   symbol are rho under the real M_r and sigma under K_r^dagger K_r. For tau = rho + (sigma - rho)_+ = sigma +
   (rho - sigma)_+ has H(tau) >= H(sigma), as the conditional entropy H of a classical register is
   superadditive and not negative, and H(tau) <= H(rho) + q log R + (1+q) h(q/(1+q)), by telling Eve which of
   its two parts is hers.

References: Winick, Luetkenhaus, Coles, Quantum 2, 77 (2018); Winter, Commun. Math. Phys. 347, 291 (2016),
Lemma 2, for step 4; Bhatia, Matrix Analysis (1997), chapter V, for step 2.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from noclone.core.extras import need
from noclone.proofs.balls import (
    Ball,
    ball,
    cholesky,
    dagger,
    greatest,
    hermitian,
    hermitian_norm,
    kron,
    mid,
    norm,
    total,
)
from noclone.proofs.claim import LEAK, SHARE, Claim, Sent, claim, digests
from noclone.proofs.decoys_check import EMPTY, failures
from noclone.proofs.files import read_document
from noclone.proofs.verdict import Verdict

__all__ = ["Verdict", "read_document", "verify_document"]

Array = NDArray[Any]

PRECISION = 128
"""Bits of midpoints."""


class Unproven(Exception):
    """Why nothing could be proven, as a clause."""


class Contradictory(Exception):
    """Why the file is about nothing that can happen, as a clause."""


def verify_document(content: Mapping[str, Any], protocol_sha256: str | None = None) -> Verdict:
    """Return whether the bound in a proof file's content follows from what else is in it.

    Parameters
    ----------
    content : mapping
        As `read_document` returns it.
    protocol_sha256 : str, optional
        The digest of the declaration that the proof must be about.

    Raises
    ------
    InvalidInput
        If the content is not that of a proof file, or if python-flint is not installed.

    Examples
    --------
    >>> verify_document({"format": "another"})
    Traceback (most recent call last):
    ...
    noclone.core.errors.InvalidInput: proof must be of the format noclone-proof/1, but is 'another'.
    """
    started = time.process_time()
    flint = need("flint")
    case, found = claim(content), digests(content)
    reasons = [
        f"{name} in the file is not that of its content, {digest}"
        for name, digest in found.items()
        if content.get(name) != digest
    ]
    if protocol_sha256 is not None and protocol_sha256.lower() != found["protocol_sha256"]:
        reasons.append(f"its protocol is {found['protocol_sha256']}, not {protocol_sha256}")
    faults = case.faults()
    reasons += faults
    proven = 0.0
    if not faults:
        try:
            with flint.ctx.workprec(PRECISION), np.errstate(all="ignore"):
                proven = _float_below(_bound(case))
        except Contradictory as error:
            reasons.append(f"nothing can be proven: {error}")
        except (Unproven, np.linalg.LinAlgError) as error:
            # That Eve's ignorance is at least 0 needs no proof.
            reasons += [f"nothing could be proven: {error}"] * (case.entropy_bits > 0)
    if not case.entropy_bits <= proven:
        reasons.append(f"it claims {case.entropy_bits:.12f} bits, of which only {proven:.12f} follow")
    told = [(SHARE, case.share), *case.adjustments, (LEAK, case.leak_bits)]
    if case.decoys is not None and not faults:
        false = failures(case)
        reasons += false
        told = told if false else [each for each in told if each[0] not in (SHARE, EMPTY)]
    rest = sum(bits for _, bits in case.adjustments) - case.leak_bits
    return Verdict(
        not reasons,
        tuple(reasons),
        case.title,
        case.assumptions,
        found["protocol_sha256"],
        proven,
        case.entropy_bits,
        case.share * proven + rest,
        case.share * (case.value_bits - proven),
        tuple(told),
        max(case.rounding.values()),
        len(case.point),
        time.process_time() - started,
    )


def _bound(case: Claim) -> Ball:
    """Return an enclosure of the lower bound on Eve's ignorance, in bits."""
    arb = need("flint").arb
    alice = {name: _operator(signal) for name, signal in case.signals.items()}
    measured = {name: ball(_hermitian(matrix)) for name, matrix in case.measured.items()}
    side, one = case.side, ball(np.eye(case.other))
    rest, distance, slip, symbols = _gradient(case, alice, measured)
    # How far the real operators may be: p |phi><phi| by 3 p r in trace norm, which no channel makes larger.
    # A mean moves by that, by as much as Bob's operator, and may have been seen as far off once more.
    # `allowance` repeats this in floats, so that claims are lowered in advance: change both.
    r = {part: arb(size) * 1.0001 for part, size in case.rounding.items()}
    wide = {name: hermitian_norm(matrix) + 1 / 32 for name, matrix in measured.items()}
    if case.sends:
        reach = {name: arb(signal.prob) for name, signal in case.signals.items()}
        moved = 3 * r["signals"]
        off = {name: wide[name] * (moved + 2 * r[case.part(name)]) for name in wide}
    else:
        reach = {name: hermitian_norm(matrix) + 1 / 32 for name, matrix in alice.items()}
        moved = r["signals"] * total(list(reach.values()))
        off = {name: wide[name] * (r["signals"] + 2 * r[case.part(name)]) for name in wide}
    q = distance * (side if case.sends else 1) + moved
    q += total([wide[name] * r["outcomes"] for name in case.announced])
    if not q < 1e-3:
        raise Unproven("the key operators are too ill-conditioned to be enclosed")
    y = [arb(each) for each in case.multipliers]
    certain, seen = y[: case.certain], y[case.certain :]
    bound = -arb(case.radius) * greatest([arb(0), *(abs(each) for each in seen)])
    sides: dict[str, Ball] = {}
    for multiplier, item in zip(seen, case.items, strict=True):
        bound += multiplier * (item.low if multiplier > 0 else item.high)
        for (sent, what), weight in item.weights.items():
            sides[sent] = sides.get(sent, one * 0) + measured[what] * (multiplier * weight)
            bound -= abs(multiplier * weight) * reach[sent] * off[what]
    for sent, operators in sides.items():
        rest -= kron(alice[sent], operators)
    # tr_B X = 1 makes <W, X> = tr W_A for every channel, and tr X = 1 for every pair, exactly.
    known = hermitian(certain, side) if case.sends else ball(np.eye(side)) * certain[0]
    weight = total(list(alice.values())) if case.sends else ball(np.eye(side))
    bound += known.trace().real if case.sends else certain[0]
    bound += _shift(rest - kron(known, one), weight, one) * (weight.trace().real if case.sends else 1)
    if bound > arb(symbols).log() * (1 + 1e-6):
        raise Contradictory("what was observed contradicts itself, since more follows than a symbol can hide")
    # The slip's operators together weigh what is kept, once for the first term and once for the others.
    bound -= slip * 2 * (1 + q) + q * arb(symbols).log() - q * q.log() + (1 + q) * (1 + q).log()
    return bound / arb(2).log()


def _gradient(case: Claim, alice: dict[str, Ball], measured: dict[str, Ball]) -> tuple[Ball, Ball, Ball, int]:
    """Return G of step 1 from below, the distance of its key operators, its slip and how many symbols are."""
    arb = need("flint").arb
    point = ball(_tidied(case.point))
    slope, distance, slip, symbols = point * 0, arb(0), arb(0), 1
    for operators in _key_operators(case, alice, measured):
        rows, common = _factors([_tidied(mid(each)) for each in operators])
        distance += total([norm(dagger(k) * k - m) for k, m in zip(rows, operators, strict=True)])
        symbols = max(symbols, len(operators))
        for factor, sign in ((common, 1), *((each, -1) for each in rows)):
            if factor.nrows():
                term, lost = _log_bound(factor, point, sign)
                slope += term * sign
                slip = slip.max(lost)
    return slope, distance, slip, symbols


def _operator(signal: Sent) -> Ball:
    if signal.form.ndim == 2:
        return ball(_hermitian(signal.form))
    column = ball(signal.form.conj()[:, None])
    return column * dagger(column) * need("flint").arb(signal.prob)


def _key_operators(case: Claim, alice: dict[str, Ball], measured: dict[str, Ball]) -> Iterator[list[Ball]]:
    """Yield, for each pair of announcements, what keeps each key symbol."""
    groups: dict[tuple[str, str], dict[int, dict[str, list[Ball]]]] = {}
    for sent, signal in case.signals.items():
        for seen, heard in case.announced.items():
            added = case.key.get((signal.announced, seen))
            if added is None:
                continue
            bob = (added + signal.prepared) % 2 if signal.prepared else added
            events = groups.setdefault((signal.announced, heard), {}).setdefault(
                signal.symbol if case.direct else bob, {}
            )
            events.setdefault(seen, []).append(alice[sent])
    for symbols in groups.values():
        yield [
            total([kron(total(sides), measured[seen]) for seen, sides in events.items()])
            for events in symbols.values()
        ]


def _factors(operators: list[Array]) -> tuple[list[Ball], Ball]:
    """Return exact K_r with K_r^dagger K_r near M_r, and C with C^dagger C = sum_r K_r^dagger K_r.

    Both are written in the row space of the sum, where the M_r are about a measurement: so small directions
    of the sum lose no accuracy, and C C^dagger is regular.
    """
    frame, pivots = _cholesky_rows(np.sum(np.array(operators), axis=0), 1e-13)
    outer = ball(frame)
    if not pivots:
        return [outer for _ in operators], outer
    inverse = np.linalg.inv(frame[:, pivots])
    inner = [
        ball(_cholesky_rows(inverse.conj().T @ each[np.ix_(pivots, pivots)] @ inverse, 1e-14)[0])
        for each in operators
    ]
    root = cholesky(total([dagger(each) * each for each in inner]))
    if root is None:
        raise Unproven("the key operators are too ill-conditioned to be enclosed")
    return [each * outer for each in inner], dagger(root) * outer


def _log_bound(rows: Ball, point: Ball, sign: int) -> tuple[Ball, Ball]:
    """Return V with rows^dagger log(rows point rows^dagger) rows >= V (sign 1) or <= V (-1), up to a slip.

    The slip times rows^dagger rows must be taken off besides.
    """
    flint = need("flint")
    approximate = mid(rows)
    basis = ball(np.linalg.eigh(approximate @ mid(point) @ approximate.conj().T)[1])
    one = ball(np.eye(rows.nrows()))
    for _ in range(4):
        # One Newton-Schulz step takes the Gram matrix from 1 + R to 1 - 3/4 R^2 + 1/4 R^3; the distance of
        # its square root, and of the inverse of that, from 1 is at most |R|^2.
        gram = dagger(basis) * basis
        slack = norm(gram - one)
        if not slack < 1e-6:
            break
        basis = basis * (one * 3 - gram) * flint.arb(0.5)
        slack = slack**4 + 2 * slack**2
        turned = dagger(basis) * rows
        inner = turned * point * dagger(turned)
        spill = slack * norm(inner)
        levels = np.abs(mid(inner).diagonal())
        # Rows weighted so that strong levels do not drown weak ones, where those must stay positive.
        weights = [flint.arb(x) for x in (np.maximum(levels, 1e-300) ** 0.25 if sign > 0 else levels**0)]
        ends = []
        for i, row in enumerate(inner.tolist()):
            parts = (abs(x) / w for j, (x, w) in enumerate(zip(row, weights, strict=True)) if j != i)
            ends.append(row[i].real - sign * (weights[i] * sum(parts, flint.arb(0)) + spill))
        if all(end > (0 if sign < 0 else level / 2) for end, level in zip(ends, levels, strict=True)):
            logs = [end.log() for end in ends]
            diagonal = flint.arb_mat(
                [[x if i == j else 0 for j in range(len(logs))] for i, x in enumerate(logs)]
            )
            return dagger(turned) * diagonal * turned, slack * total([abs(x) for x in logs])
        # Levels below the resolution of floats: once more among themselves.
        weak = levels < 1e-7 * levels.max()
        turn = np.eye(len(levels), dtype=complex)
        turn[np.ix_(weak, weak)] = np.linalg.eigh(mid(inner)[np.ix_(weak, weak)])[1]
        basis = basis * ball(turn)
    raise Unproven("the point is not positive definite where rounds are kept")


def _shift(rest: Ball, weight: Ball, one: Ball) -> Ball:
    """Return a number such that rest - number * (weight x 1) is proven positive, near the largest."""
    scale = np.kron(np.linalg.inv(np.linalg.cholesky(mid(weight))), np.eye(one.nrows()))
    middle = scale @ mid(rest) @ scale.conj().T
    least = float(np.linalg.eigvalsh((middle + middle.conj().T) / 2)[0])
    unit = kron(weight, one)
    for margin in (1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8, 1e-7):
        shift = need("flint").arb(least - margin)
        if cholesky(rest - unit * shift) is not None:
            return shift
    raise Unproven("the gradient less the constraints could not be bounded from below")


def _cholesky_rows(matrix: Array, drop: float) -> tuple[Array, list[int]]:
    """Return rows K with K^dagger K near a float matrix, and the pivots; remainders below `drop` stay."""
    rest, rows, pivots = matrix.copy(), [], list[int]()
    least = drop * max(rest.diagonal().real.max(), 0.0)
    while len(pivots) < len(rest):
        j = int(rest.diagonal().real.argmax())
        if not rest[j, j].real > least:
            break
        row = rest[j] / np.sqrt(rest[j, j].real)
        rest -= np.outer(row.conj(), row)
        rest[j] = rest[:, j] = 0
        rows.append(row)
        pivots.append(j)
    return np.array(rows).reshape(len(rows), len(rest)), pivots


def _tidied(matrix: Array) -> Array:
    """Return the Hermitian part, real where the imaginary part is rounding."""
    found = _hermitian(matrix)
    return found if np.abs(found.imag).max() > 2.0**-50 * np.abs(found).max() else found.real


def _hermitian(matrix: Array) -> Array:
    part: Array = (matrix + matrix.conj().T) / 2
    return part


def _float_below(bound: Ball) -> float:
    """Return a float that is certainly not above a bound; Eve's ignorance is never negative."""
    return max(math.nextafter(float(bound.lower()), -math.inf), 0.0) if bound.is_finite() else 0.0
