from pathlib import Path

from mmlight.callbacks.checkpoint_names import CheckpointNames
from mmlight.callbacks.kept_files import KeptFiles


def make(folder: Path, generation: str, interval: int = 2) -> KeptFiles:
    names = CheckpointNames(str(folder), str(folder), "", by_epoch=True)
    return KeptFiles(names, 2, interval, generation)  # type: ignore[arg-type]


def stems(paths: list[str]) -> list[str]:
    return [Path(path).stem for path in paths]


def test_the_oldest_goes_when_there_are_too_many(tmp_path: Path) -> None:
    kept = make(tmp_path, "1.x")
    assert [stems(kept.add(count)) for count in (2, 4, 4, 5, 6)] == [
        [], [], [], ["epoch_2"], ["epoch_4"],
    ]  # fmt: skip
    assert stems(kept.paths) == ["epoch_5", "epoch_6"]


def test_one_off_the_interval_does_not_count_when_0x(tmp_path: Path) -> None:
    kept = make(tmp_path, "0.x")
    gone = []
    for count in (2, 4, 5, 6):
        (tmp_path / f"epoch_{count}.ckpt").touch()
        gone.append(stems(kept.add(count)))
    assert gone == [[], [], [], ["epoch_2"]]


def test_none_go_when_only_the_last_is_saved_in_0x(tmp_path: Path) -> None:
    assert make(tmp_path, "0.x", interval=-1).add(5) == []
