import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
import torch.distributed
import torch.utils.data
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Callback

from mmlight.errors import ConfigError, DataError, UnsupportedValueError, WeightsError
from mmlight.launch import (
    check_stage,
    deal_back,
    gather_in_order,
    naming_origins,
    save_description,
    start,
)
from mmlight.metrics.accuracy import Accuracy
from mmlight.read.config import Config
from mmlight.read.node import Origin
from mmlight.run import build_parts, read_spec
from mmlight.spec import Call, Spec
from tests.runs import LENET_OLD, write_config


def _spec(**changes: Any) -> Spec:
    return Spec(model={"backbone": Call("torch.nn.Identity")}, **changes)


def _raise(error: BaseException) -> NoReturn:
    raise error


def test_names_the_line_that_named_a_file() -> None:
    init_cfg = Call("X", {"checkpoint": "a.pth"}, origins={"checkpoint": Origin("c.py", 8)})
    spec = Spec(
        model={"backbone": Call("Y", {"init_cfg": init_cfg})},
        load_from="b.pth",
        origins={"load_from": Origin("c.py", 3), "work_dir": None},
    )
    for path, origin in (("a.pth", "c.py:8"), ("b.pth", "c.py:3"), ("other", "")):
        with pytest.raises(WeightsError) as error, naming_origins(spec):
            raise WeightsError(path, "it is bad")
        assert error.value.origin == origin


def test_keeps_an_origin_that_is_known() -> None:
    spec = _spec(load_from="b.pth", origins={"load_from": Origin("c.py", 3)})
    with pytest.raises(WeightsError) as error, naming_origins(spec):
        raise WeightsError("b.pth", "it is bad", origin="d.py:1")
    assert error.value.origin == "d.py:1"


def _parts(stage: str, optimizer: object = 1) -> Any:
    data = SimpleNamespace(train=None, val=None, test=None, predict=None)
    setattr(data, stage, "a loader")
    metric, call = (
        Accuracy(topk=(1, 5)),
        Call("X", path="val_evaluator", origins={"topk": "c.py:7"}),
    )
    model = SimpleNamespace(
        optimizer_builder=optimizer,
        head=None,
        num_classes=None,
        val_metrics=[metric],
        test_metrics=[],
    )
    spec = Spec(model={"val_metrics": (call,)})
    trainer = SimpleNamespace(limit_val_batches=1.0)
    return SimpleNamespace(data=data, model=model, spec=spec, trainer=trainer, callbacks=[])


@pytest.mark.parametrize("stage", ["train", "val"])
def test_refuses_metrics_for_more_classes_than_there_are(stage: str) -> None:
    parts = _parts(stage)
    parts.data.val = "a loader"
    check_stage(parts, stage)
    parts.model.num_classes = 4
    with pytest.raises(
        UnsupportedValueError, match=r"topk=\(1, 5\) asks for more than the 4"
    ) as error:
        check_stage(parts, stage)
    assert (error.value.path, error.value.origin) == ("val_evaluator.topk", "c.py:7")
    check_stage(_parts("predict"), "predict")


def test_refuses_a_best_metric_that_does_not_exist_before_training(tmp_path: Path) -> None:
    text = LENET_OLD.replace("interval=1, metric", "interval=1, save_best='accuracy_top1', metric")
    parts = build_parts(write_config(tmp_path, text))
    for stage in ("val", "test"):
        check_stage(parts, stage)
    with pytest.raises(UnsupportedValueError, match="is called 'accuracy_top1'") as error:
        check_stage(parts, "train")
    assert error.value.path == "evaluation.save_best"
    assert error.value.origin.startswith(str(tmp_path))
    assert error.value.nearest == "accuracy_top-1"
    parts.callbacks.append(Callback())  # it may log a value of this name
    check_stage(parts, "train")
    parts.callbacks.pop()
    parts.trainer.limit_val_batches = 0  # type: ignore[attr-defined]
    check_stage(parts, "train")


def test_names_what_a_stage_lacks() -> None:
    check_stage(_parts("train"), "train")
    check_stage(_parts("test", optimizer=None), "test")
    for stage, name in (("train", "train"), ("val", "val"), ("predict", "test")):
        with pytest.raises(ConfigError, match="the config describes no such data") as error:
            check_stage(_parts("other"), stage)
        assert error.value.path == f"{name}_dataloader"
        assert f"data.{name}" in error.value.next_step
    with pytest.raises(ConfigError, match="the config has no optimizer"):
        check_stage(_parts("train", optimizer=None), "train")


def test_writes_a_description_that_reads_back(tmp_path: Path) -> None:
    spec = _spec(work_dir=str(tmp_path / "a" / "b"), seed=3)
    save_description(spec)
    assert Spec.from_yaml((tmp_path / "a/b/spec.yaml").read_text()) == spec


@pytest.mark.parametrize("name", ["config.py", "config.yaml", "config.json"])
def test_writes_a_config_that_reads_back(name: str, tmp_path: Path) -> None:
    config = Config.fromfile(write_config(tmp_path, LENET_OLD))
    config.dump(tmp_path / name)
    spec = read_spec(tmp_path / name)
    save_description(spec.move_work_dir(str(tmp_path / "work")))
    (written,) = (tmp_path / "work").glob("config*.py")
    assert Config.fromfile(written).to_dict() == Config.fromfile(tmp_path / name).to_dict()


def test_names_the_work_dir_when_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written: Not a directory") as error:
        save_description(_spec(work_dir=str(tmp_path / "file" / "work")))
    assert error.value.path == str(tmp_path / "file" / "work")


def test_hands_over_arguments_and_result() -> None:
    assert start(lambda *args, **kwargs: (args, kwargs), 1, a=2) == ((1,), {"a": 2})


def test_tells_bad_flags_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"trainer: no two of them\.\n"):
        start(_raise, MisconfigurationException("no two\n of them!"))


class Photos(torch.utils.data.Dataset[Any]):
    """Whose first file is broken."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> NoReturn:
        raise DataError("a: b.jpg", f"it ends at byte {index}: too early", next_step="Replace it.")


def test_tells_a_broken_file_alike_when_a_worker_reads_it() -> None:
    for workers in (0, 1):
        loader = torch.utils.data.DataLoader(Photos(), num_workers=workers)
        with pytest.raises(DataError) as caught:
            start(next, iter(loader))
        assert str(caught.value).startswith("a: b.jpg: it ends at byte 0: too early.\n  next: ")
        assert caught.value.next_step == "Replace it."


def test_lets_any_other_error_of_a_worker_pass() -> None:
    with pytest.raises(RuntimeError, match="mine"):
        start(_raise, RuntimeError("mine"))


def _interrupted() -> None:
    """Do what Lightning does on Ctrl-C."""
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise SystemExit(1)  # noqa: B904 - so does Lightning


def test_raises_ctrl_c_and_hears_the_next_one() -> None:
    with pytest.raises(KeyboardInterrupt):
        start(_interrupted)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_lets_any_other_exit_pass() -> None:
    with pytest.raises(SystemExit, match="3"):
        start(_raise, SystemExit(3))


@pytest.mark.parametrize("count", [0, 1, 2, 7])
@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_undoes_dealing_out_in_turn(count: int, ranks: int) -> None:
    rows = list(range(count))
    assert deal_back([rows[rank::ranks] for rank in range(ranks)]) == rows


def test_gathers_over_a_process_group(tmp_path: Path) -> None:
    assert gather_in_order([1, 2]) == [1, 2]
    store = f"file://{tmp_path}/store"
    torch.distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
    try:
        assert gather_in_order([{"a": 1}, {"a": 2}]) == [{"a": 1}, {"a": 2}]
    finally:
        torch.distributed.destroy_process_group()


def test_save_description_writes_the_resolved_config_beside_it(tmp_path: Path) -> None:
    source = write_config(tmp_path, LENET_OLD)
    work_dir = tmp_path / "work"
    spec = read_spec(source, {"runner.max_epochs": 9}).move_work_dir(str(work_dir))
    save_description(spec)
    resolved = Config.fromfile(work_dir / "config.py")
    assert resolved.runner.max_epochs == 9
    assert resolved.to_dict() == {**Config.fromfile(source).to_dict(), "runner": resolved.runner}


def test_save_description_never_overwrites_the_config_itself(tmp_path: Path) -> None:
    source = write_config(tmp_path, LENET_OLD)
    save_description(read_spec(source).move_work_dir(str(tmp_path)))
    assert source.read_text() == LENET_OLD
