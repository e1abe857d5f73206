"""Translates logger hooks, the visualizer with its backends, and the log processor.

To add a backend: 1. write the logger in mmlight/loggers; 2. add a row; 3. for 0.x add its hook to
mmlight/upgrade/log.py, and to `VENDORS` where its arguments differ.
"""

from dataclasses import replace
from typing import Any, Final

from mmlight.errors import list_names
from mmlight.registry import LOG_PROCESSORS, VISBACKENDS, VISUALIZERS
from mmlight.spec import Call
from mmlight.translate.custom_hooks import HOOK_TABLE
from mmlight.translate.section import Report, Section
from mmlight.translate.table import Row, Table, bare_name

_C = "mmlight.callbacks"
_L = "mmlight.loggers"
_FILE: Final = "mmlight/translate/log_hooks.py"
_SCOPES: Final = ("mmengine",)
LOCAL: Final = "LocalVisBackend"
LOCAL_ARGS: Final = ("save_dir", "img_save_dir", "config_save_file", "scalar_save_file")
BACKEND_ROWS: Final = (
    Row("AimVisBackend", f"{_L}.Aim"),
    Row("ClearMLVisBackend", f"{_L}.ClearML"),
    Row("DVCLiveVisBackend", f"{_L}.DVCLive"),
    Row(LOCAL, "mmlight.compat.vis_backend.LocalVisBackend"),
    Row("MLflowVisBackend", f"{_L}.MLflow"),
    Row("NeptuneVisBackend", f"{_L}.Neptune"),
    Row("TensorboardVisBackend", f"{_L}.TensorBoard"),
    Row("WandbVisBackend", f"{_L}.Wandb"),
)
BACKEND_TABLE: Final = Table("logger", BACKEND_ROWS, VISBACKENDS, file=_FILE, scopes=_SCOPES)
PROCESSOR_TABLE: Final = Table(
    "log processor",
    (Row("LogProcessor", "mmlight.compat.log_processor.LogProcessor"),),
    LOG_PROCESSORS,
    file=_FILE,
    scopes=_SCOPES,
)
_VISUALIZER: Final = "mmlight.compat.visualizer.UniversalVisualizer"
VISUALIZER_TABLE: Final = Table(
    "visualizer",
    (
        Row("Visualizer", _VISUALIZER),
        Row("UniversalVisualizer", _VISUALIZER, scopes=("mmpretrain",)),
        Row("ClsVisualizer", _VISUALIZER, scopes=("mmpretrain",)),  # its older name
    ),
    VISUALIZERS,
    file=_FILE,
    scopes=_SCOPES,
)
TEXT: Final = "TextLoggerHook"
WHEN: Final = ("interval", "ignore_last", "reset_flag", "by_epoch")
VENDORS: Final[dict[str, dict[str, Any]]] = {
    "TensorboardVisBackend": {},
    "WandbVisBackend": {"log_artifact": True},
    "MLflowVisBackend": {"log_model": True, "artifact_suffix": ()},
    "NeptuneVisBackend": {},
    "ClearMLVisBackend": {"artifact_suffix": ()},
    "DVCLiveVisBackend": {"artifact_suffix": ()},
}
"""What the logger hooks of mmcv do besides, as arguments of the loggers."""
TABLES_OF_WANDB = "Pictures with predictions are drawn by VisualizationHook."
METADATA_OF_WANDB = "A checkpoint is kept with the score that the best ones are chosen by."
CLOSED: Final = {
    "PaviLoggerHook": "Pavi, a service that is not public",
    "SegmindLoggerHook": "Segmind, whose package for it is no longer kept",
}
"""Logger hooks of mmcv that cannot be honoured, with what they write to."""


# -------------------------------------------------------------------------- the log of a run


def translate_run_log(top: Section) -> Call:
    """Return what opens the log: the first of the callbacks."""
    kwargs: dict[str, Any] = {}
    if top.take("log_processor") is not None:
        entry = top.take_section("log_processor")
        kwargs["processor"] = PROCESSOR_TABLE.translate(entry, "LogProcessor")
    visualizer = _find_own_visualizer(top)
    if visualizer is not None:
        kwargs["visualizer"] = visualizer
    local = _find_local(top)
    if local:
        kwargs["local"] = local
    path = "visualizer" if visualizer is not None else "log_processor"
    return Call(f"{_C}.RunLog", kwargs, path=path, origin=top.origin_of(path))


def _find_own_visualizer(top: Section) -> Any:
    """Return the user's visualizer; the backends are no arguments of its."""
    if top.holds_object("visualizer"):
        return top.take("visualizer", to="used as it is, an object")
    section = top.take_section("visualizer")
    kind = section.node.get("type")
    if kind is None or str(bare_name(kind)) in VISUALIZER_TABLE.rows:
        return None
    section.take("vis_backends")
    return VISUALIZER_TABLE.translate(section)


def _find_local(top: Section) -> dict[str, Any]:
    """Return the arguments of the backend that writes files."""
    quiet = Section(top.node, top.path, Report())
    if quiet.holds_object("visualizer"):
        return {}
    for backend in quiet.take_section("visualizer").take_list("vis_backends"):
        if bare_name(backend.node.get("type")) == LOCAL:
            return {key: backend.node[key] for key in LOCAL_ARGS if key in backend.node}
    return {}


def translate_loggers(top: Section) -> list[Any]:
    """Return Lightning's loggers for the backends of 1.x; in 0.x hooks have them."""
    if top.holds_object("visualizer"):
        return []
    visualizer = top.take_section("visualizer")
    kind = visualizer.take("type")
    is_own = kind is not None and str(bare_name(kind)) not in VISUALIZER_TABLE.rows
    if not is_own:
        visualizer.use("type", "writes to everything that the run writes to")
        visualizer.ignore("Files stay in the folder of the run.", "save_dir")
        visualizer.ignore("There is one visualizer.", "name")
        visualizer.ignore("No figures of matplotlib are made.", "fig_save_cfg", "fig_show_cfg")
    top.take("vis_backends")
    is_old = "validation" in (top.node.get("default_hooks") or {})
    if visualizer.holds_object("vis_backends"):
        visualizer.refuse("vis_backends", expected="a dict or a list of dicts")
    loggers = (
        [] if is_old else [_translate_backend(b) for b in visualizer.take_list("vis_backends")]
    )
    visualizer.take("vis_backends")
    if not is_own:
        visualizer.finish()
    return [logger for logger in loggers if logger is not None]


def _translate_backend(section: Section) -> Call | None:
    """Return the logger of one backend; a user's own is wrapped into one."""
    if bare_name(section.node.get("type")) == LOCAL:
        section.use("type", "logs and pictures are written in any case")
        for key in ("type", "name", *LOCAL_ARGS):
            section.take(key)
        section.finish()
        return None
    section.ignore("Loggers are told apart by their classes.", "name")
    call = BACKEND_TABLE.translate(section)
    if call is None or call.target.startswith(f"{_L}."):
        return call
    wrapper = "mmlight.compat.vis_backend.BackendLogger"
    return Call(wrapper, {"backend": call}, path=call.path, origin=call.origin)


# -------------------------------------------------------------------------- hooks


def translate_logger(section: Section, top: Section, generation: str) -> list[tuple[str, Call]]:
    """Return class in mm and callback of each logger hook: one in 1.x, any number in 0.x."""
    if generation == "0.x":
        return _translate_old(section, top)
    section.ignore("It counts for the log processor alone.", "by_epoch")
    options = {key: section.take(key) for key in section.leftover}
    options["interval"] = section.take("interval", 10)
    hook = section.call("mmlight.compat.logger_hook.LoggerHook", options)
    return [("LoggerHook", Call(f"{_C}.LogWriter", {"hook": hook}, origin=hook.origin))]


def _translate_old(section: Section, top: Section) -> list[tuple[str, Call]]:
    """Return the hooks of `log_config` in the order in which it names them."""
    names = section.take("hook_names")
    shared = section.take("interval", 10)
    is_object = top.holds_object("visualizer")
    entries = iter(() if is_object else top.take_section("visualizer").take_list("vis_backends"))
    found: list[tuple[str, Call | None]] = []
    for name in map(bare_name, [TEXT] if names is None else names):
        if name == TEXT:
            options = {key: section.take(key) for key in section.leftover}
            target = "mmlight.compat.text_logger_hook.TextLoggerHook"
            text = section.call(target, {**options, "interval": shared})
            found.append((name, _write(text)))
        else:
            found.append((str(name), _translate_vendor(next(entries), name, shared)))
    section.take("interval")
    return [(name, call) for name, call in found if call is not None]


def _write(hook: Call) -> Call:
    return Call(f"{_C}.LogWriter", {"hook": hook}, path=hook.path, origin=hook.origin)


def _translate_vendor(section: Section, name: str, interval: int) -> Call | None:
    """Return the callback of a logger hook of 0.x that writes no text."""
    kind = bare_name(section.node.get("type"))
    if kind in CLOSED:
        section.take("type")
        section.refuse("type", f"{kind} writes to {CLOSED[kind]}", expected=list_names(VENDORS))
        return None
    if kind not in VENDORS:
        return _translate_own(section, interval)
    section.take("type")
    when = {key: section.take(key) for key in WHEN if key in section.node}
    hook_kwargs: dict[str, Any] = {"interval": interval, **when}
    target = "VendorLoggerHook"
    if kind == "DVCLiveVisBackend":
        target = "DvcliveLoggerHook"
        if section.take("model_file") is not None:
            hook_kwargs["model_file"] = section.take("model_file")
        if section.take("dvclive") is not None:
            section.refuse("dvclive", "an object of dvclive", next_step="Give its arguments.")
    if kind == "TensorboardVisBackend":
        hook_kwargs["allow_text"] = True
    logger = _translate_old_backend(section, kind, name)
    hook = section.call(
        f"mmlight.compat.vendor_logger_hook.{target}", {"logger": logger, **hook_kwargs}
    )
    return _write(hook)


def _translate_old_backend(section: Section, kind: str, name: str) -> Call:
    """Return the logger of a logger hook of 0.x."""
    extra = dict(VENDORS[kind])
    if name == "MMClsWandbHook":
        extra = {}
        section.ignore(TABLES_OF_WANDB, "num_eval_images")
        section.ignore(METADATA_OF_WANDB, "log_checkpoint_metadata")
    kwargs = {key: section.take(key) for key in section.leftover if key not in WHEN}
    if kind == "DVCLiveVisBackend":
        kwargs = {"init_kwargs": kwargs} if kwargs else {}
    return section.call(BACKEND_TABLE.rows[kind].target, {**extra, **kwargs})


def _translate_own(section: Section, interval: int) -> Call | None:
    """Return the callback of a user's own logger hook."""
    call = HOOK_TABLE.translate(section)
    if call is None:
        return None
    call = replace(call, kwargs={"interval": interval, **call.kwargs})
    wrapper = "mmlight.callbacks.log_writer.as_writer"
    return Call(wrapper, {"hook": call}, path=call.path, origin=call.origin)
