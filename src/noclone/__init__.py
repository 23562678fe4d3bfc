"""Quantum key distribution, from the description of a link to a secret key.

``import noclone as nc`` gives the nouns (`Link`, `Setup`, `DecoyBB84`, …) and the verbs (`rate`,
`simulate`, `distil`, `tune`, …); each is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from noclone import attacks as attacks
    from noclone import learn as learn
    from noclone import models as models
    from noclone import proofs as proofs
    from noclone import quantum as quantum
    from noclone.agreement import agree as agree
    from noclone.core.errors import InvalidInput as InvalidInput
    from noclone.distillation.distil import distil as distil
    from noclone.link import CoherentReceiver as CoherentReceiver
    from noclone.link import ContinuousPairSource as ContinuousPairSource
    from noclone.link import DiscreteModulation as DiscreteModulation
    from noclone.link import Fibre as Fibre
    from noclone.link import FixedLoss as FixedLoss
    from noclone.link import FreeSpace as FreeSpace
    from noclone.link import GaussianModulation as GaussianModulation
    from noclone.link import HeraldedSource as HeraldedSource
    from noclone.link import Link as Link
    from noclone.link import MeasuredTransmittance as MeasuredTransmittance
    from noclone.link import PhotonicChip as PhotonicChip
    from noclone.link import PulsedPairSource as PulsedPairSource
    from noclone.link import QuantumDotSource as QuantumDotSource
    from noclone.link import SatellitePass as SatellitePass
    from noclone.link import SinglePairSource as SinglePairSource
    from noclone.link import SinglePhotonSource as SinglePhotonSource
    from noclone.link import ThresholdDetectors as ThresholdDetectors
    from noclone.link import Underwater as Underwater
    from noclone.link import WeakCoherentSource as WeakCoherentSource
    from noclone.link import detector as detector
    from noclone.optimise import advise as advise
    from noclone.optimise import tune as tune
    from noclone.pipeline import run as run
    from noclone.proofs.proving import prove as prove
    from noclone.protocols.b92 import B92 as B92
    from noclone.protocols.bb84 import BB84 as BB84
    from noclone.protocols.bbm92 import BBM92 as BBM92
    from noclone.protocols.check import check_protocol as check_protocol
    from noclone.protocols.check_attack import check_attack as check_attack
    from noclone.protocols.continuous_bbm92 import ContinuousBBM92 as ContinuousBBM92
    from noclone.protocols.cow import CoherentOneWay as CoherentOneWay
    from noclone.protocols.cow_vacuum_tail import CoherentOneWayVacuumTail as CoherentOneWayVacuumTail
    from noclone.protocols.cv_mdi import CVMDI as CVMDI
    from noclone.protocols.decoy_bb84 import DecoyBB84 as DecoyBB84
    from noclone.protocols.device_independent import DeviceIndependent as DeviceIndependent
    from noclone.protocols.discrete_modulation import DiscreteModulationQKD as DiscreteModulationQKD
    from noclone.protocols.dps import DifferentialPhaseShift as DifferentialPhaseShift
    from noclone.protocols.e91 import E91 as E91
    from noclone.protocols.gg02 import GG02 as GG02
    from noclone.protocols.heralded_decoy_bb84 import HeraldedDecoyBB84 as HeraldedDecoyBB84
    from noclone.protocols.lm05 import LM05 as LM05
    from noclone.protocols.mdi import MDI as MDI
    from noclone.protocols.measurement_free_semi_quantum import (
        MeasurementFreeSemiQuantum as MeasurementFreeSemiQuantum,
    )
    from noclone.protocols.mediated_semi_quantum import MediatedSemiQuantum as MediatedSemiQuantum
    from noclone.protocols.mode_pairing import ModePairing as ModePairing
    from noclone.protocols.phase_matching import PhaseMatching as PhaseMatching
    from noclone.protocols.ping_pong import PingPong as PingPong
    from noclone.protocols.rrdps import RoundRobinDPS as RoundRobinDPS
    from noclone.protocols.sarg04 import SARG04 as SARG04
    from noclone.protocols.semi_quantum import SemiQuantum as SemiQuantum
    from noclone.protocols.sending_or_not_sending import SendingOrNotSending as SendingOrNotSending
    from noclone.protocols.six_state import SixState as SixState
    from noclone.protocols.squeezed_state import SqueezedState as SqueezedState
    from noclone.protocols.strong_reference_b92 import StrongReferenceB92 as StrongReferenceB92
    from noclone.protocols.three_state import ThreeState as ThreeState
    from noclone.protocols.twin_field import TwinField as TwinField
    from noclone.protocols.weak_coherent_bb84 import WeakCoherentBB84 as WeakCoherentBB84
    from noclone.records import AliceRecord as AliceRecord
    from noclone.records import BobRecord as BobRecord
    from noclone.setup import Grid as Grid
    from noclone.setup import Setup as Setup
    from noclone.setup import adapted as adapted
    from noclone.setup import load as load
    from noclone.setup import rate as rate
    from noclone.setup import typical as typical
    from noclone.simulation import sample as sample
    from noclone.simulation import simulate as simulate
    from noclone.watching import watch as watch

__version__ = "0.1.0"

_HOMES = {
    "InvalidInput": "core.errors",
    "Fibre": "link",
    "FixedLoss": "link",
    "FreeSpace": "link",
    "Link": "link",
    "MeasuredTransmittance": "link",
    "PhotonicChip": "link",
    "SatellitePass": "link",
    "SinglePhotonSource": "link",
    "ThresholdDetectors": "link",
    "Underwater": "link",
    "WeakCoherentSource": "link",
    "detector": "link",
    "BB84": "protocols.bb84",
    "DecoyBB84": "protocols.decoy_bb84",
    "B92": "protocols.b92",
    "BBM92": "protocols.bbm92",
    "ContinuousBBM92": "protocols.continuous_bbm92",
    "CoherentOneWay": "protocols.cow",
    "CoherentOneWayVacuumTail": "protocols.cow_vacuum_tail",
    "CVMDI": "protocols.cv_mdi",
    "DeviceIndependent": "protocols.device_independent",
    "DiscreteModulationQKD": "protocols.discrete_modulation",
    "DifferentialPhaseShift": "protocols.dps",
    "E91": "protocols.e91",
    "GG02": "protocols.gg02",
    "HeraldedDecoyBB84": "protocols.heralded_decoy_bb84",
    "LM05": "protocols.lm05",
    "MDI": "protocols.mdi",
    "MeasurementFreeSemiQuantum": "protocols.measurement_free_semi_quantum",
    "MediatedSemiQuantum": "protocols.mediated_semi_quantum",
    "ModePairing": "protocols.mode_pairing",
    "PhaseMatching": "protocols.phase_matching",
    "PingPong": "protocols.ping_pong",
    "RoundRobinDPS": "protocols.rrdps",
    "SARG04": "protocols.sarg04",
    "SemiQuantum": "protocols.semi_quantum",
    "SendingOrNotSending": "protocols.sending_or_not_sending",
    "SixState": "protocols.six_state",
    "SqueezedState": "protocols.squeezed_state",
    "StrongReferenceB92": "protocols.strong_reference_b92",
    "ThreeState": "protocols.three_state",
    "TwinField": "protocols.twin_field",
    "WeakCoherentBB84": "protocols.weak_coherent_bb84",
    "CoherentReceiver": "link",
    "DiscreteModulation": "link",
    "GaussianModulation": "link",
    "HeraldedSource": "link",
    "QuantumDotSource": "link",
    "PulsedPairSource": "link",
    "ContinuousPairSource": "link",
    "SinglePairSource": "link",
    "Grid": "setup",
    "Setup": "setup",
    "adapted": "setup",
    "load": "setup",
    "rate": "setup",
    "typical": "setup",
    "sample": "simulation",
    "simulate": "simulation",
    "distil": "distillation.distil",
    "AliceRecord": "records",
    "BobRecord": "records",
    "run": "pipeline",
    "advise": "optimise",
    "tune": "optimise",
    "agree": "agreement",
    "prove": "proofs.proving",
    "check_attack": "protocols.check_attack",
    "check_protocol": "protocols.check",
    "watch": "watching",
}

_PACKAGES = ("attacks", "learn", "models", "proofs", "quantum")

__all__ = [*_HOMES, "attacks", "learn", "models", "proofs", "quantum"]


def __getattr__(name: str) -> Any:
    """Load a public name from its home on first use (PEP 562)."""
    from importlib import import_module

    if name in _HOMES:
        thing = getattr(import_module(f"noclone.{_HOMES[name]}"), name)
        globals()[name] = thing
        return thing
    if name in _PACKAGES:
        return import_module(f"noclone.{name}")
    raise AttributeError(f"module 'noclone' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List public names."""
    return [*__all__, "__version__"]
