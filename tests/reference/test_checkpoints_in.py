"""Checkpoints of the originals come in, ours go out, and both say the same of an image."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import mmlight
from mmlight.models.initialize import Pretrained
from mmlight.weights.load import load_pretrained, load_weights, read_pretrained
from mmlight.weights.locate import find_address
from mmlight.weights.read import find_state_dict, read_checkpoint, read_state
from mmlight.weights.zoo import DEPRECATED, MMCLS, OPENMMLAB, OPENMMLAB_ROOT
from tests.reference.original import Original
from tests.reference.small_runs import RESNET_NEW, RESNET_OLD, train_mmcls, train_mmpretrain
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


TRAIN = {"mmcls": train_mmcls, "mmpretrain": train_mmpretrain}
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


# ------------------------------------------------------------------ averages


def _average_mmpretrain(config: str, path: str) -> Any:
    """Let EMAHook write a checkpoint of an averaged model; return what loading it gives."""
    from types import SimpleNamespace

    import torch
    from mmengine.config import Config
    from mmengine.hooks import EMAHook
    from mmengine.runner import load_checkpoint
    from mmpretrain.registry import MODELS
    from mmpretrain.utils import register_all_modules

    register_all_modules()
    cfg = Config.fromfile(config).model
    torch.manual_seed(0)
    model = MODELS.build(cfg)
    hook = EMAHook(momentum=0.5)
    runner = SimpleNamespace(model=model, iter=5, epoch=0)
    hook.before_run(runner)
    for _ in range(3):
        for value in model.parameters():
            value.data.add_(torch.randn_like(value))
        hook.after_train_iter(runner, 0)
    checkpoint = {"state_dict": dict(model.state_dict()), "meta": {}}
    hook.before_save_checkpoint(runner, checkpoint)
    torch.save(checkpoint, path)
    other = MODELS.build(cfg)
    load_checkpoint(other, path)
    return {name: value.numpy() for name, value in other.state_dict().items()}


def _average_mmcls(config: str, path: str) -> Any:
    """The same with mmcv, which keeps the average as buffers of the model."""
    from types import SimpleNamespace

    import torch
    from mmcls.models import build_classifier
    from mmcv import Config
    from mmcv.runner import load_checkpoint
    from mmcv.runner.hooks import EMAHook

    cfg = Config.fromfile(config).model
    torch.manual_seed(0)
    model = build_classifier(cfg)
    hook = EMAHook(momentum=0.5)
    runner = SimpleNamespace(model=model, iter=0)
    hook.before_run(runner)
    for runner.iter in range(3):
        for value in model.parameters():
            value.data.add_(torch.randn_like(value))
        hook.after_train_iter(runner)
    torch.save({"state_dict": model.state_dict(), "meta": {}}, path)
    other = build_classifier(cfg)
    load_checkpoint(other, path, map_location="cpu")
    return {name: value.numpy() for name, value in other.state_dict().items()}


@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
def test_takes_of_two_sets_of_weights_that_which_the_original_takes(
    generation: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    average = {"mmcls": _average_mmcls, "mmpretrain": _average_mmpretrain}[generation]
    config = write_config(tmp_path, TEXTS["lenet5", generation])
    original = request.getfixturevalue(generation)
    theirs = original(average, str(config), str(tmp_path / "a.pth"))
    model = mmlight.init_model(config)
    report = load_weights(model, str(tmp_path / "a.pth"))
    assert report.missing == ()
    ours = model.name_map().state_dict_to_mm(model.state_dict()).state
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        np.testing.assert_array_equal(value, theirs[name])
    others = {"mmcls": set(report.unexpected), "mmpretrain": set()}[generation]
    assert all(name.startswith("ema_") for name in others)


# ------------------------------------------------------------------ names, and what lies beside


def _load_theirs(state: Any, revise_keys: Any, prefix: Any, path: str) -> Any:
    """Load a state dict into a module of the same names and return its values."""
    import torch
    from torch import nn

    try:
        from mmengine.runner.checkpoint import _load_checkpoint_with_prefix, load_checkpoint
    except ImportError:
        from mmcv.runner.checkpoint import _load_checkpoint_with_prefix, load_checkpoint

    torch.save({"state_dict": {n: torch.tensor(v) for n, v in state.items()}}, path)
    if prefix is not None:
        return {n: v.item() for n, v in _load_checkpoint_with_prefix(prefix, path, "cpu").items()}
    model = nn.Module()
    for name in ("a", "b", "module"):
        model.register_buffer(name, torch.tensor(0.0))
    keys = {} if revise_keys is None else {"revise_keys": revise_keys}
    load_checkpoint(model, path, map_location="cpu", **keys)
    return {name: value.item() for name, value in model.named_buffers()}


@pytest.mark.parametrize(
    ("state", "revise_keys", "prefix"),
    [
        ({"a": 1.0, "module.b": 2.0}, None, None),
        ({"module.module": 3.0, "module.a": 1.0}, None, None),
        ({"module.a": 1.0, "b": 2.0}, [("nothing", "")], None),
        ({"x.a": 1.0, "x.b": 2.0}, [(r"^x\\.", "")], None),
        ({"student.a": 1.0, "b": 2.0}, [("student", "module"), (r"^module\\.", "")], None),
        ({"x.a": 1.0, "x.y.b": 2.0, "xa": 3.0}, None, "x"),
        ({"x.a": 1.0, "x.y.b": 2.0}, None, "x.y."),
    ],
)
@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
def test_revises_names_as_the_original_does(
    state: Any,
    revise_keys: Any,
    prefix: str | None,
    generation: str,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    path = str(tmp_path / "a.pth")
    original = request.getfixturevalue(generation)
    theirs = original(_load_theirs, state, revise_keys, prefix, path)
    if prefix is not None:
        checkpoint = Pretrained(path, prefix=prefix)
        assert {n: v.item() for n, v in read_pretrained(checkpoint).items()} == theirs
        return
    found = read_state(path) if revise_keys is None else read_state(path, revise_keys=revise_keys)
    ours = {name: found[name].item() if name in found else 0.0 for name in ("a", "b", "module")}
    assert ours == theirs


def _save_theirs(path: str) -> Any:
    """Save what mm leaves in checkpoints beside weights, of its own classes."""
    import torch

    try:
        from mmengine.config import Config
        from mmengine.logging import MessageHub
        from mmengine.optim import OneCycleLR

        hub = MessageHub.get_instance("checkpoints")
        hub.update_scalar("train/loss", 0.5)
        hub.update_info("iter", 3)
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
        scheduler = OneCycleLR(optimizer, eta_max=0.2, total_steps=10)
        beside = {"message_hub": hub.state_dict(), "param_schedulers": [scheduler.state_dict()]}
    except ImportError:
        from mmcv import Config

        beside = {}
    cfg = Config({"model": {"depth": 50, "stages": [{"a": 1}, {"b": (2, 3)}]}})
    meta = {"cfg": cfg._cfg_dict, "part": cfg.model}
    torch.save({"state_dict": {"a": torch.ones(1)}, "meta": meta, **beside}, path)
    return cfg.to_dict() if hasattr(cfg, "to_dict") else cfg._cfg_dict.to_dict()


@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
def test_reads_what_lies_beside_the_weights(
    generation: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    path = str(tmp_path / "a.pth")
    theirs = request.getfixturevalue(generation)(_save_theirs, path)
    content = read_checkpoint(path)
    assert list(find_state_dict(content)) == ["a"]
    assert content["meta"] == {"cfg": theirs, "part": theirs["model"]}
    if generation == "mmpretrain":
        assert content["message_hub"]["runtime_info"]["iter"] == 3
        assert content["param_schedulers"][0]["last_step"] == 0


# ------------------------------------------------------------------ the model zoo


def _list_zoo() -> Any:
    try:
        from mmengine.runner import checkpoint
    except ImportError:
        from mmcv.runner import checkpoint
    return (
        checkpoint.get_external_models(),
        checkpoint.get_mmcls_models(),
        checkpoint.get_deprecated_model_names(),
        checkpoint.get_torchvision_models(),
    )


@pytest.mark.parametrize("generation", ["mmcls", "mmpretrain"])
def test_knows_the_model_zoo_of_the_original(
    generation: str, request: pytest.FixtureRequest
) -> None:
    zoo, classifiers, deprecated, torchvision = request.getfixturevalue(generation)(_list_zoo)
    assert {name: OPENMMLAB_ROOT + path for name, path in OPENMMLAB.items()} == zoo
    assert {name: OPENMMLAB_ROOT + path for name, path in MMCLS.items()} == classifiers
    assert dict(DEPRECATED) == deprecated
    for name, url in torchvision.items():
        if url is not None and not name.startswith(("quantized", "raft", "swin3d", "s3d", "mvit")):
            found = find_address(f"torchvision://{name}")
            assert found is not None
            assert found.url == url, name
