"""Continuous-variable protocols on grids: every number of a link, and points that no single link may have."""

import numpy as np
import pytest

import noclone as nc
from noclone.core.errors import InvalidInput
from noclone.core.fields import specs
from noclone.link import Fibre, MeasuredTransmittance
from noclone.protocols.cv_mdi import CVMDI
from noclone.protocols.discrete_modulation import DiscreteModulationQKD
from noclone.protocols.gg02 import GG02
from noclone.protocols.squeezed_state import SqueezedState
from noclone.setup import typical

PROTOCOLS = (GG02, SqueezedState, DiscreteModulationQKD, CVMDI)


def name(kind):
    return kind.NAME


def example(kind):
    """Return a link on which every number matters: with neighbours in the fibre, and a real converter."""
    link, protocol = kind.typical(2.0)
    changed = {}
    for station, device in link.devices.items():
        if isinstance(device, Fibre):
            changed[station] = device.with_arrays(
                {"forward_power_mw": 0.01, "backward_power_mw": 0.01, "filter_isolation_db": 80.0}
            )
        elif station == ("middle" if link.middle else "bob"):
            changed[station] = device.with_arrays({"adc_bits": 8, "adc_range": 30.0})
    return link.replaced(changed), protocol


def values_of(field, spec, value):
    if spec.whole:
        return np.array([value, value + 1, value + 3]).astype(float)
    if value == 0:
        return np.array([0.0, 1e-3, 2e-3])
    low, high = (0.9, 1.02) if spec.high <= 1 else (1.0, 1.3)
    return np.minimum(np.array([1.0, low, high]) * value, spec.high)


def cases(kind):
    link, protocol = example(kind)
    for station, device in {**link.devices, "protocol": protocol}.items():
        known = kind.STATIONS.get(station, {}).get(type(device))
        for field, spec in specs(type(device)).items():
            number = not (spec.choices or spec.word or spec.flag or spec.many)
            if number and (known is None or field in known):
                yield station, field, values_of(field, spec, float(getattr(device, field)))


def put(link, protocol, station, field, value):
    if station == "protocol":
        return link, protocol.with_arrays({field: value})
    return link.replaced({station: getattr(link, station).with_arrays({field: value})}), protocol


@pytest.mark.parametrize("kind", PROTOCOLS, ids=name)
def test_a_grid_over_any_number_gives_what_links_give_one_by_one(kind):
    for station, field, values in cases(kind):
        for bound, regime in kind.BOUNDS.items():
            for pulses in (None, 1e10) if regime == "finite" else (None,):

                def answer(value, *, where=(station, field), bound=bound, pulses=pulses):
                    link, protocol = put(*example(kind), *where, value)
                    return protocol.rate(link, bound=bound, pulses=pulses)

                alone = [answer(value) for value in values]
                together = answer(values)
                np.testing.assert_allclose(
                    np.broadcast_to(together.rate_per_pulse, 3),
                    [float(each.rate_per_pulse) for each in alone],
                    rtol=1e-9,
                    err_msg=f"{station}.{field} {bound}",
                )
                np.testing.assert_allclose(
                    np.broadcast_to(together.sifted_bits, 3), [float(each.sifted_bits) for each in alone]
                )
                for term, value in together.terms.items():
                    np.testing.assert_allclose(
                        np.broadcast_to(value, 3), [float(each.terms[term]) for each in alone], rtol=1e-9
                    )
                assert together.rate_per_pulse.flat[0] > 0, (station, field, bound)


@pytest.mark.parametrize("kind", PROTOCOLS, ids=name)
def test_two_axes_over_a_varying_channel(kind):
    link, protocol = example(kind)
    last = list(link.devices)[-2]
    link = link.replaced({last: MeasuredTransmittance(duration_s=(1, 3), transmittance=(0.95, 0.9))})
    efficiency, frames = np.array([[0.9], [0.97]]), np.array([0.0, 0.1, 0.5])
    grid = protocol.with_arrays({"reconciliation_efficiency": efficiency, "frame_error_rate": frames})
    found = grid.rate(link).rate_per_pulse
    assert found.shape == (2, 3)
    for (row,), line in zip(efficiency, found, strict=True):
        for column, value in zip(frames, line, strict=True):
            one = protocol.with_arrays({"reconciliation_efficiency": row, "frame_error_rate": column})
            assert float(value) == pytest.approx(float(one.rate(link).rate_per_pulse), rel=1e-12)
            assert value > 0


@pytest.mark.parametrize("kind", PROTOCOLS, ids=name)
def test_background_needs_a_filter_of_some_width(kind):
    link, protocol = kind.typical(2.0)
    fibres = [each for each in link.devices if isinstance(link.devices[each], Fibre)]
    dark = link.replaced({each: Fibre(length_km=1, filter_nm=0.0) for each in fibres})
    assert np.isfinite(protocol.rate(dark).rate_per_pulse)
    lit = link.replaced({fibres[-1]: Fibre(length_km=1, filter_nm=0.0, forward_power_mw=1.0)})
    with pytest.raises(InvalidInput, match=rf"^{fibres[-1]}.filter_nm must be wider"):
        protocol.check_link(lit)
    with pytest.raises(InvalidInput, match="filter_nm must be wider"):
        protocol.rate(lit)


@pytest.mark.parametrize("kind", PROTOCOLS, ids=name)
def test_any_amount_of_background_leaves_a_finite_rate(kind):
    """Also where a filter is so narrow that the noise is 1e17 of the vacuum's."""
    link, protocol = kind.typical(1.0)
    fibres = [each for each in link.devices if isinstance(link.devices[each], Fibre)]
    for width in np.geomspace(1e-10, 1.0, 41):
        leaky = Fibre(length_km=1, filter_nm=width, forward_power_mw=1e4, filter_isolation_db=0)
        noisy = link.replaced(dict.fromkeys(fibres, leaky))
        for bound in kind.BOUNDS:
            assert float(protocol.rate(noisy, bound=bound).rate_per_pulse) == 0


def test_failure_probabilities_are_divided_among_intervals():
    """Two intervals alike are two blocks of half the size, each with half of either probability."""
    link, protocol = GG02.typical(10.0)
    steady, halves = (
        link.replaced({"channel": MeasuredTransmittance(duration_s=parts, transmittance=seen)})
        for parts, seen in (((1,), (0.6,)), ((1, 1), (0.6, 0.6 + 1e-12)))
    )
    for bound in ("leverrier-2010", "pirandola-2021"):
        strict = protocol.with_arrays({"eps_sec": protocol.eps_sec / 2, "eps_cor": protocol.eps_cor / 2})
        whole = strict.rate(steady, bound=bound, pulses=1e7).rate_per_pulse
        split = protocol.rate(halves, bound=bound, pulses=2e7).rate_per_pulse
        assert len(halves.segments()) == 2
        assert float(split) == pytest.approx(float(whole), rel=1e-9)
        assert whole > 0


def test_a_modulation_that_shows_the_squeezing_is_worth_nothing_on_a_grid():
    link, protocol = SqueezedState.typical(25.0)
    least = 1 / 0.35 - 0.35
    grid = link.alice.with_arrays({"modulation_variance_snu": np.array([0.5, 0.999, 1.0, 2.0]) * least})
    for bound in SqueezedState.BOUNDS:
        rates = protocol.rate(link.replaced({"alice": grid}), bound=bound, pulses=1e10).rate_per_pulse
        assert np.all(rates[:2] == 0), bound
        assert np.all(rates[2:] > 0), bound


def test_rounding_errors_of_large_entropies_are_no_key():
    """Almost nothing arrives of a strong modulation, and no key is left of it."""
    link, protocol = SqueezedState.typical(0.0)
    source = link.alice.with_arrays({"modulation_variance_snu": 1e6, "excess_noise_snu": 0.35})
    for loss_db in np.linspace(140.0, 200.0, 61):
        far = link.replaced({"alice": source, "channel": Fibre(length_km=0, insertion_loss_db=loss_db)})
        assert protocol.rate(far).rate_per_pulse == 0, loss_db


@pytest.mark.parametrize("squeezed", [0.02, 0.1, 0.35])
def test_tuning_ends_in_a_setup_that_hides_the_squeezing(squeezed):
    source = {
        "alice.modulation_variance_snu": 1.2 / squeezed + 5,
        "alice.squeezed_variance_snu": squeezed,
    }
    setup = typical("squeezed-state", 25.0).replace(source)
    tuned = nc.tune(setup)
    assert tuned.setup is not None
    again = nc.rate(tuned.setup).rate_per_pulse
    assert float(again) == pytest.approx(float(tuned.rate_after), rel=1e-12)
    assert again > nc.rate(setup).rate_per_pulse
