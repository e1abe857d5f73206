"""Lines are compared with the original's in tests/reference/test_logs.py."""

import json
from types import SimpleNamespace

import pytest

from mmlight.compat.text_logger_hook import TextLoggerHook
from mmlight.hooks.runner_view import find_view
from tests.callbacks.nets import Net, Probe, build_data
from tests.callbacks.test_log_writer import build, fit, read


def test_file_begins_with_the_facts_of_the_run(tmp_path):
    fit(tmp_path, TextLoggerHook(), max_epochs=1)
    meta = read(tmp_path)[0]
    assert {"env_info", "mmlight_version"} <= meta.keys()
    assert "PyTorch: " in meta["env_info"]


def test_run_is_named_when_the_runner_has_a_name(tmp_path):
    trainer = build(tmp_path, TextLoggerHook(interval=4, interval_exp_name=3), max_epochs=1)
    trainer.callbacks.insert(2, Probe(lambda t, _: find_view(t).meta.update(exp_name="mine")))
    trainer.fit(Net(), build_data())
    (path,) = tmp_path.glob("*.log")
    assert "Exp name: mine" in path.read_text()


def test_a_subclass_may_change_the_line(tmp_path):
    class Short(TextLoggerHook):
        def _log_info(self, log_dict, runner):
            runner.logger.info("short %s", log_dict["mode"])

    fit(tmp_path, Short(interval=4), max_epochs=1)
    (path,) = tmp_path.glob("*.log")
    assert path.read_text().count("INFO - short ") == 2


def test_flag_loggers_get_the_values_too(tmp_path):
    rows = []

    class Notes:
        def log_metrics(self, metrics, step):
            rows.append((step, sorted(metrics)))

    trainer = build(tmp_path, TextLoggerHook(interval=4), max_epochs=1)
    note = Probe(lambda t, _: find_view(t).flag_loggers.append(Notes()), "on_train_start")
    trainer.callbacks.insert(2, note)
    trainer.fit(Net([0.5]), build_data())
    rates = ["learning_rate", "momentum"]
    assert rows == [
        (4, [*rates, "train/accuracy", "train/loss"]),
        (5, [*rates, "val/acc/top1", "val/val_loss"]),
    ]


@pytest.mark.parametrize("rank", [0, 1])
def test_the_first_process_alone_copies_the_log(tmp_path, rank):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "a.log").write_text("line")
    hook = TextLoggerHook(out_dir=str(tmp_path / "out"), keep_local=False)
    hook.after_run(SimpleNamespace(rank=rank, work_dir=str(tmp_path / "work")))
    assert (tmp_path / "out" / "work" / "a.log").exists() is (rank == 0)
    assert (tmp_path / "work" / "a.log").exists() is (rank == 1)


def test_numbers_are_rounded_in_lists_too():
    rounded = TextLoggerHook()._round_float([0.1234567, [1.0000004], "a", 3])
    assert json.dumps(rounded) == '[0.12346, [1.0], "a", 3]'
    with pytest.raises(ValueError, match="interval must be 1 or more, got -1"):
        TextLoggerHook(interval=-1)
