"""Dilated causal convolutions over the blocks of a window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noclone.core.extras import need
from noclone.watchers.sequence_network import SequenceClassifier
from noclone.watchers.watcher import SUPERVISED, Watcher

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import ModuleDict

KERNEL_BLOCKS = 3


class TemporalConvolution(SequenceClassifier):
    """Causal convolutions, each reaching twice as far back as the one before, with residual connections.

    There are as many as it takes for the last block to see the whole window. Their output is averaged over
    the window and read out linearly. Parameters and attributes as of `SequenceClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(200, 8))
    >>> y = np.where((X[:, 1:] * X[:, :-1]).sum(axis=1) > 0, "slow", "fast")  # 8 blocks with 1 feature
    >>> model = TemporalConvolution(window=8, random_state=0).fit(X, y)
    >>> model.predict([[1, 1, 1, 1, -1, -1, -1, -1], [1, -1, 1, -1, 1, -1, 1, -1]]).tolist()
    ['slow', 'fast']
    """

    def _network(self, features: int, outputs: int) -> ModuleDict:
        nn = need("torch").nn
        levels = 1
        while 1 + (KERNEL_BLOCKS - 1) * (2**levels - 1) < self.window:
            levels += 1
        convolutions = nn.ModuleList(
            nn.Conv1d(self.width, self.width, KERNEL_BLOCKS, dilation=2**level) for level in range(levels)
        )
        parts: ModuleDict = nn.ModuleDict(
            {
                "first": nn.Linear(features, self.width),
                "convolutions": convolutions,
                "head": nn.Linear(self.width, outputs),
            }
        )
        return parts

    def _hidden(self, network: ModuleDict, blocks: Tensor) -> Tensor:
        functional = need("torch").nn.functional
        hidden: Tensor = network["first"](blocks).transpose(1, 2)
        convolutions: Any = network["convolutions"]
        for level, convolution in enumerate(convolutions):
            past = functional.pad(hidden, ((KERNEL_BLOCKS - 1) * 2**level, 0))
            hidden = hidden + functional.relu(convolution(past))
        return hidden.transpose(1, 2)


def _make(kind: str) -> TemporalConvolution:
    need("torch")  # whether it is there is told now, not in the midst of a comparison
    return TemporalConvolution()


WATCHER = Watcher(
    name="temporal-convolution",
    title="Temporal convolutional network over the blocks of a window",
    family=SUPERVISED,
    kinds=("classification",),
    source="S. Bai, J. Z. Kolter, V. Koltun, arXiv:1803.01271.",
    make=_make,
    space=lambda kind: {"width": [8, 16, 32], "learning_rate": [0.003, 0.01, 0.03]},
    sequence=True,
)
