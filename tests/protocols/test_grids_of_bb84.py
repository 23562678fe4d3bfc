"""Grids of BB84 links: every number field, alone and together, gives what single links give."""

import dataclasses

import numpy as np
import pytest

import noclone as nc
from noclone.core.errors import InvalidInput
from noclone.core.fields import specs
from noclone.link.sources import HeraldedSource, QuantumDotSource
from noclone.setup import typical

# Three values of every number field. Where one alone does nothing, `ON` turns on what it acts through.
SOURCE = {
    "alice.clock_rate_hz": [2e8, 1e9, 5e8],
    "alice.trojan_photons": [0.0, 1e-9, 1e-7],
}
VALUES = {
    "decoy-bb84": SOURCE
    | {
        "alice.intensities[0]": [0.6, 0.4, 0.5],
        "alice.intensities[1]": [0.1, 0.2, 0.15],
        "alice.intensities[2]": [1e-3, 0.0, 2e-4],
        "alice.intensity_fluctuation": [0.0, 0.02, 0.05],
        "alice.intensity_correlation": [0.0, 1e-4, 1e-3],
        "alice.correlation_range": [1, 2, 3],
        "alice.random_phases": [0, 8, 12],
    },
    "bb84": SOURCE,
    "quantum-dot": SOURCE | {"alice.mean_photons": [0.3, 0.2, 0.4], "alice.g2": [0.0, 0.01, 0.03]},
    "heralded": SOURCE
    | {
        "alice.mean_pairs[0]": [0.05, 0.02, 0.01],
        "alice.herald_efficiency": [0.5, 0.4, 0.3],
        "alice.herald_dark_count_prob": [0.0, 1e-5, 1e-3],
        "alice.signal_efficiency": [0.8, 0.5, 0.3],
    },
    "heralded-decoy-bb84": SOURCE
    | {
        "alice.mean_pairs[0]": [0.25, 0.15, 0.2],
        "alice.mean_pairs[1]": [0.05, 0.07, 0.06],
        "alice.mean_pairs[2]": [0.012, 0.02, 0.015],
        "alice.herald_efficiency": [0.7, 0.49, 0.1],
        "alice.herald_dark_count_prob": [0.0, 1e-6, 1e-4],
        "alice.signal_efficiency": [0.7, 0.49, 0.1],
    },
}
COMMON = {
    "channel.length_km": [5.0, 50.0, 20.0],
    "channel.attenuation_db_per_km": [0.2, 0.16, 0.3],
    "channel.insertion_loss_db": [0.0, 1.0, 3.0],
    "channel.connectors": [0, 3, 6],
    "channel.connector_loss_db": [0.1, 0.5, 0.3],
    "channel.splices": [0, 20, 10],
    "channel.splice_loss_db": [0.0, 0.1, 0.05],
    "channel.dispersion_ps_per_nm_km": [0.0, 17.0, -30.0],
    "channel.linewidth_nm": [0.0, 0.5, 0.2],
    "channel.forward_power_mw": [0.0, 1e-3, 1e-4],
    "channel.backward_power_mw": [1e-3, 0.0, 1e-4],
    "channel.raman_per_km_nm": [3e-9, 0.0, 1e-9],
    "channel.rayleigh_per_km": [6.2e-5, 0.0, 1e-3],
    "channel.filter_nm": [0.6, 0.1, 0.0],
    "channel.filter_isolation_db": [90.0, 200.0, 100.0],
    "channel.wavelength_nm": [1550.0, 1310.0, 1480.0],
    "bob.efficiency": [0.6, 0.1, 0.3],
    "bob.dark_count_prob": [0.0, 1e-6, 1e-5],
    "bob.misalignment": [0.01, 0.0, 0.03],
    "bob.efficiency_mismatch": [1.0, 0.7, 0.9],
    "bob.dead_time_s": [0.0, 1e-8, 1e-6],
    "bob.afterpulse_prob": [0.0, 0.02, 0.05],
    "bob.afterpulse_time_s": [0.0, 1e-8, 1e-7],
    "bob.gate_width_s": [1e-9, 4e-10, 2e-9],
    "bob.jitter_s": [0.0, 5e-10, 2e-10],
    "bob.jitter_tail_share": [0.0, 0.3, 0.1],
    "bob.jitter_tail_s": [0.0, 1e-9, 2e-10],
    "protocol.basis_prob": [0.9, 0.5, 0.7],
    "protocol.eps_sec": [1e-9, 1e-6, 1e-12],
    "protocol.eps_cor": [1e-15, 1e-9, 1e-12],
    "protocol.f_ec": [1.05, 1.2, 1.1],
    "protocol.abort_qber": [0.11, 0.05, 0.2],
}
ON = {
    "alice.correlation_range": {"alice.intensity_correlation": 1e-4},
    "channel.connector_loss_db": {"channel.connectors": 2},
    "channel.splice_loss_db": {"channel.splices": 10},
    "channel.dispersion_ps_per_nm_km": {"channel.linewidth_nm": 0.3},
    "channel.linewidth_nm": {"channel.dispersion_ps_per_nm_km": 17.0},
    "channel.raman_per_km_nm": {"channel.forward_power_mw": 1e-3},
    "channel.rayleigh_per_km": {"channel.backward_power_mw": 1.0, "channel.filter_isolation_db": 60.0},
    "channel.filter_nm": {"channel.forward_power_mw": 1e-3},
    "channel.filter_isolation_db": {"channel.forward_power_mw": 1e-3},
    "channel.wavelength_nm": {"channel.forward_power_mw": 1e-3},
    "bob.afterpulse_time_s": {"bob.afterpulse_prob": 0.05},
    "bob.gate_width_s": {"bob.jitter_s": 5e-10},
    "bob.jitter_tail_share": {"bob.jitter_tail_s": 5e-10},
    "bob.jitter_tail_s": {"bob.jitter_tail_share": 0.2},
}
MEMORY = {"bob.dead_time_s": 2e-7, "bob.afterpulse_prob": 0.01}


def base(kind, intensities=3):
    if kind in ("quantum-dot", "heralded"):
        setup = typical("bb84", 10.0)
        source = {
            "quantum-dot": QuantumDotSource(mean_photons=0.3, g2=1e-3, clock_rate_hz=1e9),
            "heralded": HeraldedSource(mean_pairs=(0.02,), herald_efficiency=0.5, clock_rate_hz=1e9),
        }[kind]
        return dataclasses.replace(setup, link=setup.link.replaced({"alice": source}))
    setup = typical(kind, 10.0)
    if intensities == 2:
        name = "intensities" if kind == "decoy-bb84" else "mean_pairs"
        pair = tuple(getattr(setup.link.alice, name)[:2])
        alice = dataclasses.replace(setup.link.alice, **{name: pair})
        protocol = dataclasses.replace(setup.protocol, intensity_probs=(0.7, 0.3), bound="wiesemann-2024")
        setup = dataclasses.replace(setup, link=setup.link.replaced({"alice": alice}), protocol=protocol)
    return setup


def numbers_of(setup):
    """Every number of the devices and of the protocol but shares of intensities, which must sum to 1."""
    for station, part in {**setup.link.devices, "protocol": setup.protocol}.items():
        for name, spec in specs(type(part)).items():
            if spec.choices or spec.word or spec.flag or name in ("intensity_probs", "keyed_intensities"):
                continue
            if spec.many:
                yield from (f"{station}.{name}[{i}]" for i in range(len(getattr(part, name))))
            else:
                yield f"{station}.{name}"


def rates(setup, bound, pulses):
    question = {"asymptotic": True} if pulses is None else {"pulses": pulses}
    answer = nc.rate(setup, bound=bound, **question)
    parts = (answer.rate_per_pulse, answer.sifted_bits, answer.qber, *answer.terms.values())
    return np.stack(np.broadcast_arrays(*parts))


def compare(setup, axes, bound, pulses):
    shape = [len(values) for values in axes.values()]
    together = rates(setup.grid(axes), bound, pulses)
    together = np.broadcast_to(together, (len(together), *shape))
    for point in np.ndindex(*shape):
        chosen = {name: values[i] for i, (name, values) in zip(point, axes.items(), strict=True)}
        alone = rates(setup.replace(chosen), bound, pulses)
        np.testing.assert_allclose(
            together[(slice(None), *point)], alone, rtol=1e-9, atol=1e-18, err_msg=f"{bound} {chosen}"
        )


@pytest.mark.parametrize("kind", VALUES)
def test_the_table_has_every_number_field(kind):
    assert set(numbers_of(base(kind))) == set(VALUES[kind]) | set(COMMON)


CASES = [
    (kind, bound, intensities)
    for kind in VALUES
    for intensities, bound in (
        (1, "infinite"),
        (1, "tomamichel-2012"),
        (3, "infinite"),
        (3, "vacuum-weak"),
        (3, "lim-2014"),
        (2, "rusca-2018"),
        (2, "wiesemann-2024"),
        (3, "wiesemann-2024"),
        (3, "wiesemann-2024-exact"),
    )
    if (intensities > 1) == ("decoy" in kind)
]


@pytest.mark.parametrize("memory", [{}, MEMORY], ids=["ready", "remembering"])
@pytest.mark.parametrize(("kind", "bound", "intensities"), CASES)
def test_grids_give_what_single_links_give(kind, bound, intensities, memory):
    setup = base(kind, intensities).replace(memory)
    finite = setup.protocol.BOUNDS[bound] == "finite"
    compared = 0
    for name, values in (VALUES[kind] | COMMON).items():
        if name.endswith("[2]") and intensities < 3:
            continue
        start = setup.replace(ON.get(name, {}))
        try:
            compare(start, {name: values}, bound, 1e11 if finite else None)
        except InvalidInput:
            # It takes the source as exactly known.
            assert (bound, name.partition(".")[0]) == ("infinite", "alice")
            continue
        compared += 1
    assert compared > len(COMMON)


@pytest.mark.parametrize("memory", [{}, MEMORY], ids=["ready", "remembering"])
@pytest.mark.parametrize("kind", VALUES)
def test_two_axes_of_any_two_devices_give_what_single_links_give(kind, memory):
    setup = base(kind).replace(memory)
    table = VALUES[kind] | COMMON
    rng = np.random.default_rng(3)
    for _ in range(12):
        first, second = rng.choice(list(table), 2, replace=False)
        start = setup.replace(ON.get(first, {}) | ON.get(second, {}))
        compare(start, {first: table[first], second: table[second][:2]}, None, 1e11)


@pytest.mark.parametrize("keyed", [(), (0,)])
@pytest.mark.parametrize("bound", ["lim-2014", "wiesemann-2024", "wiesemann-2024-exact", "vacuum-weak"])
def test_a_rate_does_not_depend_on_its_neighbours_flaws(bound, keyed):
    setup = typical("decoy-bb84", 10.0).replace({"protocol.keyed_intensities": list(keyed)})
    flaws = {name: VALUES["decoy-bb84"][name] for name in (*SOURCE, "alice.random_phases")}
    flaws["alice.intensity_fluctuation"] = [0.0, 0.02]
    flaws["alice.intensity_correlation"] = [0.0, 1e-4]
    del flaws["alice.clock_rate_hz"]
    pulses = None if bound == "vacuum-weak" else 1e11
    names = list(flaws)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            compare(setup, {first: flaws[first][:2], second: flaws[second][:2]}, bound, pulses)


def test_blocks_of_different_sizes_stand_beside_every_axis():
    for kind in VALUES:
        setup = base(kind).replace(MEMORY)
        for name in ("alice.trojan_photons", "bob.dead_time_s", "channel.forward_power_mw"):
            values = (VALUES[kind] | COMMON)[name]
            sizes = np.array([1e9, 1e10, 1e12])
            together = nc.rate(setup.grid({name: values}), pulses=sizes).rate_per_pulse
            alone = [
                float(nc.rate(setup.replace({name: value}), pulses=size).rate_per_pulse)
                for value, size in zip(values, sizes, strict=True)
            ]
            np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-18)
