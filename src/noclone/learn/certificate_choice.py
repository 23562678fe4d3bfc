"""Learning which certificate to use, where a wrong answer costs key but never security.

A certificate that a model chooses from a bank, or makes of multipliers of its own with one eigenvalue to make
up for their faults, holds however badly the model learned. Each is returned as a bank of one, whose `rate` is
a bound and whose `proof` anyone can verify.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from noclone.core.errors import InvalidInput
from noclone.core.numbers import whole
from noclone.proofs.allowance import allowance
from noclone.proofs.bank import CertificateBank
from noclone.proofs.claim import claim
from noclone.proofs.objective import gradient
from noclone.proofs.problem import problem
from noclone.proofs.proof import document
from noclone.proofs.proving import MARGIN_BITS

Array = NDArray[Any]
Floats = NDArray[np.float64]


def chosen(bank: CertificateBank, index: int) -> CertificateBank:
    """Return the bank of one certificate of a bank: what a model's choice is worth.

    Parameters
    ----------
    bank : CertificateBank
    index : int
        From 0; any choice is valid, a bad one bounds the rate from far below.

    Raises
    ------
    InvalidInput
        If there is no such certificate.

    Examples
    --------
    >>> from noclone.proofs.subjects import case_of
    >>> bank = CertificateBank.build("six-state", [{"qber": 0.01}, {"qber": 0.05}])
    >>> case = case_of("six-state", qber=0.02)
    >>> one, other = chosen(bank, 0), chosen(bank, 1)
    >>> bank.rate(case) == max(one.rate(case), other.rate(case)), other.proof(case).verify().accepted
    (True, True)
    """
    index = whole("index", index, 0)
    if index >= len(bank):
        raise InvalidInput("index", f"must be below the bank's {len(bank)} certificates, but is {index}")
    return _one(bank, index, bank.multipliers[index], bank.shifts[index])


class Completion:
    """Makes certificates of any multipliers, with the stored points of a bank.

    Parameters
    ----------
    bank : CertificateBank

    Examples
    --------
    >>> from noclone.proofs.subjects import case_of
    >>> bank = CertificateBank.build("six-state", [{"qber": 0.03}])
    >>> guess = Completion(bank).certificate(0, 1.1 * bank.multipliers[0])
    >>> case = case_of("six-state", qber=0.03)
    >>> guess.rate(case) < bank.rate(case), guess.proof(case).verify().accepted
    (True, True)
    """

    def __init__(self, bank: CertificateBank) -> None:
        self.bank = bank
        self._task = problem(bank.first.declared, bank.first.seen)
        self._slopes = [gradient(self._task, point) for point in bank.points]
        self._lost = allowance(claim(document(bank.first)))

    def certificate(self, index: int, multipliers: ArrayLike) -> CertificateBank:
        """Return the bank of the one certificate that a stored point and these multipliers give.

        Its shift is the least eigenvalue of the objective's gradient at the point less the multipliers'
        combination of the constraints, which is all that a bound needs (see `noclone.proofs.problem`), less
        what rounding may cost.

        Parameters
        ----------
        index : int
            Of the stored point.
        multipliers : array_like, shape (m,)
            Any, in the order of the bank's.

        Raises
        ------
        InvalidInput
            If the multipliers are not as many finite numbers as the bank's.
        """
        y = np.asarray(multipliers, float)
        count = len(self._task.operators)
        if y.shape != (count,) or not np.isfinite(y).all():
            raise InvalidInput("multipliers", f"must be {count} finite numbers, but are not")
        rest = self._slopes[index] - np.tensordot(y, self._task.operators, 1)
        least = eigh(rest, self._task.unit, eigvals_only=True, subset_by_index=[0, 0])[0]
        shift = float(least) - self._lost.of(y) - MARGIN_BITS * float(np.log(2))
        return _one(self.bank, index, y, shift)


def _one(bank: CertificateBank, index: int, multipliers: Floats, shift: float) -> CertificateBank:
    return replace(
        bank, points=bank.points[index : index + 1], multipliers=multipliers[None], shifts=np.array([shift])
    )
