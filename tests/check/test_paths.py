from pathlib import Path

from mmlight.check.findings import Findings
from mmlight.check.paths import add_missing, look_around, missing_path
from mmlight.read.node import Origin
from mmlight.spec import Call


def test_names_what_is_there_instead(tmp_path: Path) -> None:
    (tmp_path / "imagenet").mkdir()
    (tmp_path / ".hidden").mkdir()
    known, nearest = look_around(str(tmp_path / "imagenett" / "train" / "x"))
    assert known == f"'imagenett' in {tmp_path}, which has imagenet"
    assert nearest == str(tmp_path / "imagenet")


def test_says_so_when_nothing_is_there(tmp_path: Path) -> None:
    assert look_around(str(tmp_path / "a")) == (f"'a' in {tmp_path}, which has nothing", None)


def test_shows_few_names(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}").touch()
    known, _ = look_around(str(tmp_path / "a"))
    assert known.endswith("which has 00, 01, 02, 03, 04, 05, 06, 07 ...")


def test_tells_a_path_once_with_all_lines_that_name_it() -> None:
    found = Findings()
    for line in (3, 5, 5):
        origins = {"data_root": Origin("a.py", line)}
        call = Call("x", {"data_root": "/no/where"}, path=f"d{line}", origins=origins)
        add_missing(found, missing_path(call, "data_root", "/no/where"))
    (error,) = found.errors
    assert (error.path, error.problem) == ("d3.data_root", "'/no/where' is missing")
    assert error.origin == "a.py:3, a.py:5"
    assert error.next_step.startswith("Put the data there, or correct data_root")
