"""A circuit is data.

Gates with angles built from features `x[i]` and weights `w[k]`; layers are circuits that are added. The same
circuit is drawn, counted, run, differentiated, or written as OpenQASM for a machine.
"""

from noclone.quantum import Circuit, Engine, gate, layers, w, x, z
from noclone.quantum.openqasm import to_openqasm
from noclone.report.circuit_picture import draw

circuit = layers.angle_embedding(3) + layers.strongly_entangling(3, 1)
circuit += Circuit(3, (gate("rzz", 0, 2, angle=w[9] * x[0] * x[1]),))
print(f"{circuit.qubits} qubits, depth {circuit.depth}, {circuit.entangling} entangling gates")
draw(circuit, "1_circuit.svg")

engine = Engine(circuit, [z(0, 3), z(1, 3)])
features, weights = [[0.1, 0.2, 0.3], [1.0, -1.0, 0.5]], [0.1 * k for k in range(10)]
values, pullback = engine.vjp(features, weights)
by_weight, by_feature = pullback([[1.0, 0.0], [1.0, 0.0]], inputs=True)
print("values:", values.round(4).tolist())
print("slope by weights 3 to 5:", by_weight[3:6].round(4).tolist())
print("slope by the first sample's features:", by_feature[0].round(4).tolist())
print(*to_openqasm(circuit, features[0], weights).splitlines()[:6], "...", sep="\n")
