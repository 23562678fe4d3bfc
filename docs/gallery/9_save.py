"""Train, save, load, and refuse other features.

A fitted model is a file of data: reading it runs no code, and it knows which features it was trained on.
"""

import pyarrow as pa
from sklearn.datasets import load_iris

from noclone.core.errors import InvalidInput
from noclone.models import VariationalClassifier, load, save

iris = load_iris()
names = ["sepal length", "sepal width", "petal length", "petal width"]
table = pa.table(dict(zip(names, iris.data.T, strict=True)))
model = VariationalClassifier(max_iter=150, random_state=0).fit(table, iris.target)
print(f"{model.circuit_.qubits} qubits, {model.circuit_.n_weights} weights in the circuit")
print(f"accuracy on its own training data {model.score(table, iris.target):.2f}")

save(model, "iris.model")
again = load("iris.model", table)
print("same answers:", bool((again.predict(table) == model.predict(table)).all()))
try:
    load("iris.model", ["length", "width", "colour", "smell"])
except InvalidInput as error:
    print(error)
