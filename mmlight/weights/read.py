"""Reads checkpoint files safely.

`weights_only=True` always, with stand-ins for the harmless classes that mm writes.

There is no way back to plain unpickling: a file that needs it is refused.
"""

import os
import re
import urllib.error
import warnings
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import numpy as np
import torch

from mmlight.errors import WeightsError, nearest_name

MIRROR_VARIABLE = "MMLIGHT_WEIGHTS_MIRROR"
_ZIP, _PICKLE = b"PK", b"\x80"  # how torch's files of today and those before 1.6 begin
_BLOCKED = re.compile(r"(?:GLOBAL|class|global) ([\w.]*\.\w+)")


class HistoryBuffer:
    """Stands in for mmengine's class of that name, which its checkpoints carry.

    Holds whatever was stored.
    """


def _name_of_method(owner: Any, name: str) -> str:
    """Stand in for `getattr`, by which a HistoryBuffer names its own methods; looks nothing up."""
    return name


def read_checkpoint(location: str | os.PathLike[str], *, lazily: bool = False) -> dict[str, Any]:
    """Read a checkpoint to the CPU.

    Args:
        location: A file, or an `http(s)://` address, which is fetched once into torch's cache
            folder.
        lazily: Read a tensor's values only when they are used, where the file allows it.

    Returns:
        The content, whatever its layout; see `find_state_dict`.

    Raises:
        WeightsError: If the file is missing, cannot be fetched, is damaged, or would run code when
            read.
    """
    name = str(location)
    path = _fetch(name) if "://" in name else Path(location).expanduser()
    if not path.is_file():
        raise _missing(name, path)
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals(_harmless_classes()):
            warnings.simplefilter("ignore")  # doubts about the file, which the error tells better
            mmap = lazily and zipfile.is_zipfile(path)
            content = torch.load(path, map_location="cpu", weights_only=True, mmap=mmap)
    except Exception as error:
        raise _unreadable(name, path, error) from error
    if not isinstance(content, dict):
        raise WeightsError(
            name,
            f"the checkpoint holds a {type(content).__name__}",
            expected="a dict of tensors, or a dict with 'state_dict' or 'model'",
            next_step="Save a state dict: torch.save(model.state_dict(), ...).",
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


# -------------------------------------------------------------------------- addresses


def find_fetched(url: str) -> Path | None:
    """Return the file behind an address, from a mirror folder or the cache; None if not there."""
    mirror = os.environ.get(MIRROR_VARIABLE, "")
    local = Path(mirror).expanduser() / _name_of(url)
    if mirror and "://" not in mirror and local.is_file():
        return local
    path = _cache_folder() / _name_of(url)
    return path if path.is_file() else None


def find_source(url: str) -> str:
    """Return the address to fetch from: that of a mirror, if one is named, else the given one."""
    mirror = os.environ.get(MIRROR_VARIABLE, "")
    return mirror.rstrip("/") + urlparse(url).path if "://" in mirror else url


def unfetchable(url: str, error: Exception) -> WeightsError:
    """Return the error for weights that cannot be fetched: which file to put where."""
    return WeightsError(
        url,
        f"the weights cannot be fetched from {find_source(url)}: "
        f"{getattr(error, 'reason', None) or error}",
        next_step=f"Get {_name_of(url)} elsewhere and put it into {_cache_folder()}, or into the "
        f"folder that the environment variable {MIRROR_VARIABLE} names.",
    )


def _fetch(url: str) -> Path:
    """Return the file behind an address: from a mirror, from the cache, or from the net."""
    fetched = find_fetched(url)
    if fetched is not None:
        return fetched
    path = _cache_folder() / _name_of(url)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(find_source(url), str(path), progress=False)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise unfetchable(url, error) from error
    return path


def _name_of(url: str) -> str:
    return Path(urlparse(url).path).name or urlparse(url).netloc


def _cache_folder() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"


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
    blocked = _BLOCKED.search(str(error))
    if blocked:
        return WeightsError(
            name,
            f"the checkpoint holds {blocked[1]!r}, which could run code; nothing was run",
            expected="a file that holds tensors and plain values only",
            next_step="Save its state dict alone, where you trust the file, and use that.",
        )
    with path.open("rb") as file:
        start = file.read(16)
    if start.startswith((_ZIP, _PICKLE)):
        size = path.stat().st_size
        problem = f"the checkpoint is damaged, not whole ({size} bytes), or not written by torch"
    elif start:
        problem = f"this is no checkpoint; it begins with {start!r}"
    else:
        problem = "the checkpoint is empty; it has 0 bytes"
    return WeightsError(
        name,
        problem,
        expected="a file that torch.save has written",
        next_step="Fetch or save the file again.",
    )


def _harmless_classes() -> list[Any]:
    """Classes that checkpoints of mm may hold beside tensors: number arrays and log buffers."""
    # numpy 2 moved these two to another module; files name the one of the numpy that wrote them
    reconstruct, scalar = np.ndarray.__reduce__(np.zeros(0))[0], np.float64(0).__reduce__()[0]
    modules = ("numpy.core.multiarray", "numpy._core.multiarray")
    dtypes = [type(np.dtype(name)) for name in ("f2", "f4", "f8", "i4", "i8", "u1", "b1")]
    return [
        (HistoryBuffer, "mmengine.logging.history_buffer.HistoryBuffer"),
        (_name_of_method, "builtins.getattr"),
        np.ndarray,
        np.dtype,
        *dtypes,
        *((reconstruct, f"{module}._reconstruct") for module in modules),
        *((scalar, f"{module}.scalar") for module in modules),
    ]
