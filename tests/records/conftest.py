import numpy as np
import pytest

from noclone.records import AliceRecord, BobRecord, Run


@pytest.fixture
def run():
    return Run(run_id="pass 1", protocol="decoy-bb84", pulses=1000, clock_rate_hz=1e8)


@pytest.fixture
def alice(run):
    rows = np.arange(40)
    return AliceRecord(
        run=run, pulse_index=rows * 25, basis=rows % 2, bit=rows // 2 % 2, intensity=rows // 4 % 3
    )


@pytest.fixture
def bob(run):
    rows = np.arange(0, 40, 3)
    return BobRecord(run=run, pulse_index=rows * 25, basis=rows // 3 % 2, bit=rows // 2 % 2)
