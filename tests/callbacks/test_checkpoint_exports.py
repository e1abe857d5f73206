"""Files for others come and go with the checkpoints that they stand for."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmlight.callbacks.announcer import Announcer
from mmlight.callbacks.checkpoint import Checkpoint
from mmlight.callbacks.checkpoint_exports import CheckpointExports, to_pth
from mmlight.callbacks.validation import Validation
from mmlight.weights.name_map import NameRule
from tests.callbacks.nets import Net, build_data, build_trainer


class Named(Net):
    """Has other names in mm."""

    def __init__(self, scores: Any = None) -> None:
        super().__init__(scores)
        assert isinstance(self.net, nn.Module)
        self.net.name_rules = (NameRule(r"(\d+)\.(.+)", r"layer\1.\2"),)  # type: ignore[assignment]


def fit(folder: Path, exports: dict[str, Any], generation: str = "1.x", **options: Any) -> None:
    given = CheckpointExports(**exports, generation=generation)  # type: ignore[arg-type]
    announcer = Announcer(generation)  # type: ignore[arg-type]
    announcer.run = {"work_dir": str(folder)}
    (folder / "out").mkdir()
    saver = Checkpoint(
        str(folder / "out"),
        exports=given,
        generation=generation,
        **options,  # type: ignore[arg-type]
    )
    build_trainer(Validation(), saver, announcer, max_epochs=3).fit(
        Named([0.1, 0.3, 0.2]), build_data()
    )


def names(folder: Path, suffix: str = "*") -> list[str]:
    return sorted(path.name for path in folder.glob(f"*{suffix}"))


def test_files_of_mm_go_with_the_checkpoints(tmp_path: Path) -> None:
    fit(tmp_path, {"save_pth": True}, max_keep_ckpts=1, save_best="acc/top1")
    assert names(tmp_path / "out", ".pth") == ["best_acc_top1_epoch_2.pth", "epoch_3.pth"]
    content = torch.load(tmp_path / "out" / "epoch_3.pth", weights_only=True)
    assert content["meta"]["epoch"] == 3
    assert "net.layer1.weight" in content["state_dict"]
    assert (tmp_path / "last_checkpoint").read_text() == str(tmp_path / "out" / "epoch_3.pth")


def test_files_of_mm_are_written_once_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []

    def note(path: str, content: Any) -> None:
        written.append(Path(path).stem)

    monkeypatch.setattr("mmlight.callbacks.checkpoint_exports.write_file", note)
    fit(tmp_path, {"save_pth": True}, save_best="acc/top1")
    bests = ["best_acc_top1_epoch_1", "best_acc_top1_epoch_2"]
    assert sorted(written) == [*bests, "epoch_1", "epoch_2", "epoch_3"]


def test_pointer_names_the_checkpoint_when_it_is_alone(tmp_path: Path) -> None:
    fit(tmp_path, {"meta": {"mine": 5}})
    assert names(tmp_path / "out", ".pth") == []
    assert (tmp_path / "last_checkpoint").read_text() == str(tmp_path / "out" / "epoch_3.ckpt")
    meta = torch.load(tmp_path / "out" / "epoch_3.ckpt", weights_only=True)["meta"]
    assert (meta["mine"], meta["iter"]) == (5, 12)


@pytest.mark.parametrize("linked", [True, False])
def test_link_of_mmcv_is_made_when_wanted(tmp_path: Path, linked: bool) -> None:
    fit(tmp_path, {"save_pth": True, "create_symlink": linked}, "0.x")
    link = tmp_path / "out" / "latest.pth"
    assert os.path.islink(link) == linked
    if linked:
        assert os.readlink(link) == "epoch_3.pth"
    assert not (tmp_path / "last_checkpoint").exists()


def test_last_and_best_are_published_when_keys_are_given(tmp_path: Path) -> None:
    fit(tmp_path, {"published_keys": "state_dict"}, save_best="acc/top1")
    stems = [name.rpartition("-")[0] for name in names(tmp_path / "out", ".pth")]
    assert stems == ["best_acc_top1_epoch_2", "epoch_3"]
    (path,) = (tmp_path / "out").glob("epoch_3-*.pth")
    assert torch.load(path, weights_only=True).keys() == {"state_dict"}


def test_last_is_not_published_when_it_is_not_saved(tmp_path: Path) -> None:
    fit(tmp_path, {"published_keys": ["meta"]}, save_best="acc/top1", save_last=False, interval=3)
    assert [n.rpartition("-")[0] for n in names(tmp_path / "out", ".pth")] == [
        "best_acc_top1_epoch_2"
    ]


def test_raises_when_a_key_is_given_twice() -> None:
    with pytest.raises(ValueError, match=r"published_keys must differ .* got \['a', 'a'\]"):
        CheckpointExports(published_keys=["a", "a"])


def test_only_the_suffix_changes() -> None:
    assert to_pth("a.b/epoch_1.ckpt") == "a.b/epoch_1.pth"
