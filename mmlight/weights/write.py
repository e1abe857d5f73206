"""Writes weights for others: the originals, timm and torchvision, safetensors; or as a `.ckpt`.

The suffix chooses the container: `.safetensors`, else what torch.save writes.
"""

import json
import os
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import lightning
import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from torch import Tensor

import mmlight
from mmlight.errors import WeightsError, list_names, nearest_name

SUFFIXES: Final = (".pth", ".pt", ".bin", ".ckpt", ".safetensors")
VERSIONS: Final = {
    "mmcls_version": "0.25.0",
    "mmcv_version": "1.7.2",
    "mmengine_version": "0.10.7",
    "mmpretrain_version": "1.2.0",
}
"""The originals whose layout a file has; both generations read it."""


def write_mm(
    path: str | os.PathLike[str], state: Mapping[str, Tensor], classes: Sequence[str] = ()
) -> None:
    """Write weights as the originals of both generations read them, class names included.

    Args:
        path: Ends in one of `SUFFIXES`.
        state: Tensors by mm's names.
        classes: Class names, for their inference.

    Raises:
        WeightsError: If the file cannot be written.

    From: mmcv 1.7 and mmengine 0.10 `save_checkpoint`: one file carries the `meta` of both.
    """
    meta: dict[str, Any] = {**VERSIONS, **_describe("mm")}
    if classes:
        meta |= {"CLASSES": list(classes), "dataset_meta": {"classes": list(classes)}}
    write_file(path, {"meta": meta, "state_dict": state})


def write_plain(
    path: str | os.PathLike[str],
    state: Mapping[str, Tensor],
    classes: Sequence[str] = (),
    words: str = "timm",
) -> None:
    """Write weights as timm and torchvision read them: nothing but a state dict.

    Args:
        path: Ends in one of `SUFFIXES`.
        state: Tensors by name.
        classes: Class names; only safetensors have a place for them.
        words: Whose names they are.

    Raises:
        WeightsError: If the file cannot be written.
    """
    if Path(path).suffix == ".safetensors":
        dataset = {"dataset_meta": {"classes": list(classes)}} if classes else {}
        write_file(path, {"meta": {**_describe(words), **dataset}, "state_dict": state})
    else:
        write_file(path, _copy(state))


def write_again(path: str | os.PathLike[str], state: Mapping[str, Tensor], meta: Any) -> None:
    """Write weights in another container, with names and `meta` as they were.

    Args:
        path: Ends in one of `SUFFIXES`.
        state: Tensors by name.
        meta: What stood beside them; None writes nothing but the state dict, where that can be.

    Raises:
        WeightsError: If the file cannot be written.
    """
    if isinstance(meta, Mapping) and meta:
        write_file(path, {"meta": dict(meta), "state_dict": state})
    else:
        write_plain(path, state, words="")


def write_ckpt(
    path: str | os.PathLike[str],
    state: Mapping[str, Tensor],
    classes: Sequence[str] = (),
    spec_yaml: str = "",
) -> None:
    """Write weights as a checkpoint of ours, which describes its own run.

    Args:
        path: Ends in `.ckpt`.
        state: Tensors by our names.
        classes: Class names.
        spec_yaml: The Spec of the run.

    Raises:
        WeightsError: If the file cannot be written.
    """
    content = {
        "state_dict": state,
        "mmlight": {"spec": spec_yaml, "classes": list(classes)},
        "pytorch-lightning_version": lightning.__version__,
        "epoch": 0,
        "global_step": 0,
    }
    write_file(path, content)


def write_file(path: str | os.PathLike[str], content: Mapping[str, Any]) -> None:
    """Write a checkpoint, whole or not at all.

    Args:
        path: Ends in one of `SUFFIXES`.
        content: `state_dict`, and what stands beside it.

    Raises:
        WeightsError: If the suffix is unknown or the file cannot be written.
    """
    target = check_suffix(path)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        if target.suffix == ".safetensors":
            save_file(_copy(content["state_dict"]), part, metadata=_to_words(content["meta"]))
        else:
            state = {"state_dict": _copy(content["state_dict"])} if "state_dict" in content else {}
            torch.save({**content, **state}, part)
        os.replace(part, target)
    except (OSError, RuntimeError, SafetensorError) as error:
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise WeightsError(str(path), f"the file cannot be written: {reason}") from error
    finally:
        part.unlink(missing_ok=True)


def check_suffix(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file that can be written.

    Raises:
        WeightsError: If its suffix says no format.
    """
    target = Path(path).expanduser()
    if target.suffix not in SUFFIXES:
        raise WeightsError(
            str(path),
            f"the suffix {target.suffix!r} says no format that can be written",
            expected=list_names(SUFFIXES),
            nearest=nearest_name(target.suffix, SUFFIXES),
        )
    return target


def _describe(words: str) -> dict[str, str]:
    return {
        "mmlight_version": mmlight.__version__,
        "words": words,
        "time": time.strftime("%Y%m%d_%H%M%S"),
    }


def _to_words(meta: Mapping[str, Any]) -> dict[str, str]:
    """Turn values into texts, the only kind that safetensors keep."""
    return {"format": "pt"} | {
        key: value if isinstance(value, str) else json.dumps(value, default=str)
        for key, value in meta.items()
    }


def _copy(state: Mapping[str, Tensor]) -> "OrderedDict[str, Tensor]":
    """Give every tensor memory of its own: views would be written with all that they look at."""
    return OrderedDict(
        (name, value.detach().cpu().clone(memory_format=torch.contiguous_format))
        for name, value in state.items()
    )
