import pytest
import torch

from mmlight.metrics.counts import ITEMS, check_items, count_classes, rate

FOUND = torch.tensor([[1, 0, 1], [1, 0, 0], [1, 0, 0]], dtype=torch.bool)
THERE = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 1, 0]], dtype=torch.bool)


def test_counts_hits_finds_and_presences():
    assert count_classes(FOUND, THERE).tolist() == [[2, 0, 0], [3, 0, 1], [2, 2, 0]]


def test_rates_are_zero_when_a_class_is_never_found_or_there():
    values = rate(count_classes(FOUND, THERE), None)
    assert values["precision"].tolist() == [pytest.approx(200 / 3), 0, 0]
    assert values["recall"].tolist() == [100, 0, 0]
    assert values["f1-score"].tolist() == [pytest.approx(80), 0, 0]
    assert values["support"].tolist() == [2, 2, 0]


def test_classes_count_as_one_when_micro():
    values = rate(count_classes(FOUND, THERE), "micro", dtype=torch.float64)
    assert {k: v.item() for k, v in values.items()} == {
        "precision": 50,
        "recall": 50,
        "f1-score": 50,
        "support": 4,
    }
    assert values["precision"].dtype == torch.float64


def test_f1_score_is_that_of_the_means_when_asked_for():
    counts = count_classes(FOUND, THERE)
    p, r = 200 / 9, 100 / 3
    assert rate(counts, "macro", f1_of_means=True)["f1-score"].item() == pytest.approx(
        2 * p * r / (p + r)
    )
    assert rate(counts, "macro")["f1-score"].item() == pytest.approx(80 / 3)


def test_items_come_in_their_own_order():
    assert check_items(ITEMS[::-1], None) == ITEMS
    assert check_items(["support", "recall"], "macro") == ("recall", "support")


def test_raises_when_words_are_unknown():
    with pytest.raises(ValueError, match=r"items must be among precision, .* got 'f1'"):
        check_items(["recall", "f1"], "macro")
    with pytest.raises(ValueError, match=r"average must be 'macro', .* got 'mean'"):
        check_items(["recall"], "mean")
