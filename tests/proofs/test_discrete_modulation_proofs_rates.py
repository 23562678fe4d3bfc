"""Certified rates of phase-shift keying: the pure loss in closed form, published rows, another solver."""

from __future__ import annotations

import numpy as np
import pytest

from noclone.proofs.certificate import certify
from noclone.proofs.library.coherent_states import photon_amplitudes, ring
from noclone.proofs.library.fock import moment_operators
from noclone.proofs.library.heterodyne import sector_operators
from noclone.proofs.library.homodyne import sign_operators
from noclone.proofs.library.quaternary import quaternary
from noclone.proofs.objective import value
from noclone.proofs.problem import problem
from noclone.proofs.proving import prove_case


def entropy_bits(operator):
    levels = np.linalg.eigvalsh(operator)
    levels = levels[levels > 1e-15]
    return float(-np.sum(levels * np.log2(levels)))


def pure_loss(amplitude, length_km, elements, offset):
    """Return H(Z|E) where Eve holds the light that is lost, for elements of each announced choice."""
    through = 10 ** (-0.02 * length_km)
    points = ring(amplitude, 4, offset)
    hers = photon_amplitudes(np.sqrt(1 - through) * points, 40)
    his = photon_amplitudes(np.sqrt(through) * points, len(elements[0][0]))
    total = 0.0
    for choice in elements:
        parts = []
        for element in choice:
            seen = np.einsum("xn,nm,xm->x", his.conj(), element, his).real
            parts.append(np.einsum("x,xn,xm->nm", seen / 4, hers, hers.conj()))
        total += sum(entropy_bits(part) for part in parts) - entropy_bits(sum(parts))
    return total


def heterodyne(transmittance=1.0):
    return [sector_operators(4, 30, transmittance)]


def homodyne(transmittance=1.0):
    signs = sign_operators(30, transmittance)
    return [[signs[f"{name}{sign}"] / 2 for sign in "+-"] for name in "qp"]


def test_closed_form_of_pure_loss_is_the_published_one():
    # ConicQKD, examples/dmcv.jl, hbe_dmcv_analytic
    assert pure_loss(0.6, 10, heterodyne(), 0.0) == pytest.approx(1.9410274184094796, abs=1e-12)


PURE = [
    ({}, heterodyne(), 0.0),
    ({"efficiency": 0.6, "electronic_noise_snu": 0.2}, heterodyne(0.5), 0.0),
    ({"detection": "homodyne"}, homodyne(), np.pi / 4),
    ({"detection": "homodyne", "efficiency": 0.6, "electronic_noise_snu": 0.2}, homodyne(0.5), np.pi / 4),
]
"""Pure loss with ideal detectors and with trusted ones, whose noise amounts to half of the light."""


@pytest.mark.parametrize(("settings", "elements", "offset"), PURE)
def test_pure_loss_has_a_certificate_that_reaches_the_closed_form(settings, elements, offset):
    # Light that is a coherent state for certain leaves a space of 4 dimensions; the combination of
    # constraints that says so is excess, the photon number around each state's mean. Beside that space, the
    # central path is the inverse of excess.
    exact = pure_loss(0.6, 10, elements, offset)
    case = quaternary(amplitude=0.6, length_km=10, excess_noise_snu=0, cutoff=12, **settings)
    operators, identity = moment_operators(13), np.eye(13)
    excess = np.zeros((52, 52), complex)
    for signal, point in zip(case.declared.signals.values(), 10**-0.1 * ring(0.6, 4, offset), strict=True):
        around = operators["n"] - point.real * operators["q"] - point.imag * operators["p"]
        excess += np.kron(signal.operator, around + abs(point) ** 2 * identity)
    levels, vectors = np.linalg.eigh(excess)
    assert levels[3] < 1e-13 < levels[4]
    face, beside = vectors[:, :4], vectors[:, 4:]
    point = face @ (face.conj().T @ case.start @ face) @ face.conj().T
    point += 1e-14 * (beside / levels[4:]) @ beside.conj().T
    bound = certify(problem(case.declared, case.seen), point, barrier=1e-8).bound / np.log(2)
    assert exact - 1e-7 < bound < exact


@pytest.mark.parametrize(("settings", "elements", "offset"), [PURE[0], PURE[3]])
def test_proofs_approach_the_closed_form_from_below_as_noise_vanishes(settings, elements, offset):
    exact = pure_loss(0.6, 10, elements, offset)
    for noise in (1e-4, 1e-7, 0.0):
        # Eve's gain grows as the root of the noise.
        most = 0.2 * noise**0.5 + 1e-7
        case = quaternary(amplitude=0.6, length_km=10, excess_noise_snu=noise, **settings)
        proof = prove_case(case)
        assert exact - most < proof.entropy_bits < exact
        assert proof.verify()


@pytest.mark.parametrize(
    ("length_km", "amplitude", "cutoff"),
    # where a cutoff takes enough away that the fibre's own means belong to no channel below it
    [(0, 0.8, 7), (0, 1.2, 10), (1, 0.8, 10), (5, 1.0, 10), (20, 1.0, 7), (5, 0.05, 10)],
)
@pytest.mark.parametrize(
    ("detection", "elements", "offset"), [("heterodyne", *PURE[0][1:]), ("homodyne", *PURE[2][1:])]
)
def test_pure_loss_is_never_exceeded_whatever_the_cutoff(
    length_km, amplitude, cutoff, detection, elements, offset
):
    case = quaternary(
        amplitude=amplitude, length_km=length_km, excess_noise_snu=0, cutoff=cutoff, detection=detection
    )
    proof = prove_case(case)
    exact = pure_loss(amplitude, length_km, elements, offset)
    assert exact - 0.01 < proof.entropy_bits <= exact
    assert proof.gap < 1e-6
    # what the model's channel below the cutoff gives is one of the values that the bound is below
    task = problem(case.declared, case.seen)
    assert proof.entropy_bits <= value(task, case.start) / np.log(2) + 1e-12


@pytest.mark.parametrize(
    ("length_km", "noise", "amplitude", "efficiency", "rate"),
    # feasibility study with a solver and certificate of its own, at barrier weight 1e-8
    [
        (5, 0.01, 0.9, 0.95, 0.221845817),
        (10, 0.01, 0.6, 0.95, 0.09833619),
        (20, 0.01, 0.8, 0.95, 0.059001223),
        (50, 0.01, 0.72, 0.95, 0.009996010),
        (50, 0.01, 0.7, 0.95, 0.01007933),
        (100, 0.01, 0.7, 0.95, 0.000846250),
        (20, 0.02, 0.78, 0.95, 0.044869156),
        (50, 0.02, 0.7, 0.95, 0.006583456),
        (50, 0.04, 0.66, 0.95, 0.000623614),
        (15, 0.01, 0.85, 1.0, 0.100838622),
        (50, 0.01, 0.72, 1.0, 0.012347640),
    ],
)
def test_rates_of_heterodyne_detection(length_km, noise, amplitude, efficiency, rate):
    case = quaternary(
        amplitude=amplitude,
        length_km=length_km,
        excess_noise_snu=noise,
        reconciliation_efficiency=efficiency,
    )
    proof = prove_case(case)
    assert proof.rate == pytest.approx(rate, abs=2e-6)
    assert proof.gap < 1e-7


@pytest.mark.parametrize(
    ("cutoff", "bits"),
    # kerry-he/qrep-structure, out.csv: structured cone of He, Saunderson and Fawzi
    [(4, 1.987813008), (8, 1.987800588), (12, 1.987798376), (16, 1.987800038), (20, 1.987800210)],
)
def test_entropies_are_those_of_the_structured_cone(cutoff, bits):
    proof = prove_case(quaternary(amplitude=0.35, length_km=60, excess_noise_snu=0.05, cutoff=cutoff))
    assert proof.entropy_bits == pytest.approx(bits, abs=3e-6)


@pytest.mark.parametrize(
    ("settings", "bits"),
    # p_obj of QICS 1.1.3 on the unreduced complex problem
    [
        (
            {"amplitude": 0.65, "length_km": 50, "excess_noise_snu": 0.01, "detection": "homodyne"},
            0.9736061749,
        ),
        (
            {
                "amplitude": 0.65,
                "length_km": 20,
                "excess_noise_snu": 0.02,
                "detection": "homodyne",
                "discarded_snu": 0.5,
                "efficiency": 0.6,
                "electronic_noise_snu": 0.1,
            },
            0.5985832522,
        ),
        (
            {
                "amplitude": 0.7,
                "length_km": 20,
                "excess_noise_snu": 0.02,
                "efficiency": 0.6,
                "electronic_noise_snu": 0.1,
            },
            1.9343616955,
        ),
        ({"amplitude": 0.7, "length_km": 20, "excess_noise_snu": 0.02, "tail_order": 2}, 1.8818123174),
        ({"amplitude": 0.8, "length_km": 20, "excess_noise_snu": 0.02, "count": 3}, 1.4026598610),
    ],
)
def test_entropies_are_those_of_another_solver(settings, bits):
    proof = prove_case(quaternary(cutoff=5, **settings))
    assert proof.entropy_bits == pytest.approx(bits, abs=5e-7)


def test_homodyne_detection_wins_where_the_electronics_are_not_trusted():
    # Liu et al., PRX Quantum 2, 040334 (2021), abstract: homodyne performs better than heterodyne detection
    # in the untrusted detector noise scenario
    rates = {}
    for detection in ("heterodyne", "homodyne"):
        for noise in (0.0, 0.005):
            case = quaternary(
                amplitude=0.7,
                length_km=20,
                excess_noise_snu=0.01,
                detection=detection,
                efficiency=0.6,
                electronic_noise_snu=noise,
                trusted=False,
                cutoff=8,
            )
            rates[detection, noise] = prove_case(case).rate
    assert rates["heterodyne", 0.0] > rates["homodyne", 0.0]
    assert rates["homodyne", 0.005] > rates["heterodyne", 0.005] > 0


def test_trusted_receiver_gives_more_than_an_untrusted_one_and_less_than_an_ideal_one():
    real = {"efficiency": 0.7, "electronic_noise_snu": 0.002}
    point = {"amplitude": 0.7, "length_km": 20, "excess_noise_snu": 0.01, "cutoff": 8}
    ideal = prove_case(quaternary(**point)).rate
    trusted = prove_case(quaternary(**point, **real)).rate
    untrusted = prove_case(quaternary(**point, **real, trusted=False)).rate
    assert ideal > trusted > untrusted > 0
