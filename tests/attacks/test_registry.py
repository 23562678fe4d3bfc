"""Attacks are found by their files and parsed from what users write."""

from pathlib import Path

import pytest

from noclone import attacks
from noclone.core.errors import InvalidInput


def test_every_file_is_an_attack_of_its_name():
    files = {path.stem.replace("_", "-") for path in Path(attacks.__path__[0]).glob("*.py")} - {"--init--"}
    assert set(attacks.names()) == files
    for name in attacks.names():
        kind = attacks.get(name)
        assert name == kind.NAME
        texts = (kind.DOES, kind.RESENDS, kind.LEARNS, kind.CHANGES, kind.SOURCE)
        assert all(isinstance(text, str) and text.strip(" .") == text for text in texts)
        assert isinstance(kind.BREAKS, str)
        assert kind.BREAKS_AT in ("alice", "bob")
        assert kind.ACTS_ON in ("pulses", "symbols", "rounds")
        assert all(photons > 0 for photons in kind().injected_light.values())


def test_parse_gives_an_instance():
    assert attacks.parse("photon-number-splitting:fraction=.3") == attacks.PhotonNumberSplitting(fraction=0.3)
    assert attacks.parse("intercept-resend") == attacks.InterceptResend(fraction=1)
    assert attacks.parse("intercept-resend:basis=breidbart,fraction=.5") == attacks.InterceptResend(
        fraction=0.5, basis="breidbart"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "photon-number-spliting",
            "attack 'photon-number-spliting' is not known; did you mean photon-number-s",
        ),
        ("", "attack '' is not known"),
        ("intercept-resend:fractoin=.3", r"intercept-resend\.fractoin is not known; did you mean fraction\?"),
        ("intercept-resend:fraction=1.5", "fraction must be at least 0 and at most 1, but is 1.5"),
        ("intercept-resend:fraction=nan", "fraction must be at least 0 and at most 1, but is nan"),
        ("intercept-resend:fraction=some", "fraction must be a number, but is 'some'"),
        ("intercept-resend:fraction", "fraction must be a number, but is ''"),
        ("intercept-resend:", "intercept-resend. must be a number"),
        ("intercept-resend:fraction=.1,fraction=.2", "fraction is given twice"),
        ("intercept-resend:basis=y", "intercept-resend.basis must be .*breidbart.*, but is 'y'"),
        ("phase-covariant-cloning:disturbance=.6", "disturbance must be at least 0 and at most 0.5"),
    ],
)
def test_parse_refuses(text, message):
    with pytest.raises(InvalidInput, match=message):
        attacks.parse(text)


@pytest.mark.parametrize("fraction", [-0.1, 1.1, float("nan"), "half"])
def test_the_fraction_is_checked(fraction):
    with pytest.raises(InvalidInput, match="fraction must be"):
        attacks.InterceptResend(fraction=fraction)
