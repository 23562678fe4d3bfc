"""Certified key rates beside QICS and Frank-Wolfe steps: the same problems, each in a fresh process.

Every code solves a small problem first, which compiles what it compiles, and then the problem of the job
once. Ours starts from the protocol and ends with the certificate; of the others the time counts from the
optimisation, as noclone derives it, to their answer. Bounds are on Eve's ignorance per signal, all certified
alike; the memory is the most that the process has had at any time.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from measure import Row, beside, timed
from noclone.proofs.bank import CertificateBank
from noclone.proofs.case import Case
from noclone.proofs.library.phase_shift_keying import PhaseShiftKeying
from noclone.proofs.problem import problem
from noclone.proofs.proving import prove_case
from noclone.proofs.subjects import case_of

BANK = Path(__file__).parents[1] / "evidence" / "results" / "certificate_bank.npz"
APART_BITS = 3e-6
"""How far a solver's minimum may be from the certified bound."""
STEPS = {"quaternary, 7 photon numbers, no symmetry": 10}
"""Of Frank-Wolfe, where it would take too long."""


def quaternary(cutoff: int) -> Case:
    """Return the example of ConicQKD.jl: 60 km, excess noise .05, amplitude .35."""
    return case_of("quaternary", length_km=60, excess_noise_snu=0.05, amplitude=0.35, cutoff=cutoff)


def lopsided() -> Case:
    """Return quaternary modulation behind a line that also turns and displaces what it carries.

    No symmetry is left, and the problem is complex.
    """
    keying = PhaseShiftKeying(amplitude=0.35, cutoff=6)
    through, photons = keying.received(10**-1.2, 0.05)
    points = np.sqrt(through) * np.exp(0.3j) * keying.points + 0.05 + 0.02j
    means = {
        "q": 2 * points.real,
        "p": 2 * points.imag,
        "n": np.abs(points) ** 2 + photons,
        "q²-p²": 4 * (points**2).real,
    }
    declared = replace(keying.declared, symmetries=())
    return replace(quaternary(6), declared=declared, seen=keying.seen(means))


JOBS: dict[str, Callable[[], Case]] = {
    "BB84 with pairs, 5 % errors": lambda: case_of("bb84-pairs", qber_z=0.05, qber_x=0.05),
    "two bases of 5 dimensions, 5 % errors": lambda: case_of("mub", dimension=5, bases=2, qber=0.05),
    "quaternary, 11 photon numbers": lambda: quaternary(10),
    "quaternary, 7 photon numbers, no symmetry": lopsided,
}


def rows() -> Iterator[Row]:
    for job, make in JOBS.items():
        found = fresh(job, "noclone")
        case = make()
        alice, bob = case.declared.dimensions
        about = f"{alice * bob} x {alice * bob}; bound {found['bound']:.9f}, at most {found['gap']:.0e} low"
        yield row(job, "noclone", found, about)
        yield from beside(job, "qics", peer, job, "qics", "QICS", found["bound"])
        if alice * bob < 40:
            yield from beside(job, "clarabel", peer, job, "clarabel", "Frank-Wolfe, Clarabel", found["bound"])
    yield from verification()
    yield from bank()


def peer(job: str, package: str, code: str, certified: float) -> Iterator[Row]:
    found = fresh(job, package)
    if found["status"] != "out of steps" and abs(found["value"] - certified) > APART_BITS:
        raise RuntimeError(f"{job}: {code} finds {found['value']:.9f}, certified is {certified:.9f}")
    value, bound = (f"{found[name]:.9f}" for name in ("value", "bound"))
    remark = f"value {value}, bound {bound}, {found['steps']} steps, {found['status'].replace('_', ' ')}"
    yield row(job, code, found, remark)


def row(job: str, code: str, found: dict[str, Any], remark: str) -> Row:
    said = f"{remark}; {found['peak_mb']} MB"
    return Row(job, code, "problems", 1.0, found["cpu_s"], found["wall_s"], said)


def fresh(job: str, package: str) -> dict[str, Any]:
    call = [sys.executable, __file__, job, package]
    done = subprocess.run(call, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def solved(job: str, package: str) -> dict[str, Any]:
    """Solve a job's problem in this process, after a small one."""
    import resource

    from noclone.proofs.opinions import frank_wolfe, qics_solver

    def ours(case: Case, _: str) -> dict[str, Any]:
        start = process_time()
        proof = prove_case(case)
        spent = process_time() - start
        return {"bound": proof.entropy_bits, "gap": proof.gap, "cpu_s": spent}

    def theirs(case: Case, name: str) -> dict[str, Any]:
        task = problem(case.declared, case.seen)
        if package == "qics":
            opinion = qics_solver.solve(task)
        else:
            opinion = frank_wolfe.solve(task, steps=STEPS.get(name, 50))
        return {
            "value": opinion.value / np.log(2),
            "bound": opinion.certificate.bound / np.log(2),
            "status": opinion.status,
            "steps": opinion.steps,
            "cpu_s": opinion.cpu_s,
        }

    work = ours if package == "noclone" else theirs
    work(case_of("six-state", qber=0.05), "")
    case = JOBS[job]()
    start = perf_counter()
    found = work(case, job)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {**found, "wall_s": perf_counter() - start, "peak_mb": peak}


def verification() -> Iterator[Row]:
    """Time the check of the largest proof in ball arithmetic, and refuse to time one that fails."""
    proof = prove_case(quaternary(10))
    if not proof.verify():
        raise RuntimeError("the proof is rejected")
    run = timed(proof.verify)
    yield run.row("verification of a proof, 44 x 44", "noclone, python-flint", 1, "proofs")


def bank() -> Iterator[Row]:
    """Time answers from stored certificates beside proofs."""
    stored = CertificateBank.load(BANK)
    case = case_of("quaternary", length_km=23, excess_noise_snu=0.013, amplitude=0.79)
    job, calls = "key rate of quaternary modulation", 1000
    run = timed(lambda: [stored.rate(case) for _ in range(calls)])
    proof = timed(lambda: prove_case(case))
    share = run.result[0] / proof.result.rate
    remark = f"{len(stored)} certificates; {share:.1%} of the proof's rate"
    yield run.row(job, "noclone, bank of certificates", calls, "rates", remark)
    yield proof.row(job, "noclone, proof", 1, "rates")


if __name__ == "__main__":
    print(json.dumps(solved(*sys.argv[1:])))
