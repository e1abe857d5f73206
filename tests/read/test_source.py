from pathlib import Path

import pytest

from mmlight.errors import ConfigError
from mmlight.read.origin import Origin
from mmlight.read.source import check_source, read_source_text

HERE = Origin("main.py", 3)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("base.py", "other.py", "data.yaml"):
        Path(name).write_text("a = 1")
    Path("deep").mkdir()


@pytest.mark.parametrize("file", ["base.py", "./deep/../base.py", "data.yaml"])
def test_file_is_taken_when_it_is_a_config(file):
    check_source(Path(file), (Path("other.py"),), HERE)
    assert read_source_text(Path(file)) == "a = 1"


@pytest.mark.parametrize(
    ("file", "problem", "nearest"),
    [
        ("deep/../base.py", "the config inherits from itself through base.py", None),
        ("deep", "this is a folder", None),
        ("base.txt", "no config has the suffix '.txt'", None),
        ("bse.py", "no such config file", "base.py"),
        ("dat.yaml", "no such config file", "data.yaml"),
        ("no/such/folder/a.py", "no such config file", None),
    ],
)
def test_file_is_refused_when_it_is_none(file, problem, nearest):
    with pytest.raises(ConfigError) as caught:
        check_source(Path(file), (Path("base.py"),), HERE)
    error = caught.value
    assert (error.path, error.problem, error.nearest, error.origin) == (
        *(str(Path(file)), problem, nearest),
        "main.py:3",
    )


def test_the_folder_is_named_that_a_path_starts_from():
    for chain, start in (((), Path.cwd()), ((Path("deep/main.py"),), "deep/main.py")):
        with pytest.raises(ConfigError, match=f"Correct the path; it is relative to {start}\\."):
            check_source(Path("bse.py"), chain, None)


@pytest.mark.parametrize(
    ("content", "problem"),
    [(b"a = '\xff'", "can't decode byte 0xff"), (b"a = 1\0", "the file holds null bytes")],
)
def test_text_is_refused_when_it_is_none(content, problem):
    Path("a.py").write_bytes(content)
    with pytest.raises(ConfigError, match=problem):
        read_source_text(Path("a.py"))
