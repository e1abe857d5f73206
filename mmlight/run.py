"""The main path: a config becomes a run, stage by stage, in the order in which you read it."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmlight.errors import WeightsError
from mmlight.read.config import Config, read_config
from mmlight.read.custom_imports import import_custom_modules
from mmlight.spec import Spec
from mmlight.translate.translate import translate_config
from mmlight.upgrade.upgrade import upgrade_config

_logger = logging.getLogger("mmlight")
Source = str | Path | Config | Spec
Overrides = list[str] | Mapping[str, Any] | None


def read_spec(source: Source, overrides: Overrides = None) -> Spec:
    """Stages 1 to 3, file → Config → Config in mmengine words → Spec; imports no torch.

    Args:
        source: A config file, a Config, or a Spec, which is returned as it is.
        overrides: `["key=value", ...]` or a mapping, in the words of the config.
    """
    if isinstance(source, Spec):
        return source
    config = read_config(source, overrides)  # STAGE 1
    import_custom_modules(config)
    config = upgrade_config(config)  # STAGE 2
    return translate_config(config)  # STAGE 3


def fit(source: Source, overrides: Overrides = None, *, resume: bool | str | None = None) -> Any:
    """Train what a config describes.

    Args:
        source: A config file, a Config or a Spec.
        overrides: `["key=value", ...]` or a mapping, in the words of the config.
        resume: True to go on from the newest checkpoint in the work directory (from scratch when
            there is none), or a checkpoint file; None for what the config says.

    Returns:
        The `Parts` that were trained.

    Raises:
        MMLightError: If anything about the config, the data or the weights is wrong; before
            training starts.
    """
    from mmlight.build import build_parts
    from mmlight.checkpoints import find_resume_point, read_seed
    from mmlight.weights.load import load_weights

    spec = read_spec(source, overrides)
    spec = spec if resume is None else replace(spec, resume=resume)
    checkpoint = find_resume_point(spec)
    if checkpoint is not None:
        spec = replace(spec, seed=read_seed(checkpoint, spec.seed))
        _logger.info("resuming from %s", checkpoint)
    parts = build_parts(spec)  # STAGE 4
    if checkpoint is None:
        parts.model.init_weights()
        if spec.load_from:
            _logger.info("%s: %s", spec.load_from, load_weights(parts.model, spec.load_from))
    save_description(parts.spec)
    parts.trainer.fit(parts.model, parts.data, ckpt_path=checkpoint, weights_only=True)
    return parts


def validate(source: Source, checkpoint: str | None = None, overrides: Overrides = None) -> Any:
    """Run the validation loop with the weights of a checkpoint; returns its metrics by name."""
    return _evaluate("validate", source, checkpoint, overrides)


def test(source: Source, checkpoint: str | None = None, overrides: Overrides = None) -> Any:
    """Run the test loop with the weights of a checkpoint; returns its metrics by name."""
    return _evaluate("test", source, checkpoint, overrides)


def predict(source: Source, checkpoint: str | None = None, overrides: Overrides = None) -> Any:
    """Classify the test images with a checkpoint.

    Returns:
        One dict per image: what the dataset knows of it (`img_path`, `sample_idx`, ...) and
        `pred_label`, `pred_score`, `pred_class`, `pred_scores`.
    """
    batches = _evaluate("predict", source, checkpoint, overrides)
    return [row for batch in batches for row in batch]


def _evaluate(stage: str, source: Source, checkpoint: str | None, overrides: Overrides) -> Any:
    from mmlight.build import build_parts
    from mmlight.callbacks.checkpoint import find_newest
    from mmlight.weights.load import load_weights

    parts = build_parts(read_spec(source, overrides))
    location = checkpoint or parts.spec.load_from or find_newest(parts.spec.work_dir)
    if location is None:
        raise WeightsError(
            parts.spec.work_dir,
            "no checkpoint was given and the work directory has none",
            next_step=f"Name one: mmlight {stage} --config X.py CHECKPOINT, or train first.",
        )
    _logger.info("%s: %s", location, load_weights(parts.model, str(location)))
    run = getattr(parts.trainer, stage)
    results = run(parts.model, parts.data)
    return results if stage == "predict" else results[0]


def save_description(spec: Spec) -> None:
    """Write the resolved Spec to `spec.yaml` in the work directory."""
    folder = Path(spec.work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spec.yaml").write_text(spec.to_yaml(), encoding="utf-8")
