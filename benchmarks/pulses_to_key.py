"""From pulses to equal secret keys at both parties: simulation, sifting, …, authentication.

No peer here goes all the way; how far each goes was read in the source of the version named.
"""

from __future__ import annotations

from collections.abc import Iterator

from measure import Row, timed
from noclone.distillation.distil import distil
from noclone.pipeline.benchmark import LINK
from noclone.simulation import simulate

JOB = "pulses to key"
PULSES = 10**9
HOW_FAR = {
    "qkd": "0.2.0 returns the length of a key, not a key",
    "sequence": "0.8.5 ends with Cascade: no estimation, no privacy amplification, no authentication",
    "qkdsec": "0.3.0 corrects errors by comparing with Alice's bits and makes 256 bits of any input",
}


def rows() -> Iterator[Row]:
    run = timed(lambda: distil(*simulate(LINK, PULSES), LINK, seed=1))
    key = run.result
    remark = f"{key.key_bits} bits of {key.sifted_bits} raw ones, bound {key.estimate.bound}"
    yield run.row(JOB, "noclone", PULSES, "pulses", remark)
    for peer, reach in HOW_FAR.items():
        yield Row(JOB, peer, remark=reach)
