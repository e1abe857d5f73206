import argparse
import logging
from pathlib import Path

import lightning as L
import pytest
import timm
import torch
from torch import Tensor, nn

from mmlight.errors import WeightsError
from mmlight.models.backbones.timm_model import TIMMBackbone
from mmlight.models.initialize import InitModule, Pretrained
from mmlight.weights.load import (
    LoadReport,
    load_checkpoint,
    load_pretrained,
    load_state,
    load_weights,
    load_whole_state,
)
from mmlight.weights.name_map import NameRule, name_map
from mmlight.weights.read import read_checkpoint


class Backbone(InitModule):
    """Ours says `network.conv`, the original says `stem`."""

    name_rules = (NameRule(r"network\.conv\.(.+)", r"stem.\1"),)

    def __init__(self) -> None:
        super().__init__()
        self.network = nn.ModuleDict({"conv": nn.Linear(2, 3)})


class Net(nn.Module):
    def __init__(self, num_classes: int = 4) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.head = nn.ModuleDict({"fc": nn.Linear(3, num_classes)})


def _filled(net: nn.Module, value: float) -> dict[str, Tensor]:
    return {name: torch.full_like(item, value) for name, item in net.state_dict().items()}


def _is_filled(net: nn.Module, value: float, prefix: str = "") -> bool:
    state = net.state_dict()
    return all((item == value).all() for name, item in state.items() if name.startswith(prefix))


def test_loads_names_of_ours_and_of_the_original() -> None:
    net = Net()
    names = name_map(net)
    assert load_state(net, _filled(net, 1), "a").loaded == tuple(net.state_dict())
    assert _is_filled(net, 1)
    theirs = names.state_dict_to_mm(_filled(net, 2)).state
    assert "backbone.stem.weight" in theirs
    report = load_state(net, theirs, "a")
    assert report == LoadReport(tuple(net.state_dict()), (), (), ())
    assert _is_filled(net, 2)


def test_reports_what_is_missing_and_unexpected(caplog: pytest.LogCaptureFixture) -> None:
    net = Net()
    state = _filled(net, 1)
    del state["head.fc.bias"]
    report = load_state(net, {**state, "neck.x": torch.ones(1)}, "file.pth")
    assert report.missing == ("head.fc.bias",)
    assert report.unexpected == ("neck.x",)
    text = "file.pth: 3 tensors loaded; 1 missing: head.fc.bias; 1 unexpected: neck.x"
    assert [record.getMessage() for record in caplog.records] == [text]
    assert caplog.records[0].levelno == logging.WARNING


def test_drops_a_head_for_other_classes(caplog: pytest.LogCaptureFixture) -> None:
    net = Net(num_classes=4)
    before = net.head["fc"].weight.clone()
    report = load_state(net, _filled(Net(num_classes=1000), 1), "file.pth")
    assert report.dropped == ("head.fc.weight", "head.fc.bias")
    assert torch.equal(net.head["fc"].weight, before)
    assert _is_filled(net, 1, "backbone.")
    assert "2 dropped, for their shapes differ: head.fc.weight, head.fc.bias" in caplog.text


def test_refuses_another_architecture() -> None:
    net = Net()
    state = {**_filled(net, 1), "backbone.network.conv.weight": torch.ones(5, 2)}
    with pytest.raises(WeightsError, match=r"'backbone\.network\.conv\.weight' with \(5, 2\)") as e:
        load_state(net, state, "file.pth")
    assert e.value.expected == "shape (3, 2)"
    assert not _is_filled(net, 1)


@pytest.mark.parametrize(("state", "problem"), [
    ({"layer.weight": torch.ones(1)}, "none of its 1 tensors fits the model; it has layer.weight"),
    ({}, "none of its 0 tensors fits the model; it holds none"),
])  # fmt: skip
def test_refuses_a_file_when_no_name_fits(state: dict[str, Tensor], problem: str) -> None:
    with pytest.raises(WeightsError, match=problem) as error:
        load_state(Net(), state, "file.pth")
    assert error.value.expected.startswith("names such as backbone.stem.weight, backbone.stem.bias")


class Sized(Backbone):
    """Cuts its weight to its size, and takes a bias of another name."""

    def fit_state(self, state: dict[str, Tensor]) -> dict[str, Tensor]:
        fitted = {name: value[:3] for name, value in state.items()}
        if "shared" in fitted:
            fitted["network.conv.bias"] = fitted.pop("shared")
        return fitted


def test_lets_modules_fit_the_sizes_of_a_checkpoint() -> None:
    net = Net()
    net.backbone = Sized()
    large = {"backbone.stem.weight": torch.ones(5, 2), "backbone.shared": torch.ones(4)}
    head = {name: value for name, value in _filled(net, 1.0).items() if "head" in name}
    report = load_state(net, large | head, "large.pth")
    assert report.missing == report.unexpected == ()
    assert _is_filled(net, 1.0)


def test_misses_only_what_a_module_saves() -> None:
    net = Net()

    def leave_out(module: nn.Module, state: dict[str, Tensor], prefix: str, *_: object) -> None:
        del state[f"{prefix}fc.bias"]

    net.head.register_state_dict_post_hook(leave_out)
    state = {name: value for name, value in _filled(Net(), 1.0).items() if "fc.bias" not in name}
    assert load_state(net, state, "small.pth").missing == ()
    assert load_state(net, {"head.fc.bias": torch.ones(4)}, "bias.pth").loaded == ("head.fc.bias",)


def test_shortens_a_long_report() -> None:
    report = LoadReport((), tuple("abcdefg"), (), ())
    assert str(report) == "0 tensors loaded; 7 missing: a, b, c, d, e ..."


@pytest.mark.parametrize("prefix", ["backbone", "backbone."])
def test_loads_the_part_of_a_checkpoint_under_a_prefix(tmp_path: Path, prefix: str) -> None:
    net = Net()
    theirs = name_map(net).state_dict_to_mm(_filled(net, 3)).state
    torch.save({"state_dict": theirs}, tmp_path / "a.pth")
    load_pretrained(net.backbone, Pretrained(str(tmp_path / "a.pth"), prefix=prefix))
    assert _is_filled(net, 3, "backbone.")
    assert not _is_filled(net, 3, "head.")


def test_names_the_prefixes_when_the_given_one_is_wrong(tmp_path: Path) -> None:
    torch.save(_filled(Net(), 1), tmp_path / "a.pth")
    pretrained = Pretrained(str(tmp_path / "a.pth"), prefix="encoder")
    with pytest.raises(WeightsError, match=r"no tensor has the prefix 'encoder\.'") as error:
        load_pretrained(Net().backbone, pretrained)
    assert error.value.expected == "one of backbone, head"


def test_loads_a_file(tmp_path: Path) -> None:
    net = Net()
    torch.save({"model": _filled(net, 5)}, tmp_path / "a.pth")
    assert len(load_weights(net, str(tmp_path / "a.pth")).loaded) == 4
    assert _is_filled(net, 5)


def test_says_whose_names_they_were() -> None:
    net = Net()
    assert load_state(net, _filled(net, 1), "a").words == "mmlight"
    theirs = name_map(net).state_dict_to_mm(_filled(net, 2)).state
    assert load_state(net, theirs, "a").words == "mm"


@pytest.mark.parametrize("wrapper", ["module.", "model.", "_orig_mod.module."])
def test_sees_through_the_wrappers_of_other_trainers(tmp_path: Path, wrapper: str) -> None:
    net = Net()
    state = {wrapper + name: value for name, value in _filled(net, 4).items()}
    torch.save({"state_dict": state}, tmp_path / "a.ckpt")
    assert load_weights(net, str(tmp_path / "a.ckpt")).is_exact
    assert _is_filled(net, 4)


def test_loads_what_is_left_after_revising_names(tmp_path: Path) -> None:
    net = Net()
    theirs = name_map(net).state_dict_to_mm(_filled(net, 5)).state
    torch.save(
        {f"student.{n}".replace("stem", "trunk"): v for n, v in theirs.items()}, tmp_path / "a"
    )
    keys = [(r"^student\.", ""), ("trunk", "stem")]
    assert load_weights(net, str(tmp_path / "a"), revise_keys=keys).is_exact
    assert _is_filled(net, 5)
    net = Net()
    report = load_weights(net.backbone, str(tmp_path / "a"), prefix="backbone", revise_keys=keys)
    assert report.is_exact
    assert _is_filled(net, 5, "backbone.")


def test_advises_a_prefix_when_something_is_below_it(tmp_path: Path) -> None:
    net = Net()
    with pytest.raises(WeightsError, match="none of its 4 tensors fits") as error:
        load_state(net.backbone, _filled(net, 1), "a.pth")
    assert error.value.next_step == "Set prefix='backbone.' to load what is below it."


def test_names_what_there_is_when_a_file_holds_no_weights(tmp_path: Path) -> None:
    torch.save({"teacher": _filled(Net(), 1), "epoch": 3}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"holds no weights; .* teacher \(dict\), epoch"):
        load_weights(Net(), str(tmp_path / "a.pth"))


def test_reads_to_the_device_of_an_init_cfg(tmp_path: Path) -> None:
    torch.save(_filled(Net(), 1), tmp_path / "a.pth")
    pretrained = Pretrained(str(tmp_path / "a.pth"), prefix="backbone", map_location="cuda:99")
    with pytest.raises(WeightsError, match="map_location='cuda:99' is no device of this machine"):
        load_pretrained(Net().backbone, pretrained)


# ------------------------------------------------------------------ for users' own code


def test_returns_all_that_a_checkpoint_holds(tmp_path: Path) -> None:
    net = Net()
    torch.save({"state_dict": _filled(net, 6), "meta": {"epoch": 3}}, tmp_path / "a.pth")
    content = load_checkpoint(net, str(tmp_path / "a.pth"), map_location="cpu", strict=True)
    assert content["meta"] == {"epoch": 3}
    assert _is_filled(net, 6)


def test_refuses_what_does_not_fit_exactly_when_strict(tmp_path: Path) -> None:
    net = Net()
    state = _filled(net, 7)
    del state["head.fc.bias"]
    torch.save(state, tmp_path / "a.pth")
    assert load_checkpoint(net, str(tmp_path / "a.pth")).keys() == state.keys()
    with pytest.raises(
        WeightsError, match=r"not fit exactly: 3 tensors .* missing: head\.fc\.bias"
    ):
        load_checkpoint(net, str(tmp_path / "a.pth"), strict=True)


@pytest.mark.slow
def test_loads_the_checkpoint_of_any_lightning_module(tmp_path: Path) -> None:
    """Names begin with `model.`, and hyperparameters of any harmless kind lie beside."""

    class Module(L.LightningModule):
        def __init__(self, args: argparse.Namespace) -> None:
            super().__init__()
            self.save_hyperparameters()
            self.model = timm.create_model("test_resnet", num_classes=3)

    module = Module(argparse.Namespace(lr=0.1, out=tmp_path))
    options = {"logger": False, "enable_checkpointing": False, "enable_model_summary": False}
    trainer = L.Trainer(accelerator="cpu", default_root_dir=tmp_path, **options)
    trainer.strategy.connect(module)
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    assert read_checkpoint(tmp_path / "a.ckpt")["hyper_parameters"]["args"].lr == 0.1
    ours = TIMMBackbone("test_resnet")
    report = load_weights(ours, str(tmp_path / "a.ckpt"))
    assert (report.missing, report.dropped, report.words) == ((), (), "timm")
    assert report.unexpected == ("fc.weight", "fc.bias")
    for name, value in ours.timm_model.state_dict().items():
        assert torch.equal(value, module.model.state_dict()[name]), name


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda state: state.pop("head.fc.bias"), "1 of 4 .*: 'head.fc.bias' is not in"),
        (
            lambda state: state.update({"head.fc.weight": torch.ones(9, 3)}),
            "2 of 4 .*: 'head.fc.weight' has another shape in",
        ),
    ],
)
def test_refuses_to_evaluate_random_layers(change, problem: str) -> None:
    state = _filled(Net(), 1)
    change(state)
    with pytest.raises(WeightsError, match=problem):
        load_whole_state(Net(), state, "a.pth")


def test_loads_a_whole_state_when_it_is_there() -> None:
    net = Net()
    load_whole_state(net, _filled(Net(), 1), "a.pth")
    assert _is_filled(net, 1)


def test_loads_no_half_of_a_layer() -> None:
    net = Net()
    state = {**_filled(net, 1), "head.fc.weight": torch.ones(9, 9)}
    report = load_state(net, state, "file.pth")
    assert report.dropped == ("head.fc.weight", "head.fc.bias")
    assert not _is_filled(net, 1, "head.")
    rest = {name: value for name, value in state.items() if name.startswith("head.")}
    with pytest.raises(WeightsError, match="none of its 2 tensors fits the model"):
        load_state(net, rest, "file.pth")
