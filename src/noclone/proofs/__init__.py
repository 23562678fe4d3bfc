"""Certified key rates: from a declaration and observations to a bound that a third party can check."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noclone.proofs.bank import CertificateBank as CertificateBank
    from noclone.proofs.case import Case as Case
    from noclone.proofs.observations import Observation as Observation
    from noclone.proofs.observations import Observations as Observations
    from noclone.proofs.proof import Proof as Proof
    from noclone.proofs.proof import load_proof as load_proof
    from noclone.proofs.proving import prove as prove
    from noclone.proofs.proving import prove_declared as prove_declared
    from noclone.proofs.sensitivities import sensitivity as sensitivity
    from noclone.proofs.spans import from_overlaps as from_overlaps
    from noclone.proofs.spans import spanned as spanned
    from noclone.proofs.sweeps import sweep as sweep
    from noclone.proofs.thresholds import threshold as threshold
    from noclone.protocols.declaration import Declaration as Declaration
    from noclone.protocols.declaration import Outcome as Outcome
    from noclone.protocols.declaration import Reading as Reading
    from noclone.protocols.declaration import Signal as Signal
    from noclone.protocols.declaration import Symmetry as Symmetry

_HOMES = {
    "Case": "proofs.case",
    "CertificateBank": "proofs.bank",
    "Declaration": "protocols.declaration",
    "Observation": "proofs.observations",
    "Observations": "proofs.observations",
    "Outcome": "protocols.declaration",
    "Proof": "proofs.proof",
    "Reading": "protocols.declaration",
    "Signal": "protocols.declaration",
    "Symmetry": "protocols.declaration",
    "load_proof": "proofs.proof",
    "prove": "proofs.proving",
    "prove_declared": "proofs.proving",
    "sensitivity": "proofs.sensitivities",
    "from_overlaps": "proofs.spans",
    "spanned": "proofs.spans",
    "sweep": "proofs.sweeps",
    "threshold": "proofs.thresholds",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use (PEP 562)."""
    if name in _HOMES:
        thing = getattr(import_module(f"noclone.{_HOMES[name]}"), name)
        globals()[name] = thing
        return thing
    raise AttributeError(f"module 'noclone.proofs' has no attribute {name!r}")
