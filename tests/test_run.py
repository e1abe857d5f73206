import json
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from torch import nn

import mmlight
from mmlight import Config
from mmlight.data.datasets.mnist import FashionMNIST
from mmlight.data.transforms.pack import PackInputs
from mmlight.data.transforms.resize import Resize
from mmlight.errors import ConfigError
from mmlight.metrics.accuracy import Accuracy
from mmlight.models.backbones.lenet import LeNet5
from mmlight.models.losses.cross_entropy_loss import CrossEntropyLoss
from mmlight.run import read_spec
from mmlight.spec import Spec
from tests.runs import (
    FASHION,
    LENET_NEW,
    LENET_OLD,
    assert_same_weights,
    shorten,
    weights_of,
    write_config,
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, LENET_NEW)


@pytest.fixture
def spec(config: Path, tmp_path: Path) -> Spec:
    return shorten(read_spec(config)).move_work_dir(str(tmp_path / "work"))


def test_reads_a_file_a_config_and_printed_yaml_to_the_same_spec(
    config: Path, tmp_path: Path
) -> None:
    spec = read_spec(config)
    (tmp_path / "run.yaml").write_text(spec.to_yaml())
    assert read_spec(str(config)) == spec
    assert read_spec(Config.fromfile(config)) == spec
    assert read_spec(tmp_path / "run.yaml").to_yaml() == spec.to_yaml()
    assert read_spec(spec) is spec


def test_applies_overrides_in_words_of_the_config(config: Path) -> None:
    for overrides in (["train_cfg.max_epochs=9"], {"train_cfg.max_epochs": 9}):
        assert read_spec(config, overrides).trainer["max_epochs"] == 9


def test_refuses_overrides_when_there_is_no_config(spec: Spec) -> None:
    with pytest.raises(ConfigError, match=r"\['a=1'\] are words of an mm config"):
        read_spec(spec, ["a=1"])


def test_trains_and_returns_its_parts(spec: Spec, tmp_path: Path) -> None:
    parts = mmlight.fit(spec)
    assert parts.trainer.global_step == 2
    assert_same_weights(parts.model.state_dict(), weights_of(tmp_path / "work/epoch_1.ckpt"))


def test_trains_the_same_in_either_form(spec: Spec, tmp_path: Path) -> None:
    states = [mmlight.fit(source).model.state_dict() for source in (spec, spec)]
    assert_same_weights(*states)
    config = Config(
        {**Config.fromfile(tmp_path / "config.py").to_dict(), "work_dir": str(tmp_path / "other")}
    )
    spec_of_config = shorten(read_spec(config))
    assert_same_weights(mmlight.fit(spec_of_config).model.state_dict(), states[0])


def test_takes_live_objects_inside_a_config(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Only the description of the run suffers: YAML cannot tell a live object."""

    class Halved(nn.CrossEntropyLoss):
        def forward(self, scores: torch.Tensor, target: torch.Tensor, **_: object) -> torch.Tensor:
            return super().forward(scores, target) / 2

    config = Config.fromfile(write_config(tmp_path, LENET_NEW))
    config.model.head.loss = Halved()
    config.work_dir = str(tmp_path / "live")
    spec = shorten(read_spec(config))
    found: list[float] = []
    for loss in (spec, None):
        chosen = spec if loss else shorten(read_spec(tmp_path / "config.py"))
        chosen = chosen.move_work_dir(str(tmp_path / ("live" if loss else "plain")))
        mmlight.fit(chosen)
        found.append(_read_loss(chosen))
    assert found[0] == pytest.approx(found[1] / 2, rel=1e-3)
    assert "it holds a live Halved" in caplog.text


def _read_loss(spec: Spec) -> float:
    log = next(Path(spec.work_dir).rglob("scalars.json")).read_text().splitlines()
    return float(json.loads(log[0])["loss"])


def test_starts_from_the_given_weights_and_evaluates_them(spec: Spec, tmp_path: Path) -> None:
    checkpoint = str(tmp_path / "work/epoch_1.ckpt")
    mmlight.fit(spec)
    whole = {key: value for key, value in spec.trainer.items() if not key.startswith("limit")}
    named = mmlight.validate(replace(spec, trainer=whole), checkpoint)
    assert set(named) == {"accuracy/top1"}
    newest = mmlight.validate(replace(spec, trainer=whole))
    alone = replace(spec, trainer=whole, load_from=checkpoint, work_dir=str(tmp_path / "no"))
    loaded = mmlight.test(alone)
    assert named == newest == loaded


def test_predicts_every_image_in_order(spec: Spec, tmp_path: Path) -> None:
    mmlight.fit(spec)
    trainer = {key: value for key, value in spec.trainer.items() if not key.startswith("limit")}
    rows = mmlight.predict(replace(spec, trainer=trainer))
    assert [row["sample_idx"] for row in rows] == list(range(1000))
    scores = np.stack([row["pred_scores"] for row in rows])
    assert scores.shape == (1000, 10)
    np.testing.assert_allclose(scores.sum(1), 1, rtol=1e-5)
    assert [row["pred_label"] for row in rows] == scores.argmax(1).tolist()
    # what it predicts is what it is measured by
    accuracy = mmlight.test(replace(spec, trainer=trainer))["accuracy/top1"]
    targets = [row["gt_label"] for row in rows] if "gt_label" in rows[0] else _read_targets()
    assert np.mean(scores.argmax(1) == targets) * 100 == pytest.approx(accuracy, abs=1e-4)


def _read_targets() -> list[int]:
    from mmlight.data.datasets.mnist import FashionMNIST

    return FashionMNIST(data_root=str(FASHION), split="test").get_gt_labels().tolist()


def test_resumes_when_told_to(spec: Spec, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", logger="mmlight")
    mmlight.fit(spec, resume=True)
    assert "resuming" not in caplog.text  # nothing to resume, so from scratch
    longer = replace(spec, trainer={**spec.trainer, "max_epochs": 2})
    parts = mmlight.fit(longer, resume=True)
    assert f"resuming from {tmp_path}/work/epoch_1.ckpt" in caplog.text
    assert parts.trainer.global_step == 4


def test_leaves_the_checkpoint_enough_by_itself(spec: Spec, tmp_path: Path) -> None:
    parts = mmlight.fit(spec)
    shutil.copy(tmp_path / "work/epoch_1.ckpt", tmp_path / "copy.ckpt")
    shutil.rmtree(tmp_path / "work")
    (tmp_path / "config.py").unlink()
    model = mmlight.init_model(checkpoint=tmp_path / "copy.ckpt")
    assert_same_weights(model.state_dict(), parts.model.state_dict())
    assert model.classes[-1] == "Ankle boot"


def test_raises_ctrl_c_as_python_does(spec: Spec) -> None:
    """Lightning turns it into an exit with code 1 and ignores the next one."""

    class Stop(Callback):
        def on_train_batch_start(self, *_: object) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mmlight.fit(replace(spec, callbacks=(Stop(),)))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_takes_old_words_through_the_same_door(tmp_path: Path) -> None:
    spec = shorten(read_spec(write_config(tmp_path, LENET_OLD)))
    mmlight.fit(spec.move_work_dir(str(tmp_path / "work")))
    assert (tmp_path / "work/epoch_1.ckpt").exists()


def test_holds_norm_layers_in_eval_mode_when_the_config_says_so(tmp_path: Path) -> None:
    """Lightning keeps the mode in which it finds a module, and a new module is in neither."""
    backbone = "type='ResNet', depth=18, in_channels=1, base_channels=8, norm_eval=True"
    text = LENET_NEW.replace("type='LeNet5', num_classes=10", backbone).replace(
        "neck=None,\n    head=dict(type='ClsHead'",
        "neck=dict(type='GlobalAveragePooling'),\n"
        "    head=dict(type='LinearClsHead', num_classes=10, in_channels=64",
    )
    spec = shorten(read_spec(write_config(tmp_path, text, "norm.py")))
    parts = mmlight.fit(spec.move_work_dir(str(tmp_path / "work")))
    means = [v for name, v in parts.model.state_dict().items() if name.endswith("running_mean")]
    assert len(means) == 21
    assert not any(mean.any() for mean in means)


def test_trains_objects_when_a_config_holds_them_instead_of_dicts(tmp_path: Path) -> None:
    """As the Runner of mmengine takes them, see its tutorial."""
    config = Config.fromfile(write_config(tmp_path, LENET_NEW))
    config.model.backbone = backbone = LeNet5(num_classes=10)
    config.model.head.loss = loss = CrossEntropyLoss()
    steps = [Resize(32), PackInputs()]
    config.train_dataloader.dataset = dataset = FashionMNIST(str(FASHION), pipeline=steps)
    config.val_evaluator = metric = Accuracy(topk=1)
    config.work_dir = str(tmp_path / "work")
    config.train_cfg.max_epochs = 1
    before = backbone.state_dict()["features.0.weight"].clone()
    parts = mmlight.fit(config)
    assert parts.model.backbone is backbone
    assert parts.model.head.loss_module is loss
    assert parts.data.train.dataset is dataset
    assert list(parts.model.val_metrics) == [metric]
    assert not torch.equal(backbone.state_dict()["features.0.weight"], before)
