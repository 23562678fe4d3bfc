"""Saved models come back as they were, and nothing else gets in."""

import json
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.svm import SVC

from noclone.core.errors import InvalidInput
from noclone.models.encoding import AngleEncoder
from noclone.models.storage import feature_schema, load, save

X = np.random.default_rng(0).normal(size=(20, 3))


def edited(path, change):
    """Rewrite the file with its description changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    description = json.loads(parts["model.json"])
    change(description)
    parts["model.json"] = json.dumps(description).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


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
        (lambda d: d["model"].update(estimator="sklearn.pipeline.Pipeline"), "the file names"),
        (lambda d: d.update(format="pickle"), "something else"),
        (lambda d: d.update(version=2), "must be of version 1, but is of 2"),
        (lambda d: d["features"].update(count=4), "was changed"),
        (lambda d: d["model"]["state"].update(mean_={"array": 99}), "damaged"),
        (lambda d: d["model"]["state"].update(mean_={"code": "x"}), "unknown entry 'code'"),
        (lambda d: d.pop("model"), "damaged"),
    ],
)
def test_a_changed_file_is_refused_in_one_sentence(saved, change, sentence):
    edited(saved, change)
    with pytest.raises(InvalidInput, match=sentence):
        load(saved)


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
