"""Checkpoints of the originals come in, ours go out, and both say the same of an image."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import mmlight
from mmlight.models.initialize import Pretrained
from mmlight.weights.load import load_pretrained, load_weights
from mmlight.weights.read import read_checkpoint
from tests.reference.original import Original
from tests.reference.test_trajectories import (
    RESNET_NEW,
    RESNET_OLD,
    _train_mmcls,
    _train_mmpretrain,
)
from tests.runs import (
    FASHION,
    LENET_NEW,
    LENET_OLD,
    write_config,
    write_fashion_files,
    write_image_folder,
)

pytestmark = pytest.mark.slow

TEXTS = {
    ("lenet5", "mmcls"): LENET_OLD,
    ("lenet5", "mmpretrain"): LENET_NEW,
    ("resnet18", "mmcls"): RESNET_OLD,
    ("resnet18", "mmpretrain"): RESNET_NEW,
}
SHAPES = {"lenet5": (4, 1, 32, 32), "resnet18": (4, 3, 48, 48)}


def _score_mmcls(config: str, weights: str, images: Any) -> Any:
    """Load weights strictly and classify normalized images; runs beside mmcls."""
    import torch
    from mmcls.models import build_classifier
    from mmcv import Config

    model = build_classifier(Config.fromfile(config).model).eval()
    content = torch.load(weights, weights_only=False)
    model.load_state_dict(content.get("state_dict", content), strict=True)
    with torch.no_grad():
        features = model.extract_feat(torch.from_numpy(images))
        return model.head.simple_test(features, softmax=True, post_process=False).numpy()


def _score_mmpretrain(config: str, weights: str, images: Any) -> Any:
    """Load weights strictly and classify normalized images; runs beside mmpretrain."""
    import torch
    from mmengine.config import Config
    from mmpretrain.registry import MODELS
    from mmpretrain.utils import register_all_modules

    register_all_modules()
    model = MODELS.build(Config.fromfile(config).model).eval()
    content = torch.load(weights, weights_only=False)
    model.load_state_dict(content.get("state_dict", content), strict=True)
    with torch.no_grad():
        features = model.extract_feat(torch.from_numpy(images))
        return torch.softmax(model.head(features), dim=1).numpy()


TRAIN = {"mmcls": _train_mmcls, "mmpretrain": _train_mmpretrain}
SCORE = {"mmcls": _score_mmcls, "mmpretrain": _score_mmpretrain}


class Trained:
    """A config, the checkpoint that an original wrote after training it, and that original."""

    def __init__(self, name: str, generation: str, original: Original, folder: Path) -> None:
        text = TEXTS[name, generation].replace("max_epochs=3", "max_epochs=1")
        text = text.replace("max_epochs=2", "max_epochs=1")
        if name == "resnet18":
            images = write_image_folder(folder / "images", per_class=4, size_px=56)
            text = text.replace("FOLDER", str(images))
        else:
            text = text.replace(str(FASHION), str(write_fashion_files(folder / "files")))
        self.generation, self.original = generation, original
        self.config = write_config(folder, text)
        self.name = name
        words = (str(self.config), str(folder / "first.pth"), str(folder / "theirs"), 11)
        original(TRAIN[generation], *words)
        self.file = folder / "theirs" / "epoch_1.pth"
        draw = np.random.default_rng(0)
        self.images = draw.normal(size=SHAPES[name]).astype(np.float32)

    def score(self, weights: Path) -> Any:
        """Return what the original says of some images with weights that it loads strictly."""
        return self.original(SCORE[self.generation], str(self.config), str(weights), self.images)


@pytest.fixture(scope="module", params=["mmcls", "mmpretrain"])
def generation(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=["lenet5", "resnet18"])
def trained(
    generation: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Trained:
    original: Original = request.getfixturevalue(generation)
    return Trained(request.param, generation, original, tmp_path_factory.mktemp("theirs"))


def _score_ours(model: mmlight.ImageClassifier, images: Any) -> Any:
    with torch.inference_mode():
        features = model.extract_features(torch.from_numpy(images))
        return model.head.predict(features).numpy()


def test_reads_a_whole_training_state(trained: Trained) -> None:
    content = read_checkpoint(trained.file)
    assert {"state_dict", "optimizer", "meta"} <= content.keys()
    if trained.generation == "mmpretrain":
        scalars = content["message_hub"]["log_scalars"]
        assert {type(value).__name__ for value in scalars.values()} == {"HistoryBuffer"}


def test_says_what_the_original_says_with_its_checkpoint(trained: Trained) -> None:
    model = mmlight.init_model(trained.config, trained.file)
    ours = _score_ours(model, trained.images)
    np.testing.assert_allclose(ours, trained.score(trained.file), rtol=1e-5)
    if trained.name == "lenet5":  # the other's names are those of folders that nobody looks into
        assert model.classes[9] == "Ankle boot"


def test_finds_a_place_for_every_tensor(trained: Trained) -> None:
    model = mmlight.init_model(trained.config)
    report = load_weights(model, str(trained.file))
    assert set(report.loaded) == set(model.state_dict())
    assert (report.missing, report.unexpected, report.dropped) == ((), (), ())


def test_loads_the_backbone_alone(trained: Trained) -> None:
    model = mmlight.init_model(trained.config)
    load_pretrained(model.backbone, Pretrained(str(trained.file), prefix="backbone"))
    theirs = read_checkpoint(trained.file)["state_dict"]
    for ours, mm in model.name_map().to_mm.items():
        same = torch.equal(model.state_dict()[ours], theirs[mm])
        assert same or not ours.startswith("backbone."), ours


def test_gives_weights_that_the_original_loads_strictly(trained: Trained, tmp_path: Path) -> None:
    torch.manual_seed(3)
    model = mmlight.init_model(trained.config)
    model.init_weights()
    for name, value in model.state_dict().items():
        if name.endswith(("running_mean", "running_var")):
            value.uniform_(0.5, 1.5)
    renamed = model.name_map().state_dict_to_mm(model.state_dict())
    assert renamed.unknown == ()
    torch.save(renamed.state, tmp_path / "ours.pth")
    ours = _score_ours(model, trained.images)
    np.testing.assert_allclose(trained.score(tmp_path / "ours.pth"), ours, rtol=1e-5)
