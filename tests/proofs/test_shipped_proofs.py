"""The proof files of the evidence hold, and fail once anything in them is changed."""

from pathlib import Path

import pytest

from noclone.proofs.claim import digests
from noclone.proofs.decoys_check import EMPTY
from noclone.proofs.files import read_document
from noclone.proofs.verify import verify_document

FILES = sorted((Path(__file__).parents[2] / "evidence" / "results" / "proofs").glob("*.proof.npz"))


def sealed(content):
    """Write the digests that the content would have if its author had meant it."""
    content["protocol_sha256"] = digests(content)["protocol_sha256"]
    content["sha256"] = digests(content)["sha256"]
    return content


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.partition(".")[0])
def test_a_shipped_proof_holds_and_its_forgeries_do_not(path):
    content = read_document(path)
    honest = verify_document(content)
    assert honest, honest.reasons
    assert honest.proven_bits - 1e-8 < honest.claimed_bits <= honest.proven_bits
    assert honest.gap < 1e-6

    # Of the rate, all is proven but what the verdict lists.
    listed = dict(honest.claimed)
    share = listed.pop("share of signals", content["share"])
    proven = 0.0 if "decoys" not in content else sum(b for n, b in content["adjustments"] if n == EMPTY)
    assert honest.rate == pytest.approx(
        share * honest.proven_bits + proven - listed.pop("leak") + sum(listed.values()), abs=1e-15
    )
    assert ("decoys" in content) == ("share of signals" not in dict(honest.claimed))

    raised = sealed({**content, "entropy_bits": content["entropy_bits"] + 1e-6})
    assert not verify_document(raised)
    assert not verify_document({**content, "protocol_sha256": "0" * 64})


def test_evidence_has_proofs_of_all_kinds():
    kinds = {path.name.partition(".")[0] for path in FILES}
    assert {"bb84", "mdi", "mub-5", "quaternary-60km", "quaternary-tail-20km", "gys-2004"} <= kinds


def test_a_changed_observation_is_found_out_however_well_it_is_sealed():
    for path in FILES:
        content = read_document(path)
        items = content["observations"]["items"]
        y = content["multipliers"][-len(items) :]
        # The observation whose change in its favour raises the claim the most.
        index = max(range(len(items)), key=lambda i: abs(y[i]))
        step = 1e-3 if y[index] < 0 else -1e-3
        items[index] |= {end: items[index][end] + step for end in ("low", "high")}
        assert not verify_document(content)
        assert not verify_document(sealed(content))
