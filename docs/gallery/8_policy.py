"""A circuit that learns to act.

A corridor of four rooms; in two of them left and right change places, so the right action is the exclusive or
of the room's two bits. Value iteration knows the best return.
"""

from noclone.learn.environments.switched_corridor import SwitchedCorridor
from noclone.learn.environments.value_iteration import value_iteration
from noclone.models.quantum_policy import QuantumPolicy

best = value_iteration(*SwitchedCorridor().model())[0].max()
print(f"best return {best:.0f}")
for entangled in (True, False):
    policy = QuantumPolicy(entangled=entangled, random_state=0).fit(SwitchedCorridor)
    print(
        f"{'entangled' if entangled else 'unentangled'} policy, greedy: {policy.score(SwitchedCorridor):.0f}"
    )
