"""The embedded default in 0.x words and in 1.x words is one training."""

import re
from pathlib import Path

import pytest

from mmlight.cli import main
from tests.runs import ROOT, assert_same_weights, weights_of

OLD = ROOT / "configs" / "lenet" / "lenet5_fashion-mnist-mini.py"
NEW = ROOT / "configs" / "mmengine" / "lenet" / "lenet5_fashion-mnist-mini.py"
EPOCHS = 2


@pytest.mark.slow
def test_ends_in_the_same_numbers_in_words_of_either_generation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accuracies, states = [], []
    for config in (OLD, NEW):
        work_dir = tmp_path / ("old" if config is OLD else "new")
        words = ["--config", str(config), "--work-dir", str(work_dir)]
        flags = ["--deterministic", "--trainer.max_epochs", str(EPOCHS)]
        assert main(["fit", *words, *flags, "--trainer.accelerator", "cpu"]) == 0
        capsys.readouterr()
        assert main(["test", *words, "--trainer.accelerator", "cpu"]) == 0
        accuracies.append(re.findall(r"accuracy\S+\s*│\s*([\d.]+)", capsys.readouterr().out))
        states.append(weights_of(work_dir / f"epoch_{EPOCHS}.ckpt"))
    assert_same_weights(*states)
    assert accuracies[0] == accuracies[1]
    assert float(accuracies[0][0]) > 60  # it has learnt something: ten classes


def test_describes_the_same_run_in_words_of_either_generation() -> None:
    """Names of metrics, the order of callbacks and sampling details stay those of the words."""
    from mmlight.run import read_spec

    old, new = read_spec(OLD), read_spec(NEW)
    assert old.seed == new.seed
    assert old.trainer["max_epochs"] == new.trainer["max_epochs"]
    assert old.model["optimizer"] == new.model["optimizer"]
    assert old.model["backbone"] == new.model["backbone"]
