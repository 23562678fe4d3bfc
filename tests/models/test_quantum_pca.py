import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import Normalizer
from sklearn.utils.estimator_checks import check_estimator

from noclone.core.errors import InvalidInput
from noclone.models.quantum_pca import QuantumPCA

DATA = load_wine().data / load_wine().data.std(axis=0) - 3


def test_amplitudes_give_uncentred_principal_components_squared():
    rows = Normalizer().fit_transform(DATA)
    axes = TruncatedSVD(3, algorithm="arpack", random_state=0).fit(rows)
    model = QuantumPCA(3).fit(DATA)
    assert model.transform(DATA) == pytest.approx(axes.transform(rows) ** 2, abs=1e-10)
    assert model.eigenvalues_ == pytest.approx(axes.singular_values_**2 / len(rows))


def test_axes_diagonalise_the_density_matrix():
    model = QuantumPCA(16, "iqp", max_qubits=4).fit(DATA)
    states = model.states_.states(DATA)
    density = states.T @ states.conj() / len(DATA)
    axes = model.components_
    assert axes.conj() @ density @ axes.T == pytest.approx(np.diag(model.eigenvalues_), abs=1e-10)
    assert model.eigenvalues_.sum() == pytest.approx(1)
    found = model.transform(DATA)
    assert found.sum(axis=1) == pytest.approx(1)
    assert found.mean(axis=0) == pytest.approx(model.eigenvalues_)


def test_shots_are_multinomial():
    exact = QuantumPCA(2).fit(DATA)
    model = QuantumPCA(2, shots=1000, random_state=0).fit(DATA)
    found = model.transform(DATA)
    chance = exact.transform(DATA)
    scores = (found - chance) / np.sqrt(chance * (1 - chance) / 1000)
    assert abs(scores.mean()) < 4 / np.sqrt(scores.size)
    assert scores.var() == pytest.approx(1, abs=0.35)
    assert (found == model.transform(DATA)).all()


def test_names_and_faults():
    assert QuantumPCA(2).fit(DATA).get_feature_names_out().tolist() == ["quantumpca0", "quantumpca1"]
    with pytest.raises(InvalidInput, match="n_components must be at least 1"):
        QuantumPCA(0).fit(DATA)


@pytest.mark.parametrize("model", [QuantumPCA(), QuantumPCA(feature_map="angle", entangled=False)])
def test_scikit_learn_contract(model):
    check_estimator(model, on_skip=None)
