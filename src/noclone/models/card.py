"""What a model says of itself: the text of its page and of `noclone list models`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A model's card; every field is a plain sentence or two.

    Attributes
    ----------
    title : str
    family : str
        What would run on a quantum computer decides. ``"quantum"``: the steps that are its own, be they
        states, expectation values, fidelities or axes of mixtures, whether or not they are computed here by
        other means; classical are at most scaling, a linear read-out, a support vector machine, a vote, a
        choice or the optimiser. ``"hybrid"``: the same, with a trained classical network beside or before
        the circuit. ``"quantum-inspired"``: nothing.
    what : str
        What it does.
    quantum : str
        What in it would run on a quantum computer, and what is classical.
    cost : str
        Qubits, gates and circuit runs as functions of the data's size.
    avoid : str
        When not to use it, and what to use instead.
    source : str
        Paper and equation; says so where the model is a reconstruction.
    """

    title: str
    family: str
    what: str
    quantum: str
    cost: str
    avoid: str
    source: str
