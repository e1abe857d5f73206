import pytest

from mmlight.compat.log_processor import LogProcessor
from mmlight.compat.logger_hook import LoggerHook
from mmlight.compat.old_logger_hook import LoggerHook as OldLoggerHook
from mmlight.compat.vis_backend import BaseVisBackend
from mmlight.compat.visualizer import UniversalVisualizer, Visualizer
from mmlight.errors import UnsupportedValueError
from mmlight.registry import HOOKS, LOG_PROCESSORS, VISBACKENDS, VISUALIZERS
from mmlight.spec import Call

C, L = "mmlight.callbacks", "mmlight.loggers"


class OwnProcessor(LogProcessor):
    """A user's own."""


class OwnVisualizer(UniversalVisualizer):
    """A user's own."""

    def __init__(self, color=0, **kwargs):
        super().__init__(**kwargs)


class OwnBackend(BaseVisBackend):
    """A user's own."""


class OwnHook(OldLoggerHook):
    """A user's own."""


@pytest.fixture
def own():
    pairs = [
        *((LOG_PROCESSORS, OwnProcessor), (VISUALIZERS, OwnVisualizer)),
        *((VISBACKENDS, OwnBackend), (HOOKS, OwnHook)),
    ]
    for registry, kind in pairs:
        registry.register_module(module=kind)
    yield
    for registry, kind in pairs:
        registry.module_dict.pop(kind.__name__)


def find(spec, name):
    (call,) = [call for call in spec.callbacks if call.target == f"{C}.{name}"]
    return call.kwargs


def hooks_of(spec):
    return [call.kwargs["hook"] for call in spec.callbacks if "hook" in call.kwargs]


def translate_old(translate, *hooks, **logger):
    """Translate what the upgrade makes of `log_config`."""
    names = logger.pop("names", [hook["type"] for hook in hooks])
    backends = [hook for hook in hooks if hook["type"] != "TextLoggerHook"]
    more = {"visualizer": dict(type="UniversalVisualizer", vis_backends=backends)}
    logger = dict(type="LoggerHook", priority="VERY_LOW", hook_names=names, **logger)
    default = dict(logger=logger, validation=dict(priority="LOW"))
    return translate(default_hooks=default, **(more if backends else {}))


# -------------------------------------------------------------------------- 1.x


def test_hook_has_the_interval_of_the_original_when_unset(translate):
    (hook,) = hooks_of(translate())
    assert (hook.target, hook.kwargs) == (
        "mmlight.compat.logger_hook.LoggerHook",
        {"interval": LoggerHook().interval},
    )
    words = dict(type="LoggerHook", interval=3, ignore_last=False, out_dir="o", by_epoch=True)
    (hook,) = hooks_of(translate({"default_hooks.logger": words}))
    assert hook.kwargs == {"interval": 3, "ignore_last": False, "out_dir": "o"}


def test_log_comes_first_and_takes_the_processor(translate, own):
    spec = translate(log_processor=dict(window_size=3, by_epoch=False))
    assert [call.target for call in spec.callbacks[:2]] == [f"{C}.RunLog", f"{C}.RuntimeInfo"]
    target = "mmlight.compat.log_processor.LogProcessor"
    processor = find(spec, "RunLog")["processor"]
    assert (processor.target, processor.kwargs) == (target, {"window_size": 3, "by_epoch": False})
    spec = translate(log_processor=dict(type="OwnProcessor"))
    assert find(spec, "RunLog")["processor"].target.endswith("OwnProcessor")


def test_loggers_are_described_when_visualizer(translate):
    backends = [
        dict(type="LocalVisBackend"),
        dict(type="TensorboardVisBackend", save_dir="t", name="tb"),
        dict(type="WandbVisBackend", init_kwargs=dict(project="p")),
        *(dict(type=f"{name}VisBackend") for name in ("MLflow", "ClearML", "Neptune")),
        *(dict(type=f"{name}VisBackend") for name in ("DVCLive", "Aim")),
    ]
    spec = translate(visualizer=dict(type="UniversalVisualizer", vis_backends=backends))
    loggers = spec.trainer["logger"]
    assert [call.target for call in loggers] == [
        *(f"{L}.TensorBoard", f"{L}.Wandb", f"{L}.MLflow", f"{L}.ClearML", f"{L}.Neptune"),
        *(f"{L}.DVCLive", f"{L}.Aim"),
    ]
    assert loggers[0] == Call(f"{L}.TensorBoard", {"save_dir": "t"})
    assert loggers[1].kwargs == {"init_kwargs": {"project": "p"}}
    assert translate().trainer["logger"] is False


def test_files_are_where_the_local_backend_says(translate):
    backend = dict(type="LocalVisBackend", save_dir="x", img_save_dir="pictures")
    spec = translate(visualizer=dict(type="Visualizer", vis_backends=backend))
    assert find(spec, "RunLog") == {"local": {"save_dir": "x", "img_save_dir": "pictures"}}


def test_user_visualizer_and_backend_are_taken(translate, own):
    backends = [dict(type="OwnBackend", save_dir="x")]
    spec = translate(visualizer=dict(type="OwnVisualizer", color=3, vis_backends=backends))
    visualizer = find(spec, "RunLog")["visualizer"]
    assert visualizer.target.endswith("OwnVisualizer")
    assert visualizer.kwargs == {"color": 3}
    (logger,) = spec.trainer["logger"]
    assert logger.target == "mmlight.compat.vis_backend.BackendLogger"
    assert logger.kwargs["backend"].kwargs == {"save_dir": "x"}
    live = Visualizer()
    assert find(translate(visualizer=live), "RunLog") == {"visualizer": live}


def test_unknown_words_are_refused(problems):
    found = problems(visualizer=dict(type="Visualizer", vis_backend=1))
    assert found == ["visualizer.vis_backend: unknown key 'vis_backend' with value 1"]
    found = problems(visualizer=dict(vis_backends=[dict(type="LocalVisBackend", folder="x")]))
    assert found == ["visualizer.vis_backends[0].folder: unknown key 'folder' with value 'x'"]
    found = problems(visualizer=dict(vis_backends=[dict(type="TensorBoardVisBackend")]))
    assert found == ["visualizer.vis_backends[0].type: unknown logger type 'TensorBoardVisBackend'"]
    assert problems(log_processor=dict(type="LogProcesor")) == [
        "log_processor.type: unknown log processor type 'LogProcesor'"
    ]
    assert problems(visualizer=dict(type="Visualiser")) == [
        "visualizer.type: unknown visualizer type 'Visualiser'"
    ]


def test_pictures_are_drawn_when_enabled(translate):
    words = dict(type="VisualizationHook", enable=True, interval=9, out_dir="o", draw_gt=False)
    spec = translate({"default_hooks.visualization": words})
    expected = {"enable": True, "interval": 9, "out_dir": "o", "draw_gt": False}
    assert find(spec, "Visualization") == expected
    spec = translate({"default_hooks.visualization": dict(type="VisualizationHook", interval=9)})
    assert not [call for call in spec.callbacks if call.target == f"{C}.Visualization"]


# -------------------------------------------------------------------------- 0.x


def test_hooks_keep_their_order_and_intervals_when_old(translate):
    text = dict(type="TextLoggerHook")
    board = dict(type="TensorboardVisBackend", save_dir="t", interval=4, by_epoch=False)
    names = ["TensorboardLoggerHook", "TextLoggerHook"]
    spec = translate_old(translate, board, text, names=names, interval=50, out_dir="o")
    first, second = hooks_of(spec)
    assert first.target == "mmlight.compat.vendor_logger_hook.VendorLoggerHook"
    assert {k: v for k, v in first.kwargs.items() if k != "logger"} == {
        "interval": 4, "by_epoch": False, "allow_text": True,
    }  # fmt: skip
    assert first.kwargs["logger"] == Call(f"{L}.TensorBoard", {"save_dir": "t"})
    assert second.target == "mmlight.compat.text_logger_hook.TextLoggerHook"
    assert second.kwargs == {"interval": 50, "out_dir": "o"}
    assert spec.trainer["logger"] is False


@pytest.mark.parametrize(
    ("name", "kind", "words", "logger"),
    [
        ("WandbLoggerHook", "Wandb", {"commit": False}, {"log_artifact": True, "commit": False}),
        ("MMClsWandbHook", "Wandb", {"log_checkpoint": True, "num_eval_images": 5,
                                     "log_checkpoint_metadata": True}, {"log_checkpoint": True}),
        ("MlflowLoggerHook", "MLflow", {}, {"log_model": True, "artifact_suffix": ()}),
        ("NeptuneLoggerHook", "Neptune", {"with_step": False}, {"with_step": False}),
        ("ClearMLLoggerHook", "ClearML", {}, {"artifact_suffix": ()}),
        ("DvcliveLoggerHook", "DVCLive", {"report": "html", "model_file": "m"},
         {"artifact_suffix": (), "init_kwargs": {"report": "html"}}),
    ],
)  # fmt: skip
def test_logger_does_what_the_hook_of_mmcv_does(translate, name, kind, words, logger):
    backend = dict(type=f"{kind}VisBackend", **words)
    spec = translate_old(translate, backend, names=[name])
    (hook,) = hooks_of(spec)
    assert hook.kwargs["interval"] == 10
    assert hook.kwargs["logger"].target == f"{L}.{kind}"
    assert dict(hook.kwargs["logger"].kwargs) == logger
    assert hook.kwargs.get("model_file") == words.get("model_file")
    notes = [note.path.rpartition(".")[2] for note in spec.notes]
    assert ("num_eval_images" in notes) == (name == "MMClsWandbHook")


def test_user_hook_gets_the_shared_interval_when_old(translate, own):
    spec = translate_old(translate, dict(type="OwnHook", reset_flag=True), interval=20)
    (call,) = [c for c in spec.callbacks if c.target.endswith("log_writer.as_writer")]
    assert call.kwargs["hook"].kwargs == {"interval": 20, "reset_flag": True}


def test_nothing_is_written_when_there_is_no_hook(translate):
    assert hooks_of(translate_old(translate, interval=20)) == []


@pytest.mark.parametrize("name", ["PaviLoggerHook", "SegmindLoggerHook"])
def test_closed_services_are_refused(translate, name):
    with pytest.raises(UnsupportedValueError, match=f"{name} writes to"):
        translate_old(translate, dict(type=name))
