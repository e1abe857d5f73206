"""The same training on a CUDA device; skipped where there is none."""

from pathlib import Path

import pytest
import torch

from mmlight.cli import main
from mmlight.data.datasets.mnist import FashionMNIST
from mmlight.data.transforms import PackInputs
from mmlight.datamodule import LoaderConfig, PipelineDataModule
from mmlight.models.preprocessor import ImagePreprocessor
from tests.runs import FASHION, LENET_OLD, write_config

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


@pytest.mark.parametrize("channels_last", [False, True])
def test_batches_travel_as_bytes_and_are_normalized_there(channels_last: bool) -> None:
    dataset = FashionMNIST(data_root=str(FASHION), pipeline=[PackInputs()])
    loader = LoaderConfig(dataset, batch_size=64, num_workers=2, pin_memory=True)
    data = PipelineDataModule(train=loader, seed=0)
    batch = next(iter(data.train_dataloader()))
    assert batch["inputs"].is_pinned()
    moved = data.transfer_batch_to_device(batch, torch.device("cuda"), 0)
    assert (moved["inputs"].device.type, moved["inputs"].dtype) == ("cuda", torch.uint8)
    preprocessor = ImagePreprocessor(
        [73.0], [90.0], num_classes=10, to_onehot=True, channels_last=channels_last
    )
    images, targets = preprocessor(batch["inputs"]), preprocessor.prepare_targets(batch["target"])
    preprocessor.cuda()
    there = preprocessor(moved["inputs"])
    assert there.is_contiguous(memory_format=torch.channels_last) or not channels_last
    torch.testing.assert_close(there.cpu(), images)
    assert torch.equal(preprocessor.prepare_targets(moved["target"]).cpu(), targets)
