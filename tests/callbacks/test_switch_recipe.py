"""What is in force in each epoch, with and without workers, also in a run that is resumed."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmlight.callbacks.switch_recipe import Recipe, SwitchRecipe, switch_loss
from mmlight.models.batch_augments import Identity, Mixup, RandomBatchAugment
from tests.callbacks.piped import Shift, assert_resumed, fit_piped

WORKERS = [
    {},
    {"num_workers": 2, "persistent_workers": True},
    {"num_workers": 2, "persistent_workers": False},
]


def make() -> SwitchRecipe:
    soft = nn.CrossEntropyLoss(label_smoothing=0.1)
    soft.__class__ = type("Soft", (nn.CrossEntropyLoss,), {})
    return SwitchRecipe(
        [
            Recipe(4, augments=[]),
            Recipe(2, train_pipeline=[Shift(20.0)], augments=[Mixup(0.5)], probs=[0.5]),
            Recipe(3, train_pipeline=[Shift(30.0)], loss=soft),
        ]
    )


@pytest.mark.parametrize("workers", WORKERS, ids=str)
def test_recipe_holds_from_its_epoch_on(tmp_path: Path, workers: dict[str, Any]) -> None:
    net = fit_piped(tmp_path, make(), **workers)
    assert net.numbers() == [10] * 4 + [20] * 4 + [30] * 8
    assert [name for _, _, name, _ in net.batches] == ["CrossEntropyLoss"] * 8 + ["Soft"] * 8
    assert [mixed for *_, mixed in net.batches] == [False] * 4 + [True] * 8 + [False] * 4


@pytest.mark.parametrize("workers", WORKERS[:2], ids=str)
@pytest.mark.parametrize("done", [4, 6, 12])
def test_run_goes_on_to_the_bit_when_resumed(
    tmp_path: Path, done: int, workers: dict[str, Any]
) -> None:
    whole = fit_piped(tmp_path / "whole", make(), **workers)
    path = tmp_path / "whole" / f"iter_{done}.ckpt"
    rest = fit_piped(tmp_path / "rest", make(), path=path, **workers)
    assert_resumed(rest, whole, done)


@pytest.mark.parametrize("begins", [True, False])
def test_labels_are_mixed_where_training_began_so(
    tmp_path: Path, begins: bool, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Any] = []

    class Note(nn.CrossEntropyLoss):
        def forward(self, scores: Tensor, target: Tensor) -> Tensor:
            seen.append(target)
            return super().forward(scores, target[:, :3] if target.ndim == 2 else target)

    augments = RandomBatchAugment([Identity()], num_classes=5) if begins else None
    hook = SwitchRecipe([Recipe(1, loss=Note()), Recipe(3, augments=[Mixup(0.5)])])
    net = fit_piped(tmp_path, hook, augments=augments)
    if begins:
        assert [target.shape[1] for target in seen] == [5] * 8 + [5] * 8
        assert all(((target > 0).sum(1) == 1).all() for target in seen[:8])
        assert any(((target > 0).sum(1) > 1).any() for target in seen[8:])
        assert "mix nothing" not in caplog.text
        return
    assert {target.ndim for target in seen} == {1}
    assert "set data_preprocessor.to_onehot=True" in caplog.text
    images, scores = torch.rand(2, 3, 1, 1), torch.eye(3)[:2]
    torch.manual_seed(1)
    assert net.batch_augments(images, scores)[1].shape == (2, 3)
    assert net.batch_augments(images, torch.tensor([0, 1]))[0] is images


def test_loss_is_switched_under_the_name_that_the_head_has() -> None:
    head = nn.Module()
    head.compute_loss = nn.L1Loss()
    net: Any = SimpleNamespace(head=head, device=torch.device("cpu"))
    switch_loss(net, nn.MSELoss())
    assert isinstance(head.compute_loss, nn.MSELoss)
    with pytest.raises(ValueError, match="where the head has a loss_module, got Linear"):
        switch_loss(SimpleNamespace(head=nn.Linear(1, 1), device=None), nn.MSELoss())


@pytest.mark.parametrize(
    ("recipes", "text"),
    [
        ([{"action_epoch": 0}], "action_epoch must be 1 or more, got 0"),
        ([{"action_epoch": 2}, {"action_epoch": 2}], r"one recipe for an epoch, got \[2, 2\]"),
        (
            [{"action_epoch": 2, "augments": [Mixup(1.0)], "probs": [0.5, 0.1]}],
            r"probs must have 1 values like augments, got \[0.5, 0.1\]",
        ),
    ],
    ids=["epoch", "twice", "probs"],
)
def test_raises_when_an_argument_is_wrong(recipes: list[dict[str, Any]], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        SwitchRecipe([Recipe(**recipe) for recipe in recipes])
