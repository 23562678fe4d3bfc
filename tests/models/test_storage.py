"""Saved models come back as they were, and nothing else gets in."""

import io
import json
import re
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from noclone.core.errors import InvalidInput
from noclone.models import storage
from noclone.models.encoding import AngleEncoder
from noclone.models.kernel_classifier import QuantumKernelClassifier
from noclone.models.kernel_one_class import QuantumKernelOneClass
from noclone.models.kernel_regressor import QuantumKernelRegressor
from noclone.models.storage import feature_schema, load, save

X = np.random.default_rng(0).normal(size=(20, 3))


def entries(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def written(path, parts):
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def edited(path, change):
    """Rewrite the file with its description changed."""
    parts = entries(path)
    description = json.loads(parts["model.json"])
    change(description)
    written(path, {**parts, "model.json": json.dumps(description).encode()})


def npy(array):
    content = io.BytesIO()
    np.lib.format.write_array(content, array)
    return content.getvalue()


def refused(path):
    """Return the sentence with which a file is refused; it is one line and begins with the file's name."""
    with pytest.raises(InvalidInput) as caught:
        load(path)
    sentence = str(caught.value)
    assert sentence.startswith(f"{path} must ")
    assert "\n" not in sentence
    return sentence


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "encoder.model"
    save(AngleEncoder(max_angles=2).fit(X), path)
    return path


def test_a_model_comes_back_the_same(saved):
    again = load(saved, X)
    np.testing.assert_array_equal(again.transform(X), AngleEncoder(max_angles=2).fit_transform(X))
    assert again.get_params() == {"bandwidth": 1.0, "max_angles": 2}


def test_the_file_is_the_same_each_time(saved, tmp_path):
    save(AngleEncoder(max_angles=2).fit(X), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == saved.read_bytes()


def test_other_features_are_refused(tmp_path):
    named = pa.table({"qber": X[:, 0], "gain": X[:, 1]})
    model = AngleEncoder().fit(named)
    save(model, tmp_path / "m")
    again = load(tmp_path / "m", named)
    assert again.feature_names_in_.tolist() == ["qber", "gain"]
    with pytest.raises(
        InvalidInput, match=r"features must be the model's \(qber, gain\), but are gain, qber"
    ):
        load(tmp_path / "m", ["gain", "qber"])
    with pytest.raises(ValueError, match="feature names should match"):
        again.transform(pa.table({"qber": X[:, 0], "other": X[:, 1]}))
    with pytest.raises(InvalidInput, match="but are 3 without names"):
        load(tmp_path / "m", X)
    assert feature_schema(model)["sha256"] != feature_schema(["gain", "qber"])["sha256"]


def test_unfitted_and_foreign_models_are_refused(tmp_path):
    with pytest.raises(NotFittedError):
        save(AngleEncoder(), tmp_path / "m")
    odd = AngleEncoder().fit(X)
    odd.extra_ = np.random.default_rng(1)
    with pytest.raises(InvalidInput, match=r"model\.extra_ must be data to be saved, but is a Generator"):
        save(odd, tmp_path / "m")
    odd.extra_ = print
    with pytest.raises(InvalidInput, match="but is a builtin"):
        save(odd, tmp_path / "m")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d["model"].update(estimator="os.system"), "the file names 'os.system'"),
        (lambda d: d["model"].update(estimator="noclone.models.storage.save"), "the file names"),
        (lambda d: d["model"].update(estimator="sklearn.dummy.DummyClassifier"), "the file names"),
        (lambda d: d["model"].update(estimator="noclone.models.none.Model"), "the file names"),
        (lambda d: d["model"].update(estimator="noclone.models.kernel_classifier.SVC"), "the file names"),
        (lambda d: d["model"].update(estimator="sklearn.preprocessing.StandardScaler"), "lacks copy"),
        (lambda d: d.update(format="pickle"), "something else"),
        (lambda d: d.update(version=2), "must be of version 1, but is of 2"),
        (lambda d: d["features"].update(count=4), "was changed"),
        (lambda d: d["model"]["state"].update(mean_={"array": 99}), "damaged"),
        (lambda d: d["model"]["state"].update(mean_={"code": "x"}), "unknown entry 'code'"),
        (lambda d: d.pop("model"), "no entry 'model'"),
        (lambda d: d.pop("features"), "no entry 'features'"),
        (lambda d: d.update(model=3), "must be an estimator, or made of them, but has 3"),
        (lambda d: d.update(model={"tuple": [1]}), r"but has \(1,\)"),
        (lambda d: d["model"].update(state=[]), "damaged"),
        (lambda d: d["model"].update(state={"max_angles": 2, "bandwidth": 1.0}), "not fitted"),
        (lambda d: d["model"]["state"].pop("bandwidth"), "AngleEncoder must have .* lacks bandwidth"),
        (lambda d: d["model"]["state"].update(transform=1), "must keep its own 'transform'"),
        (lambda d: d["model"]["state"].update(__sklearn_is_fitted__=1), "must keep its own"),
        (lambda d: d["model"]["state"].pop("n_features_in_"), "n_features_in_"),
        (
            lambda d: d["model"]["state"].update(scale_=d["model"]["state"]["mean_"]),
            r"no entry 'arrays/\d.npy'",
        ),
        (lambda d: d["model"]["state"].update(mean_=float("nan")), "NaN in JSON"),
    ],
)
def test_a_changed_file_is_refused_in_one_sentence(saved, change, sentence):
    edited(saved, change)
    assert re.search(sentence, refused(saved))


@pytest.mark.parametrize(
    ("record", "fields", "sentence"),
    [
        ("Gate", {"name": "h", "wires": [-1]}, "distinct wires"),
        ("Gate", {"name": "h", "wires": [0.5]}, "distinct wires"),
        ("Gate", {"name": "cx", "wires": [0]}, "distinct wires"),
        ("Gate", {"name": "depolarise", "wires": [0], "strength": 2.0}, "strength"),
        ("Term", {"coefficient": 1.0, "features": [-1], "weights": []}, "whole numbers from 0 up"),
        ("Gate", {"name": "rx", "wires": [0], "angle": "x"}, "Gate must be made of Angle"),
        ("Circuit", {"qubits": 1, "gates": [3]}, "damaged"),
        ("Circuit", {"qubits": 1, "gates": ""}, "Circuit must be made of Gate"),
        ("Angle", {"terms": [3]}, "Angle must be made of Term"),
        ("Code", {}, "no entry 'Code'"),
    ],
)
def test_circuits_that_noclone_does_not_make_are_refused(saved, record, fields, sentence):
    fields = {key: {"tuple": part} if isinstance(part, list) else part for key, part in fields.items()}
    odd = {"record": record, "fields": fields}
    edited(saved, lambda d: d["model"]["state"].update(circuit_=odd))
    assert sentence in refused(saved)


def test_deep_descriptions_are_refused(saved):
    parts = entries(saved)
    for deep in ("[" * 10**6, '{"list": [' * 4000 + "]}" * 4000):
        written(
            saved,
            {
                **parts,
                "model.json": parts["model.json"].replace(
                    b'"bandwidth": 1.0', b'"bandwidth": ' + deep.encode()
                ),
            },
        )
        assert "recursion" in refused(saved)


MACHINES = {
    "svc_": QuantumKernelClassifier().fit(X, np.digitize(X[:, 0], [-0.5, 0.5])),
    "svr_": QuantumKernelRegressor().fit(X, X[:, 0]),
    "svm_": QuantumKernelOneClass().fit(X),
}


@pytest.mark.parametrize("machine", list(MACHINES))
@pytest.mark.parametrize(
    ("attribute", "change"),
    [
        ("support_", lambda a: a + 2**30),
        ("support_", lambda a: a - 1000),
        ("support_", lambda a: a[:1]),
        ("support_", lambda a: a.astype(np.int64)),
        ("_n_support", lambda a: a + 10**6),
        ("_n_support", lambda a: a[:1]),
        ("_n_support", lambda a: np.array([10**6, *-a[1:]], np.int32)),
        ("_dual_coef_", lambda a: a[:, :1]),
        ("dual_coef_", lambda a: a[:, :1]),
        ("_intercept_", lambda a: a[:0]),
        ("intercept_", lambda a: a.astype(np.float32)),
        ("_probA", lambda a: np.ones(1)),
        ("_probB", lambda a: np.ones(1)),
        ("support_vectors_", lambda a: np.ones((20, 3))),
    ],
)
def test_support_vectors_that_would_end_the_process_are_refused(tmp_path, machine, attribute, change):
    path = tmp_path / "m"
    save(MACHINES[machine], path)
    parts = entries(path)
    state = json.loads(parts["model.json"])["model"]["state"][machine]["state"]
    entry = f"arrays/{state[attribute]['array']}.npy"
    written(path, {**parts, entry: npy(change(np.load(io.BytesIO(parts[entry]))))})
    assert type(getattr(MACHINES[machine], machine)).__name__ in refused(path)


@pytest.mark.parametrize(
    "changes",
    [
        {"kernel": "rbf"},
        {"_sparse": True},
        {"shape_fit_": {"tuple": [1000, 1000]}},
        {"n_features_in_": 1000},
        {"n_features_in_": 1000, "shape_fit_": {"tuple": [1000, 20]}},
        {"_impl": "nu_svc"},
        {"classes_": {"list": [1, 2]}},
    ],
)
def test_support_vector_machines_of_another_kind_are_refused(tmp_path, changes):
    save(MACHINES["svc_"], tmp_path / "m")
    edited(tmp_path / "m", lambda d: d["model"]["state"]["svc_"]["state"].update(changes))
    assert "SVC" in refused(tmp_path / "m")
    odd = AngleEncoder().fit(X)
    odd.svc_ = SVC().fit(X, X[:, 0] > 0)
    with pytest.raises(InvalidInput, match="SVC must have a precomputed"):
        save(odd, tmp_path / "odd")


def test_arrays_are_as_large_as_their_headers_say(saved):
    parts = entries(saved)
    header = npy(np.zeros(3))
    for content, sentence in (
        (header.replace(b"(3,)", b"(3000000000000,)"), "has"),
        (header[:-8], "has 16 bytes"),
        (header + bytes(8), "has 32 bytes"),
        (npy(np.array([2, 1, 0], np.uint8)).replace(b"|u1", b"|b1"), "truth values"),
        (npy(np.zeros(3, "M8[s]")), "has 24 bytes"),
        (header.replace(b"NUMPY\x01", b"NUMPY\x02"), "version 1.0"),
    ):
        written(saved, {**parts, "arrays/0.npy": content})
        assert sentence in refused(saved)


def test_files_that_unpack_to_too_much_are_refused(saved, monkeypatch):
    monkeypatch.setattr(storage, "MAX_BYTES", 10**6)
    parts = entries(saved)
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**parts, "arrays/99.npy": bytes(10**6)}.items():
            archive.writestr(name, content)
    assert saved.stat().st_size < 10**4
    assert "it must hold at most 1000000 bytes" in refused(saved)
    content = saved.read_bytes()
    saved.write_bytes(content.replace((10**6).to_bytes(4, "little"), (10**3).to_bytes(4, "little")))
    assert "Bad CRC-32" in refused(saved)  # what the archive says is all that is read
    with zipfile.ZipFile(saved, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    assert "by deflation" in refused(saved)
    monkeypatch.setattr(storage, "MAX_DESCRIPTION_BYTES", 100)
    written(saved, parts)
    assert "must be described in 100 bytes" in refused(saved)
    with pytest.raises(InvalidInput, match="model must be described in 100 bytes"):
        save(AngleEncoder().fit(X), saved)


def test_pipelines_that_end_in_a_model_are_stored(tmp_path):
    path, named = tmp_path / "m", pa.table({name: X[:, i] for i, name in enumerate(("qber", "gain", "skew"))})
    labels = X[:, 0] > 0
    for table in (X, named):
        for first in (StandardScaler(), MinMaxScaler(), PCA(2)):
            model = make_pipeline(first, QuantumKernelClassifier()).fit(table, labels)
            save(model, path)
            again = load(path, table)
            np.testing.assert_array_equal(again.decision_function(table), model.decision_function(table))
    with pytest.raises(InvalidInput, match="must be the model's"):
        load(path, ["qber", "gain"])
    edited(path, lambda d: d["model"]["state"]["steps"]["list"][0].update(tuple=["scale", 3]))
    assert "has 3" in refused(path)


def test_other_models_and_parts_are_refused_by_name(tmp_path):
    with pytest.raises(InvalidInput, match=r"but is a sklearn.linear_model._logistic.LogisticRegression"):
        save(make_pipeline(AngleEncoder(), LogisticRegression()).fit(X, X[:, 0] > 0), tmp_path / "m")
    with pytest.raises(InvalidInput, match=r"ends in one, but is a sklearn.preprocessing.StandardScaler"):
        save(StandardScaler().fit(X), tmp_path / "m")
    with pytest.raises(InvalidInput, match="must be an estimator, or made of them, but has 'passthrough'"):
        save(make_pipeline("passthrough", AngleEncoder()).fit(X), tmp_path / "m")
    model = QuantumKernelClassifier(random_state=np.random.RandomState(1)).fit(X, X[:, 0] > 0)
    with pytest.raises(
        InvalidInput, match=r"model\.random_state must be an int to be saved, but is a Random"
    ):
        save(model, tmp_path / "m")
    model = AngleEncoder().fit(X)
    model.times_ = np.zeros(2, "M8[s]")
    with pytest.raises(InvalidInput, match=r"model\.times_ must be of numbers or text"):
        save(model, tmp_path / "m")


def test_damaged_and_missing_files_are_refused(saved, tmp_path):
    content = saved.read_bytes()
    saved.write_bytes(content[: len(content) // 2])
    with pytest.raises(InvalidInput, match="damaged"):
        load(saved)
    with pytest.raises(InvalidInput, match="cannot be read"):
        load(tmp_path / "none")


def test_every_kind_of_state_survives(tmp_path):
    from noclone.quantum import layers, pauli

    model = AngleEncoder().fit(X)
    model.parts_ = {
        "circuit": layers.strongly_entangling(2, 1) + layers.angle_embedding(2),
        "observable": pauli("XZ"),
        "numbers": (1, 2.5, float("nan"), np.float32(0.1), True, None),
        "names": np.array(["a", "bc"], object),
        "words": ["x", [1]],
        3: np.arange(4, dtype=np.int8),
        "svc": SVC(kernel="precomputed").fit(X @ X.T, X[:, 0] > 0),
    }
    save(model, tmp_path / "m")
    parts = load(tmp_path / "m").parts_
    assert parts["circuit"] == model.parts_["circuit"]
    assert parts["observable"] == model.parts_["observable"]
    assert repr(parts["numbers"]) == repr(model.parts_["numbers"])
    assert parts["names"].tolist() == ["a", "bc"]
    assert parts["names"].dtype == object
    assert parts[3].dtype == np.int8
    np.testing.assert_array_equal(parts["svc"].predict(X @ X.T), model.parts_["svc"].predict(X @ X.T))
