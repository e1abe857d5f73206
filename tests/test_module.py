from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import pytest
import torch
from torch import Tensor, nn

import mmlight
from mmlight.compat.data_sample import DataSample
from mmlight.metrics.accuracy import Accuracy
from mmlight.models.backbones.resnet import ResNet
from mmlight.models.batch_augments import Mixup, RandomBatchAugment
from mmlight.models.heads.cls_head import ClsHead
from mmlight.models.heads.linear_head import LinearClsHead
from mmlight.models.necks.gap import GlobalAveragePooling
from mmlight.models.preprocessor import ImagePreprocessor
from mmlight.module import ImageClassifier
from mmlight.optim.gradient_clip import GradientClip
from mmlight.optim.optimizer import OptimizerBuilder
from mmlight.run import read_spec
from tests.runs import LENET_NEW, shorten, write_config

K = 3


class Flat(nn.Module):
    """Mean of each channel: (B, C, H, W) -> (B, C), which serve as scores."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return (images.mean((2, 3)) * self.scale,)


def _model(**changes: Any) -> ImageClassifier:
    arguments: dict[str, Any] = {"backbone": Flat(), "head": ClsHead()}
    return ImageClassifier(**{**arguments, **changes})


def _batch(size: int = 4) -> dict[str, Any]:
    draw = torch.Generator().manual_seed(0)
    return {
        "inputs": torch.randint(0, 9, (size, K, 2, 2), generator=draw, dtype=torch.uint8),
        "target": torch.arange(size) % K,
        "metas": [{"sample_idx": index} for index in range(size)],
    }


def test_returns_probabilities() -> None:
    scores = _model()(_batch()["inputs"])
    assert scores.shape == (4, K)
    torch.testing.assert_close(scores.sum(1), torch.ones(4))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_computes_in_the_dtype_of_the_model(dtype: torch.dtype) -> None:
    preprocessor = ImagePreprocessor(mean=[1.0] * 3, std=[2.0] * 3)
    model = _model(preprocessor=preprocessor).to(dtype)
    assert model(_batch()["inputs"]).dtype == dtype


def test_takes_a_list_of_images_as_it_takes_a_batch() -> None:
    inputs = _batch()["inputs"]
    torch.testing.assert_close(_model()(list(inputs)), _model()(inputs))


def test_normalizes_on_the_way_in() -> None:
    preprocessor = ImagePreprocessor(mean=[1, 2, 3], std=[2, 2, 2])
    inputs = _batch()["inputs"]
    expected = (inputs.float() - torch.tensor([1.0, 2, 3]).view(-1, 1, 1)) / 2  # (C,) -> (C, 1, 1)
    torch.testing.assert_close(_model(preprocessor=preprocessor).preprocess(inputs), expected)


@pytest.mark.parametrize("stages", [(), ("val",), ("test",)])
def test_evaluates_under_autocast_in_the_stages_that_ask_for_it(stages: tuple[str, ...]) -> None:
    model, seen = _model(mixed_stages=stages, val_metrics=[Accuracy()]), []
    backbone = model.backbone
    backbone.register_forward_hook(lambda *_: seen.append(torch.is_autocast_enabled("cpu")))
    with torch.autocast("cpu"):
        model.training_step(_batch(), 0)
        with torch.no_grad():
            model.validation_step(_batch(), 0)
            model.test_step(_batch(), 0)
            model.predict_step(_batch(), 0)
    assert seen == [True, "val" in stages, "test" in stages, "test" in stages]


def test_returns_features_when_there_is_no_head() -> None:
    class Double(nn.Module):
        def forward(self, features: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
            return (features[-1] * 2,)

    model = _model(head=None, neck=Double())
    inputs = _batch()["inputs"]
    torch.testing.assert_close(model(inputs), inputs.float().mean((2, 3)) * 2)


def test_sums_the_losses_and_leaves_the_accuracies() -> None:
    class Head(ClsHead):
        def loss(self, features: Any, target: Tensor) -> dict[str, Tensor]:
            values = {"loss_a": 1.0, "loss_b": 2.0, "accuracy_top-1": 50.0}
            return {name: torch.tensor(value) for name, value in values.items()}

    values = _model(head=Head()).training_step(_batch(), 0)
    assert {name: float(value) for name, value in values.items()} == {
        "loss_a": 1.0,
        "loss_b": 2.0,
        "accuracy_top-1": 50.0,
        "loss": 3.0,
    }


def test_mixes_training_batches_only() -> None:
    augment = RandomBatchAugment([Mixup(alpha=1.0)], num_classes=K)
    plain, mixing = _model(), _model(batch_augments=augment)
    np.random.seed(0)
    torch.manual_seed(0)
    losses = [model.training_step(_batch(), 0)["loss"] for model in (plain, mixing)]
    assert not torch.equal(*losses)
    found = [model.validation_step(_batch(), 0)["scores"] for model in (plain, mixing)]
    assert torch.equal(*found)


def test_measures_without_padded_duplicates() -> None:
    batch = {**_batch(), "counted": torch.tensor([True, False, True, False])}
    model = _model(val_metrics=[Accuracy()], test_metrics=[Accuracy()])
    scores = model.validation_step(batch, 0)["scores"]
    right = (scores.argmax(1) == batch["target"])[::2].float().mean() * 100
    assert model.val_metrics[0].compute()["accuracy/top1"] == right
    assert int(model.val_metrics[0].total) == 2
    assert int(model.test_metrics[0].total) == 0


def test_predicts_without_padded_duplicates() -> None:
    batch = {**_batch(), "counted": torch.tensor([True, False, True, False])}
    model = _model()
    model.classes = ("cat", "dog")
    with torch.inference_mode():
        rows = model.predict_step(batch, 0)
        assert len(model.predict_step(_batch(), 0)) == 4
    assert [row["sample_idx"] for row in rows] == [0, 2]


def test_clips_as_the_config_says_unless_a_flag_does() -> None:
    model = _model(
        optimizer=OptimizerBuilder("torch.optim.SGD", {"lr": 1.0}),
        grad_clip=GradientClip(max_norm=0.5),
    )
    parameter = model.backbone.scale
    optimizer = model.configure_optimizers()
    assert optimizer is not None
    model.trainer = L.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    for value, expected in ((None, 0.5), (0.25, 0.25)):
        parameter.grad = torch.tensor(3.0)
        model.configure_gradient_clipping(optimizer, value, "value" if value else None)
        assert float(parameter.grad) == pytest.approx(expected, rel=1e-4)


def test_has_no_optimizer_when_none_is_described() -> None:
    assert _model().configure_optimizers() is None


def test_knows_its_number_of_classes() -> None:
    assert _model().num_classes is None
    head = ClsHead()
    head.num_classes = 7
    assert _model(head=head).num_classes == 7


def test_carries_spec_and_classes_in_its_checkpoint() -> None:
    model = _model()
    model.spec_yaml, model.classes = "model: {}", ("a", "b")
    checkpoint: dict[str, Any] = {"callbacks": {}}
    model.on_save_checkpoint(checkpoint)
    assert checkpoint["mmlight"] == {"spec": "model: {}", "classes": ["a", "b"]}
    other = _model()
    other.on_load_checkpoint(checkpoint)
    assert other.classes == ("a", "b")
    other.on_load_checkpoint({})
    assert other.classes == ("a", "b")


class Untouched(list):
    """A list that nobody may walk."""

    def __iter__(self) -> Any:
        raise AssertionError("metas were walked in a step")


class UntouchedCollate:
    def __call__(self, samples: Any) -> Any:
        from mmlight.data.collate import collate

        batch = collate(samples)
        return {**batch, "metas": Untouched(batch["metas"])}


def test_walks_no_metas_in_a_step(tmp_path: Path) -> None:
    """Moving a batch to the device as Lightning does would look into every dict of it."""
    spec = shorten(read_spec(write_config(tmp_path, LENET_NEW))).move_work_dir(str(tmp_path / "w"))
    data = {
        stage: replace(call, kwargs={**call.kwargs, "collate_fn": UntouchedCollate()})
        for stage, call in spec.data.items()
    }
    mmlight.fit(replace(spec, data=data))
    assert (tmp_path / "w" / "epoch_1.ckpt").exists()


@pytest.mark.parametrize("name", ["backbone", "neck", "head"])
def test_raises_when_a_part_is_no_module(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a torch.nn.Module, got 'a string'"):
        _model(**{name: "a string"})


def test_labels_become_scores_when_the_preprocessor_says_so() -> None:
    seen = []

    class Head(ClsHead):
        def loss(self, features: Any, target: Tensor) -> dict[str, Tensor]:
            seen.append(target)
            return {"loss": features[-1].sum()}

    preprocessor = ImagePreprocessor(num_classes=K, to_onehot=True)
    _model(head=Head(), preprocessor=preprocessor).training_step(_batch(), 0)
    assert torch.equal(seen[0], torch.eye(K)[_batch()["target"]])


def test_hard_labels_stay_beside_soft_ones_when_the_head_uses_them() -> None:
    seen = []

    class Head(ClsHead):
        uses_labels = True

        def loss(self, features: Any, target: Tensor, labels: Tensor) -> dict[str, Tensor]:
            seen.append((target, labels))
            return {"loss": features[-1].sum()}

    augments = RandomBatchAugment(Mixup(1.0), num_classes=K)
    _model(head=Head(), batch_augments=augments).training_step(_batch(), 0)
    ((target, labels),) = seen
    assert target.shape == (4, K)
    assert torch.equal(labels, _batch()["target"])


def test_heads_get_samples_when_they_ask_for_them() -> None:
    class Head(nn.Module):
        def loss(self, feats: Any, data_samples: Any) -> dict[str, Any]:
            target = torch.cat([sample.gt_label for sample in data_samples])
            assert torch.equal(target, _batch()["target"])
            return {"loss": [feats[-1].sum(), feats[-1].sum()], "acc": torch.tensor(1.0)}

        def predict(self, feats: Any, data_samples: Any = None) -> list[Any]:
            return [DataSample().set_pred_score(row) for row in feats[-1]]

    model = _model(head=Head())
    outputs = model.training_step(_batch(), 0)
    images = _batch()["inputs"].float()
    torch.testing.assert_close(outputs["loss"], images.mean((2, 3)).sum() * 2)
    torch.testing.assert_close(model(_batch()["inputs"]), images.mean((2, 3)))


def test_old_heads_may_give_arrays() -> None:
    class Head(nn.Module):
        def simple_test(self, x: Any) -> list[Any]:
            return list(x[-1].detach().numpy())

    scores = _model(head=Head())(_batch()["inputs"])
    torch.testing.assert_close(scores, _batch()["inputs"].float().mean((2, 3)))


def test_computes_the_same_with_channels_last_as_without(tmp_path: Path) -> None:
    words = {"mean": [1, 2, 3], "std": [2, 2, 2]}
    backbone = {"depth": 18, "norm_eval": False}
    plain, last = (
        ImageClassifier(
            ResNet(**backbone),
            LinearClsHead(num_classes=5, in_channels=512),
            GlobalAveragePooling(),
            preprocessor=ImagePreprocessor(**words, channels_last=flag),
        ).eval()
        for flag in (False, True)
    )
    last.load_state_dict(plain.state_dict())
    weights = dict(last.named_parameters())
    assert weights.keys() == dict(plain.named_parameters()).keys()
    kernels = [weight for weight in weights.values() if weight.ndim == 4 and weight.shape[2] > 1]
    assert len(kernels) > 10
    assert all(k.is_contiguous(memory_format=torch.channels_last) for k in kernels)
    inputs = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    with torch.inference_mode():
        torch.testing.assert_close(last(inputs), plain(inputs), atol=1e-5, rtol=1e-5)
    torch.save(last.state_dict(), tmp_path / "last.pth")
    plain.load_state_dict(torch.load(tmp_path / "last.pth", weights_only=True))


def test_counts_several_classes_of_an_image_when_some_are_padding() -> None:
    seen: list[Any] = []

    class Probe(Accuracy):
        def update(self, scores: Tensor, target: Any) -> None:
            seen.append((scores, target))

    labels = [torch.tensor([0, 1]), torch.tensor([2]), torch.tensor([1])]
    batch = {**_batch(3), "target": labels, "counted": torch.tensor([True, False, True])}
    _model(val_metrics=[Probe()]).validation_step(batch, 0)
    ((scores, target),) = seen
    assert (len(scores), [t.tolist() for t in target]) == (2, [[0, 1], [1]])
