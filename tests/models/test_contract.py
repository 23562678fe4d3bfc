"""What every model keeps to: pipelines, searches, copies, files, and the twin without entanglement."""

import copy
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone, is_classifier, is_clusterer, is_outlier_detector, is_regressor
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from noclone.models import storage
from noclone.models.registry import models
from noclone.quantum import Circuit

LEARNS_FROM_TABLES = {name: kind for name, kind in models().items() if name != "quantum-policy"}
rng = np.random.default_rng(5)
X = rng.normal(size=(24, 3))


def target(model):
    if is_regressor(model):
        return X[:, 0] - X[:, 1]
    if is_classifier(model):
        return np.where(X[:, 0] > X[:, 1], "yes", "no")
    return None


def light(kind):
    """The model with its costliest parameters turned down."""
    model = kind(random_state=3) if "random_state" in kind().get_params() else kind()
    few = {"max_iter": 4, "epochs": 2}
    return model.set_params(**{name: value for name, value in few.items() if name in model.get_params()})


def answers(model):
    """Everything that the fitted model can say about new data."""
    said = []
    for method in ("predict", "decision_function", "predict_proba", "transform", "score_samples"):
        if hasattr(model, method):
            said.append(np.asarray(getattr(model, method)(X[:7])))
    assert said
    return said


@pytest.mark.parametrize("name", list(LEARNS_FROM_TABLES))
def test_copies_and_files_say_the_same(name, tmp_path):
    model = light(models()[name])
    fitted = clone(model).fit(X, target(model))
    joblib.dump(fitted, tmp_path / "joblib")
    storage.save(fitted, tmp_path / "stored")
    others = [
        clone(model).fit(X, target(model)),
        pickle.loads(pickle.dumps(fitted)),
        joblib.load(tmp_path / "joblib"),
        copy.deepcopy(fitted),
        storage.load(tmp_path / "stored", X),
    ]
    for other in others:
        for one, two in zip(answers(fitted), answers(other), strict=True):
            np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("name", list(LEARNS_FROM_TABLES))
def test_models_work_in_pipelines_and_searches(name):
    model = light(models()[name])
    pipeline = make_pipeline(StandardScaler(), model)
    pipeline.fit(X, target(model))
    if not any(kind(model) for kind in (is_classifier, is_regressor, is_clusterer, is_outlier_detector)):
        return
    setting, values = next(iter(type(model).SPACE.items()))
    score = "neg_mean_squared_error" if is_regressor(model) else "accuracy"
    labels = target(model)
    if labels is None:
        labels = np.ones(len(X), int)
    search = GridSearchCV(
        pipeline, {f"{type(model).__name__.lower()}__{setting}": list(values)[:2]}, cv=2, scoring=score
    )
    search.fit(X, labels)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert np.isfinite(cross_val_score(model, X, labels, cv=2, scoring=score)).all()


def learnt(model):
    """The model after a few steps of learning, from the table or from an environment."""
    if model.NAME != "quantum-policy":
        return model.fit(X, target(model))
    pytest.importorskip("gymnasium")
    return model.set_params(max_iter=1, episodes=2, max_steps=3).fit("CartPole-v1")


@pytest.mark.parametrize("setting", [{}, {"readout": "few"}, {"readout": "all"}], ids=str)
@pytest.mark.parametrize("name", [name for name, kind in models().items() if "entangled" in vars(kind())])
def test_the_twin_reads_as_many_values_into_as_many_weights(name, setting):
    """Or else the read-out, and not the entanglement, would make the difference between the two."""
    if not setting.keys() <= models()[name]().get_params().keys():
        return
    whole, twin = (learnt(light(models()[name]).set_params(entangled=e, **setting)) for e in (True, False))

    def read(model):
        """How many values are measured, and the shapes of all that is learnt from them."""
        kept = ("_head", "centre_", "embedded_", "components_", "centres_", "probabilities_")
        shapes = {key: np.shape(getattr(model, key)) for key in kept if hasattr(model, key)}
        network = {key: np.shape(value) for key, value in getattr(model, "network_", {}).items()}
        if name == "quantum-policy":
            shapes["_head"] = len(model.weights_) - model.circuit_.n_weights
        return len(getattr(model, "observables_", ())), shapes | network

    assert read(whole) == read(twin)
    if name != "quantum-autoencoder":  # whose twin empties every wire
        assert getattr(whole, "observables_", None) == getattr(twin, "observables_", None)


@pytest.mark.parametrize("name", list(models()))
def test_the_twin_has_no_entangling_gate(name):
    model = models()[name]()
    assert isinstance(model.example_circuit(4), Circuit)
    if "entangled" in model.get_params():
        if getattr(model, "feature_map", None) == "amplitude":  # which cannot do without entanglement
            model.set_params(feature_map="iqp")

        def entangling(circuit):
            swap_test = [part for part in circuit.gates if part.name == "cswap"]
            return circuit.entangling - len(swap_test)

        assert entangling(model.example_circuit(4)) > 0
        assert entangling(model.set_params(entangled=False).example_circuit(4)) == 0
