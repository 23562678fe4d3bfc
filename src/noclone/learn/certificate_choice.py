"""Learning which certificate to use, where a wrong answer costs key but never security.

A choice from a bank, or multipliers that a model predicts and an eigenvalue makes good, is a certificate like
any other: its bound holds however badly the model learned.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import eigh

from noclone.proofs.allowance import allowance
from noclone.proofs.bank import CertificateBank
from noclone.proofs.claim import claim
from noclone.proofs.objective import gradient
from noclone.proofs.problem import problem
from noclone.proofs.proof import document
from noclone.proofs.proving import MARGIN_BITS

Array = NDArray[Any]
Floats = NDArray[np.float64]


class Completion:
    """Makes certificates of any multipliers, with the stored points of a bank.

    Parameters
    ----------
    bank : CertificateBank

    Examples
    --------
    >>> from noclone.proofs.case import case_of
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
        combination of the constraints, which is all that a bound needs (see `noclone.proofs.problem`).

        Parameters
        ----------
        index : int
            Of the stored point.
        multipliers : array_like, shape (m,)
            Any, in the order of the bank's.
        """
        y = np.asarray(multipliers, float)
        rest = self._slopes[index] - np.tensordot(y, self._task.operators, 1)
        least = eigh(rest, self._task.unit, eigvals_only=True, subset_by_index=[0, 0])[0]
        shift = float(least) - self._lost.of(y) - MARGIN_BITS * float(np.log(2))
        return replace(
            self.bank,
            points=self.bank.points[index : index + 1],
            multipliers=y[None],
            shifts=np.array([shift]),
        )
