"""What users' code asks about, and sets in, the process that it runs in."""

import os
import platform
import random
import subprocess
import sys
import time
import warnings
from getpass import getuser
from socket import gethostname
from typing import Any, Final

import cv2
import numpy as np
import torch
import torchvision
from packaging.version import parse

from mmlight.compat.collective import sync_random_seed
from mmlight.compat.dist import get_rank

TORCH_VERSION: Final = torch.__version__
_PRERELEASES: Final = {"a": -3, "b": -2, "rc": -1}


def collect_env() -> dict[str, Any]:
    """Return what a report of a problem should tell: versions and devices, by name.

    From: mmcv 1.7 and mmengine 0.10 `collect_env`, without those of compilers;
        `python -m torch.utils.collect_env` tells all.
    """
    devices = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "sys.platform": sys.platform,
        "Python": platform.python_version(),
        "CUDA available": torch.cuda.is_available(),
        **{f"GPU {index}": name for index, name in enumerate(devices)},
        "PyTorch": torch.__version__,
        "TorchVision": torchvision.__version__,
        "OpenCV": cv2.__version__,
        "numpy": np.__version__,
    }


def set_random_seed(
    seed: int | None = None,
    deterministic: bool = False,
    use_rank_shift: bool = False,
    diff_rank_seed: bool = False,
) -> int:
    """Seed `random`, `numpy.random` and torch.

    Args:
        seed: The seed; None draws one that is the same in all processes.
        deterministic: Let cuDNN choose algorithms that repeat their results.
        use_rank_shift: Add the number of the process (0.x).
        diff_rank_seed: Add the number of the process (1.x).

    Returns:
        The seed that was set.

    From: mmcv 1.7 and mmengine 0.10 `set_random_seed`. For a run, `seed` and `deterministic` of the
        config are what to set.
    """
    seed = sync_random_seed() if seed is None else seed
    seed += get_rank() if use_rank_shift or diff_rank_seed else 0
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    os.environ["PYTHONHASHSEED"] = str(seed)
    if deterministic:
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
    return seed


def auto_select_device() -> str:
    """Return 'cuda' where there is such a device, else 'cpu'.

    From: mmcls 0.25 `auto_select_device`, mmengine 0.10 `get_device`.
    """
    return "cuda" if torch.cuda.is_available() else "cpu"


def get_time_str() -> str:
    """Return the local time, such as 20240131_235959."""
    return time.strftime("%Y%m%d_%H%M%S", time.localtime())


def get_host_info() -> str:
    """Return user and machine, such as `me@here`; nothing when they are not known."""
    try:
        return f"{getuser()}@{gethostname()}"
    except (OSError, KeyError):
        return ""


def is_tracing() -> bool:
    """Tell whether torch records the operations of a module now."""
    return bool(torch._C._is_tracing())


# -------------------------------------------------------------------------- versions


def digit_version(version_str: str, length: int = 4) -> tuple[int, ...]:
    """Turn a version into numbers that compare as versions do.

    Args:
        version_str: A version, such as '2.6.0rc1'.
        length: How many numbers of the release to give; missing ones are 0.

    Returns:
        The release, then two numbers for what comes before or after it.

    Raises:
        packaging.version.InvalidVersion: If it is no version.

    Examples:
        >>> digit_version("1.2.3"), digit_version("2.6.0rc1") < digit_version("2.6.0")
        ((1, 2, 3, 0, 0, 0), True)

    From: mmcv 1.7 and mmengine 0.10 `digit_version`.
    """
    version = parse(version_str)
    release = (*version.release, *[0] * length)[:length]
    if version.is_prerelease:
        if version.pre is None:
            return (*release, -4, 0)
        kind, number = version.pre
        if kind not in _PRERELEASES:
            warnings.warn(f"the prerelease {kind!r} is not known", stacklevel=2)
        return (*release, _PRERELEASES.get(kind, -4), number)
    if version.is_postrelease:
        return (*release, 1, version.post or 0)
    return (*release, 0, 0)


def get_git_hash(fallback: str = "unknown", digits: int | None = None) -> str:
    """Return the commit of the repository in the working directory.

    Args:
        fallback: What to return without git or a repository.
        digits: Its first digits only.

    From: mmcv 1.7 and mmengine 0.10 `get_git_hash`, which return an empty text outside a
        repository.
    """
    if not (digits is None or isinstance(digits, int)):
        raise TypeError(f"digits must be None or an integer, got {digits!r}")
    try:
        command = ["git", "rev-parse", "HEAD"]
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return fallback
    return found.stdout.strip()[:digits]
