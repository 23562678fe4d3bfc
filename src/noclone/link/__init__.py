"""The hardware: sources, channels, receivers and the link they form."""

from noclone.link.coherent import CoherentReceiver, DiscreteModulation, GaussianModulation
from noclone.link.detector_presets import detector
from noclone.link.device import Channel, Device, Receiver, Source
from noclone.link.fibre import Fibre
from noclone.link.fixed_loss import FixedLoss
from noclone.link.free_space import FreeSpace
from noclone.link.link import Link, kinds
from noclone.link.measured_transmittance import MeasuredTransmittance
from noclone.link.pair_sources import ContinuousPairSource, PulsedPairSource, SinglePairSource
from noclone.link.photonic_chip import PhotonicChip
from noclone.link.receivers import ThresholdDetectors
from noclone.link.satellite_pass import SatellitePass
from noclone.link.sources import HeraldedSource, QuantumDotSource, SinglePhotonSource, WeakCoherentSource
from noclone.link.underwater import Underwater

__all__ = [
    "Channel",
    "CoherentReceiver",
    "ContinuousPairSource",
    "Device",
    "DiscreteModulation",
    "Fibre",
    "FixedLoss",
    "FreeSpace",
    "GaussianModulation",
    "HeraldedSource",
    "Link",
    "MeasuredTransmittance",
    "PhotonicChip",
    "PulsedPairSource",
    "QuantumDotSource",
    "Receiver",
    "SatellitePass",
    "SinglePairSource",
    "SinglePhotonSource",
    "Source",
    "ThresholdDetectors",
    "Underwater",
    "WeakCoherentSource",
    "detector",
    "kinds",
]
