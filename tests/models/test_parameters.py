"""Parameters that cannot be used are refused in one sentence, by every model that has them."""

import math

import numpy as np
import pytest
from sklearn.base import is_classifier, is_regressor

from noclone.core.errors import InvalidInput
from noclone.models import VariationalClassifier
from noclone.models.parameters import check_parameters
from noclone.models.registry import models

X = np.random.default_rng(0).normal(size=(12, 2))
WRONG = {
    "ansatz": (["reuploading"],),
    "bandwidth": (math.nan, math.inf, 0.0, -1.0, "wide"),
    "batch_size": (2.5, 0, True),
    "entangled": ("no", 0, None),
    "encoding": (1,),
    "feature_map": (["iqp"], None),
    "gamma": (-1.0, math.nan),
    "layers": (0, 1.5, "2", None),
    "learning_rate": (math.inf, 0.0, -0.1, math.nan),
    "max_iter": (2.5, 0, True),
    "max_qubits": (0, 2.5),
    "noise": ("depolarise", ("depolarise",), (0.1, "depolarise"), ("depolarise", 2.0)),
    "optimiser": (None,),
    "patience": (1, 2.5),
    "precision": ("float16", np.float64),
    "readout": ("foo", ["all"]),
    "shots": (10.5, 0, True, "100"),
    "threads": (0,),
    "tol": (-1.0, math.inf),
}


@pytest.mark.parametrize("name", list(models()))
def test_every_model_refuses_them(name):
    model = models()[name]()
    y = X[:, 0] if is_regressor(model) else X[:, 0] > 0 if is_classifier(model) else None
    data = "CartPole-v1" if name == "quantum-policy" else X
    tried = 0
    for parameter in WRONG.keys() & model.get_params().keys():
        for value in WRONG[parameter]:
            if value is None and getattr(model, parameter) is None:
                continue
            wrong = models()[name](**{parameter: value})
            with pytest.raises(InvalidInput, match=rf"^{parameter}.* must [^\n]*\.$"):
                wrong.fit(data, y)
            tried += 1
    assert tried >= 9


def test_numbers_of_numpy_are_numbers():
    fine = VariationalClassifier(
        layers=np.int64(2),
        learning_rate=np.float32(0.1),
        entangled=np.False_,
        noise=["depolarise", 0],
        batch_size=None,
    )
    check_parameters(fine)
