"""What ``noclone prove`` does for a block of finitely many signals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from noclone.cli.options import print_json
from noclone.core.errors import InvalidInput
from noclone.core.registry import pick

if TYPE_CHECKING:
    from noclone.proofs.finite.coherent import RenyiRate
    from noclone.proofs.finite.norm_ball import Block
    from noclone.proofs.proof import Proof

LENGTHS = {
    "variable": "as long as what is seen allows, against coherent attacks",
    "fixed": "one length or none, against coherent attacks",
    "iid": "one length or none, against collective attacks only, with a proof file",
}
"""Kinds of keys; the first gives most and is the default."""
TEST_SHARE = 0.05
EPS = 1e-10
NO_FILE = (
    "not certified in ball arithmetic: the scores are checked by floating-point arithmetic and have no proof "
    "file, which --length iid has"
)


@dataclass(frozen=True)
class FiniteKey:
    """What was asked for.

    Attributes
    ----------
    pulses : int
    length : str
        Of `LENGTHS`.
    test_share : float
        The share of rounds that is disclosed; of those that could give key, where attacks are coherent.
    eps : float
        Failure probability of secrecy, and of correctness.
    """

    pulses: int
    length: str
    test_share: float
    eps: float

    @property
    def has_file(self) -> bool:
        """Whether the result is a proof like any other."""
        return self.length == "iid"

    def block(self) -> Block:
        """Return the block of a proof; secrecy fails by its estimation, its smoothing or its hashing."""
        from noclone.proofs.finite.norm_ball import Block

        third = self.eps / 3
        return Block(self.pulses, self.test_share, third, third, self.eps, third)

    def rate(self, protocol: str, parameters: dict[str, Any]) -> RenyiRate:
        """Return the rate against coherent attacks."""
        from noclone.proofs.finite.coherent import CoherentBlock, fixed_length, variable_length
        from noclone.proofs.subjects import case_of

        method = {"variable": variable_length, "fixed": fixed_length}[self.length]
        block = CoherentBlock(self.pulses, self.test_share, self.eps, self.eps)
        return method(case_of(protocol, **parameters), block)

    def keys(self, key_bits: Any) -> dict[str, Any]:
        """Return the JSON keys that only a block has; their names are stable."""
        return {
            "pulses": self.pulses,
            "length": self.length,
            "key_bits": key_bits,
            "eps_sec": self.eps,
            "eps_cor": self.eps,
        }

    def key_bits(self, proof: Proof) -> int:
        """Return how long the block's key is."""
        return max(0, math.floor(proof.rate * self.pulses))

    def text(self, key_bits: int) -> str:
        """Return the line that only a block has."""
        return (
            f"  key                 {key_bits:,} bits from {self.pulses:,} pulses, secret but for "
            f"{self.eps:g}, equal but for {self.eps:g}{'' if key_bits else ': NO KEY'}"
        )


def finite_key(
    pulses: float | None, length: str | None, test_share: float | None, eps: float | None
) -> FiniteKey | None:
    """Return what the options ask for; nothing where no number of pulses is given."""
    if pulses is None:
        for name, value in (("--length", length), ("--test-share", test_share), ("--eps", eps)):
            if value is not None:
                raise InvalidInput(name, "describes a block and needs --pulses")
        return None
    if not (math.isfinite(pulses) and pulses >= 1 and pulses == int(pulses)):
        raise InvalidInput("--pulses", f"must be a whole number from 1, but is {pulses}")
    length = next(iter(LENGTHS)) if length is None else length
    pick("--length", length, LENGTHS)
    eps = EPS if eps is None else eps
    if not 0 < eps < 1:
        raise InvalidInput("--eps", f"must lie in (0, 1), but is {eps}")
    return FiniteKey(int(pulses), length, TEST_SHARE if test_share is None else test_share, eps)


def show_coherent(asked: FiniteKey, protocol: str, parameters: dict[str, Any], json: bool) -> int:
    """Print a rate against coherent attacks."""
    from time import process_time

    begun = process_time()
    found = asked.rate(protocol, parameters)
    seconds = process_time() - begun
    if json:
        block, security = found.block, found.security
        print_json(
            {
                "protocol": protocol,
                "lower_bound": found.rate,
                "rate": found.rate,
                "entropy_bits": found.entropy_bits,
                "order": found.score.alpha,
                "leak_bits": found.leak_bits,
                "adjustments": {
                    "verification": -block.verification_bits / block.signals,
                    "amplification": -block.hashing_bits(found.score.alpha) / block.signals,
                },
                "security": {
                    "attacks": security.attacks,
                    "regime": security.regime,
                    "assumptions": list(security.assumptions),
                },
                **asked.keys(found.key_bits),
                "certified": False,
                "seconds": seconds,
            }
        )
    else:
        print(found)
        print(asked.text(found.key_bits))
        print(NO_FILE)
    return 0 if found.key_bits else 1
