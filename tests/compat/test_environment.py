import os
import random
import re

import numpy as np
import pytest
import torch

from mmlight.compat import environment


def test_versions_are_ordered_when_turned_into_numbers():
    texts = ["1.9", "1.10.0.dev3", "1.10.0a1", "1.10.0rc1", "1.10.0", "1.10.0.post2", "2.0.0+cu1"]
    numbers = [environment.digit_version(text) for text in texts]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) == len(texts)
    assert environment.digit_version("1.2.3.4.5", length=2) == (1, 2, 0, 0)


def test_draws_repeat_when_seeded(monkeypatch):
    monkeypatch.setenv("PYTHONHASHSEED", "random")
    draws = []
    for _ in range(2):
        assert environment.set_random_seed(5) == 5
        draws.append((random.random(), np.random.rand(), torch.rand(1).item()))
    assert draws[0] == draws[1]
    assert os.environ["PYTHONHASHSEED"] == "5"
    monkeypatch.setattr(environment, "get_rank", lambda: 3)
    assert environment.set_random_seed(5, use_rank_shift=True) == 8
    assert environment.set_random_seed(5, diff_rank_seed=True) == 8
    assert environment.set_random_seed() >= 0


def test_environment_is_told_when_asked():
    told = environment.collect_env()
    assert told["PyTorch"] == torch.__version__ == environment.TORCH_VERSION
    assert told["CUDA available"] is torch.cuda.is_available()
    assert environment.auto_select_device() in ("cpu", "cuda")
    assert re.fullmatch(r"\d{8}_\d{6}", environment.get_time_str())
    assert "@" in environment.get_host_info() or environment.get_host_info() == ""
    assert environment.is_tracing() is False


def test_commit_is_unknown_when_there_is_no_repository(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert environment.get_git_hash() == "unknown"
    assert environment.get_git_hash(fallback="none") == "none"
    with pytest.raises(TypeError, match="digits must be None or an integer, got '7'"):
        environment.get_git_hash(digits="7")
