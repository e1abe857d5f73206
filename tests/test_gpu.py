"""The same training on a CUDA device; skipped where there is none."""

from pathlib import Path

import pytest
import torch

from mmlight.cli import main
from tests.runs import LENET_OLD, write_config

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]


@pytest.mark.parametrize("precision", ["32-true", "16-mixed", "bf16-mixed"])
def test_trains_and_tests_when_on_a_gpu(tmp_path: Path, precision: str) -> None:
    config = write_config(tmp_path, LENET_OLD)
    flags = ["--trainer.accelerator", "gpu", "--trainer.precision", precision]
    words = ["--config", str(config), "--work-dir", str(tmp_path / "work"), *flags]
    assert main(["fit", *words, "--trainer.max_epochs", "1"]) == 0
    assert main(["test", *words]) == 0


def test_losses_equal_those_of_the_cpu(tmp_path: Path) -> None:
    config = write_config(tmp_path, LENET_OLD)
    weights = []
    for accelerator in ("cpu", "gpu"):
        folder = tmp_path / accelerator
        words = ["--config", str(config), "--work-dir", str(folder), "--deterministic"]
        flags = ["--trainer.accelerator", accelerator, "--trainer.limit_train_batches", "20"]
        assert main(["fit", *words, *flags, "--trainer.max_epochs", "1"]) == 0
        checkpoint = torch.load(folder / "epoch_1.ckpt", map_location="cpu", weights_only=True)
        weights.append(checkpoint["state_dict"])
    for name, value in weights[0].items():
        torch.testing.assert_close(weights[1][name], value, rtol=1e-3, atol=1e-4)
