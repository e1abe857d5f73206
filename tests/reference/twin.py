"""Builds a model of the originals and ours from one config, and compares all that can differ.

`compare_twins` is one call for a whole proof: names, shapes, start values, rates and modes, outputs
with random weights, gradients, running statistics, and the way of the weights there and back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from mmlight.build import build_model
from mmlight.read.config import Config
from mmlight.translate.translate import translate_config
from mmlight.upgrade.upgrade import upgrade_config
from mmlight.weights.load import load_state
from mmlight.weights.name_map import NameMap, find_entries, name_map
from tests.reference.original import Original
from tests.reference.their_model import DROPS, flatten, get_rate, list_facts, switch_off

SCRIPT = str(Path(__file__).with_name("their_model.py"))
OLD_WORDS = {
    "optimizer": {"type": "SGD", "lr": 0.1},
    "optimizer_config": {},
    "lr_config": {"policy": "fixed"},
    "runner": {"type": "EpochBasedRunner", "max_epochs": 1},
}


@dataclass(frozen=True)
class Limits:
    """How much two runs may differ.

    Args:
        output: Relative to the largest value, for outputs.
        grad: Relative to the largest value, for gradients and running statistics.
        start: Relative, for the deviation of the start values of a parameter.
    """

    output: float = 1e-10
    grad: float = 1e-9
    start: float = 0.2


def call_theirs(script, name, *args):
    """Run a function of `their_model.py` beside the originals."""
    import runpy

    return runpy.run_path(script)[name](*args)


def strip(cfg: Any) -> Any:
    """Remove what a comparison of models has no use for: files of weights, batch augments."""
    if isinstance(cfg, Mapping):
        found = {key: strip(value) for key, value in cfg.items()}
        if (found.get("init_cfg") or {}) and "Pretrained" in str(found["init_cfg"]):
            del found["init_cfg"]
        for key in ("train_cfg", "pretrained", "data_preprocessor"):
            found.pop(key, None)
        return found
    if isinstance(cfg, (list, tuple)):
        return type(cfg)(strip(item) for item in cfg)
    return cfg


def build_ours(cfg: Mapping[str, Any], generation: str = "mmpretrain") -> nn.Module:
    """Build our model, or our backbone, of the words that the original gets."""
    whole = cfg["type"] == "ImageClassifier"
    model = cfg if whole else {"type": "ImageClassifier", "backbone": cfg}
    words = {"model": model, **(OLD_WORDS if generation == "mmcls" else {})}
    classifier = build_model(translate_config(upgrade_config(Config(words))))
    return classifier if whole else classifier.backbone


def compare_twins(
    original: Original,
    cfg: Mapping[str, Any],
    shape: tuple[int, ...],
    folder: Path,
    *,
    generation: str = "mmpretrain",
    parts: tuple[str, ...] = ("start", "train"),
    limits: Limits = Limits(),
) -> None:
    """Assert that a model of ours is the original in everything.

    Args:
        original: The process of the original.
        cfg: A whole `ImageClassifier` or a backbone, in the words of its generation.
        shape: Of the images, `(B, C, H, W)`.
        folder: For the weights in between.
        generation: 'mmcls' or 'mmpretrain'.
        parts: 'start' compares start values, 'train' gradients and running statistics.
        limits: How much may differ.
    """
    cfg = strip(cfg)
    original(call_theirs, SCRIPT, "run", cfg, shape, str(folder), parts)
    theirs = torch.load(folder / "theirs.pt", weights_only=True)
    checkpoint = torch.load(folder / "before.pth", weights_only=True)
    torch.manual_seed(0)
    torch.manual_seed(0)
    ours = build_ours(cfg, generation)
    names = name_map(ours)
    drops = [layer for layer in ours.modules() if type(layer).__name__ in DROPS]
    rates = [rate for rate in map(get_rate, drops) if rate]
    torch.testing.assert_close(torch.tensor(rates), torch.tensor(theirs["rates"]), msg=f"{rates}")
    if "start" in parts:
        torch.manual_seed(0)
        ours.init_weights()
        _compare_start(names.state_dict_to_mm(ours.state_dict()).state, theirs["start"], limits)
    switch_off(drops)
    ours = ours.double()
    torch.set_default_dtype(torch.float64)
    try:
        _compare_runs(ours, names, theirs, checkpoint["state_dict"], limits)
    finally:
        torch.set_default_dtype(torch.float32)
    returned = {"state_dict": names.state_dict_to_mm(ours.state_dict()).state}
    torch.save(returned, folder / "returned.pth")
    path = str(folder / "returned.pth")
    assert original(call_theirs, SCRIPT, "accept", cfg, path) == ([], [])


def _compare_runs(
    ours: nn.Module,
    names: NameMap,
    theirs: dict[str, Any],
    state: dict[str, Tensor],
    limits: Limits,
) -> None:
    report = load_state(ours, state, "original")
    assert report.missing + report.unexpected + report.dropped == (), str(report)
    returned = names.state_dict_to_mm(find_entries(ours)).state
    assert returned.keys() == state.keys(), returned.keys() ^ state.keys()
    for name, value in state.items():
        assert torch.equal(returned[name], value), f"{name} changed on the way there and back"
    ours.eval()
    with torch.no_grad():
        _compare_outputs(_forward(ours, theirs["images"]), theirs["eval"], limits.output, "eval")
    ours.train()
    _compare_facts(ours, names, theirs["facts"])
    if "train" not in theirs:
        return
    outputs = _forward(ours, theirs["images"])
    sum(out.sin().sum() for out in outputs).backward()
    _compare_outputs(outputs, theirs["train"], limits.grad, "train")
    scale = max(float(g.abs().max()) for g in theirs["grads"].values() if g is not None)
    for name, value in ours.named_parameters():
        grad, mm = theirs["grads"][names.to_mm[name]], names.to_mm[name]
        assert (value.grad is None) == (grad is None), f"{mm} has a gradient on one side only"
        if grad is not None:
            back = names.transforms[name].to_mm(value.grad) if name in names.transforms else None
            _assert_near(value.grad if back is None else back, grad, limits.grad, mm, scale)
    after = names.state_dict_to_mm(ours.state_dict()).state
    for name, value in theirs["after"].items():
        _assert_near(after[name], value, limits.grad, name)


def _forward(model: Any, images: Tensor) -> list[Tensor]:
    if not hasattr(model, "extract_features"):
        return flatten(model(images))
    features = model.extract_features(images)
    return flatten(features if model.head is None else model.head(features))


def _assert_near(
    ours: Tensor, theirs: Tensor, limit: float, name: str, scale: float | None = None
) -> None:
    assert ours.shape == theirs.shape, f"{name}: {tuple(ours.shape)} is not {tuple(theirs.shape)}"
    if not theirs.numel():
        return
    largest = float(theirs.abs().max()) if scale is None else scale
    difference = float((ours - theirs).detach().abs().max())
    assert difference <= limit * max(largest, 1e-30), f"{name}: {difference / largest:.1e}"


def _compare_outputs(ours: list[Tensor], theirs: list[Tensor], limit: float, name: str) -> None:
    assert len(ours) == len(theirs), f"{name}: {len(ours)} outputs are not {len(theirs)}"
    for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        assert other.std() > 1e-6, f"{name}: the original's output {index} is flat"
        _assert_near(mine, other, limit, f"{name} output {index}")


def _compare_facts(ours: nn.Module, names: NameMap, theirs: dict[str, dict[str, Any]]) -> None:
    for name, fact in list_facts(ours).items():
        mm = names.to_mm.get(name)
        assert mm is None or fact == theirs[mm], f"{mm}: {fact} is not {theirs[mm]}"


def _compare_start(
    ours: Mapping[str, Tensor], theirs: Mapping[str, Tensor], limits: Limits
) -> None:
    """Compare the distribution of each parameter: constants exactly, others by mean and range."""
    problems = []
    for name, value in theirs.items():
        mine, other = ours[name].double(), value.double()
        if mine.shape != other.shape:
            problems.append(f"{name}: {tuple(mine.shape)} is not {tuple(other.shape)}")
        elif torch.equal(mine, other) or not other.numel():
            continue
        elif other.numel() < 2 or other.std() == 0 or mine.std() == 0:
            problems.append(f"{name}: {mine.mean():.3g} is not {other.mean():.3g}")
        elif other.numel() > 16:  # fewer say nothing of a distribution
            slack = limits.start + 4 / other.numel() ** 0.5
            ratio = float(mine.std() / other.std())
            offset = float((mine.mean() - other.mean()).abs() / other.std())
            if not 1 / (1 + slack) < ratio < 1 + slack or offset > slack:
                problems.append(f"{name}: deviation {ratio:.2f} times, mean off by {offset:.2f}")
    assert not problems, "\n".join(problems)
