"""One small training with numbers that are known beforehand, in both originals and here."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightning as L
import torch
from torch.utils.data import DataLoader, Dataset

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.iter_timer import IterTimer
from mmlight.callbacks.log_writer import LogWriter
from mmlight.callbacks.run_log import RunLog
from mmlight.callbacks.runtime_info import RuntimeInfo
from mmlight.callbacks.schedule import ParamSchedule
from mmlight.callbacks.validation import Validation
from mmlight.optim.gradient_clip import GradientClip
from tests.callbacks.nets import build_trainer


def run_mmcv(folder: Any, by_epoch: Any, log_config: Any, length: Any, own: Any = False) -> Any:
    """Train with the real runner of mmcv."""
    import logging
    import os

    import mmcv.runner
    import mmcv.utils.logging
    import torch
    from mmcv.runner import EvalHook, Hook, build_runner
    from torch import nn
    from torch.utils.data import DataLoader, Dataset

    for module in (mmcv.runner.epoch_based_runner, mmcv.runner.iter_based_runner):
        module.time.sleep = lambda seconds: None  # they wait two seconds in each epoch

    class Data(Dataset):
        CLASSES = None
        evaluations = 0

        def __len__(self) -> int:
            return 10

        def __getitem__(self, index: int) -> Any:
            return torch.tensor(float(index))

        def evaluate(self, results: Any, logger: Any = None, **_: Any) -> Any:
            Data.evaluations += 1
            return {"accuracy_top-1": 50.0 + Data.evaluations, "mAP": 0.25}

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(3))
            self.count = 0

        def train_step(self, batch: Any, optimizer: Any, **_: Any) -> Any:
            self.count += 1
            value = 2.5 / self.count
            loss = (self.weight * value).sum() + value
            values = {"top-1": 10.0 + self.count, "loss": loss.item()}
            return {"loss": loss, "num_samples": len(batch), "log_vars": values}

    class Own(Hook):
        def after_train_iter(self, runner: Any) -> None:
            runner.log_buffer.output["own"] = 7

    os.makedirs(folder, exist_ok=True)
    mmcv.utils.logging.logger_initialized.clear()
    logging.getLogger("mmcls").handlers.clear()
    logger = mmcv.utils.get_logger("mmcls", os.path.join(folder, "stamp.log"))
    model = Model()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    kind = {"type": "EpochBasedRunner" if by_epoch else "IterBasedRunner"}
    kind["max_epochs" if by_epoch else "max_iters"] = length
    place = {"work_dir": folder, "logger": logger, "meta": {"seed": 7}}
    runner = build_runner(kind, default_args={"model": model, "optimizer": optimizer, **place})
    runner.timestamp = "stamp"
    rates = {"policy": "step", "step": [1 if by_epoch else 3], "by_epoch": by_epoch, "gamma": 0.5}
    runner.register_training_hooks(rates, {"grad_clip": {"max_norm": 1.0}}, None, log_config)
    loaders = [DataLoader(Data(), batch_size=size) for size in (3, 4)]
    evaluation = {"interval": 1 if by_epoch else 4, "by_epoch": by_epoch}
    hook = EvalHook(loaders[1], test_fn=lambda *_, **__: [], **evaluation)
    runner.register_hook(hook, priority="LOW")
    if own:
        runner.register_hook(Own())
    runner.run([loaders[0]], [("train", 1)])


def run_mmengine(  # noqa: C901 - it must hold all that it needs
    folder: Any,
    by_epoch: Any,
    logger: Any,
    processor: Any,
    length: Any,
    backends: Any = (),
    groups: Any = False,
) -> Any:
    """Train, and test, with the real runner of mmengine; return the name of its folder.

    With `groups` the optimizer has two, and the first one half of the rate.
    """
    import torch
    from mmengine.evaluator import BaseMetric, Evaluator
    from mmengine.hooks import Hook
    from mmengine.logging import MessageHub, MMLogger
    from mmengine.model import BaseModel
    from mmengine.runner import Runner
    from mmengine.visualization import Visualizer
    from torch import nn
    from torch.utils.data import DataLoader, Dataset

    class Data(Dataset):
        def __len__(self) -> int:
            return 10

        def __getitem__(self, index: int) -> Any:
            return torch.tensor(float(index))

    class Model(BaseModel):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(3))
            self.bias = nn.Parameter(torch.zeros(1), requires_grad=groups)
            self.count = 0

        def forward(self, *batch: Any, mode: str = "loss") -> Any:
            return []

        def train_step(self, data: Any, optim_wrapper: Any) -> Any:
            self.count += 1
            value = 2.5 / self.count
            loss = (self.weight * value).sum() + value
            optim_wrapper.update_params(loss)
            return {"loss": loss.detach(), "accuracy_top-1": torch.tensor(10.0 + self.count)}

        val_step = test_step = lambda self, data: [0]

    class Metric(BaseMetric):
        count = 0

        def process(self, data_batch: Any, data_samples: Any) -> None:
            self.results.append(0)

        def compute_metrics(self, results: Any) -> Any:
            Metric.count += 1
            return {"accuracy/top1": 50.0 + Metric.count, "mAP": 0.25, "matrix": [[1, 2], [3, 4]]}

    class Own(Hook):
        def after_train_iter(self, runner: Any, *_: Any, **__: Any) -> None:
            runner.message_hub.update_scalar("train/own", runner.iter)
            if runner.iter == 2:
                runner.visualizer.add_scalar("by/hand", 3.5, step=9)

    for named in (MessageHub, MMLogger, Visualizer):
        named._instance_dict.clear()  # runs of the same second share them otherwise
    loaders = [DataLoader(Data(), batch_size=size) for size in (3, 4)]
    kind = {"by_epoch": by_epoch, "max_epochs" if by_epoch else "max_iters": length}
    runner = Runner(
        Model(),
        work_dir=folder,
        train_dataloader=loaders[0],
        val_dataloader=loaders[1],
        test_dataloader=loaders[1],
        train_cfg={**kind, "val_interval": 1 if by_epoch else 4},
        val_cfg={},
        test_cfg={},
        val_evaluator=Evaluator(Metric()),
        test_evaluator=Evaluator(Metric()),
        optim_wrapper={
            "optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9},
            "clip_grad": {"max_norm": 1.0},
            "paramwise_cfg": {"custom_keys": {"weight": {"lr_mult": 0.5}}} if groups else None,
        },
        param_scheduler={
            "type": "StepLR", "step_size": 1 if by_epoch else 3, "gamma": 0.5, "by_epoch": by_epoch,
        },
        default_hooks={"logger": {"type": "LoggerHook", **logger}, "checkpoint": None},
        custom_hooks=[Own()],
        log_processor=processor,
        visualizer={"type": "Visualizer", "vis_backends": [{"type": t} for t in backends]},
        randomness={"seed": 7},
        experiment_name="run",
    )  # fmt: skip
    runner.train()
    runner.test()
    return runner.timestamp


# -------------------------------------------------------------------------- here


class Numbers(Dataset[Any]):
    """Ten samples."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"inputs": torch.tensor(float(index)), "target": torch.tensor(0)}


class Net(L.LightningModule):
    """Has the losses and results of the models above."""

    def __init__(self, generation: str, data: list[DataLoader[Any]], groups: bool = False) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(3))
        self.clip = GradientClip(max_norm=1.0)
        self.count, self.evaluations = 0, 0
        self.bias = torch.nn.Parameter(torch.zeros(1)) if groups else None
        self.is_old = generation == "0.x"
        self.evaluation: dict[str, Any] = {}
        self.loaders = data

    @property
    def optimization(self) -> Any:
        return SimpleNamespace(grad_norm=self.clip.last_norm)

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.count += 1
        value = 2.5 / self.count
        loss = (self.weight * value).sum() + value
        return {"loss": loss, "accuracy_top-1": torch.tensor(10.0 + self.count)}

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        pass

    test_step = validation_step

    def on_validation_epoch_end(self) -> None:
        self.evaluations += 1
        name = "accuracy_top-1" if self.is_old else "accuracy/top1"
        self.evaluation = {name: 50.0 + self.evaluations, "mAP": 0.25}
        if not self.is_old:
            self.evaluation["matrix"] = [[1, 2], [3, 4]]

    on_test_epoch_end = on_validation_epoch_end

    def configure_optimizers(self) -> Any:
        groups: list[Any] = [{"params": [self.weight]}]
        if self.bias is not None:
            groups = [{"params": [self.weight], "lr": 0.05}, {"params": [self.bias]}]
        return torch.optim.SGD(groups, lr=0.1, momentum=0.9)

    def configure_gradient_clipping(self, *_: Any, **__: Any) -> None:
        self.clip(self.parameters())

    def train_dataloader(self) -> Any:
        return self.loaders[0]

    def val_dataloader(self) -> Any:
        return self.loaders[1]

    test_dataloader = val_dataloader


def run_ours(
    folder: Path,
    by_epoch: bool,
    hooks: list[Any],
    length: int,
    *,
    schedule: Any,
    generation: Any = "1.x",
    own: Any = None,
    log: RunLog | None = None,
    groups: bool = False,
    **flags: Any,
) -> L.Trainer:
    """Train here, and test; `hooks` are logger hooks, `schedule` one of the generation."""
    announcer = Announcer(generation)
    announcer.run = {"work_dir": str(folder), "config_file": "run.py", "config_text": ""}
    rule = Validation(1 if by_epoch else 4, by_epoch=by_epoch, at_end=generation == "1.x",
                      last=None if by_epoch else length)  # fmt: skip
    writers = [LogWriter(hook) for hook in hooks]
    first = [log or RunLog(), RuntimeInfo()]
    rates = ParamSchedule([schedule], **({} if by_epoch else {"max_iters": length}))
    more = [own] if own is not None else []
    if generation == "0.x":
        callbacks = [*first, rates, *more, IterTimer(), rule, *writers, announcer]
    else:
        callbacks = [*first, IterTimer(), *more, *writers, rate := rates, rule, announcer]
        del rate
    limit = {"max_epochs": length} if by_epoch else {"max_iters": length}
    trainer = build_trainer(*callbacks, **limit, **flags)
    loaders = [DataLoader(Numbers(), batch_size=size) for size in (3, 4)]
    net = Net(generation, loaders, groups)
    trainer.fit(net)
    if generation == "1.x":
        trainer.test(net, verbose=False)
    return trainer
