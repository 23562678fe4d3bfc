"""Quantum key distribution, from the description of a link to a secret key.

``import noclone as nc`` gives the nouns (`Link`, `Setup`, `DecoyBB84`, …) and the verbs (`rate`,
`simulate`, `distil`, `tune`, …); each is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noclone import attacks as attacks
    from noclone.core.errors import InvalidInput as InvalidInput
    from noclone.distillation.distil import distil as distil
    from noclone.link import Fibre as Fibre
    from noclone.link import FixedLoss as FixedLoss
    from noclone.link import Link as Link
    from noclone.link import MeasuredTransmittance as MeasuredTransmittance
    from noclone.link import SinglePhotonSource as SinglePhotonSource
    from noclone.link import ThresholdDetectors as ThresholdDetectors
    from noclone.link import WeakCoherentSource as WeakCoherentSource
    from noclone.optimise import tune as tune
    from noclone.pipeline import run as run
    from noclone.protocols.bb84 import BB84 as BB84
    from noclone.protocols.decoy_bb84 import DecoyBB84 as DecoyBB84
    from noclone.records import AliceRecord as AliceRecord
    from noclone.records import BobRecord as BobRecord
    from noclone.setup import Grid as Grid
    from noclone.setup import Setup as Setup
    from noclone.setup import load as load
    from noclone.setup import rate as rate
    from noclone.simulation import simulate as simulate

__version__ = "0.1.0"

_HOMES = {
    "InvalidInput": "core.errors",
    "Fibre": "link",
    "FixedLoss": "link",
    "Link": "link",
    "MeasuredTransmittance": "link",
    "SinglePhotonSource": "link",
    "ThresholdDetectors": "link",
    "WeakCoherentSource": "link",
    "BB84": "protocols.bb84",
    "DecoyBB84": "protocols.decoy_bb84",
    "Grid": "setup",
    "Setup": "setup",
    "load": "setup",
    "rate": "setup",
    "simulate": "simulation",
    "distil": "distillation.distil",
    "AliceRecord": "records",
    "BobRecord": "records",
    "run": "pipeline",
    "tune": "optimise",
}

__all__ = [*_HOMES, "attacks"]


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use (PEP 562)."""
    from importlib import import_module

    if name in _HOMES:
        thing = getattr(import_module(f"noclone.{_HOMES[name]}"), name)
        globals()[name] = thing
        return thing
    if name == "attacks":
        return import_module("noclone.attacks")
    raise AttributeError(f"module 'noclone' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List public names."""
    return [*__all__, "__version__"]
