"""What is ejected trains as the config does, without it."""

import sys
from pathlib import Path

import pytest
import yaml

from mmlight.check.check import check_config
from mmlight.cli import main
from mmlight.eject import eject
from mmlight.errors import ConfigErrors, UnsupportedValueError
from mmlight.read.config import Config
from mmlight.run import read_spec
from mmlight.spec import Spec
from tests.runs import LENET_NEW, LENET_OLD, assert_same_weights, weights_of, write_config

FLAGS = ["--deterministic", "--trainer.max_epochs", "1", "--trainer.accelerator", "cpu"]


@pytest.mark.slow
@pytest.mark.parametrize("text", [LENET_OLD, LENET_NEW], ids=["0.x", "1.x"])
def test_trains_identically_when_the_config_is_gone(text: str, tmp_path: Path) -> None:
    config, run = write_config(tmp_path, text), tmp_path / "run.yaml"
    folders = [tmp_path / "config", tmp_path / "yaml"]
    assert main(["fit", str(config), "--work-dir", str(folders[0]), *FLAGS]) == 0
    assert main(["eject", str(config), "-o", str(run)]) == 0
    config.unlink()
    assert main(["fit", "--config", str(run), "--work-dir", str(folders[1]), *FLAGS]) == 0
    assert_same_weights(*(weights_of(folder / "epoch_1.ckpt") for folder in folders))


def test_holds_the_whole_run_when_read_back(tmp_path: Path) -> None:
    config = write_config(tmp_path, LENET_OLD)
    spec = Spec.from_yaml(eject(config, ["runner.max_epochs=9"]))
    assert spec.to_yaml() == read_spec(config, ["runner.max_epochs=9"]).to_yaml()
    assert spec.trainer["max_epochs"] == 9


def test_tells_what_is_ignored_in_its_head(tmp_path: Path) -> None:
    config = write_config(tmp_path, LENET_OLD)
    text = eject(config)
    head = [line for line in text.splitlines() if line.startswith("#")]
    assert head[1] == f"# It stands for {config}, which is not needed any more."
    assert f"# - log_level ({config}:37): Log levels are those of Python's logging." in head
    assert yaml.safe_load(text)["seed_everything"] == 7


LAB = """
import torch
from mmcls.models.builder import BACKBONES

@BACKBONES.register_module()
class LabNet(torch.nn.Flatten):
    pass

class LabSGD(torch.optim.SGD):
    pass
"""


def test_runs_where_the_packages_are_that_its_head_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ejected_lab.py").write_text(LAB)
    text = LENET_OLD.replace("type='LeNet5', num_classes=10", "type='LabNet'")
    text = text.replace("type='SGD'", "type='ejected_lab.LabSGD'")
    config = write_config(tmp_path, text + "custom_imports = dict(imports='ejected_lab')\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    ejected, run = eject(config), tmp_path / "run.yaml"
    needs = "# It needs ejected_lab, found beside this file, where you start, or installed.\n"
    assert needs in ejected
    run.write_text(ejected)
    monkeypatch.delitem(sys.modules, "ejected_lab")  # it imports names of mmcls again
    assert main(["fit", str(run), "--trainer.max_epochs=2", "--print_config"]) == 0
    monkeypatch.delitem(sys.modules, "ejected_lab")
    assert not [error for error in check_config(run).errors if "imported" in error.problem]


def test_names_every_live_object_when_no_text_can_tell_it() -> None:
    config = Config(
        {
            "model": {
                "type": "ImageClassifier",
                "backbone": {"type": "LeNet5", "num_classes": object()},
                "head": {"type": "LinearClsHead", "num_classes": {1}, "in_channels": 84},
            },
        }
    )
    with pytest.raises(ConfigErrors) as caught:
        eject(config)
    first, second = caught.value.errors
    assert isinstance(first, UnsupportedValueError)
    assert first.path == "model.backbone.num_classes"
    assert first.problem.startswith("YAML cannot tell the live object <object object at")
    assert (second.path, second.problem) == (
        "model.head.num_classes",
        "YAML cannot tell the live object {1}",
    )
