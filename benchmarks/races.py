"""Four protocols beside `qkd`: the same 20000 links, the same physics, the same key rates.

Every race is refused where the key rates differ by more than it says. The code `qkd` is timed three ways:
with all objects built anew for each link, as its scalar functions ask for; with all objects kept but the
channel, the fastest way through its public functions; and, beyond those, as a bare loop over the private
functions that it computes with, which checks and explains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

import noclone as nc
from measure import Row, beside, settle_memory, timed
from noclone.link import FixedLoss, Link, ThresholdDetectors, WeakCoherentSource
from noclone.link.coherent import CoherentReceiver, GaussianModulation
from noclone.protocols.gg02 import GG02
from noclone.protocols.mdi import MDI
from noclone.protocols.mode_pairing import ModePairing

Floats = NDArray[np.float64]
Theirs = dict[str, Callable[[list[float]], list[float]]]
"""What to call each way of asking the peer, and the way: losses of the links in, key rates out."""

LINKS, CALLS = 20_000, 5
APART = 1e-5
ANNOUNCED_APART = 0.01
"""Mode pairing here counts rounds with exactly one click, `qkd` those with any: the same in weak light."""
REBUILT, KEPT, CORE = "qkd, all objects rebuilt", "qkd, objects kept", "qkd, its private functions"


def rows() -> Iterator[Row]:
    settle_memory()
    yield from race("decoy BB84, vacuum + weak", *decoy_bb84())
    for detection in ("homodyne", "heterodyne"):
        yield from race(f"GG02, trusted {detection}", *gg02(detection))
    yield from race("MDI, three intensities", *mdi())
    weak, strong = (50.0, 70.0, 1e-13, 10**9), (10.0, 35.0, 1e-9, 20_000)
    yield from race("mode pairing, 100 to 140 dB", *mode_pairing(*weak))
    yield from race("mode pairing, 20 to 70 dB", *mode_pairing(*strong), ANNOUNCED_APART)


def race(
    job: str,
    setup: nc.Setup,
    losses: Floats,
    share: float,
    theirs: Callable[[], Theirs],
    apart: float = APART,
) -> Iterator[Row]:
    """Time ours and theirs, whose key rate is ours over a share, at losses of each channel in decibels."""
    field = "channel.loss_db" if setup.link.middle is None else "channels.loss_db"

    def ours() -> Floats:
        return nc.rate(setup.grid({field: losses}), asymptotic=True).rate_per_pulse / share

    yield timed(ours, CALLS).row(job, "noclone", LINKS, "links", "all links in one call")
    yield from beside(job, "qkd", peers, job, losses.tolist(), ours(), theirs, apart)


def peers(
    job: str, losses: list[float], ours: Floats, theirs: Callable[[], Theirs], apart: float
) -> Iterator[Row]:
    for code, rates in theirs().items():
        found = np.array(rates(losses))
        if not (found > 0).all():
            raise RuntimeError(f"{job}: {code} finds no key on some links")
        difference = float(np.abs(ours / found - 1).max())
        if difference > apart:
            raise RuntimeError(f"{job}: {code} differs by {difference:.1e}, more than {apart:.0e}")
        run = timed(lambda rates=rates: rates(losses), CALLS)
        why = ", as rounds with two clicks are not counted" if apart > APART else ""
        yield run.row(job, code, LINKS, "links", f"ours differs by {difference:.1e} at most{why}")


def decoy_bb84() -> tuple[nc.Setup, Floats, float, Callable[[], Theirs]]:
    """Return the link of Gobby, Yuan and Shields 2004 with decoys of .1 and 0, up to 26 dB."""
    setup = nc.load("gys-2004").replace({"alice.intensities[1]": 0.1})
    setup = nc.Setup(setup.link.replaced({"channel": FixedLoss(loss_db=0.0)}), setup.protocol)
    mu, nu, efficiency, dark, wrong, f_ec = 0.48, 0.1, 0.045, 8.5e-7, 0.033, 1.22

    def theirs() -> Theirs:
        import qkd

        core = qkd._core

        def link(transmittance: float) -> Any:
            return qkd.Link(
                modulation=qkd.BasisKeying(decoy=qkd.Decoy(intensities=(mu, nu, 0.0))),
                channel=qkd.Fiber(T=transmittance),
                bob=qkd.Bob(
                    detector=qkd.ClickDetector(eta=efficiency, dark=dark),
                    receiver=qkd.BasisAnalyser(misalign=wrong),
                ),
                security=qkd.SplittingAttack(f=f_ec),
            )

        def private(losses: list[float]) -> list[float]:
            background, rates = 1 - (1 - dark) ** 2, []
            for db in losses:
                eta = efficiency * 10 ** (-db / 10)
                gain, qber = core.decoy_gain(mu, eta, background, wrong)
                weak, weak_qber = core.decoy_gain(nu, eta, background, wrong)
                _, error, single = core.decoy_bounds(
                    mu, nu, 0.0, gain, qber, weak, weak_qber, background, 0.5
                )
                rates.append(core.bb84_rate(0.5, gain, qber, single, error, f_ec))
            return rates

        return ways(qkd.Fiber, link, "channel", lambda channel: channel, private)

    # The peer's rate is per signal pulse, ours per pulse of any intensity.
    return setup, np.linspace(0.2, 26.0, LINKS), setup.protocol.intensity_probs[0], theirs


def gg02(detection: str) -> tuple[nc.Setup, Floats, float, Callable[[], Theirs]]:
    """Return a link with modulation of 4 and excess noise of .005 shot-noise units, up to 20 dB."""
    variance, excess, efficiency, electronic, beta = 4.0, 0.005, 0.6, 0.05, 0.95
    link = Link(
        alice=GaussianModulation(
            modulation_variance_snu=variance, excess_noise_snu=excess, clock_rate_hz=1e8
        ),
        channel=FixedLoss(loss_db=0.0),
        bob=CoherentReceiver(
            detection=detection, efficiency=efficiency, electronic_noise_snu=electronic, trusted=True
        ),
    )
    homodyne = detection == "homodyne"

    def theirs() -> Theirs:
        import qkd

        core = qkd._core
        detector = qkd.Homodyne if homodyne else qkd.Heterodyne

        def channel(T: float) -> Any:
            return qkd.Channel(T=T, xi=excess, ref="input")

        def their_link(transmittance: float) -> Any:
            return qkd.Link(
                modulation=qkd.GaussianModulation(v_a=variance),
                channel=channel(transmittance),
                bob=qkd.Bob(detector=detector(eta=efficiency, v_el=electronic)),
                security=qkd.Asymptotic(beta=beta),
            )

        def private(losses: list[float]) -> list[float]:
            rate = core.cv_rate
            return [
                rate(variance, 10 ** (-db / 10), excess, efficiency, electronic, beta, homodyne, True)[2]
                for db in losses
            ]

        return ways(channel, their_link, "channel", lambda each: each, private)

    setup = nc.Setup(link, GG02(reconciliation_efficiency=beta))
    return setup, np.linspace(0.2, 20.0, LINKS), 1.0, theirs


def mdi() -> tuple[nc.Setup, Floats, float, Callable[[], Theirs]]:
    """Return two arms of equal loss, up to 24 dB each; all pulses but 2e-9 are signals in Z, as theirs."""
    intensities, efficiency, dark, wrong, f_ec = (0.5, 0.1, 0.0), 0.6, 1e-7, 0.015, 1.16
    source = WeakCoherentSource(intensities=intensities, clock_rate_hz=1e9)
    link = Link(
        alice=source,
        channels=(FixedLoss(loss_db=0.0), FixedLoss(loss_db=0.0)),
        middle=ThresholdDetectors(efficiency=efficiency, dark_count_prob=dark, misalignment=wrong),
        bob=source,
    )
    protocol = MDI(
        intensity_probs=(1 - 2e-9, 1e-9, 1e-9),
        basis_probs=(1.0, 0.5, 0.5),
        bound="three-intensity",
        f_ec=f_ec,
    )

    def theirs() -> Theirs:
        import qkd

        core, lights = qkd._core, list(intensities)

        def sender() -> Any:
            return qkd.Sender(modulation=qkd.BasisKeying(decoy=qkd.Decoy(intensities, None), sift=1.0))

        def swap(transmittance: float) -> Any:
            bell = qkd.BellAnalyser(eta=efficiency, dark=dark, misalign=wrong, misalign_test=wrong)
            return qkd.Swap(
                alice=sender(),
                bob=sender(),
                relay=qkd.Relay(bell=bell),
                channels=(qkd.Fiber(T=transmittance), qkd.Fiber(T=transmittance)),
                security=qkd.TestBasisBound(f=f_ec),
            )

        def private(losses: list[float]) -> list[float]:
            rates, (mu, *decoys) = [], intensities
            for db in losses:
                eta = efficiency * 10 ** (-db / 10)
                key = [core.mdi_rect(a, b, eta, eta, dark, wrong) for a in lights for b in lights]
                test = [core.mdi_diag(a, b, eta, eta, dark, wrong) for a in lights for b in lights]
                yields = core.mdi_y11(lights, lights, [gain for gain, _ in key])
                tested = core.mdi_y11(lights, lights, [gain for gain, _ in test])
                wrongly = [test[cell][0] * test[cell][1] for cell in (4, 8, 5, 7)]
                error = core.mdi_e11(*decoys, *decoys, *wrongly, tested)
                rates.append(core.mdi_rate(core.mdi_gain(yields, mu, mu), error, *key[0], f_ec))
            return rates

        return ways(qkd.Fiber, swap, "channels", lambda channel: (channel, channel), private)

    return nc.Setup(link, protocol), np.linspace(0.2, 24.0, LINKS), 1.0, theirs


def mode_pairing(
    least_db: float, most_db: float, dark: float, length: int
) -> tuple[nc.Setup, Floats, float, Callable[[], Theirs]]:
    """Return two arms of equal loss, between two values each, and pulses of .45 photons without drift."""
    light, efficiency, wrong, f_ec = 0.45, 0.7, 0.03, 1.1
    source = WeakCoherentSource(intensities=(light,), clock_rate_hz=1e9)
    link = Link(
        alice=source,
        channels=(FixedLoss(loss_db=0.0), FixedLoss(loss_db=0.0)),
        middle=ThresholdDetectors(efficiency=efficiency, dark_count_prob=dark, misalignment=wrong),
        bob=source,
    )

    def theirs() -> Theirs:
        import qkd

        core, keyrate = qkd._core, qkd.rates.keyrate
        fixed = {"mu": light, "dark": dark, "span": length, "misalign": wrong, "f_ec": f_ec}

        def public(losses: list[float]) -> list[float]:
            return [keyrate("pairing", eta=efficiency * 10 ** (-db / 10), **fixed).rate for db in losses]

        def private(losses: list[float]) -> list[float]:
            rates = []
            for db in losses:
                eta = efficiency * 10 ** (-db / 10)
                kept, qber = core.pairing_sift(eta, light, dark)
                pairs = core.pairing_pairs(core.pairing_click(eta, light, dark), length)
                error = core.mdi_yield(eta, eta, dark, wrong)[1]
                single = core.pairing_single(eta, light, dark)
                rates.append(core.pairing_rate(pairs, kept, single, error, qber, f_ec))
            return rates

        return {"qkd": public, CORE: private}

    protocol = ModePairing(pairing_length=length, f_ec=f_ec)
    return nc.Setup(link, protocol), np.linspace(least_db, most_db, LINKS), 1.0, theirs


def ways(
    channel: Callable[..., Any],
    build: Callable[[float], Any],
    attribute: str,
    placed: Callable[[Any], Any],
    private: Callable[[list[float]], list[float]],
) -> Theirs:
    """Return three ways to ask the peer, for a link or a relay that `build` makes of a transmittance."""

    def rebuilt(losses: list[float]) -> list[float]:
        return [build(10 ** (-db / 10)).run().key_rate for db in losses]

    def kept(losses: list[float]) -> list[float]:
        link, rates = build(0.5), []
        for db in losses:
            setattr(link, attribute, placed(channel(T=10 ** (-db / 10))))
            rates.append(link.run().key_rate)
        return rates

    return {REBUILT: rebuilt, KEPT: kept, CORE: private}
