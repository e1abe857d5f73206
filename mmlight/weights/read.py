"""Reads checkpoint files safely.

`weights_only=True` always, with stand-ins for the harmless classes that mm writes.

There is no way back to plain unpickling: a file that needs it is refused.
"""

import os
import urllib.error
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmlight.errors import WeightsError

MIRROR_VARIABLE = "MMLIGHT_WEIGHTS_MIRROR"


class HistoryBuffer:
    """Stands in for mmengine's class of that name, which its checkpoints carry.

    Holds whatever was stored.
    """


def read_checkpoint(location: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a checkpoint to the CPU.

    Args:
        location: A file, or an `http(s)://` address, which is fetched once into torch's cache
            folder.

    Returns:
        The content, whatever its layout; see `find_state_dict`.

    Raises:
        WeightsError: If the file is missing, cannot be fetched, is damaged, or would run code when
            read.
    """
    path = _fetch(str(location)) if "://" in str(location) else Path(location).expanduser()
    if not path.is_file():
        raise WeightsError(
            str(location),
            f"no such checkpoint file {str(path)!r}",
            next_step="Correct the path; it starts at the folder of the command.",
        )
    try:
        with torch.serialization.safe_globals(_harmless_classes()):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(
            str(location),
            f"the checkpoint cannot be read: {_first_line(error)}",
            expected="a whole checkpoint file that holds tensors and plain values only",
            next_step="Fetch or save the file again; code inside a checkpoint is never run.",
        ) from error
    if not isinstance(content, dict):
        raise WeightsError(
            str(location),
            f"the checkpoint holds a {type(content).__name__}",
            expected="a dict of tensors, or a dict with 'state_dict' or 'model'",
        )
    return content


def find_state_dict(content: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Return the weights of a checkpoint, with a leading `module.` removed.

    Args:
        content: What `read_checkpoint` returned: a plain state dict, or one under 'state_dict' or
            'model'.

    Examples:
        >>> list(find_state_dict({"state_dict": {"module.a": torch.zeros(1)}, "meta": {}}))
        ['a']
    """
    state = content
    for key in ("state_dict", "model"):
        if isinstance(content.get(key), dict):
            state = content[key]
            break
    return {
        name.removeprefix("module."): value
        for name, value in state.items()
        if isinstance(value, torch.Tensor)
    }


def _fetch(url: str) -> Path:
    """Return the file behind an address.

    From the mirror folder, from the cache, or from the net.
    """
    name = url.rsplit("/", 1)[-1]
    mirror = os.environ.get(MIRROR_VARIABLE)
    if mirror and (Path(mirror) / name).is_file():
        return Path(mirror) / name
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    path = folder / name
    if path.is_file():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(url, str(path), progress=False)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise WeightsError(
            url,
            f"the weights cannot be fetched: {_first_line(error)}",
            next_step=f"Get {name} elsewhere and put it into {folder}, or into the folder that "
            f"the environment variable {MIRROR_VARIABLE} names.",
        ) from error
    return path


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}"


def _harmless_classes() -> list[Any]:
    """Classes that checkpoints of mm may hold beside tensors: number arrays and log buffers."""
    # numpy 2 moved these two to another module; files name the one of the numpy that wrote them
    reconstruct, scalar = np.ndarray.__reduce__(np.zeros(0))[0], np.float64(0).__reduce__()[0]
    modules = ("numpy.core.multiarray", "numpy._core.multiarray")
    dtypes = [type(np.dtype(name)) for name in ("f2", "f4", "f8", "i4", "i8", "u1", "b1")]
    return [
        (HistoryBuffer, "mmengine.logging.history_buffer.HistoryBuffer"),
        np.ndarray,
        np.dtype,
        *dtypes,
        *((reconstruct, f"{module}._reconstruct") for module in modules),
        *((scalar, f"{module}.scalar") for module in modules),
    ]
