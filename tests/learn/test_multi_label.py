"""Scores of labels that name several attacks, against scikit-learn's on tables of zeros and ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from noclone.learn.multi_label import hamming_loss, micro_f1, subset_accuracy
from noclone.watchers.label_sets import labels_of

ATTACKS = ("blinding", "time-shift", "wavelength")
TABLES = st.integers(1, 30).flatmap(
    lambda rows: st.tuples(
        *(st.lists(st.tuples(*[st.booleans()] * 3), min_size=rows, max_size=rows) for _ in range(2))
    )
)


@given(TABLES)
def test_scores_are_those_of_scikit_learn(pair):
    truth, told = (np.array(each, int) for each in pair)
    names = [labels_of(each, ATTACKS) for each in (truth, told)]
    np.testing.assert_allclose(subset_accuracy(*names), metrics.accuracy_score(truth, told))
    np.testing.assert_allclose(hamming_loss(*names, ATTACKS), metrics.hamming_loss(truth, told))
    expected = metrics.f1_score(truth, told, average="micro", zero_division=1.0)
    np.testing.assert_allclose(micro_f1(*names), expected)


def test_the_order_of_names_does_not_matter():
    truth, told = ["a+b", "normal"], ["b+a", "normal"]
    assert (subset_accuracy(truth, told), hamming_loss(truth, told, ("a", "b")), micro_f1(truth, told)) == (
        1,
        0,
        1,
    )


def test_attacks_that_never_come_make_the_loss_smaller():
    assert hamming_loss(["a"], ["b"], ("a", "b")) == 1
    assert hamming_loss(["a"], ["b"], ("a", "b", "c", "d")) == 0.5
