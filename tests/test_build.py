from pathlib import Path

import pytest
import torch

import mmlight
from mmlight.build import build_model, describe, instantiate
from mmlight.errors import ConfigErrors, DataError, UnsupportedValueError
from mmlight.read.node import Origin
from mmlight.run import read_spec
from mmlight.spec import Call, Spec
from tests.runs import FASHION, LENET_NEW, LENET_OLD, write_config


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, LENET_NEW)


def test_builds_parts_of_a_path_a_config_and_a_spec(config: Path) -> None:
    for source in (config, str(config), mmlight.Config.fromfile(config), read_spec(config)):
        parts = mmlight.build_parts(source)
        assert type(parts.model.backbone).__name__ == "LeNet5"
        assert parts.model.classes[0] == "T-shirt/top"
        assert parts.data.train is not None
        assert parts.trainer.max_epochs == 3
        assert parts.spec.seed == 7


def test_applies_overrides(config: Path) -> None:
    assert mmlight.build_parts(config, ["train_cfg.max_epochs=9"]).trainer.max_epochs == 9


@pytest.mark.parametrize("text", [LENET_OLD, LENET_NEW])
def test_keeps_the_callbacks_in_the_order_of_the_spec(tmp_path: Path, text: str) -> None:
    """Lightning moves savers behind all others."""
    parts = mmlight.build_parts(write_config(tmp_path, text))
    wanted = [call.target.rsplit(".", 1)[-1] for call in parts.spec.callbacks]
    found = [type(callback).__name__ for callback in parts.trainer.callbacks]
    assert found[: len(wanted)] == wanted
    assert [type(callback).__name__ for callback in parts.callbacks] == wanted


def test_saves_nothing_when_no_callback_does(config: Path) -> None:
    parts = mmlight.build_parts(config, ["default_hooks.checkpoint=None"])
    assert parts.trainer.checkpoint_callbacks == []


def test_builds_the_same_model_from_the_same_seed(config: Path) -> None:
    states = [mmlight.build_parts(config).model.state_dict() for _ in range(2)]
    other = mmlight.build_parts(config, ["randomness.seed=8"]).model.state_dict()
    name = "backbone.features.0.weight"
    assert torch.equal(states[0][name], states[1][name])
    assert not torch.equal(states[0][name], other[name])


def test_draws_a_seed_when_none_is_given_and_writes_it_down(config: Path) -> None:
    seeds = [mmlight.build_parts(config, ["randomness.seed=None"]).spec.seed for _ in range(2)]
    assert seeds[0] != seeds[1]


def test_takes_the_seed_of_the_first_process(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PL_GLOBAL_SEED", "123")
    assert mmlight.build_parts(config, ["randomness.seed=None"]).spec.seed != 123
    monkeypatch.setenv("PL_GLOBAL_SEED", "123")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert mmlight.build_parts(config, ["randomness.seed=None"]).spec.seed == 123


def test_takes_one_seed_in_all_processes_of_torchrun(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PL_GLOBAL_SEED", raising=False)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("MASTER_PORT", "29500")
    seeds = []
    for port in ("29500", "29500", "29501"):
        monkeypatch.setenv("MASTER_PORT", port)
        monkeypatch.delenv("PL_GLOBAL_SEED", raising=False)
        seeds.append(mmlight.build_parts(config, ["randomness.seed=None"]).spec.seed)
    assert seeds[0] == seeds[1] != seeds[2]


def test_describes_itself_in_the_checkpoint_with_whole_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").symlink_to(FASHION)
    text = LENET_NEW.replace(repr(str(FASHION)), "'data'")
    monkeypatch.chdir(tmp_path)
    parts = mmlight.build_parts(write_config(tmp_path, text))
    described = Spec.from_yaml(parts.model.spec_yaml)
    dataset = described.data["train"].kwargs["dataset"]
    assert dataset.kwargs["data_root"] == str(tmp_path / "data")
    assert parts.spec.data["train"].kwargs["dataset"].kwargs["data_root"] == "data"
    assert described.seed == 7


def test_builds_a_model_without_its_data(config: Path, tmp_path: Path) -> None:
    spec = read_spec(config, {"train_dataloader.dataset.data_root": "/gone"})
    assert build_model(spec).num_classes == 10
    with pytest.raises(DataError, match="/gone/train-images-idx3-ubyte") as error:
        mmlight.build_parts(spec)
    assert error.value.origin.startswith("--cfg-options")


def test_reports_problems_of_several_parts_at_once(config: Path) -> None:
    options = {"train_dataloader.batch_size": 0, "model.backbone.num_classes": -3}
    options["default_hooks.logger.interval"] = 0
    options["val_dataloader.dataset.data_root"] = "/gone"
    with pytest.raises(ConfigErrors) as error:
        mmlight.build_parts(config, options)
    text = str(error.value)
    for problem in ("batch_size must be at least 1, got 0", "interval must be 1 or more, got 0"):
        assert problem in text
    assert "/gone/t10k-images-idx3-ubyte: this file is missing" in text


def test_names_key_and_line_of_a_refused_argument() -> None:
    call = Call(
        "mmlight.compat.logger_hook.LoggerHook",
        {"interval": 0},
        path="default_hooks.logger",
        origins={"interval": Origin("a.py", 5)},
        origin=Origin("a.py", 4),
    )
    with pytest.raises(UnsupportedValueError, match="interval must be 1 or more, got 0") as error:
        instantiate([{"x": call}])
    assert (error.value.path, error.value.origin) == ("default_hooks.logger.interval", "a.py:5")


def test_tells_what_was_given_when_a_class_names_no_argument() -> None:
    call = Call("fractions.Fraction", {"numerator": 1, "denominator": "2"}, path="a")
    with pytest.raises(UnsupportedValueError) as caught:
        instantiate(call)
    start = "a: Fraction cannot be made with numerator=1, denominator='2': both arguments should be"
    assert str(caught.value).startswith(start)


def test_says_nothing_of_arguments_when_none_is_plain() -> None:
    call = Call("datetime.date", {"year": [1]}, path="a")
    with pytest.raises(UnsupportedValueError, match=r"^a: date cannot be made: "):
        instantiate(call)


def test_names_the_file_when_a_class_cannot_open_it() -> None:
    call = Call("io.FileIO", {"file": "no/list.txt"}, origins={"file": Origin("a.py", 3)})
    with pytest.raises(DataError, match="FileIO cannot read it: No such file") as caught:
        instantiate(call)
    assert (caught.value.path, caught.value.origin) == ("no/list.txt", "a.py:3")


def test_makes_inner_calls_first_and_keeps_everything_else() -> None:
    relu = Call("torch.nn.ReLU", {"inplace": True})
    made = instantiate({"net": Call("torch.nn.ModuleList", {"modules": [relu]}), "n": (1, "a")})
    assert repr(made["net"][0]) == "ReLU(inplace=True)"
    assert made["n"] == (1, "a")


def test_describes_a_run_as_far_as_yaml_can(caplog: pytest.LogCaptureFixture) -> None:
    spec = Spec(model={"backbone": Call("torch.nn.Identity")})
    assert Spec.from_yaml(describe(spec)).model == spec.model
    assert describe(Spec(model={"backbone": torch.nn.Identity()})) == ""
    assert "it holds a live Identity" in caplog.text


def test_logs_what_the_config_says_in_vain(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="mmlight")
    mmlight.build_parts(write_config(tmp_path, LENET_OLD))
    assert f"note: log_level ({tmp_path}/config.py:37): " in caplog.text
