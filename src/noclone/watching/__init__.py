"""`watch`: what a run shows of an eavesdropper, and what that may do to its key."""

from noclone.watching.calibration import Calibrated, calibrate
from noclone.watching.stream import Seen, Stream
from noclone.watching.verdict import Verdict
from noclone.watching.watch import judge, normal_of, watch

__all__ = ["Calibrated", "Seen", "Stream", "Verdict", "calibrate", "judge", "normal_of", "watch"]
