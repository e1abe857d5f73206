import re
import shutil
from pathlib import Path
from typing import Any

import cv2
import matplotlib as mpl
import numpy as np
import pytest
import torch

import mmlight
from mmlight.errors import WeightsError
from mmlight.run import read_spec
from tests.runs import LENET_NEW, LENET_OLD, shorten, write_config, write_image_folder

mpl.use("Agg")

RESNET = """
model = dict(
    type='ImageClassifier',
    backbone=dict(type='ResNet', depth=18, base_channels=8, in_channels=3),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(type='LinearClsHead', num_classes=3, in_channels=64))
data_preprocessor = dict(mean=[120., 110., 100.], std=[50., 51., 52.], to_rgb=True)
test_dataloader = dict(
    batch_size=2,
    dataset=dict(
        type='ImageNet',
        data_root='gone',
        classes=['ant', 'bee', 'cat'],
        pipeline=[
            dict(type='LoadImageFromFile'),
            dict(type='ResizeEdge', scale=40, edge='short'),
            dict(type='CenterCrop', crop_size=32),
            dict(type='PackInputs'),
        ]))
test_evaluator = dict(type='Accuracy')
test_cfg = dict()
"""


@pytest.fixture(scope="module")
def lenet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with config.py, a checkpoint of it (its data are there), and one grey image."""
    folder = tmp_path_factory.mktemp("lenet")
    spec = shorten(read_spec(write_config(folder, LENET_OLD))).move_work_dir(str(folder / "work"))
    mmlight.fit(spec)
    shutil.copy(folder / "work" / "epoch_1.ckpt", folder / "lenet.ckpt")
    images = write_image_folder(folder / "images", per_class=1, size_px=28, split="test")
    shutil.copy(images / "3" / "0000.png", folder / "dress.png")
    return folder


@pytest.fixture
def resnet(tmp_path: Path) -> Path:
    """A config of a small ResNet whose data are not there."""
    return write_config(tmp_path, RESNET, "resnet.py")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A colour image."""
    draw = np.random.default_rng(0)
    image = cv2.resize(draw.integers(0, 256, (6, 8, 3), dtype=np.uint8), (64, 48))
    cv2.imwrite(str(tmp_path / "photo.png"), image)
    return tmp_path / "photo.png"


# ------------------------------------------------------------------ init_model


def test_builds_a_model_without_its_data(resnet: Path) -> None:
    model = mmlight.init_model(resnet)
    assert model.classes == ("ant", "bee", "cat")
    assert not model.training
    assert not any(module.training for module in model.modules())


def test_takes_the_weights_of_a_checkpoint_with_a_config(lenet: Path) -> None:
    model = mmlight.init_model(lenet / "config.py", lenet / "lenet.ckpt", device="cpu")
    saved = torch.load(lenet / "lenet.ckpt", weights_only=True)["state_dict"]
    for name, value in saved.items():
        assert torch.equal(model.state_dict()[name], value), name
    assert model.classes[3] == "Dress"


def test_needs_nothing_but_the_checkpoint(lenet: Path, tmp_path: Path) -> None:
    path = shutil.copy(lenet / "lenet.ckpt", tmp_path / "alone.ckpt")
    model = mmlight.init_model(checkpoint=path)
    assert model.classes[3] == "Dress"
    named = mmlight.init_model(str(lenet / "config.py"), str(lenet / "lenet.ckpt"))
    image = lenet / "dress.png"
    ours, theirs = (mmlight.inference_model(m, image)["pred_scores"] for m in (model, named))
    np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    "meta",
    [
        {"CLASSES": ["x", "y", "z"]},
        {"dataset_meta": {"classes": ("x", "y", "z")}},
        {"dataset_meta": {"CLASSES": ("x", "y", "z")}},
    ],
)
def test_takes_names_and_weights_of_a_file_of_mm(resnet: Path, tmp_path: Path, meta: Any) -> None:
    model = mmlight.init_model(resnet)
    state = {name: torch.full_like(v, 0.5) for name, v in model.state_dict().items()}
    theirs = model.name_map().state_dict_to_mm(state).state
    assert "backbone.layer1.0.conv1.weight" in theirs
    torch.save({"meta": meta, "state_dict": theirs}, tmp_path / "mm.pth")
    model = mmlight.init_model(resnet, tmp_path / "mm.pth")
    assert tuple(model.classes) == ("x", "y", "z")
    assert all((value == 0.5).all() for value in model.state_dict().values() if value.ndim)


def test_names_the_classes_of_the_dataset_when_nothing_else_does(tmp_path: Path) -> None:
    model = mmlight.init_model(write_config(tmp_path, LENET_NEW))
    assert model.classes[9] == "Ankle boot"


def test_takes_a_config_of_our_own_making(resnet: Path) -> None:
    config = mmlight.Config.fromfile(resnet)
    config.model.head.num_classes = 5
    assert mmlight.init_model(config).num_classes == 5
    assert mmlight.init_model(read_spec(resnet)).num_classes == 3


def test_refuses_a_file_that_says_not_what_to_build(tmp_path: Path) -> None:
    torch.save({"state_dict": {}}, tmp_path / "mm.pth")
    with pytest.raises(WeightsError, match=r"mm\.pth") as error:
        mmlight.init_model(checkpoint=tmp_path / "mm.pth")
    assert error.value.next_step == "Name the config as well."
    with pytest.raises(WeightsError, match="neither a config nor a checkpoint"):
        mmlight.init_model()


# ------------------------------------------------------------------ inference_model


def test_takes_a_path_and_an_array_alike(resnet: Path, photo: Path) -> None:
    model = mmlight.init_model(resnet)
    found = [
        mmlight.inference_model(model, img) for img in (photo, str(photo), cv2.imread(str(photo)))
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0]["pred_scores"], other["pred_scores"])
    assert found[0]["pred_class"] == ("ant", "bee", "cat")[found[0]["pred_label"]]
    assert found[0]["pred_score"] == found[0]["pred_scores"].max()


def test_computes_what_the_pipeline_and_the_model_compute(resnet: Path, photo: Path) -> None:
    model = mmlight.init_model(resnet)
    image = cv2.imread(str(photo))  # 48 x 64, so 40 x 53 after ResizeEdge
    image = cv2.resize(image, (53, 40), interpolation=cv2.INTER_LINEAR)
    image = image[4:36, 10:42]  # the centre: (40 - 32) / 2 and (53 - 32) / 2, rounded as mm does
    rgb = torch.from_numpy(image[..., ::-1].copy()).permute(2, 0, 1)  # (H, W, C) -> (C, H, W)
    mean, std = (torch.tensor(v).view(-1, 1, 1) for v in ([120.0, 110, 100], [50.0, 51, 52]))
    with torch.inference_mode():
        features = model.extract_features(((rgb - mean) / std)[None])
        expected = model.head.predict(features)[0].numpy()
    found = mmlight.inference_model(model, photo)["pred_scores"]
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize("shape", [(8, 9, 4), (1, 8, 9, 3), (8,)])
def test_refuses_arrays_that_are_no_images(resnet: Path, shape: tuple[int, ...]) -> None:
    model = mmlight.init_model(resnet)
    with pytest.raises(ValueError, match=re.escape(f"(H, W), got {shape}")):
        mmlight.inference_model(model, np.zeros(shape, np.uint8))


def test_takes_a_grey_image_as_file_and_array(lenet: Path) -> None:
    model = mmlight.init_model(checkpoint=lenet / "lenet.ckpt")
    grey = cv2.imread(str(lenet / "dress.png"), cv2.IMREAD_GRAYSCALE)
    assert grey.shape == (28, 28)
    found = [mmlight.inference_model(model, img) for img in (lenet / "dress.png", grey)]
    np.testing.assert_array_equal(found[0]["pred_scores"], found[1]["pred_scores"])


def test_agrees_with_the_command_line(lenet: Path) -> None:
    """What `predict` says of the first test images, `inference_model` says of their pixels."""
    spec = read_spec(lenet / "config.py")
    trainer = {**spec.trainer, "limit_predict_batches": 1, "accelerator": "cpu"}
    from dataclasses import replace

    rows = mmlight.predict(replace(spec, trainer=trainer), str(lenet / "lenet.ckpt"))
    model = mmlight.init_model(checkpoint=lenet / "lenet.ckpt")
    dataset = mmlight.build_parts(spec).data.test.dataset
    for index in (0, 5):
        pixels = dataset.get_data_info(index)["img"]
        found = mmlight.inference_model(model, pixels)
        np.testing.assert_allclose(found["pred_scores"], rows[index]["pred_scores"], rtol=1e-4)


def test_tells_where_a_pipeline_comes_from(resnet: Path, photo: Path) -> None:
    model = mmlight.build_parts(
        resnet, ["test_dataloader=None", "test_evaluator=None", "test_cfg=None"]
    ).model
    with pytest.raises(ValueError, match=r"make it with mmlight\.init_model"):
        mmlight.inference_model(model, photo)


# ------------------------------------------------------------------ show_result_pyplot


RESULT = {"pred_class": "bee", "pred_score": 0.25, "pred_label": 1}


def test_writes_the_picture_to_a_file(resnet: Path, photo: Path, tmp_path: Path) -> None:
    model = mmlight.init_model(resnet)
    out = tmp_path / "new" / "out.png"
    picture = mmlight.show_result_pyplot(model, photo, RESULT, out_file=str(out))
    np.testing.assert_array_equal(cv2.imread(str(out)), picture)
    image = cv2.imread(str(photo))
    larger = cv2.resize(image, (112, 84), interpolation=cv2.INTER_NEAREST)
    assert picture.shape[1] == 112
    assert np.abs(picture[:84].astype(int) - larger).mean() < 20  # the photo stands on top
    assert (picture[84:] < 100).any()  # and something is written below it


def test_shows_a_figure_with_its_title(
    resnet: Path, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import matplotlib.pyplot as plt

    shown: list[bool] = []
    monkeypatch.setattr(plt, "show", lambda block: shown.append(block))
    monkeypatch.setattr(plt, "pause", lambda seconds: None)
    model = mmlight.init_model(resnet)
    mmlight.show_result_pyplot(model, cv2.imread(str(photo)), RESULT, title="my bee")
    assert shown == [True]
    assert plt.fignum_exists("my bee")
    plt.close("all")
    mmlight.show_result_pyplot(model, photo, RESULT, title="short", wait_time=1)
    assert shown == [True, False]
    assert not plt.fignum_exists("short")
