import os
import random
import subprocess
import sys
from functools import partial
from pathlib import Path

import cv2
import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from jsonargparse import ArgumentParser
from lightning.pytorch.callbacks import Callback
from torch.utils.data import Dataset, Sampler, Subset, WeightedRandomSampler

from mmlight.data import samplers
from mmlight.data.sampler_builder import SamplerBuilder
from mmlight.data.samplers import DefaultSampler, InfiniteSampler, RepeatAugSampler
from mmlight.datamodule import LoaderConfig, PipelineDataModule
from mmlight.errors import ConfigError

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*checkpoint directory"),
    pytest.mark.filterwarnings("ignore:.*is smaller than the logging interval"),
    pytest.mark.filterwarnings("ignore:.*have no `val_dataloader`"),
    # Lightning 2.6 on newer torch
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
]


class Noisy(Dataset):
    """Each input holds the index and a draw from each generator."""

    metainfo = {"classes": ("a", "b")}  # noqa: RUF012

    def __init__(self, size=22):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        draws = [float(index), random.random(), np.random.rand(), torch.rand(()).item()]
        inputs = torch.tensor(draws, dtype=torch.float64).reshape(4, 1, 1)  # (4,) -> (C, H, W)
        return {"inputs": inputs, "target": index % 2, "metas": {"index": index}}

    def get_cat_ids(self, index):
        return [index % 2]


class Recorder(pl.LightningModule):
    """Keeps what it is given, and draws from torch's generator in each step."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.seen = []
        self.evaluated = []

    def training_step(self, batch, batch_idx):
        self.seen.append((batch["inputs"].flatten().tolist(), torch.rand(()).item()))
        return self.weight.sum()

    def validation_step(self, batch, batch_idx):
        self.evaluated.append(batch)

    test_step = validation_step

    def predict_step(self, batch, batch_idx):
        return batch["target"]

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


class Saver(Callback):
    """Saves a checkpoint the `count`-th time that `point` is reached."""

    def __init__(self, point, count, path):
        self.left, self.path = count, path
        setattr(self, point, self._save)

    def _save(self, trainer, *_):
        self.left -= 1
        if self.left == 0:
            trainer.save_checkpoint(self.path)


def seed_all():
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)


def build_trainer(callbacks=(), **options):
    return pl.Trainer(
        accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0,
        use_distributed_sampler=False, callbacks=list(callbacks), **options,
    )  # fmt: skip


def build_data(num_workers=0, persistent=False, val=False, **options):
    train = LoaderConfig(
        Noisy(), 3, num_workers, shuffle=True, persistent_workers=persistent, **options
    )
    return PipelineDataModule(train, LoaderConfig(Noisy(5), 2) if val else None, seed=3)


def fit(data, callbacks=(), path=None, **options):
    seed_all()
    model = Recorder()
    options = {"max_epochs": 3, **options}
    build_trainer(callbacks, **options).fit(model, datamodule=data, ckpt_path=path)
    return model.seen


MODES = [(0, False), (2, False), (2, True)]
POINTS = [
    ("on_train_batch_end", 11, 11),
    ("on_train_batch_end", 13, 13),
    ("on_train_batch_end", 16, 16),
    ("on_train_epoch_end", 1, 8),
    ("on_validation_end", 2, 16),
]


@pytest.mark.parametrize(("workers", "persistent"), MODES)
@pytest.mark.parametrize(("point", "count", "done"), POINTS)
def test_fit_sees_the_same_when_resumed(tmp_path, workers, persistent, point, count, done):
    val = point == "on_validation_end"
    path = tmp_path / "a.ckpt"
    whole = fit(build_data(workers, persistent, val), [Saver(point, count, path)])
    assert len(whole) == 24
    resumed = fit(build_data(workers, persistent, val), path=path)
    assert resumed == whole[done:]


@pytest.mark.parametrize(("workers", "persistent"), MODES)
@pytest.mark.parametrize("count", [6, 5, 10])
def test_fit_sees_the_same_when_resumed_under_limit(tmp_path, workers, persistent, count):
    path = tmp_path / "a.ckpt"
    options = {"limit_train_batches": 5}
    saver = Saver("on_train_batch_end", count, path)
    whole = fit(build_data(workers, persistent), [saver], **options)
    assert len(whole) == 15
    resumed = fit(build_data(workers, persistent), path=path, **options)
    assert resumed == whole[count:]


@pytest.mark.parametrize("workers", [0, 2])
def test_fit_sees_the_same_when_resumed_in_endless_epoch(tmp_path, workers):
    options = {"max_epochs": -1, "max_steps": 25}
    path = tmp_path / "a.ckpt"
    saver = Saver("on_train_batch_end", 11, path)
    whole = fit(build_data(workers, sampler=InfiniteSampler), [saver], **options)
    assert len(whole) == 25
    resumed = fit(build_data(workers, sampler=InfiniteSampler), path=path, **options)
    assert resumed == whole[11:]


def test_checkpoint_holds_only_tensors_and_numbers_when_saved(tmp_path):
    path = tmp_path / "a.ckpt"
    fit(build_data(2), [Saver("on_train_batch_end", 3, path)])
    state = torch.load(path, weights_only=True)["PipelineDataModule"]
    assert state["seed"] == 3
    assert state["ranks"][0]["batches"] == 3
    assert state["ranks"][0]["workers"][1].dtype == torch.uint8


def test_fit_warns_when_resumed_with_other_workers(tmp_path):
    path = tmp_path / "a.ckpt"
    whole = fit(build_data(0), [Saver("on_train_batch_end", 3, path)], max_epochs=1)
    with pytest.warns(UserWarning, match="1 ranks of 0 workers, this run has 1 of 2"):
        resumed = fit(build_data(2), path=path, max_epochs=1)
    assert [sample[::4] for sample, _ in resumed] == [sample[::4] for sample, _ in whole[3:]]


def test_fit_uses_each_epochs_order_when_workers_prefetch():
    seen = fit(build_data(2))
    for epoch in range(3):
        sampler = DefaultSampler(range(22), seed=3)
        sampler.set_epoch(epoch)
        batches = [sample for sample, _ in seen[8 * epoch : 8 * epoch + 8]]
        assert [round(x) for batch in batches for x in batch[::4]] == list(sampler)


def test_fit_repeats_batches_when_overfitting():
    seen = fit(build_data(0), overfit_batches=2)
    indices = [sample[::4] for sample, _ in seen]
    assert indices == [[0, 1, 2], [3, 4, 5]] * 3


def test_fit_runs_when_there_is_no_validation_data():
    assert len(fit(build_data(val=False), max_epochs=1)) == 8


def test_evaluation_reads_all_once_when_single_process():
    data = PipelineDataModule(test=LoaderConfig(Noisy(5), 2), predict=LoaderConfig(Noisy(5), 2))
    model = Recorder()
    build_trainer().test(model, datamodule=data, verbose=False)
    assert [x["target"].tolist() for x in model.evaluated] == [[0, 1], [0, 1], [0]]
    assert "counted" not in model.evaluated[0]
    predicted = build_trainer().predict(model, datamodule=data)
    assert torch.cat(predicted).tolist() == [0, 1, 0, 1, 0]


@pytest.mark.slow
def test_ranks_share_data_and_states_when_two_processes(tmp_path):
    script = tmp_path / "run.py"
    script.write_text(_TWO_RANKS)
    command = [sys.executable, str(script), str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(command, env=env, timeout=120, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for kind in ("whole", "resumed"):
        first, second = (torch.load(tmp_path / f"{kind}{rank}.pt") for rank in range(2))
        count = sum(len(batch) // 4 for rank in (first, second) for batch in rank["seen"])
        assert count == (44 if kind == "whole" else 32)
        metas = [m for rank in (first, second) for m in rank["metas"]]
        counted = [c for rank in (first, second) for c in rank["counted"]]
        assert len(metas) == 6
        assert sorted(m for m, c in zip(metas, counted, strict=True) if c) == [0, 1, 2, 3, 4]
    for rank in range(2):
        whole = torch.load(tmp_path / f"whole{rank}.pt")["seen"]
        assert torch.load(tmp_path / f"resumed{rank}.pt")["seen"] == whole[2:]


_TWO_RANKS = """
import sys
from pathlib import Path
import torch
import lightning.pytorch as pl
from tests.test_datamodule import LoaderConfig, Noisy, PipelineDataModule
from tests.test_datamodule import Recorder, Saver, seed_all

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    path = folder / "a.ckpt"
    for kind in ("whole", "resumed"):
        seed_all()
        model = Recorder()
        data = PipelineDataModule(
            LoaderConfig(Noisy(), 3, 1, shuffle=True), LoaderConfig(Noisy(5), 2), seed=None
        )
        trainer = pl.Trainer(
            accelerator="cpu", devices=2, strategy="ddp", logger=False, max_epochs=2,
            enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
            num_sanity_val_steps=0, use_distributed_sampler=False, check_val_every_n_epoch=2,
            callbacks=[Saver("on_train_batch_end", 2 if kind == "whole" else 0, path)],
        )
        trainer.fit(model, datamodule=data, ckpt_path=None if kind == "whole" else path)
        torch.save({
            "seen": [sample for sample, _ in model.seen],
            "metas": [m["index"] for b in model.evaluated for m in b["metas"]],
            "counted": [c for b in model.evaluated for c in b["counted"].tolist()],
        }, folder / f"{kind}{trainer.global_rank}.pt")
"""


def test_classes_come_from_first_dataset_when_asked():
    assert PipelineDataModule(val=LoaderConfig(Noisy())).classes == ("a", "b")
    assert PipelineDataModule().classes is None


@pytest.mark.parametrize(
    ("sampler", "drop_last", "batches"),
    [
        (None, False, 8),
        (None, True, 7),
        (partial(RepeatAugSampler, selected_ratio=2), False, 4),
        (InfiniteSampler, False, 8),
    ],
)
def test_train_epoch_batches_counts_when_sampler_differs(sampler, drop_last, batches):
    config = LoaderConfig(Noisy(), 3, sampler=sampler, drop_last=drop_last)
    assert PipelineDataModule(config).train_epoch_batches == batches


def test_train_epoch_batches_raises_when_no_training_data():
    with pytest.raises(ValueError, match="train must be given to count its batches, got None"):
        _ = PipelineDataModule().train_epoch_batches


def test_train_dataloader_raises_when_no_training_data():
    with pytest.raises(ValueError, match="train must be given to train, got None"):
        PipelineDataModule().train_dataloader()


def test_train_dataloader_takes_foreign_sampler_when_given():
    def weigh(dataset):
        return WeightedRandomSampler([0.0] * 21 + [1.0], 6)

    data = PipelineDataModule(LoaderConfig(Noisy(), 3, sampler=weigh), seed=0)
    batches = list(data.train_dataloader())
    assert [[meta["index"] for meta in batch["metas"]] for batch in batches] == [[21] * 3] * 2


def test_seed_comes_from_torch_when_none_is_given():
    torch.manual_seed(77)
    data = PipelineDataModule(LoaderConfig(Noisy(), 3, shuffle=True))
    data.setup("fit")
    assert data.seed == 77
    assert data.train_dataloader().batch_sampler.sampler.seed == 77


def test_loader_config_raises_when_numbers_are_wrong():
    with pytest.raises(ValueError, match="batch_size must be at least 1, got 0"):
        LoaderConfig(Noisy(), 0)
    with pytest.raises(ValueError, match="num_workers must not be negative, got -1"):
        LoaderConfig(Noisy(), 1, -1)


def test_prediction_is_whole_and_in_order_when_the_config_shuffles():
    config = LoaderConfig(Noisy(5), 2, sampler=partial(DefaultSampler, seed=1), drop_last=True)
    data = PipelineDataModule(test=config, predict=config, seed=0)
    assert [b["metas"][0]["index"] for b in data.test_dataloader()] != [0, 2]
    places = [meta["index"] for batch in data.predict_dataloader() for meta in batch["metas"]]
    assert places == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("stage", ["train", "val"])
def test_loader_reads_the_first_samples_when_batches_are_numbered(monkeypatch, stage):
    config = LoaderConfig(Noisy(), 3, num_batch_per_epoch=2)
    for world, count in ((1, 6), (2, 12)):
        found = []
        for rank in range(world):
            monkeypatch.setattr(PipelineDataModule, "_place", lambda _, at=(rank, world): at)
            data = PipelineDataModule(**{stage: config}, seed=0)
            batches = list(getattr(data, f"{stage}_dataloader")())
            assert len(batches) == 2
            found += [meta["index"] for batch in batches for meta in batch["metas"]]
        assert sorted(found) == list(range(count))
    assert stage == "val" or data.train_epoch_batches == 2


class Pairs:
    """A user's batches: neighbours of the sampler's order, as many as `batch_size`."""

    def __init__(self, sampler, batch_size, drop_last=False):
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self):
        order = list(self.sampler)
        for start in range(0, len(order), self.batch_size):
            yield sorted(order[start : start + self.batch_size])

    def __len__(self):
        return -(-len(self.sampler) // self.batch_size)


@pytest.mark.parametrize("workers", [0, 2])
def test_fit_sees_the_same_when_resumed_in_users_batches(tmp_path, workers):
    path = tmp_path / "a.ckpt"
    options = {"num_workers": workers, "batch_sampler": SamplerBuilder(Pairs)}
    whole = fit(build_data(**options), [Saver("on_train_batch_end", 11, path)])
    assert all(sample[::4] == sorted(sample[::4]) for sample, _ in whole)
    assert len({tuple(sample[::4]) for sample, _ in whole}) == 24
    assert fit(build_data(**options), path=path) == whole[11:]


class TheirSampler(DefaultSampler):
    """A user's order, which reads the attributes that mmengine's has."""

    def __iter__(self):
        generator = torch.Generator().manual_seed(self.seed + 7 * self.epoch)
        order = torch.randperm(len(self.dataset), generator=generator).tolist()
        order = (order * 2)[: self.total_size]
        return iter(order[self.rank : self.total_size : self.world_size])


class Alone(Sampler):
    """A sampler that knows nothing of ours."""

    def __init__(self, dataset, seed=0, num_replicas=1, rank=0):
        self.size, self.seed, self.place = len(dataset), seed, (rank, num_replicas)

    def __iter__(self):
        return iter(np.random.RandomState(self.seed).permutation(self.size).tolist())

    def __len__(self):
        return self.size


SAMPLERS = {
    "weighted": partial(samplers.WeightedRandomSampler, weights=[*range(1, 23)]),
    "balanced": samplers.ClassBalancedSampler,
    "theirs": TheirSampler,
    "alone": Alone,
}


@pytest.mark.parametrize(("workers", "persistent"), MODES)
@pytest.mark.parametrize("name", SAMPLERS)
def test_fit_sees_the_same_when_resumed_with_any_sampler(tmp_path, name, workers, persistent):
    path = tmp_path / "a.ckpt"
    options = {"num_workers": workers, "persistent": persistent, "sampler": SAMPLERS[name]}
    whole = fit(build_data(**options), [Saver("on_train_batch_end", 11, path)])
    orders = {
        tuple(x for sample, _ in whole[e * 8 : e * 8 + 8] for x in sample[::4]) for e in range(3)
    }
    assert len(orders) == (1 if name == "alone" else 3)
    assert fit(build_data(**options), path=path) == whole[11:]


def test_users_sampler_learns_its_place_when_built(monkeypatch):
    monkeypatch.setattr(PipelineDataModule, "_place", lambda _: (1, 2))
    data = PipelineDataModule(LoaderConfig(Noisy(), 3, sampler=Alone), seed=9)
    sampler = data.train_dataloader().batch_sampler.sampler
    assert (sampler.place, sampler.seed) == ((1, 2), 9)


def test_evaluation_counts_when_samples_are_no_dicts(monkeypatch):
    config = LoaderConfig(range(5), 2, collate_fn=lambda numbers: {"inputs": torch.tensor(numbers)})
    counted = {}
    for rank in range(2):
        monkeypatch.setattr(PipelineDataModule, "_place", lambda _, at=rank: (at, 2))
        for batch in PipelineDataModule(test=config, seed=0).test_dataloader():
            pairs = zip(batch["inputs"].tolist(), batch["counted"].tolist(), strict=True)
            for number, counts in pairs:
                counted[number] = counted.get(number, 0) + counts
    assert counted == dict.fromkeys(range(5), 1)


def test_workers_run_a_users_function_when_given():
    config = LoaderConfig(Noisy(4), 2, 1, worker_init_fn=lambda number: random.seed(number + 5))
    loader = PipelineDataModule(config, seed=3).train_dataloader()
    found = next(iter(loader))["inputs"][0, 1].item()
    assert found == random.Random(5).random()


def test_cv2_starts_no_threads_when_set_up():
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(2)
        PipelineDataModule(seed=0).setup("fit")
        assert cv2.getNumThreads() == 1
    finally:
        cv2.setNumThreads(threads)


def test_loader_drops_options_when_there_are_no_workers():
    config = LoaderConfig(Noisy(), persistent_workers=True, prefetch_factor=4)
    loader = PipelineDataModule(config, seed=0).train_dataloader()
    assert not loader.persistent_workers
    assert loader.prefetch_factor is None


def test_datamodule_is_built_when_described_in_yaml(tmp_path):
    folder = Path(__file__).parents[1] / "datasets" / "fashion-mnist-mini"
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(PipelineDataModule, "data")
    node = {
        "class_path": "mmlight.datamodule.PipelineDataModule",
        "init_args": {
            "seed": 4,
            "train": {
                "dataset": {
                    "class_path": "mmlight.data.datasets.mnist.FashionMNIST",
                    "init_args": {"data_root": str(folder), "split": "test"},
                },
                "batch_size": 8,
                "sampler": {
                    "class_path": "mmlight.data.sampler_builder.SamplerBuilder",
                    "init_args": {
                        "sampler": "mmlight.data.samplers.RepeatAugSampler",
                        "options": {"num_repeats": 2},
                    },
                },
            },
        },
    }
    config = parser.parse_object({"data": node})
    data = parser.instantiate(config).data
    assert data.train_epoch_batches == 125
    sampler = data.train_dataloader().batch_sampler.sampler
    assert (sampler.num_repeats, sampler.seed) == (2, 4)
    dumped = parser.parse_string(parser.dump(config))
    assert parser.instantiate(dumped).data.classes[0] == "T-shirt/top"


@pytest.mark.skipif(os.name != "posix", reason="workers cannot be forked")
def test_workers_are_forked_when_there_are_any():
    loader = build_data(num_workers=1).train_dataloader()
    assert loader.multiprocessing_context.get_start_method() == "fork"
    assert build_data(num_workers=0).train_dataloader().multiprocessing_context is None


def test_classes_are_found_when_torch_wraps_the_dataset():
    data = build_data()
    data.train.dataset = Subset(data.train.dataset, [0])
    assert data.classes == ("a", "b")


def test_names_the_loader_when_a_sampler_refuses_its_arguments():
    sampler = SamplerBuilder("mmlight.data.samplers.WeightedRandomSampler", {"weights": [1.0, 2.0]})
    data = PipelineDataModule(train=LoaderConfig(Noisy(5), 2, 0, sampler=sampler))
    with pytest.raises(
        ConfigError, match=r"weights must be 5 numbers, got the shape \(2,\)"
    ) as caught:
        data.train_dataloader()
    assert caught.value.path == "train_dataloader.sampler"


@pytest.mark.parametrize(("differs", "shift"), [(True, 3), (False, 0)])
def test_ranks_have_numbers_of_their_own_when_asked(monkeypatch, differs, shift):
    config = LoaderConfig(Noisy(), 2, num_workers=2)
    data = PipelineDataModule(train=config, seed=5, diff_rank_seed=differs)
    monkeypatch.setattr(data, "_place", lambda: (3, 4))
    torch.manual_seed(1)
    data.setup("fit")
    number = torch.rand(()).item()
    torch.manual_seed(5 + shift if differs else 1)
    assert torch.rand(()).item() == number
    loader = data.train_dataloader()
    assert loader.worker_start.seed == 5 + shift
    assert loader.batch_sampler.sampler.seed == 5  # the order of samples stays common
