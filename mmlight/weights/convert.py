"""Turns a checkpoint into another: other names, another container, or both.

    mm .pth <-> timm or torchvision .pth <-> safetensors <-> .ckpt

Names can be changed for a known model only: that of a config, or that which a `.ckpt` of ours
describes. Without one the container alone changes.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from torch import Tensor

from mmlight.errors import WeightsError, list_names, nearest_name
from mmlight.weights.describe import find_classes
from mmlight.weights.load import LoadReport, match_state
from mmlight.weights.read import find_weights, read_checkpoint
from mmlight.weights.timm_names import check_timm, explain_difference, timm_map
from mmlight.weights.write import check_suffix, write_again, write_ckpt, write_mm, write_plain

if TYPE_CHECKING:
    from mmlight.module import ImageClassifier
    from mmlight.run import Source
    from mmlight.spec import Spec

WORDS: Final = ("mm", "timm", "mmlight")
"""Whose names a checkpoint can be written in."""


@dataclass(frozen=True)
class Converted:
    """What became of a checkpoint.

    Args:
        path: The file that was written.
        words: Whose names it has; '' when they are those of the source.
        tensors: How many were written.
        report: What of the source fits the model; None without a model.
    """

    path: str
    words: str
    tensors: int
    report: LoadReport | None


def convert_checkpoint(
    source: str,
    target: str | os.PathLike[str],
    config: "Source | None" = None,
    *,
    to: str | None = None,
    overrides: list[str] | Mapping[str, Any] | None = None,
    safe: bool = False,
) -> Converted:
    """Write a checkpoint in another format.

    Args:
        source: A location as for `read_checkpoint`: file, address, `timm/...`, `torchvision://...`
        target: The file to write; its suffix, one of `SUFFIXES`, chooses the container.
        config: Describes the model; may be None for a `.ckpt` of ours, or when names stay.
        to: Whose names to write, one of `WORDS`; None for 'mmlight' in a `.ckpt`, 'mm' elsewhere
            when there is a model, and the source's own when there is none.
        overrides: As for `mmlight.fit`.
        safe: Read the config without running it.

    Raises:
        WeightsError: If the source cannot be read or does not fit the model, names cannot be
            changed, or the target cannot be written.
        MMLightError: If the config cannot be read or built.
    """
    path = str(check_suffix(target))
    words = _choose_words(path, to)
    content = read_checkpoint(source)
    state, classes = find_weights(content, source), find_classes(content)
    spec = _find_spec(content, config, overrides, safe=safe, whole=words == "mmlight")
    if spec is None:
        if words or path.endswith(".ckpt"):
            raise _needs_config(source, words or "mmlight")
        _check_not_ours(content, source)
        write_again(path, state, content.get("meta"))
        return Converted(path, "", len(state), None)
    model = _build(spec)
    values, report = match_state(model, state, source)
    _check_whole(report, source)
    words = words or "mm"
    written = _write(path, words, model, values, classes, spec)
    if words == "timm":
        report = replace(report, caution=explain_difference(model))
    return Converted(path, words, written, report)


def match_checkpoint(
    location: str,
    config: "Source",
    *,
    overrides: list[str] | Mapping[str, Any] | None = None,
    safe: bool = False,
) -> LoadReport:
    """Say what of a checkpoint fits the model of a config; args and errors as above."""
    from mmlight.run import read_model

    model = _build(read_model(config, overrides, safe=safe))
    return match_state(model, find_weights(read_checkpoint(location), location), location)[1]


def _choose_words(path: str, to: str | None) -> str:
    if to is None:
        return "mmlight" if path.endswith(".ckpt") else ""
    if to not in WORDS:
        raise WeightsError(
            "--to",
            f"{to!r} names nobody whose names are known",
            expected=list_names(WORDS),
            nearest=nearest_name(to, WORDS),
        )
    if (to == "mmlight") != path.endswith(".ckpt"):
        raise WeightsError(
            "--to",
            f"{to!r} does not go with {os.path.basename(path)}",
            expected="'mmlight' for a .ckpt, 'mm' or 'timm' for every other suffix",
        )
    return to


def _find_spec(
    content: Mapping[str, Any],
    config: "Source | None",
    overrides: list[str] | Mapping[str, Any] | None,
    *,
    safe: bool,
    whole: bool,
) -> "Spec | None":
    """Return what describes the model; all of the run for a checkpoint that shall describe it."""
    from mmlight.run import read_model, read_spec
    from mmlight.spec import Spec

    if config is not None:
        return (read_spec if whole else read_model)(config, overrides, safe=safe)
    ours = content.get("mmlight")
    text = ours.get("spec") if isinstance(ours, Mapping) else None
    return Spec.from_yaml(text) if text and not safe else None


def _build(spec: "Spec") -> "ImageClassifier":
    from mmlight.build import build_model
    from mmlight.compat import provide_names

    with provide_names():
        return build_model(spec)


def _write(
    path: str,
    words: str,
    model: "ImageClassifier",
    values: Mapping[str, Tensor],
    classes: tuple[str, ...],
    spec: "Spec",
) -> int:
    if words == "mmlight":
        from mmlight.build import describe
        from mmlight.checkpoints import anchor_paths

        write_ckpt(path, values, classes, describe(anchor_paths(spec)))
        return len(values)
    if words == "timm":
        renamed = check_timm(model, timm_map(model), path).state_dict_to_mm(values).state
        write_plain(path, renamed, classes)
    else:
        renamed = model.name_map().state_dict_to_mm(values).state
        write_mm(path, renamed, classes)
    return len(renamed)


# -------------------------------------------------------------------------- errors


def _check_whole(report: LoadReport, source: str) -> None:
    """Refuse to lose a head that was made for other classes."""
    if report.dropped:
        raise WeightsError(
            source,
            f"{report.dropped[0]!r} has another shape than in the model, and would be lost",
            next_step="Give the number of classes: --cfg-options model.head.num_classes=N.",
        )


def _check_not_ours(content: Mapping[str, Any], source: str) -> None:
    if isinstance(content.get("mmlight"), Mapping):
        raise _needs_config(source, "mm")


def _needs_config(source: str, words: str) -> WeightsError:
    return WeightsError(
        source,
        f"to give it the names of {words} its model must be known",
        next_step="Name the config of its model: --config X.py.",
    )
