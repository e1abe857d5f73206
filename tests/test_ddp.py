"""Two processes on the CPU do what one does."""

import json
import re
from pathlib import Path

import pytest
import torch

from tests.runs import LENET_NEW, LENET_OLD, SHORT, run, write_config

pytestmark = pytest.mark.slow

TWO = ("--trainer.devices", "2", "--trainer.strategy", "ddp", "--trainer.accelerator", "cpu")
ONE = ("--trainer.devices", "1", "--trainer.accelerator", "cpu")
ODD = 999

RECORDER = """
from lightning.pytorch.callbacks import Callback
import torch

class WeightRecorder(Callback):
    def __init__(self, folder):
        self.folder = folder

    def on_train_end(self, trainer, module):
        content = {'rank': trainer.global_rank, 'steps': trainer.global_step}
        content['state'] = module.state_dict()
        torch.save(content, f'{self.folder}/rank_{trainer.global_rank}.pth')
"""

LOSSES = """
from lightning.pytorch.callbacks import Callback
import json

class Losses(Callback):
    def __init__(self, folder):
        self.folder, self.losses = folder, []

    def on_train_batch_end(self, trainer, module, outputs, batch, batch_idx):
        self.losses.append(float(outputs['loss']))

    def on_train_end(self, trainer, module):
        with open(f'{self.folder}/rank_{trainer.global_rank}.json', 'w') as file:
            json.dump(self.losses, file)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a config whose data has 999 images, and the checkpoint of a short run."""
    path = tmp_path_factory.mktemp("ddp")
    text = LENET_NEW.replace("split='test'", f"split='test', indices={ODD}")
    config = write_config(path, text.replace("batch_size=64", "batch_size=50"))
    done = run("fit", "--config", config, "--work-dir", path / "work", *SHORT)
    assert done.returncode == 0, done.stderr
    return path


def _evaluate(stage: str, folder: Path, *words: str) -> str:
    config = ("--config", folder / "config.py", "--work-dir", folder / "out")
    done = run(stage, *config, *words, folder / "work" / "epoch_1.ckpt")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_measures_the_same_accuracy_when_two_processes_share_999_images(folder: Path) -> None:
    found = []
    for words in (ONE, TWO):
        text = _evaluate("validate", folder, *words)
        found.append(re.findall(r"accuracy/top1\s*│\s*([\d.]+)", text))
    assert len(found[0]) == 1
    assert found[0] == found[1]  # printed once, to the last digit
    right = float(found[0][0]) * ODD / 100
    assert right == pytest.approx(round(right), abs=1e-3)  # a share of 999, not of 1000
    assert 0 < right < ODD


def test_predicts_every_image_once_and_in_order(folder: Path) -> None:
    texts = [_evaluate("predict", folder, *words) for words in (ONE, TWO)]
    rows = [[line for line in text.splitlines() if "\t" in line] for text in texts]
    assert [row.split("\t")[0] for row in rows[1]] == [str(number) for number in range(ODD)]
    assert rows[0] == rows[1]


OWN = """
from mmengine.dataset import default_collate
from mmengine.dist import get_dist_info
from mmengine.registry import FUNCTIONS
from mmpretrain.datasets import FashionMNIST
from mmpretrain.registry import DATA_SAMPLERS, DATASETS
from torch.utils.data import Sampler

@DATASETS.register_module()
class FirstThird(FashionMNIST):
    def load_data_list(self):
        return list(super().load_data_list())[:333]

@DATA_SAMPLERS.register_module()
class Backwards(Sampler):
    def __init__(self, dataset, seed=None):
        self.rank, self.world_size = get_dist_info()
        self.size = len(dataset)
    def __iter__(self):
        places = list(range(self.size))[::-1]
        places += places[: -self.size % self.world_size]
        return iter(places[self.rank :: self.world_size])
    def __len__(self):
        return -(-self.size // self.world_size)

@FUNCTIONS.register_module()
def neat_collate(batch):
    assert all(set(sample) == {'inputs', 'data_samples'} for sample in batch)
    return default_collate(batch)
"""


def test_measures_the_same_with_a_wrapper_and_a_users_dataset_sampler_and_collate(
    folder: Path,
) -> None:
    (folder / "own_data.py").write_text(OWN)
    text = (
        (folder / "config.py").read_text()
        + """
custom_imports = dict(imports=['own_data'])
third = dict(val_dataloader['dataset'], type='FirstThird', indices=None, test_mode=True)
val_dataloader.update(
    dataset=dict(type='RepeatDataset', times=3, dataset=third),
    batch_size=20, sampler=dict(type='Backwards'), collate_fn=dict(type='neat_collate'))
"""
    )
    config = write_config(folder, text, "own.py")
    found = []
    for words in (ONE, TWO):
        options = ("--config", config, "--work-dir", folder / "out", *words)
        done = run("validate", *options, folder / "work" / "epoch_1.ckpt", cwd=folder)
        assert done.returncode == 0, done.stderr
        found.append(re.findall(r"accuracy/top1\s*│\s*([\d.]+)", done.stdout))
    assert found[0] == found[1]
    right = float(found[0][0]) * 333 / 100  # of 999, each image three times, not of 1000
    assert right == pytest.approx(round(right), abs=1e-3)
    assert 0 < right < 333


def test_log_of_old_configs_shows_means_over_both_ranks(tmp_path: Path) -> None:
    (tmp_path / "losses.py").write_text(LOSSES)
    config = write_config(tmp_path, LENET_OLD)
    flags = ("--trainer.callbacks+=losses.Losses", f"--trainer.callbacks.folder={tmp_path}")
    words = ("--config", config, "--work-dir", tmp_path / "work", *SHORT, *TWO, *flags)
    done = run("fit", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    ranks = [json.loads((tmp_path / f"rank_{rank}.json").read_text()) for rank in (0, 1)]
    (log,) = (tmp_path / "work").glob("*.log.json")
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    told = [row["loss"] for row in rows if row.get("mode") == "train"]
    assert told == pytest.approx([sum(pair) / 2 for pair in zip(*ranks, strict=True)], abs=1e-5)
    assert ranks[0] != ranks[1]


def test_ends_with_equal_weights_on_both_ranks(folder: Path) -> None:
    (folder / "weight_recorder.py").write_text(RECORDER)
    work_dir = folder / "two"
    flag = "--trainer.callbacks+=weight_recorder.WeightRecorder"
    words = ("--config", folder / "config.py", "--work-dir", work_dir, *SHORT, *TWO)
    done = run("fit", *words, flag, f"--trainer.callbacks.folder={folder}", cwd=folder)
    assert done.returncode == 0, done.stderr
    ranks = [torch.load(folder / f"rank_{rank}.pth", weights_only=True) for rank in (0, 1)]
    assert [content["rank"] for content in ranks] == [0, 1]
    assert [content["steps"] for content in ranks] == [2, 2]
    saved = torch.load(work_dir / "epoch_1.ckpt", weights_only=True)["state_dict"]
    for name, value in ranks[0]["state"].items():
        assert torch.equal(ranks[1]["state"][name], value), name
        assert torch.equal(saved[name], value), name
    start = torch.load(folder / "work" / "epoch_1.ckpt", weights_only=True)["state_dict"]
    assert not torch.equal(
        saved["backbone.classifier.2.weight"], start["backbone.classifier.2.weight"]
    )
    # what is told, is told once
    assert done.stderr.count("Epoch(train) [1][2/2]") == 1
    assert done.stderr.count("accuracy/top1: ") == 1
