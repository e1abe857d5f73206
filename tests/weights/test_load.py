import logging
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mmlight.errors import WeightsError
from mmlight.models.initialize import InitModule, Pretrained
from mmlight.weights.load import LoadReport, load_pretrained, load_state, load_weights
from mmlight.weights.name_map import NameRule, name_map


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
