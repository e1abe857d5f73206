"""Which checkpoint a run goes on from, and what it says about that run."""

from typing import Any

import yaml

from mmlight.callbacks.checkpoint import find_newest
from mmlight.errors import WeightsError
from mmlight.spec import Spec
from mmlight.weights.read import read_checkpoint


def find_resume_point(spec: Spec) -> str | None:
    """Return the checkpoint to resume, None to start afresh.

    Raises:
        WeightsError: If a named checkpoint is missing, damaged, or no training state.
    """
    if not spec.resume:
        return None
    path = find_newest(spec.work_dir) if spec.resume is True else spec.resume
    if path is None:
        return None
    if "loops" not in read_checkpoint(path):
        raise WeightsError(
            path,
            "the checkpoint holds weights but no training state",
            expected="a .ckpt file written by mmlight fit",
            next_step="Start from its weights instead: set load_from.",
        )
    return path


def read_seed(path: str, default: int | None) -> int | None:
    """Return the seed of the run that wrote a checkpoint; samplers must go on with it."""
    return read_spec_of(read_checkpoint(path), path).seed or default


def read_spec_of(content: dict[str, Any], path: str) -> Spec:
    """Return the Spec inside a checkpoint.

    Raises:
        WeightsError: If it carries none.
    """
    text = content.get("mmlight", {}).get("spec")
    if not text:
        raise WeightsError(
            path,
            "the checkpoint does not describe its model",
            next_step="Name the config as well.",
        )
    return Spec.from_dict(yaml.safe_load(text))
