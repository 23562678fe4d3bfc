"""Runs put together by hand (real records and bounds, a stated f of error correction), and a page reader."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser

import numpy as np
import pytest

import noclone as nc
from noclone.core.bits import pack
from noclone.core.seeds import stream
from noclone.distillation.estimation import Estimate, estimate
from noclone.distillation.ledger import Charge, Epsilon, Ledger
from noclone.distillation.result import Abort, SecretKey
from noclone.pipeline import RunResult
from noclone.rates.counts import DecoyCounts
from noclone.rates.key_terms import shannon_leak
from noclone.records.tally import tally
from noclone.simulation import with_truth
from noclone.watching.watch import look

SENT = {"greeting": 1_728, "sifting": 9_000_016, "reconciliation": 400_008, "amplification": 123_456}
EFFICIENCY = 1.05


def make(setup, pulses=None, attack=None, seed=1, bound=None):
    """Return a run as `noclone.run` would, with error correction at `EFFICIENCY` instead of a real one."""
    protocol = setup.protocol
    size = setup.pulses if pulses is None else int(pulses)
    bound = protocol.finite_bound(bound or protocol.bound)
    simulated = with_truth(setup, size, attack=attack, seed=seed)
    detections, errors = tally(simulated.alice, simulated.bob, len(protocol.intensity_probs))
    counts = DecoyCounts(setup.link.alice.intensities, protocol.intensity_probs, detections, errors)
    rows = [protocol.keyed & (np.arange(2) == basis)[:, None] for basis in (0, 1)]
    first, second = (int(shannon_leak(counts, row, EFFICIENCY)) if row.any() else 0 for row in rows)
    found = estimate(setup, detections, errors, (first, second), bound)
    rigorous = estimate(setup, detections, errors, (first, second), protocol.RIGOROUS)
    end = _end(setup, found, (first, second), detections, errors, seed)
    return RunResult(
        setup=setup,
        pulses=size,
        seed=seed,
        attack=attack,
        bound=bound,
        predicted=nc.rate(setup, pulses=size, bound=bound),
        predicted_rigorous=nc.rate(setup, pulses=size, bound=protocol.RIGOROUS),
        expected=protocol.expected(setup.link, size),
        simulated=simulated,
        detections=detections,
        errors=errors,
        alice=end,
        bob=end,
        rigorous_bits=sum(rigorous.lengths) if isinstance(end, SecretKey) else None,
        watched=look(simulated.alice, simulated.bob, setup, attack=attack, seed=seed),
        seconds={"simulation": 0.5, "distillation": 1.5},
    )


def _end(setup, found: Estimate, leak, detections, errors, seed) -> SecretKey | Abort:
    keyed = setup.protocol.keyed
    sifted, qber = int(detections[keyed].sum()), float(errors[keyed].sum() / detections[keyed].sum())
    length = sum(found.lengths)
    if length == 0 or qber > setup.protocol.abort_qber:
        evidence = {"qber": qber, "sifted_bits": sifted}
        return Abort("the counts leave no secret key", "estimation", evidence, Ledger({"sifting": 777}))
    charges = [Charge("reconciliation", bits, "all parities, arXiv:2307.00576") for bits in leak if bits]
    charges.append(Charge("verification", 122, "every hash bit is leaked"))
    epsilons = (
        Epsilon("secrecy", setup.protocol.eps_sec, "the bound and privacy amplification"),
        Epsilon("correctness", 5e-28, "equal hashes of different strings"),
        Epsilon("authentication", 4e-19, "forged tags"),
    )
    return SecretKey(
        packed=pack(stream(seed, "test key").integers(0, 2, length, np.uint8)),
        key_bits=length,
        ledger=Ledger(SENT, tuple(charges), epsilons, 244),
        estimate=found,
        qber=qber,
        sifted_bits=sifted,
        f_ec=EFFICIENCY,
        disclosed_frames=0,
        leak_bits=leak,
        simulated=True,
    )


@pytest.fixture(scope="session")
def made():
    """Puts a run together; see `make`."""
    return make


@pytest.fixture(scope="session")
def micius():
    """The satellite pass, whole."""
    return make(nc.load("micius-2017"))


@pytest.fixture(scope="session")
def short():
    """A preset without measured figures, a shorter block."""
    return make(nc.load("lim-2014"), pulses=1e9)


@pytest.fixture(scope="session")
def aborted():
    """A run that Eve has listened to."""
    return make(nc.load("micius-2017"), pulses=2e9, attack=nc.attacks.InterceptResend())


@pytest.fixture(scope="session")
def unequal(short):
    """A run whose keys differ."""
    wrong = dataclasses.replace(short.bob, packed=short.bob.packed ^ np.uint8(1))
    return dataclasses.replace(short, bob=wrong)


VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Checks that every element is closed in order, and collects ids, links, figures and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, dict[str, str]]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.figures: dict[str, list[float]] = {}
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open[-1][0]}"

    def handle_starttag(self, tag, attrs):
        found = {name: value or "" for name, value in attrs}
        self._note(tag, found)
        if tag not in VOID:
            self.open.append((tag, found))

    def handle_startendtag(self, tag, attrs):
        self._note(tag, {name: value or "" for name, value in attrs})

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1][0] == tag, f"</{tag}> closes <{self.open[-1][0]}>"
        self.open.pop()

    def handle_data(self, data):
        if not any(tag == "style" for tag, _ in self.open):
            self.words.append(data)

    def _note(self, tag, found):
        self.tags.append(tag)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("href", "src", "xlink:href") if name in found]
        if tag == "data":
            home = next((at["id"] for name, at in self.open if name == "tbody" and "id" in at), "page")
            self.figures.setdefault(home, []).append(float(found["value"]))

    @property
    def text(self) -> str:
        """All text, spaces made plain."""
        return " ".join("".join(self.words).split())


@pytest.fixture(scope="session")
def read_page():
    """Reads a page back; see `Page`."""
    return Page
