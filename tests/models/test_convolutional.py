"""The hybrid classifier learns where neighbourhood matters, and keeps scikit-learn's contract."""

import sys

import numpy as np
import pytest
import torch
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.convolutional import ConvolutionalClassifier, stem


def pulses(seed, samples, length=16):
    """Signals with one rise or one fall at a random place: no single feature tells which."""
    rng = np.random.default_rng(seed)
    rises = rng.integers(0, 2, samples)
    start = rng.integers(1, length - 3, samples)
    ramp = (np.arange(length) - start[:, None]).clip(-1, 1) * (2 * rises[:, None] - 1)
    pulse = np.where(np.abs(np.arange(length) - start[:, None]) <= 1, ramp, 0.0)
    return pulse + rng.normal(scale=0.1, size=(samples, length)), np.where(rises, "rise", "fall")


def bars(seed, samples, side=6):
    """Images of one bar, upright or lying."""
    rng = np.random.default_rng(seed)
    images = rng.normal(scale=0.2, size=(samples, side, side))
    upright = rng.integers(0, 2, samples).astype(bool)
    for image, turned in zip(images, upright, strict=True):
        place = rng.integers(side)
        image[:, place] += turned
        image[place] += not turned
    return images.reshape(samples, -1), upright


@pytest.mark.parametrize("entangled", [True, False])
@pytest.mark.parametrize(("data", "shape"), [(pulses, None), (bars, (6, 6))])
def test_it_learns_patterns_at_any_place(data, shape, entangled):
    model = ConvolutionalClassifier(shape, max_qubits=3, entangled=entangled, random_state=0).fit(
        *data(0, 200)
    )
    assert model.score(*data(1, 200)) > 0.95
    assert (model.circuit_.entangling == 0) is not entangled
    assert model.loss_curve_[-1] < model.loss_curve_[0]


def test_check_estimator():
    results = check_estimator(ConvolutionalClassifier(), on_fail=None)
    assert [each["check_name"] for each in results if each["status"] == "failed"] == []


def test_the_squeeze_scales_channels_and_nothing_else():
    body = stem((5, 4), 6, 3, 3)
    attention = body[5]
    maps = torch.rand(2, 6, 5, 4) + 0.1
    ratio = attention(maps) / maps
    assert torch.allclose(ratio, ratio[:, :, :1, :1].expand_as(ratio))
    assert ((ratio > 0) & (ratio < 1)).all()
    assert body(torch.rand(7, 20)).shape == (7, 3)


def test_single_precision_is_close_to_double():
    data, labels = pulses(0, 60)
    one, two = (
        ConvolutionalClassifier(max_qubits=3, max_iter=5, precision=p, random_state=0).fit(data, labels)
        for p in ("float64", "float32")
    )
    assert two.network_["1.weights"].dtype == np.float32
    np.testing.assert_allclose(one.predict_proba(data), two.predict_proba(data), atol=1e-3)


def test_torchs_own_generator_is_left_alone():
    torch.manual_seed(5)
    want = torch.rand(3)
    torch.manual_seed(5)
    model = ConvolutionalClassifier(max_qubits=2, max_iter=2).fit(*pulses(0, 20))
    model.predict(pulses(0, 20)[0])
    assert torch.equal(torch.rand(3), want)


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"image_shape": (3, 5)}, "must have 16 pixels"),
        ({"kernel_size": 4}, "must be odd"),
        ({"precision": "float16"}, "precision must be float64 or float32"),
        ({"max_qubits": 0}, "max_qubits must be at least 1"),
    ],
)
def test_bad_parameters_are_one_sentence(parameters, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        ConvolutionalClassifier(**parameters).fit(*pulses(0, 20))


def test_rounding_is_no_spread():
    X, y = pulses(0, 20)
    X[:, 3] = np.where(np.arange(20) % 2, 0.1 + 0.2, 0.3)
    model = ConvolutionalClassifier(max_qubits=2, max_iter=2, random_state=0).fit(X, y)
    other = X.copy()
    other[:, 3] = 0.3
    np.testing.assert_array_equal(model.predict_proba(X), model.predict_proba(other))


def test_without_torch_one_sentence_names_the_command(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InvalidInput, match=r'pip install "noclone\[torch\]"'):
        ConvolutionalClassifier().fit(*pulses(0, 20))
