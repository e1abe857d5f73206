"""Calls what the table of offers names, here and in the originals, and compares."""

from typing import Any

import numpy as np
import torch

from mmlight.compat.offers.blocks import OFFERS as BLOCKS
from mmlight.compat.offers.files import OFFERS as FILES
from mmlight.compat.offers.images import OFFERS as IMAGES
from mmlight.compat.offers.logs import OFFERS as LOGS
from mmlight.compat.offers.tools import OFFERS as TOOLS
from tests.reference.original import Original

OURS = {
    f"{module}.{name}": target
    for row in (*BLOCKS, *FILES, *IMAGES, *LOGS, *TOOLS)
    for module, name, target in row.expand()
}
"""Name in the originals -> import path of ours."""
GENERATIONS = ["mmcls", "mmpretrain"]
Case = tuple[str, tuple[Any, ...], dict[str, Any]]
"""Name in the originals, arguments by place and by name."""


def call_all(cases):
    """Call each function; return results, and the arrays among the arguments as they are then."""
    import importlib
    import random as python_random
    import warnings

    import numpy as np
    import torch

    def run(path, args, kwargs):
        home, name = path.rsplit(".", 1)
        function = getattr(importlib.import_module(home), name)
        python_random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        result = function(*args, **kwargs)
        arrays = [arg for arg in args if isinstance(arg, np.ndarray | torch.Tensor)]
        return (list(result) if hasattr(result, "__next__") else result), arrays

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [run(*case) for case in cases]


def compare(ours: Any, theirs: Any, where: str, tolerance: float = 0.0) -> None:
    """Require the same structure, names, types, shapes and values."""
    if isinstance(theirs, torch.Tensor | np.ndarray):
        assert isinstance(ours, type(theirs)), where
        assert ours.dtype == theirs.dtype, f"{where}: {ours.dtype}, {theirs.dtype}"
        assert tuple(ours.shape) == tuple(theirs.shape), where
        ours, theirs = np.asarray(ours.tolist()), np.asarray(theirs.tolist())
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance, err_msg=where)
    elif isinstance(theirs, dict):
        assert list(ours) == list(theirs), where
        for key in theirs:
            compare(ours[key], theirs[key], f"{where}, {key}", tolerance)
    elif isinstance(theirs, list | tuple):
        assert type(ours) is type(theirs), where
        assert len(ours) == len(theirs), where
        for index, pair in enumerate(zip(ours, theirs, strict=True)):
            compare(*pair, f"{where}, {index}", tolerance)
    else:
        assert ours == theirs, where


def is_there(original: Original, path: str) -> bool:
    """Tell whether a generation has a name; `mmcv` is in both, with different modules."""
    return original(has_name, path)


def has_name(path):
    import importlib

    home, name = path.rsplit(".", 1)
    try:
        return hasattr(importlib.import_module(home), name)
    except ImportError:
        return False


def compare_calls(original: Original, cases: list[Case]) -> int:
    cases = [case for case in cases if is_there(original, case[0])]
    theirs = original(call_all, cases)
    ours = call_all([(OURS[path], *rest) for path, *rest in cases])
    for case, our, their in zip(cases, ours, theirs, strict=True):
        compare(our, their, f"{case[0]}{case[1:]}"[:300])
    return len(cases)
