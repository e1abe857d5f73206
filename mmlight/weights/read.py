"""Reads checkpoint files safely.

`weights_only=True` always, with stand-ins for the harmless classes that mm writes; safetensors hold
nothing but tensors. There is no way back to plain unpickling: a file that needs it is refused.
"""

import json
import os
import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

import torch
from safetensors import SafetensorError, safe_open

from mmlight.errors import MAX_NAMES_SHOWN, WeightsError, list_names, nearest_name
from mmlight.weights.harmless import HarmError, list_harmless
from mmlight.weights.locate import find_file
from mmlight.weights.modernize import modernize
from mmlight.weights.signature import START_BYTES, check_sums, explain_file, find_kind

ReviseKeys: TypeAlias = Iterable[tuple[str, str]]
REVISE_KEYS: Final[tuple[tuple[str, str], ...]] = ((r"^module\.", ""),)
"""What the originals do to the names of every checkpoint, unless told otherwise."""
STATE_KEYS: Final = (
    *("state_dict", "model", "module", "model_state_dict", "model_state", "state", "weights"),
    *("net", "network", "params", "state_dict_ema", "model_ema"),
)
"""Where checkpoints keep their weights, the first that is there counts."""
_MAX_DEPTH: Final = 3
_BLOCKED = re.compile(r"(?:GLOBAL|class|global|function <?\w*) ([\w.]*\.\w+)")


def read_checkpoint(
    location: str | os.PathLike[str],
    *,
    map_location: str | torch.device = "cpu",
    lazily: bool = False,
) -> dict[str, Any]:
    """Read a checkpoint.

    Args:
        location: A file, an address, which is fetched once into torch's cache folder, or a name
            such as `timm/resnet50.a1_in1k`; see `mmlight.weights.locate`.
        map_location: The device that the tensors are read to.
        lazily: Read a tensor's values only when they are used, where the file allows it.

    Returns:
        The content, whatever its layout; see `find_state_dict`. The words beside the weights of a
        safetensors file are under 'meta'.

    Raises:
        WeightsError: If the file is missing, cannot be fetched, is damaged, or would run code when
            read.

    From: mmcv 1.7 and mmengine 0.10 `CheckpointLoader.load_checkpoint`, which unpickles.
    """
    name = os.fspath(location)
    path, address = find_file(name)
    if not path.is_file():
        raise _missing(name, path)
    content = _read_file(name, path, _find_device(name, map_location), lazily)
    if not isinstance(content, dict):
        raise WeightsError(
            name,
            f"the checkpoint holds a {type(content).__name__}",
            expected="a dict of tensors, or a dict with 'state_dict' or 'model'",
            next_step="Save a state dict: torch.save(model.state_dict(), ...).",
        )
    if address is not None and address.part:
        return {"state_dict": select_part(find_state_dict(content), address.part, name)}
    if address is not None and address.timm_name:
        return {"state_dict": modernize(address.timm_name, find_state_dict(content))}
    return content


def find_state_dict(
    content: Mapping[str, Any], revise_keys: ReviseKeys = REVISE_KEYS
) -> dict[str, torch.Tensor]:
    """Return the weights of a checkpoint.

    Where mmengine's EMAHook was on, these are the average: it writes the average to `state_dict`
    and the raw weights to `ema_state_dict`.

    Args:
        content: What `read_checkpoint` returned: a plain state dict, or one under one of
            `STATE_KEYS`.
        revise_keys: Pairs of a regular expression and what replaces it in every name.

    Examples:
        >>> list(find_state_dict({"state_dict": {"module.a": torch.zeros(1)}, "meta": {}}))
        ['a']

    From: mmcv 1.7 and mmengine 0.10 `load_checkpoint`, which look under 'state_dict' only.
    """
    state = content
    for _ in range(_MAX_DEPTH):
        inner = (state[key] for key in STATE_KEYS if isinstance(state.get(key), Mapping))
        state = next(inner, state)
    return _revise(state, revise_keys)


def find_weights(
    content: Mapping[str, Any], location: str, revise_keys: ReviseKeys = REVISE_KEYS
) -> dict[str, torch.Tensor]:
    """Return the weights of a checkpoint, of which there must be some; see `find_state_dict`.

    Raises:
        WeightsError: If there are none.
    """
    state = find_state_dict(content, revise_keys)
    if state:
        return state
    inside = [repr(k) for k, v in content.items() if isinstance(v, Mapping) and _tensors(v)]
    shown = [f"{key} ({type(content[key]).__name__})" for key in list(content)[:MAX_NAMES_SHOWN]]
    more = ", ..." if len(content) > len(shown) else ""
    raise WeightsError(
        location,
        f"the checkpoint holds no weights; it has {', '.join(shown) or 'nothing'}{more}",
        expected="tensors by name, or under 'state_dict' or 'model'",
        next_step=f"Save {' or '.join(inside)} by itself and use that." if inside else "",
    )


def read_state(
    location: str | os.PathLike[str],
    *,
    revise_keys: ReviseKeys = REVISE_KEYS,
    map_location: str | torch.device = "cpu",
    lazily: bool = False,
) -> dict[str, torch.Tensor]:
    """Read the weights of a checkpoint; args and errors as for `read_checkpoint`."""
    content = read_checkpoint(location, map_location=map_location, lazily=lazily)
    return find_weights(content, os.fspath(location), revise_keys)


def select_part(
    state: Mapping[str, torch.Tensor], prefix: str, location: str
) -> dict[str, torch.Tensor]:
    """Return the entries under a prefix, without it.

    Args:
        state: Tensors by name.
        prefix: Such as 'backbone', with or without its dot.
        location: Where they come from, for error texts.

    Raises:
        WeightsError: If there is none.
    """
    prefix = prefix.rstrip(".") + "."
    selected = {n.removeprefix(prefix): v for n, v in state.items() if n.startswith(prefix)}
    if not selected:
        raise WeightsError(
            location,
            f"no tensor has the prefix {prefix!r}",
            expected=list_names({name.split(".")[0] for name in state}),
            next_step="Correct `prefix`, or remove it when the checkpoint holds the bare module.",
        )
    return selected


def _tensors(content: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    return {str(name): value for name, value in content.items() if isinstance(value, torch.Tensor)}


def _revise(state: Mapping[str, Any], revise_keys: ReviseKeys) -> dict[str, torch.Tensor]:
    """Rename every tensor.

    Raises:
        WeightsError: If two get the same name.
    """
    revised = _tensors(state)
    for pattern, replacement in revise_keys:
        before, revised = revised, {}
        for name, value in before.items():
            new = re.sub(pattern, replacement, name)
            if new in revised:
                raise WeightsError(
                    name,
                    f"revise_keys {(pattern, replacement)!r} gives two tensors the name {new!r}",
                    next_step="Make the regular expression narrower.",
                )
            revised[new] = value
    return revised


# -------------------------------------------------------------------------- files


def _find_device(name: str, map_location: str | torch.device) -> torch.device:
    try:
        device = torch.device(map_location)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise WeightsError(
            name,
            f"map_location={str(map_location)!r} is no device of this machine",
            expected="'cpu', or a device that torch sees",
        ) from error
    return device


def _read_file(name: str, path: Path, device: torch.device, lazily: bool) -> Any:
    try:
        with path.open("rb") as file:
            kind = find_kind(file.read(START_BYTES))
        if kind == "safetensors":
            return _read_safetensors(path, device)
        if kind == "zip" and not lazily:
            check_sums(path)  # which torch does not
        with warnings.catch_warnings(), torch.serialization.safe_globals(list_harmless()):
            warnings.simplefilter("ignore")  # doubts about the file, which the error tells better
            if lazily and path.suffix != ".safetensors" and zipfile.is_zipfile(path):
                return torch.load(path, map_location=device, weights_only=True, mmap=True)
            with path.open("rb") as file:  # not by its name, of which torch would judge the format
                return torch.load(file, map_location=device, weights_only=True)
    except Exception as error:
        raise _unreadable(name, path, error) from error


def _read_safetensors(path: Path, device: torch.device) -> dict[str, Any]:
    with safe_open(path, framework="pt", device=str(device)) as file:
        words = file.metadata() or {}
        state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    return {"state_dict": state, "meta": _read_words(words)}


def _read_words(words: Mapping[str, str]) -> dict[str, Any]:
    """Turn texts into what they tell, where they are JSON."""
    meta: dict[str, Any] = {}
    for key, text in words.items():
        try:
            meta[key] = json.loads(text)
        except ValueError:
            meta[key] = text
    return meta


# -------------------------------------------------------------------------- errors


def _missing(name: str, path: Path) -> WeightsError:
    siblings = {p.stem: p.name for p in path.parent.iterdir()} if path.parent.is_dir() else {}
    return WeightsError(
        name,
        "this is a folder, not a checkpoint file" if path.is_dir() else "no such checkpoint file",
        nearest=siblings.get(nearest_name(path.stem, siblings) or ""),
        next_step=f"Correct the path; it starts at {Path.cwd()}.",
    )


def _unreadable(name: str, path: Path, error: Exception) -> WeightsError:
    """Say in our words why torch refused a file; its own words advise to unpickle it."""
    if isinstance(error, PermissionError):
        return WeightsError(name, f"the file may not be read: {error.strerror}")
    blocked = _BLOCKED.search(str(error))
    if isinstance(error, HarmError) or (blocked and not isinstance(error, SafetensorError)):
        what = repr(blocked[1]) if blocked else str(error)
        return WeightsError(
            name,
            f"the checkpoint holds {what}, which could run code; nothing was run",
            expected="a file that holds tensors and plain values only",
            next_step="Save its state dict alone, where you trust the file, and use that.",
        )
    problem, next_step = explain_file(path)
    return WeightsError(
        name,
        problem,
        expected="a file that torch.save or safetensors has written",
        next_step=next_step,
    )
