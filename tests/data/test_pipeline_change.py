from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset

from mmlight.data.loader_config import LoaderConfig
from mmlight.data.pipeline_change import change_pipelines, find_piped, leave_out
from mmlight.data.transforms.compose import Compose
from mmlight.datamodule import PipelineDataModule

Drawn = list[list[tuple[int, float]]]


class Draw:
    """Adds a random number to a sample, and the name of the transform as a whole number."""

    def __init__(self, name: int) -> None:
        self.name = name

    def __call__(self, results: dict[str, Any]) -> dict[str, Any]:
        inputs = torch.tensor([self.name, np.random.rand()], dtype=torch.float64)
        return {"inputs": inputs, "target": results["target"], "metas": {}}


class Piped(Dataset[Any]):
    def __init__(self, size: int = 8) -> None:
        self.size = size
        self.pipeline: Any = Compose([Draw(1)])

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> Any:
        return self.pipeline({"target": index})


def build_loader(workers: int, persistent: bool = True) -> Any:
    train = LoaderConfig(
        Piped(), 2, num_workers=workers, persistent_workers=persistent, pin_memory=False
    )
    return PipelineDataModule(train, seed=5).train_dataloader()


def read_epoch(loader: Any) -> list[tuple[int, float]]:
    return [(int(name), value) for batch in loader for name, value in batch["inputs"].tolist()]


@pytest.mark.parametrize("persistent", [True, False])
def test_workers_see_the_change_and_are_seeded_anew_when_they_stay(persistent: bool) -> None:
    loader = build_loader(2, persistent)
    first, second = read_epoch(loader), read_epoch(loader)
    change_pipelines(loader, lambda _: [Draw(2)])
    third, fourth = read_epoch(loader), read_epoch(loader)
    assert [{name for name, _ in epoch} for epoch in (first, second, third, fourth)] == [
        {1}, {1}, {2}, {2},
    ]  # fmt: skip
    assert [value for _, value in third] == [value for _, value in first]
    # workers that stay go on drawing, others begin with their seed each time
    assert ([value for _, value in second] == [value for _, value in first]) is not persistent
    assert [value for _, value in fourth] == [value for _, value in second]


def test_workers_keep_the_old_pipeline_when_they_are_not_renewed() -> None:
    loader = build_loader(2)
    read_epoch(loader)
    change_pipelines(loader, lambda _: [Draw(2)], renew=False)
    assert {name for name, _ in read_epoch(loader)} == {1}


def test_change_holds_at_once_when_there_are_no_workers() -> None:
    loader = build_loader(0)
    read_epoch(loader)
    change_pipelines(loader, lambda old: [*old, lambda results: {**results, "target": 7}])
    assert [batch["target"].tolist() for batch in loader] == [[7, 7]] * 4


@pytest.mark.parametrize("done", [0, 2])
def test_states_of_workers_stay_when_an_epoch_is_resumed_inside(done: int) -> None:
    loader = build_loader(2)
    change_pipelines(loader, lambda _: [Draw(2)])
    read_epoch(loader)
    expected, batches = [], iter(loader)
    for _ in range(done):
        next(batches)
    state = loader.position(done)
    expected = [value for batch in batches for _, value in batch["inputs"].tolist()]
    resumed = build_loader(2)
    resumed.resume(state)
    change_pipelines(resumed, lambda _: [Draw(2)])
    found = [value for _, value in read_epoch(resumed)]
    assert (found == expected) == (done > 0)  # an epoch that begins is seeded anew


def test_loader_of_torch_begins_with_new_workers_too() -> None:
    loader: Any = DataLoader(Piped(), 2, num_workers=1, persistent_workers=True)
    list(loader)
    change_pipelines(loader, lambda _: [Draw(2)])
    assert {int(name) for batch in loader for name, _ in batch["inputs"].tolist()} == {2}


def test_datasets_are_found_when_wrapped() -> None:
    parts = [Piped(), Piped(), Piped()]
    wrapped = ConcatDataset([parts[0], Subset(parts[1], [0]), ConcatDataset([parts[2]])])
    assert list(find_piped(wrapped)) == parts
    change_pipelines(SimpleNamespace(dataset=wrapped, _iterator=1), lambda _: [Draw(3)])
    assert [next(iter(part.pipeline)).name for part in parts] == [3, 3, 3]
    text = "dataset must have a pipeline to be changed, got list"
    with pytest.raises(ValueError, match=text):
        change_pipelines(SimpleNamespace(dataset=[1, 2]), lambda old: old)


def test_transforms_are_left_out_by_their_names(caplog: pytest.LogCaptureFixture) -> None:
    steps = [Draw(1), Compose([]), Draw(2)]
    assert leave_out(steps, ["Draw", "Mosaic"]) == [steps[1]]
    assert not caplog.text
    assert leave_out(steps, ["Mosaic", "MixUp"]) == steps
    assert "no transform of the pipeline is one of Mosaic, MixUp" in caplog.text
