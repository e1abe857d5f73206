from pathlib import Path
from typing import Any

import pytest

from mmlight.errors import ConfigError
from mmlight.loggers.vendor import VendorLogger, choose_folder, import_vendor, list_files
from tests.loggers.stand_ins import make_view


class Own(VendorLogger):
    package = "json"

    def _start(self) -> Any:
        return []

    def _write(self, name: str, value: Any, step: int | None) -> None:
        self.experiment.append((name, value, step))


def test_values_are_written_one_by_one_when_the_run_has_begun(tmp_path: Path) -> None:
    logger = Own()
    assert logger.experiment is None
    logger.enter_run(make_view(tmp_path))
    logger.log_metrics({"a": 1, "b": "text"}, step=2)
    logger.log_hyperparams({"lr": 1})
    assert logger.experiment == [("a", 1, 2)]
    assert (logger.name, logger.version) == ("json", "")
    assert logger.save_dir == logger.folder == str(tmp_path / "stamp" / "vis_data")


def test_missing_package_is_told() -> None:
    with pytest.raises(ConfigError, match="the package 'no_such' is not installed") as error:
        import_vendor("no_such")
    assert "Run 'pip install no_such'" in str(error.value)


def test_folder_is_that_of_the_generation(tmp_path: Path) -> None:
    assert choose_folder(make_view(tmp_path), "mine", "old") == "mine"
    assert choose_folder(make_view(tmp_path, "0.x"), None, "old") == str(tmp_path / "old")
    assert choose_folder(make_view(tmp_path), None, "old") == str(tmp_path / "stamp/vis_data")


def test_files_are_found_by_their_endings(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    for name in ("a.log", "b/c.log", "d.py"):
        (tmp_path / name).touch()
    assert list(list_files(str(tmp_path), [".log"])) == ["a.log", "b/c.log"]
    assert list(list_files(str(tmp_path), ".log")) == ["a.log", "b/c.log"]
    assert list(list_files(str(tmp_path), [".log"], deep=False)) == ["a.log"]
    assert list(list_files(str(tmp_path), [])) == list(list_files("/no/such", [".log"])) == []
