"""ReduceOnPlateau lowers what it lowers after the same validations as mmengine's."""

from types import SimpleNamespace
from typing import Any

import pytest

from mmlight.optim.driver import ScheduleDriver
from mmlight.optim.schedule import RunLength
from tests.reference.original import Original
from tests.reference.rates import build_schedules, check_equal

METRICS = [0.5, 0.6, 0.6, 0.61, 0.59, 0.58, 0.7, 0.7, 0.70001, 0.7, 0.7, 0.7, 0.6, 0.6, 0.5, 0.5]
RULES: list[dict[str, Any]] = [
    {"rule": "greater", "patience": 1},
    {"rule": "greater", "patience": 0, "threshold": 0.02, "threshold_rule": "abs"},
    {"rule": "greater", "patience": 1, "cooldown": 2, "factor": 0.5, "threshold": 0.2},
    {"rule": "less", "patience": 2},
    {"patience": 0, "threshold": 0.1, "threshold_rule": "abs", "min_value": 1e-2},
    {"patience": 0, "min_value": 5e-3, "eps": 1e-3, "cooldown": 1},
    {"rule": "greater", "patience": 0, "begin": 4, "end": 9},
    {"rule": "greater"},
]


def run_mmengine(  # noqa: C901 - one text, for it travels
    rules: list[dict[str, Any]], metrics: list[float], adam: bool
) -> list[list[list[float]]]:
    """Run mmengine's loop with a validation of given results after each epoch."""
    import logging
    import tempfile
    import uuid

    import torch
    from mmengine.evaluator import BaseMetric
    from mmengine.hooks import Hook
    from mmengine.model import BaseModel
    from mmengine.runner import Runner

    class Told(BaseMetric):
        default_prefix = "told"

        def __init__(self):
            super().__init__()
            self.results_to_tell = list(metrics)

        def process(self, data_batch, data_samples):
            self.results.append(0)

        def compute_metrics(self, results):
            return {"score": self.results_to_tell.pop(0)}

    class Probe(Hook):
        def __init__(self):
            self.found = []

        def before_train_epoch(self, runner):
            groups = runner.optim_wrapper.optimizer.param_groups
            momenta = [g["betas"][0] if adam else g["momentum"] for g in groups]
            self.found.append([group["lr"] for group in groups] + momenta)

    class Model(BaseModel):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, inputs, mode="tensor"):
            return {"loss": self.weight.sum()} if mode == "loss" else []

        def train_step(self, data, optim_wrapper):
            optim_wrapper.update_params(self.weight.sum())
            return {"loss": torch.zeros(1)}

        def val_step(self, data):
            return [data]

    def run(rule):
        probe = Probe()
        kind = {"type": "Adam", "betas": (0.9, 0.99)} if adam else {"type": "SGD", "momentum": 0.9}
        momentum = {"type": "ReduceOnPlateauMomentum", "monitor": "told/score", "patience": 3}
        rate = {"type": "ReduceOnPlateauLR", "monitor": "told/score", **rule}
        loader = torch.utils.data.DataLoader(range(2))
        runner = Runner(
            model=Model(),
            work_dir=tempfile.mkdtemp(),
            train_dataloader=loader,
            val_dataloader=loader,
            val_evaluator=[Told()],
            train_cfg={"by_epoch": True, "max_epochs": len(metrics)},
            val_cfg={},
            optim_wrapper={"optimizer": {"lr": 0.1, **kind}},
            param_scheduler=[rate, momentum, {"type": "ExponentialLR", "gamma": 0.99}],
            default_hooks=dict.fromkeys(("logger", "checkpoint", "timer", "sampler_seed")),
            custom_hooks=[probe],
            experiment_name=uuid.uuid4().hex,
            log_level=logging.CRITICAL,
        )
        runner.train()
        return probe.found

    return [run(rule) for rule in rules]


def run_ours(rule: dict[str, Any], adam: bool, resume_at: int | None = None) -> list[list[float]]:
    words = [
        {"type": "ReduceOnPlateauLR", "monitor": "told/score", **rule},
        {"type": "ReduceOnPlateauMomentum", "monitor": "told/score", "patience": 3},
        {"type": "ExponentialLR", "gamma": 0.99},
    ]
    momentum: dict[str, Any] = {"betas": (0.9, 0.99)} if adam else {"momentum": 0.9}
    optimizer = SimpleNamespace(param_groups=[{"lr": 0.1, **momentum}])
    run = RunLength.of_epochs(len(METRICS), 2)
    driver = ScheduleDriver(optimizer, build_schedules({"param_scheduler": words}), run)
    driver.start()
    found = []
    for epoch, metric in enumerate(METRICS):
        if epoch == resume_at:
            state = driver.state_dict()
            driver = ScheduleDriver(optimizer, build_schedules({"param_scheduler": words}), run)
            driver.load_state_dict(state)
        driver.before_epoch()
        (group,) = optimizer.param_groups
        found.append([group["lr"], group["betas"][0] if adam else group["momentum"]])
        driver.after_epoch()
        driver.after_validation({"told/score": metric})
    return found


@pytest.mark.parametrize("adam", [False, True], ids=["sgd", "adam"])
def test_values_fall_together_when_a_metric_stays(mmpretrain: Original, adam: bool) -> None:
    theirs = mmpretrain(run_mmengine, RULES, METRICS, adam)
    for rule, values in zip(RULES, theirs, strict=True):
        check_equal(run_ours(rule, adam), values, rule)
        check_equal(run_ours(rule, adam, resume_at=8), values, rule)
    assert len({str(values) for values in theirs}) == len(RULES)
