"""A config of either generation is shown, the same picture for the same seed."""

import io
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import mmlight.visualize
from mmlight.errors import ConfigError
from mmlight.run import read_spec
from mmlight.visualize.browse import Drawn, Look, browse_samples, draw_samples
from mmlight.visualize.choose import Choice
from tests.runs import LENET_NEW, LENET_OLD, write_config

MIXUP = "model['train_cfg'] = dict(augments=dict(type='Mixup', alpha=1.))\n"
OWN = """
import torch
from mmpretrain.registry import DATASETS, TRANSFORMS

@DATASETS.register_module()
class Pairs(torch.utils.data.Dataset):
    CLASSES = ('even', 'odd')

    def __init__(self, pipeline):
        self.pipeline = pipeline

    def __len__(self):
        return 5

    def __getitem__(self, index):
        from mmengine.utils import is_str  # mm's names are there while samples are read
        return torch.full((3, 9, 9), index * 20, dtype=torch.uint8), index % 2
"""


def browse(folder: Path, text: str, *overrides: str, **options: Any) -> Drawn:
    return browse_samples(write_config(folder, text), list(overrides), **options)


@pytest.mark.parametrize("text", [LENET_OLD, LENET_NEW])
@pytest.mark.parametrize("mode", ["original", "transformed", "concat", "pipeline"])
def test_shows_either_generation(text: str, mode: str, tmp_path: Path) -> None:
    drawn = browse(tmp_path, text, mode=mode, number=3)
    assert drawn.picture.dtype == np.uint8
    assert drawn.picture.shape[2] == 3
    assert [line.split()[0] for line in drawn.lines] == ["0", "1", "2"]
    assert all(" Ankle boot " in line or "T-shirt/top" in line for line in drawn.lines)


def test_draws_by_seed(tmp_path: Path) -> None:
    first, again = (browse(tmp_path, LENET_OLD, number=4) for _ in range(2))
    other = browse(tmp_path, LENET_OLD, number=4, seed=8)
    assert (first.picture == again.picture).all()  # the config has a seed
    assert not (first.picture[60:] == other.picture[60:]).all()


def test_leaves_the_random_state_as_it_is(tmp_path: Path) -> None:
    expected = (random.getstate(), torch.get_rng_state(), np.random.get_state()[1].copy())
    browse(tmp_path, LENET_OLD, number=4)
    assert random.getstate() == expected[0]
    assert torch.equal(torch.get_rng_state(), expected[1])
    assert (np.random.get_state()[1] == expected[2]).all()


def test_undoes_normalize_of_the_preprocessor_and_of_the_pipeline(tmp_path: Path) -> None:
    plain = browse(tmp_path, LENET_OLD, stage="val", number=6)
    kept = LENET_OLD + "data['val']['pipeline'].insert(1, dict(type='RandomFlip', flip_prob=0.))\n"
    inside = "data['val']['pipeline'][2]['std'] = [80.]\n"  # another than that of training
    other = browse(tmp_path, kept + inside, stage="val", number=6)
    assert abs(plain.picture.astype(int) - other.picture)[45:].max() <= 1


def test_shows_a_batch_before_and_after_augments(tmp_path: Path) -> None:
    drawn = browse(tmp_path, LENET_NEW + MIXUP, batch=True)
    assert len(drawn.lines) == 16
    assert all(line.startswith("after Mixup  ") for line in drawn.lines[8:])
    shares = [line.rsplit(" ", 1)[1] for line in drawn.lines if line.count(",") == 1]
    assert any(0 < float(share) < 1 for share in shares if share.startswith("0."))
    assert len(browse(tmp_path, LENET_NEW + MIXUP, batch=True, stage="val").lines) == 8


def test_overrides_and_choice_are_heeded(tmp_path: Path) -> None:
    drawn = browse(
        tmp_path,
        LENET_NEW,
        "train_dataloader.dataset.pipeline.0.scale=48",
        indices=[17, 3, 17],
        class_name="T-shirt/top",
    )
    assert drawn.lines == ("    17  T-shirt/top  48x48",) * 2


def test_reads_safely_and_takes_a_spec(tmp_path: Path) -> None:
    file = write_config(tmp_path, LENET_NEW)
    first = browse_samples(file, number=1, safe=True)
    assert (browse_samples(read_spec(file), number=1).picture == first.picture).all()


def test_shows_the_dataset_of_a_user(tmp_path: Path) -> None:
    (tmp_path / "pairs.py").write_text(OWN.replace("is_str", "is_list_of"))
    text = LENET_NEW + "custom_imports = dict(imports=['pairs'])\n"
    text += "train_dataloader['dataset'] = dict(type='Pairs', pipeline=[])\n"
    drawn = browse(tmp_path, text)
    assert drawn.lines[3:] == ("     3  odd  9x9", "     4  even  9x9")
    assert (drawn.picture == 80).any()


def test_wrappers_are_looked_through(tmp_path: Path) -> None:
    text = (
        LENET_OLD + "data['train'] = dict(type='RepeatDataset', times=2, dataset=data['train'])\n"
    )
    drawn = browse(tmp_path, text, mode="pipeline", indices=[6001])
    assert "original 28x28 > Resize 32x32 > RandomCrop 32x32" in drawn.lines[0]


def test_draws_each_sample_alone(tmp_path: Path) -> None:
    look = Look(stage="val", choice=Choice(number=3))
    drawn = list(draw_samples(write_config(tmp_path, LENET_NEW), None, look, one_by_one=True))
    assert [one.name for one in drawn] == ["0", "1", "2"]
    assert all(len(one.lines) == 1 for one in drawn)
    few = LENET_NEW + "val_dataloader['dataset']['indices'] = 30\n"
    every = draw_samples(write_config(tmp_path, few), None, Look("val"), one_by_one=True)
    assert sum(1 for _ in every) == 30  # all there are


def test_shows_itself_in_a_notebook(tmp_path: Path) -> None:
    drawn = browse(tmp_path, LENET_NEW, number=1)
    assert (np.asarray(Image.open(io.BytesIO(drawn._repr_png_()))) == drawn.picture).all()
    assert mmlight.visualize.browse_samples is browse_samples
    with pytest.raises(AttributeError, match="no attribute 'browse_sample'"):
        _ = mmlight.visualize.browse_sample  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("look", "text", "nearest"),
    [
        (Look(mode="transfromed"), "--mode: there is no mode 'transfromed'", "transformed"),
        (Look(stage="vla"), "stage: there is no stage 'vla'", "val"),
        (Look(order="GBR"), "--channel-order: 'GBR' is no order of channels", None),
        (Look(scale=-1), "--rescale-factor: it must be above 0, got -1", None),
        (Look(columns=0), "--columns: it must be above 0, got 0", None),
        (Look(choice=Choice(1001)), "--number: 1001 samples do not fit into one picture", None),
        (Look(skip_types=["Resiz"]), "--skip-type: no transform 'Resiz' is in", "Resize"),
        (Look(choice=Choice(class_name="Bga")), "--class: there is no class 'Bga'", "Bag"),
    ],
)
def test_tells_what_it_does_not_know(
    look: Look, text: str, nearest: str | None, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=text) as caught:
        list(draw_samples(write_config(tmp_path, LENET_OLD), None, look))
    assert caught.value.nearest == nearest


def test_tells_when_every_sample_is_rejected(tmp_path: Path) -> None:
    text = LENET_NEW.replace("PackInputs", "Nothing")
    (tmp_path / "nothing.py").write_text(
        "from mmpretrain.registry import TRANSFORMS\n\n"
        "@TRANSFORMS.register_module()\nclass Nothing:\n"
        "    def __call__(self, results):\n        return None\n"
    )
    text += "custom_imports = dict(imports=['nothing'])\n"
    drawn = browse(tmp_path, text, number=2)
    assert drawn.lines[1] == "     1  T-shirt/top  32x32  rejected by Nothing"
    with pytest.raises(ConfigError, match="train: the pipeline rejects all 2 samples"):
        browse(tmp_path, text, number=2, batch=True)


def test_skipped_types_need_not_be_there(tmp_path: Path) -> None:
    look = Look(skip_types=["Normalize", "ToTensor", "Resize", "RandomCrop"], choice=Choice(1))
    (drawn,) = draw_samples(write_config(tmp_path, LENET_OLD), None, look)
    assert drawn.lines == ("     0  Ankle boot  28x28",)
