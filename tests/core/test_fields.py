"""Declared fields: what they accept, and what they say when they do not."""

from dataclasses import dataclass

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.core.fields import Described, choice, from_mapping, number, numbers


@dataclass(frozen=True, kw_only=True)
class Device(Described):
    gain_db: float = number("its gain", unit="dB", low=0, high=30)
    taps: tuple[float, ...] = numbers("its taps", (), low=-1, high=1)
    mode: str = choice("its mode", "slow", ("slow", "fast"))


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"gain_db": -5}, "gain_db must be at least 0 and at most 30 dB, but is -5."),
        ({"gain_db": float("nan")}, "gain_db must be at least 0 and at most 30 dB, but is nan."),
        ({"gain_db": float("inf")}, "but is inf."),
        ({"gain_db": "7"}, "gain_db must be a number"),
        ({"gain_db": True}, "gain_db must be a number"),
        ({"gain_db": None}, "gain_db must be a number"),
        ({"gain_db": np.array([1.0, 2.0])}, "arrays belong in setup.grid"),
        ({"gain_db": 1, "taps": 3}, "taps must be a list of numbers"),
        ({"gain_db": 1, "taps": [0, 2]}, "taps[1] must be at least -1 and at most 1, but is 2."),
        ({"gain_db": 1, "mode": "medium"}, "mode must be one of slow, fast, but is 'medium'."),
    ],
)
def test_bad_values_are_named_with_their_range(values, sentence):
    with pytest.raises(InvalidInput) as caught:
        Device(**values)
    assert sentence in str(caught.value)


def test_unknown_and_missing_fields_are_named_with_prefix_and_hint():
    with pytest.raises(InvalidInput, match=r"bob\.gain is not known; did you mean gain_db\?"):
        from_mapping(Device, {"gain": 1}, "bob")
    with pytest.raises(InvalidInput, match=r"bob\.gain_db is missing"):
        from_mapping(Device, {}, "bob")
    with pytest.raises(InvalidInput, match=r"^bob\.gain_db must be at least 0"):
        from_mapping(Device, {"gain_db": -1}, "bob")


def test_arrays_are_checked_elementwise():
    varied = Device(gain_db=1, taps=(0, 0)).with_arrays({"gain_db": [1, 2], "taps[1]": [0.5, 1]})
    assert varied.gain_db.tolist() == [1, 2]
    assert varied.taps[1].tolist() == [0.5, 1]
    for bad in (
        {"gain_db": [1, 31]},
        {"gain_db": [np.nan]},
        {"taps[5]": [0]},
        {"mode": [1]},
        {"volume": [1]},
    ):
        with pytest.raises(InvalidInput):
            Device(gain_db=1, taps=(0, 0)).with_arrays(bad)
