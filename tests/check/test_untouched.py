import logging
import os
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from mmlight.check.untouched import untouched_process


def test_puts_everything_back(tmp_path: Path) -> None:
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    folder, modules, path = os.getcwd(), list(sys.path), os.environ["PATH"]
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    with untouched_process():
        random.random()
        np.random.rand()
        torch.rand(1)
        torch.set_default_dtype(torch.float64)
        os.chdir(tmp_path)
        sys.path.insert(0, "nowhere")
        os.environ["PATH"] = ""
        os.environ["MMLIGHT_NEW"] = "1"
        root.setLevel(level + 7)
        root.addHandler(logging.NullHandler())
        warnings.warn("not shown", stacklevel=1)
    draws = (random.random(), np.random.rand(), torch.rand(1).item())
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    assert draws == (random.random(), np.random.rand(), torch.rand(1).item())
    assert torch.get_default_dtype() is torch.float32
    assert (os.getcwd(), sys.path, os.environ["PATH"]) == (folder, modules, path)
    assert "MMLIGHT_NEW" not in os.environ
    assert (root.level, root.handlers) == (level, handlers)


def _fail() -> None:
    torch.set_default_dtype(torch.float64)
    raise KeyError("inside")


def test_puts_everything_back_when_something_fails() -> None:
    with pytest.raises(KeyError, match="inside"), untouched_process():
        _fail()
    assert torch.get_default_dtype() is torch.float32
