"""The main path: a config becomes a run, stage by stage, in the order in which you read it."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmlight.compat import provide_names
from mmlight.errors import ConfigError, raise_all
from mmlight.read.config import Config, read_config
from mmlight.read.custom_imports import import_custom_modules, look_beside
from mmlight.read.data_text import is_printed_run
from mmlight.records import keep_records
from mmlight.spec import Spec, read_yaml
from mmlight.translate.translate import Translation, try_translate
from mmlight.upgrade.tta import use_tta
from mmlight.upgrade.upgrade import try_upgrade

if TYPE_CHECKING:
    from mmlight.build import Parts

_logger = logging.getLogger("mmlight")
Source = str | Path | Config | Spec
MODEL_KEYS = ("model", "data_preprocessor")
Overrides = list[str] | Mapping[str, Any] | None


def read_spec(source: Source, overrides: Overrides = None, *, safe: bool = False) -> Spec:
    """Stages 1 to 3, file → Config → Config in mmengine words → Spec; imports no torch.

    Args:
        source: A config file, a Config, YAML that `--print_config` wrote, or a Spec, which is
            returned as it is.
        overrides: `["key=value", ...]` or a mapping, in the words of the config.
        safe: Read a config without running it, and refuse types that are import paths.

    Raises:
        MMLightError: If the config cannot be read or translated.
    """
    translation = try_read_spec(source, overrides, safe=safe)
    raise_all(translation.errors)
    return translation.spec


@provide_names()
def try_read_spec(
    source: Source, overrides: Overrides = None, *, safe: bool = False, tta: bool = False
) -> Translation:
    """Read what can be translated, with the problems beside it; see `read_spec`.

    With `tta`, test images are seen in several views, the scores of which are averaged.

    Raises:
        MMLightError: If the config cannot be read at all.
    """
    if isinstance(source, Spec) or (isinstance(source, (str, Path)) and is_printed_run(source)):
        if tta:
            raise ConfigError(
                "--tta",
                "views are described by a config, and this is its translation",
                next_step="Name the config itself.",
            )
        return Translation(_read_printed(source, overrides, safe=safe), ())
    config = read_config(source, overrides, safe=safe)  # STAGE 1
    import_custom_modules(config)
    modern, problems = try_upgrade(config)  # STAGE 2
    modern = use_tta(modern) if tta else modern
    found = try_translate(modern, problems, safe=safe)  # STAGE 3
    text = config.pretty_text
    spec = replace(found.spec, config_file=config.filename or "", config_text=text)
    return replace(found, spec=spec)


def read_model(source: Source, overrides: Overrides = None, *, safe: bool = False) -> Spec:
    """Read the model of a config alone; problems in other sections do not matter.

    Args and errors are those of `read_spec`; the Spec has no data and no callbacks.
    """
    translation = try_read_spec(source, overrides, safe=safe)
    raise_all([e for e in translation.errors if e.path.split(".")[0] in MODEL_KEYS])
    return replace(translation.spec, data={}, callbacks=())


def _read_printed(source: str | Path | Spec, overrides: Overrides, *, safe: bool) -> Spec:
    if overrides:
        raise ConfigError(
            "overrides",
            f"{overrides!r} are words of an mm config, and this is its translation",
            next_step="Override the config (.py), or use --model.*, --data.* and --trainer.*.",
        )
    if isinstance(source, Spec):
        return source
    if safe:
        raise ConfigError(
            str(source),
            "a printed run names classes by import paths, which are not followed safely",
            next_step="Read it without --safe if you trust it.",
        )
    look_beside(source)
    return read_yaml(source)


@provide_names()
def build_parts(source: Source, overrides: Overrides = None) -> "Parts":
    """Stages 1 to 4: build the model, the data, the callbacks and the Trainer of a config.

    Weights are not initialized yet; `fit` does that.

    Args:
        source: As for `read_spec`.
        overrides: As for `read_spec`.

    Raises:
        MMLightError: If the config cannot be read, translated or built; several problems are raised
            together.
    """
    from mmlight.build import build_spec

    return build_spec(read_spec(source, overrides))  # STAGE 4


@provide_names()
@keep_records()
def fit(
    source: Source, overrides: Overrides = None, *, resume: bool | str | None = None
) -> "Parts":
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
    from mmlight.checkpoints import find_resume_point, let_resume, read_seed
    from mmlight.launch import (
        check_stage,
        naming_origins,
        read_announced,
        save_description,
        start,
    )
    from mmlight.weights.load import load_state

    spec = read_spec(source, overrides)
    spec = spec if resume is None else replace(spec, resume=resume)
    with naming_origins(spec):
        checkpoint = find_resume_point(spec)
        if checkpoint is not None:
            spec = replace(spec, seed=read_seed(checkpoint, spec.seed))
            _logger.info("resuming from %s", checkpoint)
        parts = build_parts(spec)
        check_stage(parts, "train")
        if checkpoint is not None:
            let_resume(parts, checkpoint)
        else:
            parts.model.init_weights()
            if spec.load_from:
                weights = read_announced(parts, spec.load_from)
                load_state(parts.model, weights, spec.load_from)
        save_description(parts.spec)
    parts.model.train()  # puts frozen stages and `norm_eval` layers into eval mode
    start(parts.trainer.fit, parts.model, parts.data, ckpt_path=checkpoint, weights_only=True)
    return parts


def validate(source: Source, checkpoint: str | None = None, overrides: Overrides = None) -> Any:
    """Run the validation loop with the weights of a checkpoint; returns its metrics by name."""
    parts, (values,) = run_stage("validate", "val", source, checkpoint, overrides)
    return {**parts.model.evaluation, **values}


def test(
    source: Source,
    checkpoint: str | None = None,
    overrides: Overrides = None,
    *,
    tta: bool = False,
) -> Any:
    """Run the test loop with the weights of a checkpoint; returns its metrics by name.

    Args:
        source: As for `read_spec`.
        checkpoint: Weights; None for the newest of the work directory.
        overrides: As for `read_spec`.
        tta: See each image in several views and average their scores: those of the config's
            `tta_pipeline`, else as it is and mirrored.

    Raises:
        MMLightError: If the config, the data or the weights are wrong.
    """
    if tta:
        translation = try_read_spec(source, overrides, tta=True)
        raise_all(translation.errors)
        source, overrides = translation.spec, None
    parts, (values,) = run_stage("test", "test", source, checkpoint, overrides)
    return {**parts.model.evaluation, **values}


def predict(source: Source, checkpoint: str | None = None, overrides: Overrides = None) -> Any:
    """Classify the test images with a checkpoint.

    Returns:
        One dict per image, in the order of the dataset: what the dataset knows of it (`img_path`,
        `sample_idx`, `gt_label`, ...) and `pred_label`, `pred_score`, `pred_class`, `pred_scores`.
        With several processes each returns all.
    """
    return predict_with(source, checkpoint, overrides)[1]


def predict_with(
    source: Source, checkpoint: str | None = None, overrides: Overrides = None
) -> tuple["Parts", list[dict[str, Any]]]:
    """Do what `predict` does; returns also the parts that it was done with."""
    from mmlight.launch import gather_in_order

    parts, batches = run_stage("predict", "predict", source, checkpoint, overrides)
    return parts, gather_in_order([row for batch in batches for row in batch])


@provide_names()
@keep_records()
def run_stage(
    stage: str, part: str, source: Source, checkpoint: str | None, overrides: Overrides
) -> tuple["Parts", Any]:
    """Call a method of the Trainer that does not train, with the weights of a checkpoint.

    Args:
        stage: 'validate', 'test' or 'predict'.
        part: Which data it needs: 'val', 'test' or 'predict'.
        source: As for `read_spec`.
        checkpoint: Weights; None for the newest of the work directory.
        overrides: As for `read_spec`.

    Returns:
        What was built, and what the Trainer returned.
    """
    from mmlight.checkpoints import find_weights
    from mmlight.launch import check_stage, naming_origins, read_announced, start
    from mmlight.weights.load import load_whole_state

    spec = read_spec(source, overrides)
    with naming_origins(spec):
        parts = build_parts(spec)
        check_stage(parts, part)
        location = checkpoint or find_weights(spec, stage)
        load_whole_state(parts.model, read_announced(parts, location), location)
    return parts, start(getattr(parts.trainer, stage), parts.model, parts.data)
