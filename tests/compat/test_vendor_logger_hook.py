"""What TensorBoard gets is compared with the original in tests/reference/test_logs.py."""

from types import SimpleNamespace

from mmlight.compat.vendor_logger_hook import DvcliveLoggerHook, VendorLoggerHook
from tests.callbacks.nets import Net, build_data
from tests.callbacks.test_log_writer import build


class Notes:
    """Notes what it is told; stands for a logger of Lightning."""

    save_dir = None

    def __init__(self):
        self.rows, self.runs, self.ends = [], [], []

    def enter_run(self, view):
        self.runs.append(view)

    def log_metrics(self, metrics, step):
        if "acc/top1" not in metrics:  # what the net of the test logs by itself
            self.rows.append((step, sorted(metrics)))

    def finalize(self, status):
        self.ends.append(status)

    def log_graph(self, *_):
        pass

    save = log_hyperparams = log_graph


def fit(hook, tmp_path, **flags):
    trainer = build(tmp_path, hook, **flags)
    trainer.fit(Net([0.5, 0.6]), build_data())
    return trainer


def test_logger_lives_as_long_as_the_run(tmp_path):
    logger = Notes()
    fit(VendorLoggerHook(logger, interval=2), tmp_path, max_epochs=1)
    assert [step for step, _ in logger.rows] == [2, 4, 5]
    assert {"train/loss", "learning_rate", "momentum"} <= set(logger.rows[0][1])
    assert "val/acc/top1" in logger.rows[-1][1]
    assert (len(logger.runs), logger.ends) == (1, ["success"])


def test_dvclive_writes_after_epochs_when_they_are_counted(tmp_path):
    logger = Notes()
    file = tmp_path / "model.ckpt"
    fit(DvcliveLoggerHook(logger, model_file=str(file), interval=2), tmp_path / "a", max_epochs=2)
    assert [step for step, _ in logger.rows] == [1, 2]
    assert file.exists()
    logger = Notes()
    hook = DvcliveLoggerHook(logger, by_epoch=False, interval=2)
    fit(hook, tmp_path / "b", max_iters=4)
    assert [step for step, _ in logger.rows] == [2, 4, 4]  # the last is that of a validation


def test_texts_are_left_out_unless_allowed():
    logger = Notes()
    for allow_text in (True, False):
        hook = VendorLoggerHook(logger, allow_text=allow_text)
        buffer = SimpleNamespace(output={"note": "a", "time": 1})
        rates = dict(current_lr=lambda: [0.1], current_momentum=lambda: [0.9])
        hook.log(SimpleNamespace(mode="train", iter=1, rank=0, log_buffer=buffer, **rates))
    assert "train/note" in logger.rows[0][1]
    assert "train/note" not in logger.rows[1][1]
