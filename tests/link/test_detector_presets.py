"""Published detectors by name."""

import numpy as np
import pytest

from noclone.core.errors import InvalidInput
from noclone.link import detector
from noclone.link.detector_presets import PRESETS


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_a_detector_with_a_source(name):
    bob, preset = detector(name), PRESETS[name]
    assert 0 < bob.efficiency < 1
    assert bob.dark_count_prob == pytest.approx(preset.dark_count_rate_hz * bob.gate_width_s, rel=1e-5)
    assert any(year in preset.source for year in map(str, range(2000, 2030)))


def test_dark_counts_follow_the_gate_unless_given():
    narrow, wide = (detector("ingaas", gate_width_s=width).dark_count_prob for width in (1e-10, 1e-9))
    assert wide == pytest.approx(10 * narrow, rel=1e-5)
    assert detector("ingaas", dark_count_prob=1e-4).dark_count_prob == 1e-4


def test_changes_win_and_are_checked():
    assert detector("snspd", efficiency=0.8).efficiency == 0.8
    with pytest.raises(InvalidInput, match="efficiency must be at least 0 and at most 1"):
        detector("snspd", efficiency=80)
    with pytest.raises(InvalidInput, match="did you mean snspd"):
        detector("snsdp")


def test_jitter_of_a_preset_costs_efficiency():
    assert np.all(detector("snspd").effective_efficiency <= 0.93)
    assert detector("snspd", gate_width_s=1e-10).effective_efficiency < 0.6
