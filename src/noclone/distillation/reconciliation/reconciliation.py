"""What a reconciliation method is: two functions, one per party, and what they hand back."""

from __future__ import annotations

from dataclasses import dataclass, field

from noclone.core.bits import Bits


@dataclass(frozen=True)
class Reconciled:
    """One party's outcome.

    A method is a module with ``NAME``, ``THEOREM`` (which result says what is charged), and
    ``alice(bits, error_rate, public_seed, channel)`` and ``bob(...)`` returning this.

    Attributes
    ----------
    bits : Bits
        The party's string afterwards; Alice's is unchanged, Bob's is his guess of Alice's.
    charged_bits : int
        Leakage that the theorem counts, the same number at both parties.
    frame_bits : int
        Length of a frame; the string is a sequence of such frames and a shorter last one.
        Verification falls back to these units when the block as a whole does not agree.
    disclosed_frames : int
        Frames that the method gave up on and sent in clear; their bits are in `charged_bits`.
    """

    bits: Bits = field(repr=False)
    charged_bits: int
    frame_bits: int
    disclosed_frames: int
