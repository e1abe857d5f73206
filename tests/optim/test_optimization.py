"""What the module does with its optimizer, from a config to weights."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightning as L
import pytest
import torch
from lightning.pytorch.strategies import FSDPStrategy, ModelParallelStrategy
from torch import nn

import mmlight
from mmlight.compat.optimizer import OptimWrapper
from mmlight.errors import ConfigError
from mmlight.models.heads.cls_head import ClsHead
from mmlight.module import ImageClassifier
from mmlight.optim.gradient_clip import GradientClip
from mmlight.optim.optimization import KEY, Optimization
from mmlight.optim.optimizer import OptimizerBuilder
from mmlight.optim.parameter_groups import ParamwiseRules
from mmlight.run import read_spec
from tests.runs import LENET_NEW, assert_same_weights, run, shorten, weights_of, write_config

SGD = OptimizerBuilder("torch.optim.SGD", {"lr": 0.1})


def write_lenet(folder: Path, words: str) -> Path:
    """Write the small config with more words in its optimizer wrapper."""
    return write_config(
        folder, LENET_NEW.replace("optim_wrapper = dict(", f"optim_wrapper = dict({words}, ")
    )


# ---------------------------------------------------------------- accumulation


def test_resumes_bit_for_bit_inside_a_window(tmp_path: Path) -> None:
    config = write_lenet(tmp_path, "accumulative_counts=4")
    spec = shorten(read_spec(config), limit_train_batches=5, max_epochs=2, limit_val_batches=0)
    mmlight.fit(spec.move_work_dir(str(tmp_path / "whole")))
    middle = tmp_path / "whole" / "epoch_1.ckpt"
    content = torch.load(middle, weights_only=True)
    assert content["global_step"] == 5
    assert len(content[KEY]) == 10  # batch 5 has begun a window
    mmlight.fit(spec.move_work_dir(str(tmp_path / "again")), resume=str(middle))
    ours, theirs = (weights_of(tmp_path / name / "epoch_2.ckpt") for name in ("again", "whole"))
    assert_same_weights(ours, theirs)
    assert torch.load(tmp_path / "whole" / "epoch_2.ckpt", weights_only=True)[KEY] == {}


class Saves(L.Callback):
    """Counts the steps of an optimizer."""

    steps = 0

    def on_before_optimizer_step(self, *_: Any) -> None:
        self.steps += 1


def count_steps(folder: Path, words: str, **trainer: Any) -> int:
    spec = read_spec(write_lenet(folder, words))
    parts = mmlight.build_parts(
        shorten(
            spec, limit_train_batches=5, limit_val_batches=0, max_epochs=2, **trainer
        ).move_work_dir(str(folder / "work"))
    )
    counter = Saves()
    parts.trainer.callbacks.append(counter)  # type: ignore[attr-defined]
    parts.trainer.fit(parts.model, parts.data)
    return counter.steps


def test_counts_batches_through_all_epochs(tmp_path: Path) -> None:
    assert count_steps(tmp_path, "accumulative_counts=4") == 3


def test_flag_of_the_trainer_wins(tmp_path: Path, caplog: Any) -> None:
    with caplog.at_level(logging.INFO, "mmlight"):
        steps = count_steps(tmp_path, "accumulative_counts=4", accumulate_grad_batches=2)
    assert steps == 6  # three in each epoch
    assert "2 batches give one step, as accumulate_grad_batches of the Trainer says" in caplog.text


def test_costs_nothing_when_every_batch_gives_a_step(tmp_path: Path) -> None:
    model = ImageClassifier(nn.Linear(1, 1), ClsHead(), optimizer=SGD)
    model.configure_optimizers()
    assert not {"backward", "optimizer_step", "optimizer_zero_grad"} & vars(model).keys()
    assert type(model).optimizer_step is L.LightningModule.optimizer_step
    assert type(model).backward is L.LightningModule.backward


@pytest.mark.slow
def test_two_processes_go_on_inside_a_window_as_one_run(tmp_path: Path) -> None:
    config = write_lenet(tmp_path, "accumulative_counts=4")
    flags = ("--trainer.devices", "2", "--trainer.strategy", "ddp", "--trainer.accelerator", "cpu")
    flags = (*flags, "--trainer.limit_train_batches", "5", "--trainer.max_epochs", "2")
    words = ("fit", "--config", config, "--no-validate", *flags, "--work-dir")
    whole = run(*words, tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    again = run(*words, tmp_path / "again", "--resume", tmp_path / "whole" / "epoch_1.ckpt")
    assert again.returncode == 0, again.stderr
    ours, theirs = (weights_of(tmp_path / name / "epoch_2.ckpt") for name in ("again", "whole"))
    for name, value in theirs.items():  # the gradients so far are their mean over the processes
        torch.testing.assert_close(ours[name], value, rtol=1e-5, atol=1e-7)


# ---------------------------------------------------------------- rates, scales, clipping


def test_rate_follows_the_real_batch_size(tmp_path: Path, caplog: Any) -> None:
    config = write_config(tmp_path, LENET_NEW)
    spec = shorten(read_spec(config, {"auto_scale_lr": dict(base_batch_size=16, enable=True)}))
    with caplog.at_level(logging.INFO, "mmlight"):
        mmlight.fit(spec.move_work_dir(str(tmp_path / "work")))
    state = torch.load(tmp_path / "work" / "epoch_1.ckpt", weights_only=True)
    (group,) = state["optimizer_states"][0]["param_groups"]
    assert (group["lr"], group["initial_lr"]) == (0.08, 0.08)  # four times 0.02
    assert "the learning rate is 0.08 instead of 0.02" in caplog.text
    assert "a batch has 64 images (1 process of 64), the rate is meant for 16" in caplog.text


def make_module(optimization: Optimization) -> Any:
    module = ImageClassifier(nn.Linear(1, 1), ClsHead())
    module.optimization = optimization
    module.trainer = L.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    return module


def test_batch_size_is_asked_for_when_the_data_are_no_pipelines() -> None:
    module = make_module(Optimization(SGD, base_batch_size=8))
    with pytest.raises(ValueError, match="base_batch_size needs a PipelineDataModule"):
        module.configure_optimizers()


@pytest.mark.parametrize("kind", [FSDPStrategy, ModelParallelStrategy])
def test_rules_are_refused_when_a_strategy_cuts_parameters_up(kind: type[Any]) -> None:
    rules = ParamwiseRules(norm_decay_mult=0.0)
    builder = OptimizerBuilder("torch.optim.SGD", {"lr": 0.1, "weight_decay": 0.1}, rules)
    module = make_module(Optimization(builder))
    module.trainer = SimpleNamespace(strategy=object.__new__(kind))
    with pytest.raises(ConfigError) as caught:
        module.configure_optimizers()
    assert caught.value.path == "optim_wrapper.paramwise_cfg"
    assert caught.value.problem.startswith(f"{kind.__name__} cuts parameters up")


def test_scaler_is_set_when_there_is_one() -> None:
    module = make_module(Optimization(SGD, loss_scale=64.0))
    module.trainer.precision_plugin.scaler = torch.amp.GradScaler(device="cpu")
    module.configure_optimizers()
    assert module.trainer.precision_plugin.scaler.get_scale() == 64.0


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_fixed_scale_stays_on_a_gpu(tmp_path: Path) -> None:
    config = write_lenet(tmp_path, "type='AmpOptimWrapper', loss_scale=256., accumulative_counts=2")
    spec = shorten(read_spec(config), limit_train_batches=5, max_epochs=2, accelerator="gpu")
    mmlight.fit(spec.move_work_dir(str(tmp_path / "whole")))
    middle = tmp_path / "whole" / "epoch_1.ckpt"
    mmlight.fit(spec.move_work_dir(str(tmp_path / "again")), resume=str(middle))
    for file in (middle, tmp_path / "again" / "epoch_2.ckpt"):
        state = torch.load(file, weights_only=True, map_location="cpu")["MixedPrecision"]
        assert (state["scale"], state["growth_factor"], state["backoff_factor"]) == (
            256.0,
            1.0,
            1.0,
        )
    ours, theirs = (weights_of(tmp_path / name / "epoch_2.ckpt") for name in ("again", "whole"))
    for name, value in theirs.items():
        torch.testing.assert_close(ours[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("whole", "expected"), [(True, 0.6), (False, 1.0)])
def test_norm_is_of_the_optimizer_unless_of_the_model(whole: bool, expected: float) -> None:
    module = make_module(Optimization(None, GradientClip(max_norm=1.0, whole_model=whole)))
    module.backbone = nn.Linear(1, 1)
    weight, bias = module.backbone.parameters()
    weight.grad, bias.grad = torch.full((1, 1), 3.0), torch.tensor([4.0])
    module.configure_gradient_clipping(torch.optim.SGD([weight], lr=1.0), None, None)
    assert weight.grad.item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"accumulative_counts": 0}, "accumulative_counts must be 1 or more, got 0"),
        ({"loss_scale": "x"}, "loss_scale must be .*, got 'x'"),
    ],
)
def test_settings_are_refused_when_out_of_range(words: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Optimization(SGD, **words)


# ---------------------------------------------------------------- a constructor of the user's


class HeadFirst:
    """A constructor that looks for names of the original, as those of users do."""

    def __init__(self, optim_wrapper_cfg: Any, paramwise_cfg: Any = None) -> None:
        self.lr = optim_wrapper_cfg["optimizer"]["lr"]
        self.clip = optim_wrapper_cfg["clip_grad"]

    def __call__(self, model: nn.Module) -> OptimWrapper:
        groups = [
            {"params": [value], "lr": self.lr * (1 if ".layer4." in name else 0.5), "name": name}
            for name, value in model.named_parameters()
        ]
        optimizer = torch.optim.SGD(groups, lr=self.lr)
        return OptimWrapper(optimizer, accumulative_counts=2, clip_grad=self.clip)


RESNET = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=18, num_stages=4, out_indices=(3, )),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=10, in_channels=512))
optim_wrapper = dict(
    constructor='tests.optim.test_optimization.HeadFirst',
    clip_grad=dict(max_norm=3.0),
    optimizer=dict(type='SGD', lr=0.5))
"""


def test_constructor_sees_the_names_of_the_original(tmp_path: Path) -> None:
    model = mmlight.build_parts(write_config(tmp_path, RESNET)).model
    optimizer = model.configure_optimizers()
    assert optimizer is not None
    rates = {group["name"]: group["lr"] for group in optimizer.param_groups}
    assert rates["backbone.layer4.0.conv1.weight"] == 0.5
    assert rates["backbone.layer1.0.bn1.bias"] == 0.25
    assert set(rates) == {model.name_map().to_mm[name] for name, _ in model.named_parameters()}
    assert model.optimization._clip is not None
    assert model.optimization._clip.limit == 3.0
