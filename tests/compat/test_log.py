import logging

import pytest

from mmlight.compat import log


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(log.MMLogger, "_instances", {})
    yield
    for name in ("mmlight.test_of_log", "mmlight.mmcls"):
        logger = logging.getLogger(name)
        for handler in [*logger.handlers]:
            handler.close()
            logger.removeHandler(handler)


def test_message_reaches_the_run_when_told(caplog):
    with caplog.at_level(logging.INFO, logger="mmlight"):
        log.get_root_logger().info("one")
        log.MMLogger.get_current_instance().info("two")
        log.print_log("three", "current")
        log.print_log("four", "test_of_log", logging.WARNING)
        log.print_log("five", log.get_logger("test_of_log"))
        log.print_log("six", "silent")
    assert [r.message for r in caplog.records] == ["one", "two", "three", "four", "five"]
    assert [r.name for r in caplog.records][:2] == ["mmlight.mmcls", "mmengine"]


def test_message_is_told_when_the_level_of_the_run_has_changed(caplog):
    logger = log.MMLogger.get_instance("early")
    with caplog.at_level(logging.WARNING, logger="mmlight"):
        logger.info("too early")
    with caplog.at_level(logging.INFO, logger="mmlight"):
        logger.info("in time")
    assert [r.message for r in caplog.records] == ["in time"]


def test_message_is_printed_when_no_logger_is_given(capsys):
    log.print_log("seen")
    assert capsys.readouterr().out == "seen\n"


def test_file_is_written_when_named(tmp_path):
    path = tmp_path / "a.log"
    for _ in range(2):
        log.get_logger("test_of_log", log_file=path).info("kept")
    assert path.read_text().count("mmlight.test_of_log - INFO - kept") == 2
    own = log.MMLogger.get_instance("own", logger_name="shown", log_file=tmp_path / "b.log")
    own.warning("kept too")
    own.handlers[0].close()
    assert "shown - WARNING - kept too" in (tmp_path / "b.log").read_text()


def test_logger_is_found_again_when_named():
    first = log.MMLogger.get_instance("first", log_level="ERROR")
    second = log.MMLogger.get_instance("second")
    assert log.MMLogger.get_current_instance() is second
    assert log.MMLogger.get_instance("first") is first
    assert not first.isEnabledFor(logging.WARNING)
    assert first.instance_name == "first"


def test_epochs_are_grouped_when_log_is_read(tmp_path):
    path = tmp_path / "log.json"
    path.write_text('{"seed": 1}\n{"epoch": 1, "lr": 2}\n{"epoch": 1, "lr": 3}\n')
    assert log.load_json_log(path) == {1: {"lr": [2, 3]}}


def test_arguments_are_refused_when_wrong():
    with pytest.raises(TypeError, match="logger must be a logger, a name or None, got 3"):
        log.print_log("x", 3)
    with pytest.raises(ValueError, match=r"file_handler_cfg must be None, got \{'type': 'X'\}"):
        log.MMLogger("a", file_handler_cfg={"type": "X"})
