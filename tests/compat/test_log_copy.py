import pytest

from mmlight.compat.log_copy import LogCopy


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "work"
    (made / "vis_data").mkdir(parents=True)
    for name in ("a.log", "vis_data/b.json", "c.pth"):
        (made / name).write_text(name)
    return made


@pytest.mark.parametrize("keep", [True, False])
def test_files_are_copied_by_their_endings(tmp_path, folder, keep):
    LogCopy(str(tmp_path / "out"), (".log", ".json"), keep).run(str(folder), "run")
    copies = tmp_path / "out" / "run"
    found = sorted(str(p.relative_to(copies)) for p in copies.rglob("*") if p.is_file())
    assert found == ["a.log", "vis_data/b.json"]
    assert (copies / "a.log").read_text() == "a.log"
    assert (folder / "a.log").exists() is (folder / "vis_data/b.json").exists() is keep
    assert (folder / "c.pth").exists()


def test_nothing_is_copied_when_no_place_is_named(folder):
    LogCopy(None, ".log", keep_local=False).run(str(folder), "run")
    assert (folder / "a.log").exists()
