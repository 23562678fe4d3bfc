"""What is done to a problem before a solver sees it: symmetry, blocks, faces, independent equations."""

from __future__ import annotations

from noclone.proofs.problem import Problem
from noclone.proofs.reduced import Reduced
from noclone.proofs.reduction.blocks import connected
from noclone.proofs.reduction.facial import interior
from noclone.proofs.reduction.independent import ON_FACE, equations
from noclone.proofs.reduction.real import conjugated
from noclone.proofs.reduction.symmetry import twirled
from noclone.proofs.reduction.terms import compressed
from noclone.protocols.declaration import Symmetry


def reduce(task: Problem, symmetries: tuple[Symmetry, ...] = ()) -> Reduced:
    """Return the problem in smaller blocks with independent equations; its minimum is the same.

    Parameters
    ----------
    task : Problem
    symmetries : tuple of Symmetry
        Generators of a group; those that the observed values break are left out.

    Raises
    ------
    InvalidInput
        If constraints contradict each other, or a symmetry does not turn the protocol into itself.

    Notes
    -----
    In this order: joint eigenspaces of the symmetries, blocks that nothing connects, real blocks, faces,
    independent equations, terms. Of symmetries that do not commute only the first are used; faces that only
    ranges or a 1-norm ball together expose are not found.

    Examples
    --------
    >>> from noclone.proofs.observations import Observations
    >>> from noclone.proofs.problem import problem
    >>> from noclone.protocols.declaration import depolarising
    >>> from noclone.protocols.four_states import bb84_declaration
    >>> bb84 = bb84_declaration(0.5)
    >>> found = reduce(problem(bb84, Observations.of_channel(bb84, depolarising(0.1))))
    >>> found.sizes, found.equations.shape
    ((4,), (9, 10))
    """
    form = connected(twirled(task, symmetries))
    averaged = conjugated(form)
    real = averaged is not None
    form = averaged or form
    table, values, scalars = equations(form, real)
    form, faces = interior(form)
    if faces:
        table, values, scalars = equations(form, real, ON_FACE)
    return Reduced(
        form.sizes,
        real,
        scalars,
        table,
        values,
        compressed(form, real),
        tuple(basis[None] for basis in form.bases),
    )
