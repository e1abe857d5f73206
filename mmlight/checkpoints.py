"""Which checkpoint a run takes, what it says about that run, and what a new one will say."""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from mmlight.errors import ConfigError, WeightsError
from mmlight.spec import Call, Spec
from mmlight.weights.mm_progress import find_generation
from mmlight.weights.newest import find_newest, find_newest_of_mm
from mmlight.weights.read import read_checkpoint

if TYPE_CHECKING:
    from mmlight.build import Parts

DATASET_PATHS: Final = ("ann_file", "data_prefix", "classes")
EVALUATION: Final = (  # the arguments of the Trainer that change the numbers of an evaluation
    *("precision", "deterministic", "benchmark"),
    *("logger", "num_sanity_val_steps", "use_distributed_sampler", "default_root_dir"),
)


def find_resume_point(spec: Spec) -> str | None:
    """Return the checkpoint to resume, None to start afresh.

    One of ours, or, where the folder has none, one that the originals have written.

    Raises:
        WeightsError: If a named checkpoint is missing, damaged, or no training state.
    """
    if not spec.resume:
        return None
    path = find_run(spec) if spec.resume is True else spec.resume
    if path is None:
        return None
    content = read_checkpoint(path, lazily=True)
    of_mm = find_generation(content) is not None
    if ("optimizer" if of_mm else "optimizer_states") not in content:
        raise WeightsError(
            path,
            "the checkpoint holds weights but no training state",
            expected="a .ckpt file written by mmlight fit, or an epoch_N.pth with its optimizer",
            next_step="Start from its weights instead: set load_from.",
        )
    return path


def find_run(spec: Spec) -> str | None:
    """Return the newest checkpoint of a run, wherever its callback writes it."""
    target = "mmlight.callbacks.Checkpoint"
    saver = next((call.kwargs for call in spec.callbacks if call.target == target), {})
    folder, template = saver.get("dirpath", spec.work_dir), saver.get("filename_tmpl")
    return find_newest(folder, template) or find_newest_of_mm(spec.work_dir)


def let_resume(parts: "Parts", path: str) -> None:
    """Let the Trainer read a checkpoint of the originals, if this is one."""
    from mmlight.mm_run import MMRunFiles

    if find_generation(read_checkpoint(path, lazily=True)) is not None:
        parts.trainer.strategy.checkpoint_io = MMRunFiles(parts.trainer, parts.model)


def find_weights(spec: Spec, stage: str) -> str:
    """Return the checkpoint to evaluate when none is named: `load_from`, or the newest.

    Raises:
        WeightsError: If there is none.
    """
    location = spec.load_from or find_run(spec)
    if location is None:
        raise WeightsError(
            spec.work_dir,
            "no checkpoint was given and the work directory has none",
            next_step=f"Name one: mmlight {stage} --config X.py CHECKPOINT, or train first.",
        )
    return location


def read_seed(path: str, default: int | None) -> int | None:
    """Return the seed of the run that wrote a checkpoint; samplers must go on with it."""
    content = read_checkpoint(path, lazily=True)
    of_mm = find_generation(content) is not None
    seed = content["meta"].get("seed") if of_mm else read_spec_of(content, path).seed
    return default if seed is None else int(seed)


def read_spec_of(content: Mapping[str, Any], path: str) -> Spec:
    """Return the Spec inside a checkpoint.

    Raises:
        WeightsError: If it carries none.
    """
    text = content.get("mmlight", {}).get("spec")
    if not text:
        raise WeightsError(
            path,
            "the checkpoint does not describe its model",
            expected="a .ckpt file written by mmlight fit",
            next_step="Name the config as well.",
        )
    try:
        return Spec.from_yaml(text)
    except ConfigError as error:
        error.origin = path
        raise


def read_evaluation(path: str) -> Spec:
    """Return what is needed to evaluate a checkpoint of ours that is given alone.

    How it was trained, on which devices and for how long, is left behind; what is written goes next
    to it.

    Raises:
        WeightsError: If it cannot be read or does not describe its model.
    """
    spec = read_spec_of(read_checkpoint(path), path)
    trainer = {key: value for key, value in spec.trainer.items() if key in EVALUATION}
    return replace(spec, trainer=trainer).move_work_dir(os.path.dirname(path) or ".")


def anchor_paths(spec: Spec) -> Spec:
    """Return the Spec with the paths of its data made absolute.

    A checkpoint carries it, so that its data are found from any folder.
    """

    def anchor(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: anchor(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(anchor(item) for item in value)
        if isinstance(value, Call):
            return replace(value, kwargs=_anchor_call(value, anchor))
        return value

    return replace(spec, data=anchor(spec.data))


def _anchor_call(call: Call, anchor: Any) -> dict[str, Any]:
    kwargs = {key: anchor(item) for key, item in call.kwargs.items()}
    names = ("data_root", "classes") if kwargs.get("data_root") else DATASET_PATHS
    for name in names:
        value = kwargs.get(name)
        if isinstance(value, str):
            kwargs[name] = _absolute(value)
        elif isinstance(value, Mapping):
            kwargs[name] = {key: _absolute(item) for key, item in value.items()}
    return kwargs


def _absolute(path: Any) -> Any:
    """Make a path absolute; what is no path from here stays."""
    is_path = isinstance(path, str) and path and os.path.exists(os.path.expanduser(path))
    return os.path.abspath(os.path.expanduser(path)) if is_path else path
