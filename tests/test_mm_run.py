"""A file in the layout of the originals goes on as the one of ours that it was made of.

That files which the originals have written go on as theirs: tests/reference/test_resume_mm.py.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from lightning.pytorch.plugins.precision import MixedPrecision, Precision

from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.errors import WeightsError
from mmlight.mm_run import move_loss_scale
from mmlight.module import ImageClassifier
from mmlight.run import fit, read_spec
from mmlight.spec import Call
from mmlight.weights.mm_content import to_mm_content
from mmlight.weights.read import read_checkpoint
from tests.runs import LENET_NEW, LENET_OLD, write_config

BEST = "default_hooks['checkpoint'].update(save_best='auto', max_keep_ckpts=3)\n"
NEW = LENET_NEW + BEST + "custom_hooks = [dict(type='EMAHook', momentum=0.1, interval=2)]\n"
OLD = (
    LENET_OLD.replace("dict(type='RandomCrop', size=32, padding=4),", "").replace("0.5", "0.")
    + "evaluation.update(save_best='auto')\n"
    + "custom_hooks = [dict(type='EMAHook', momentum=0.1, warm_up=5, priority='{}')]\n"
)
NAMES: dict[str, Literal["0.x", "1.x"]] = {"new": "1.x", "behind": "0.x", "before": "0.x"}


def train(config: Path, folder: Path, resume: Path | None = None) -> Any:
    """Train, or go on; return losses by number of the batch, and what was built."""
    spec = read_spec(config, {"work_dir": str(folder)})
    limits = {"limit_train_batches": 4, "limit_val_batches": 2, "accelerator": "cpu"}
    spec = replace(
        spec,
        trainer={**spec.trainer, **limits},
        callbacks=(Call("tests.runs.LossByBatch"), *spec.callbacks),
        resume=str(resume) if resume else False,
    )
    parts = fit(spec)
    return parts.callbacks[0].losses, parts


def to_theirs(path: Path, model: ImageClassifier, kind: str) -> Path:
    """Write the file that the original would have written in place of one of ours."""
    content = read_checkpoint(path)
    made = to_mm_content(content, model, NAMES[kind])
    made["optimizer"] = content["optimizer_states"][0]
    (best,) = (s["best"] for k, s in content["callbacks"].items() if k.startswith("Checkpoint"))
    ((score, file),) = best.values()
    notes = {"best_score": score, "best_ckpt": file, "keep_ckpt_ids": [1]}
    if NAMES[kind] == "1.x":
        (steps,) = (s["steps"] for k, s in content["callbacks"].items() if k.startswith("EMA"))
        made["ema_state_dict"]["steps"] = steps
        made["message_hub"]["runtime_info"] = notes
    else:
        made["meta"]["hook_msgs"] = notes
        made["meta"].pop("mmlight_version")
    if kind == "behind":  # the raw weights are in the file, the average in buffers
        state = made["state_dict"]
        for name in [name for name in state if not name.startswith("ema_")]:
            buffer = f"ema_{name.replace('.', '_')}"
            if buffer in state:
                state[name], state[buffer] = state[buffer], state[name]
    target = path.with_name("theirs.pth")
    torch.save(made, target)
    return target


@pytest.fixture(scope="module", params=list(NAMES))
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a config, an unbroken run of it, and the original's file of its first epoch."""
    folder = tmp_path_factory.mktemp(request.param)
    priority = "HIGH" if request.param == "before" else "NORMAL"
    config = write_config(folder, NEW if request.param == "new" else OLD.format(priority))
    losses, parts = train(config, folder / "run")
    theirs = to_theirs(folder / "run" / "epoch_1.ckpt", parts.model, request.param)
    return config, losses, folder / "run", theirs


def test_goes_on_where_it_stood(whole: Any, tmp_path: Path) -> None:
    config, losses, folder, theirs = whole
    mine, parts = train(config, tmp_path, theirs)
    assert mine == {number: loss for number, loss in losses.items() if number > 4}
    ours, expected = (read_checkpoint(p / "epoch_3.ckpt") for p in (tmp_path, folder))
    for key in ("state_dict", "raw_state"):
        for name, value in expected[key].items():
            assert torch.equal(ours[key][name], value), name
    for name in ("fit_loop",):
        assert ours["loops"][name] == expected["loops"][name]
    (saver,) = [c for c in parts.callbacks if isinstance(c, Checkpoint)]
    (entry,) = expected["callbacks"][saver.state_key]["best"].values()
    ((score, _),) = saver.best.entries.values()
    assert score == entry[0]


def test_raises_when_a_parameter_is_missing(whole: Any, tmp_path: Path) -> None:
    config, _, _, theirs = whole
    content = read_checkpoint(theirs)
    name = next(iter(content["state_dict"]))
    del content["state_dict"][name]
    torch.save(content, tmp_path / "less.pth")
    with pytest.raises(WeightsError, match=rf"1 parameters .* such as .*{name[-6:]}"):
        train(config, tmp_path, tmp_path / "less.pth")


@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_loss_scale_goes_on_when_there_is_one(generation: str) -> None:
    scale = {"scale": 512.0, "growth_factor": 2.0, "_growth_tracker": 7}
    content: dict[str, Any] = {"meta": {}, "optimizer": {}}
    place = content["meta"] if generation == "0.x" else content["optimizer"]
    place |= {"fp16": {"loss_scaler": scale}} if generation == "0.x" else {"loss_scaler": scale}
    plugin = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))
    assert move_loss_scale(content, plugin) == {"MixedPrecision": scale}
    assert move_loss_scale(content, Precision()) == {}
    assert move_loss_scale({"meta": {}, "optimizer": {}}, plugin) == {}
