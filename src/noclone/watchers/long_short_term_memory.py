"""Long short-term memory over the blocks of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from noclone.core.extras import need
from noclone.watchers.sequence_network import SequenceClassifier
from noclone.watchers.watcher import SUPERVISED, Watcher

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import ModuleDict


class LongShortTermMemory(SequenceClassifier):
    """A layer of long short-term memory whose outputs are averaged over the window and read out linearly.

    Parameters and attributes as of `SequenceClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 8))
    >>> y = np.where(X[:, :4].sum(axis=1) > X[:, 4:].sum(axis=1), "falling", "rising")  # 8 blocks, 1 feature
    >>> model = LongShortTermMemory(window=8, random_state=0).fit(X, y)
    >>> model.predict([[1, 1, 1, 1, -1, -1, -1, -1], [-1, -1, -1, -1, 1, 1, 1, 1]]).tolist()
    ['falling', 'rising']
    """

    def _network(self, features: int, outputs: int) -> ModuleDict:
        nn = need("torch").nn
        memory = nn.LSTM(features, self.width, batch_first=True)
        parts: ModuleDict = nn.ModuleDict({"memory": memory, "head": nn.Linear(self.width, outputs)})
        return parts

    def _hidden(self, network: ModuleDict, blocks: Tensor) -> Tensor:
        hidden: Tensor = network["memory"](blocks)[0]
        return hidden


def _make(kind: str) -> LongShortTermMemory:
    need("torch")  # whether it is there is told now, not in the midst of a comparison
    return LongShortTermMemory()


WATCHER = Watcher(
    name="long-short-term-memory",
    title="Long short-term memory over the blocks of a window",
    family=SUPERVISED,
    kinds=("classification",),
    source="S. Hochreiter, J. Schmidhuber, Neural Computation 9, 1735 (1997).",
    make=_make,
    space=lambda kind: {"width": [8, 16, 32], "learning_rate": [0.003, 0.01, 0.03]},
    sequence=True,
)
