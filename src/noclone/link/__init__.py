"""The hardware: sources, channels, receivers and the link they form."""

from noclone.link.channels import Channel, Fibre, FixedLoss, MeasuredTransmittance
from noclone.link.link import KINDS, Link
from noclone.link.receivers import Receiver, ThresholdDetectors
from noclone.link.sources import SinglePhotonSource, Source, WeakCoherentSource

__all__ = [
    "KINDS",
    "Channel",
    "Fibre",
    "FixedLoss",
    "Link",
    "MeasuredTransmittance",
    "Receiver",
    "SinglePhotonSource",
    "Source",
    "ThresholdDetectors",
    "WeakCoherentSource",
]
