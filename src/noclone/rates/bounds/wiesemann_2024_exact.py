"""The rigorous bound with the binomial and hypergeometric tails themselves: longer keys, more work.

The proof and its epsilons are those of `wiesemann_2024`; only the inequalities of Hoeffding and
Serfling give way to the tails that they bound. It pays where a class holds few events, such as the
vacuum of a long link.
"""

import dataclasses

from numpy.typing import ArrayLike

from noclone.rates.bounds import wiesemann_2024
from noclone.rates.counts import DecoyCounts
from noclone.rates.key_terms import KeyTerms

NAME = "wiesemann-2024-exact"
SOURCE = (
    f"{wiesemann_2024.SOURCE}, with exact tails after C. Clopper and E. Pearson, Biometrika 26, 404 (1934), "
    "and W. Hoeffding, Ann. Math. Stat. 27, 713 (1956), theorem 4"
)
FINITE = True
INTENSITIES = wiesemann_2024.INTENSITIES
SECURITY = dataclasses.replace(wiesemann_2024.SECURITY, source=SOURCE)


def key_terms(
    counts: DecoyCounts, keyed: ArrayLike, leak_bits: ArrayLike, eps_sec: ArrayLike, eps_cor: ArrayLike
) -> KeyTerms:
    """Return the terms of the key length of a block; arguments and errors as in `wiesemann_2024`.

    Examples
    --------
    >>> detections, errors = [[4e6, 1e5]] * 2, [[4e4, 1e3]] * 2
    >>> counts = DecoyCounts([0.5, 0.1], [0.9, 0.1], detections, errors)
    >>> terms = key_terms(counts, [[True] * 2, [False] * 2], leak_bits=4e5, eps_sec=1e-9, eps_cor=1e-15)
    >>> f"{float(terms.length):.3e}"
    '1.872e+06'
    """
    return wiesemann_2024.key_terms(counts, keyed, leak_bits, eps_sec, eps_cor, wiesemann_2024.EXACT)
