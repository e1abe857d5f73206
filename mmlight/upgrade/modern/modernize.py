"""Turns an old config into the idiom of mmpretrain 1.2, in words that mmpretrain itself accepts.

`upgrade_config` writes the old meaning out, in words that are partly mmlight's own. Here those go:
each section is written as mmpretrain's own configs write it, and everything that then means
something slightly different is a note.
"""

from typing import Any, Final

from mmlight.errors import ConfigError
from mmlight.read.config import Config
from mmlight.read.node import ConfigDict
from mmlight.spec import Note
from mmlight.upgrade.modern.data import modernize_data
from mmlight.upgrade.modern.hooks import modernize_hooks
from mmlight.upgrade.modern.model import modernize_model
from mmlight.upgrade.modern.runtime import modernize_loops, modernize_optim
from mmlight.upgrade.modern.schedule import modernize_schedules
from mmlight.upgrade.upgrade import NEW_KEYS, is_old, upgrade_config

# the order of mmpretrain's files: model, data, schedule, runtime
ORDER: Final = (
    *("custom_imports", "model", "dataset_type", "data_preprocessor"),
    *("train_pipeline", "val_pipeline", "test_pipeline"),
    *("train_dataloader", "val_dataloader", "val_evaluator"),
    *("test_dataloader", "test_evaluator"),
    *("optim_wrapper", "param_scheduler", "train_cfg", "val_cfg", "test_cfg", "auto_scale_lr"),
    *("default_scope", "default_hooks", "custom_hooks", "env_cfg", "model_wrapper_cfg"),
    *("vis_backends", "visualizer", "log_processor", "log_level", "load_from", "resume"),
    *("randomness", "work_dir"),
)
UNKNOWN = "mmpretrain has no such key; it is kept as it was."


def modernize(config: Config) -> Config:
    """Return an old config in the idiom of mmpretrain 1.2.

    Args:
        config: A config in the words of mmcls 0.x.

    Returns:
        The config in words that mmpretrain 1.2 and mmengine 0.10 accept, keys in the order of
        mmpretrain's files. Its notes say what was ignored and what means something else now.

    Raises:
        ConfigError: If the config is not written in the words of mmcls 0.x.
    """
    check_is_old(config)
    exact = upgrade_config(config)
    values, notes = exact.copy().values, list[Note]()
    _drop_scope(values)
    for modernize_section in (
        modernize_data,
        modernize_model,
        modernize_optim,
        modernize_schedules,
        modernize_loops,
        modernize_hooks,
    ):
        modernize_section(values, notes)
    return drop_helpers(exact.replace_values(values, notes))


def drop_helpers(config: Config) -> Config:
    """Sort the keys as mmpretrain does and drop the helper variables, whose values are in place.

    A key that nothing reads stays, with a note.
    """
    ordered, notes = ConfigDict(), []
    ordered.origin = config.values.origin
    for key in ORDER:
        if key in config.values:
            ordered.put(key, config.values[key], config.values.origin_of(key))
    for key, value in config.values.items():
        if key not in ordered and key not in config.names_read:
            origin = config.values.origin_of(key)
            ordered.put(key, value, origin)
            notes.append(Note(key, UNKNOWN, origin))
    return config.replace_values(ordered, notes)


def _drop_scope(value: Any) -> None:
    """Let types of mmcls go by their names alone; mmpretrain has no scope of that name."""
    if isinstance(value, ConfigDict) and isinstance(value.get("type"), str):
        value.put("type", value["type"].removeprefix("mmcls."), None)
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, (dict, list, tuple)):
            _drop_scope(item)


def check_is_old(config: Config) -> None:
    """Raise ConfigError unless a config is written in the words of mmcls 0.x."""
    if is_old(config):
        return
    new = next((key for key in config.values if key in NEW_KEYS), None)
    raise ConfigError(
        config.filename or "config",
        f"{new!r} is a word of mmpretrain 1.x already"
        if new
        else "no key of it is a word of mmcls 0.x",
        origin=(new and config.values.origin_of(new)) or "",
        expected="a config of mmcls 0.x: data, optimizer, lr_config, runner, ...",
        next_step="Use the file as it is.",
    )
