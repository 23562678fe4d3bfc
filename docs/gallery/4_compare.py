"""Is the quantum model better? Ask with equal budgets.

Every model gets the same number of settings to try and the same folds; every quantum model is joined by its
twin without entanglement. The verdict is a sentence.
"""

import numpy as np

from noclone.learn import compare
from noclone.learn.datasets.two_curves import published
from noclone.models.registry import get
from noclone.report.learning_scores import scores_figure

train, labels, test, answers = published(features=4)
X, y = np.concatenate([train, test]), np.concatenate([labels, answers])
models = {name: get(name)() for name in ("quantum-kernel-classifier", "quantum-nearest-neighbours")}
result = compare(models, X, y, budget=2, seeds=5)
print(result.verdict)
scores_figure(result, "4_compare.svg")
