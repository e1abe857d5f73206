"""The dataset of one stage is built without the rest; wrappers are looked through."""

from pathlib import Path
from typing import Any

import pytest
from torch.utils.data import ConcatDataset, Subset

from mmlight.data.datasets.k_fold import KFoldDataset
from mmlight.errors import ConfigError, DataError
from mmlight.run import try_read_spec
from mmlight.spec import Call
from mmlight.stage_data import build_stage, find_parts, without_pipelines
from tests.runs import LENET_NEW, LENET_OLD, write_config, write_image_folder


def build(folder: Path, text: str, stage: str = "train") -> Any:
    return build_stage(try_read_spec(write_config(folder, text)), stage)


@pytest.mark.parametrize("text", [LENET_OLD, LENET_NEW])
@pytest.mark.parametrize(("stage", "count"), [("train", 6000), ("val", 1000)])
def test_builds_the_data_of_either_generation(
    text: str, stage: str, count: int, tmp_path: Path
) -> None:
    data = build(tmp_path, text, stage)
    assert len(data.dataset) == count
    assert data.classes[:2] == ("T-shirt/top", "Trouser")
    assert data.call.kwargs["batch_size"] == 64


def test_problems_elsewhere_do_not_matter(tmp_path: Path) -> None:
    broken = LENET_OLD + "model['backbone'] = dict(type='Unknown')\ndata['val']['type'] = 'Odd'\n"
    assert len(build(tmp_path, broken).dataset) == 6000
    with pytest.raises(ConfigError, match="'Odd'"):
        build(tmp_path, broken, "val")


def test_tells_what_is_wrong_with_the_stage(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no stage 'trian'") as caught:
        build(tmp_path, LENET_OLD, "trian")
    assert caught.value.nearest == "train"
    with pytest.raises(ConfigError, match="test_dataloader: the config describes no such data"):
        build(tmp_path, LENET_OLD + "del data['test']\n", "test")
    with pytest.raises(DataError, match="/nowhere/train-images"):
        build(tmp_path, LENET_OLD + "data['train']['data_prefix'] = '/nowhere'\n")
    with pytest.raises(ConfigError, match="'fast'"):
        build(tmp_path, LENET_OLD + "data['train']['fast'] = True\n")


def test_samples_are_found_inside_wrappers() -> None:
    inner = ["a", "b", "c", "d"]
    wrapped = Subset(ConcatDataset([Subset(inner, [3, 1]), inner]), [1, 2, 5])  # type: ignore
    assert [(part, list(indices)) for part, indices in find_parts(wrapped)] == [
        (inner, [1]),
        (inner, [0, 3]),
    ]


def test_samples_are_in_use_once_when_repeated_and_not_at_all_when_left_out() -> None:
    inner = ["a", "b", "c", "d"]
    fold = KFoldDataset(inner, fold=1, num_splits=2)  # type: ignore[arg-type]
    assert [list(indices) for _, indices in find_parts(fold)] == [[0, 1]]
    repeated = Subset(inner, [3, 1, 3])  # type: ignore[var-annotated, arg-type]
    assert [list(indices) for _, indices in find_parts(repeated)] == [[3, 1]]


def test_class_names_are_known_when_the_dataset_is_lazy(tmp_path: Path) -> None:
    write_image_folder(tmp_path, per_class=1, size_px=8)
    words = f"type='CustomDataset', data_prefix={str(tmp_path)!r}, lazy_init=True"
    data = build(tmp_path, LENET_NEW + f"train_dataloader['dataset'] = dict({words})\n")
    assert len(data.classes) == 10


def test_pipelines_are_left_out_of_calls_inside() -> None:
    inside = Call("a", {"pipeline": [1], "x": 2})
    assert without_pipelines(Call("b", {"datasets": [inside]})).kwargs == {
        "datasets": [Call("a", {"x": 2})]
    }
