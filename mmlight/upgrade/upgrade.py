"""STAGE 2: turns the words of mmcls 0.x / mmcv 1.x into those of mmpretrain 1.x / mmengine.

What the two generations mean differently is written out in the result (explicit priorities, metric
names, schedules of the old kind, `generation='0.x'` where random numbers are drawn differently), so
that the stages behind need not know where it came from.

To add a key: 1. find the file that owns its section; 2. move the value there, with its origin; 3.
compare in its test.
"""

from dataclasses import replace

from mmlight.errors import MMLightError, raise_all
from mmlight.read.config import Config
from mmlight.read.key_path import note_paths
from mmlight.read.node import ConfigDict
from mmlight.spec import Note
from mmlight.upgrade.data import upgrade_data
from mmlight.upgrade.malformed import drop_malformed
from mmlight.upgrade.model import upgrade_model
from mmlight.upgrade.move import pop
from mmlight.upgrade.optim import upgrade_optim
from mmlight.upgrade.runtime import upgrade_runtime
from mmlight.upgrade.schedules import upgrade_schedules
from mmlight.upgrade.scopes import fold_scopes

OLD_KEYS = frozenset(
    (
        *("data", "optimizer", "optimizer_config", "lr_config", "momentum_config", "runner"),
        *("total_epochs", "evaluation", "checkpoint_config", "log_config", "workflow"),
    )
)
# mmcls 0.x once read these two beside `model`; mmcls 0.25 ignores them there
AMBIGUOUS_KEYS = frozenset({"train_cfg", "test_cfg"})
NEW_KEYS = frozenset(
    (
        *("train_dataloader", "val_dataloader", "test_dataloader", "optim_wrapper"),
        *("param_scheduler", "train_cfg", "val_cfg", "test_cfg", "val_evaluator"),
        *("test_evaluator", "default_hooks", "visualizer", "randomness", "env_cfg"),
    )
)
STEPS = (upgrade_model, upgrade_data, upgrade_optim, upgrade_schedules, upgrade_runtime)
IGNORED_BESIDE_MODEL = "mmcls 0.25 reads this key inside `model` only."


def is_old(config: Config) -> bool:
    """Tell whether a config is written in mmcv 1.x words.

    Examples:
        >>> is_old(Config({"data": {}, "runner": {}})), is_old(Config({"train_dataloader": {}}))
        (True, False)
    """
    keys = config.values.keys()
    return bool(OLD_KEYS & keys) and not (NEW_KEYS - AMBIGUOUS_KEYS) & keys


def upgrade_config(config: Config) -> Config:
    """Return the config in mmengine words; one that is in those words already is returned as it is.

    Top-level keys that have no old meaning stay as they are, so that the next stage reports them.

    Raises:
        UnsupportedValueError: If one value cannot be what 0.x takes there, such as `data = 5`.
        ConfigErrors: If several cannot.
    """
    upgraded, errors = try_upgrade(config)
    raise_all(errors)
    return upgraded


def try_upgrade(config: Config) -> tuple[Config, tuple[MMLightError, ...]]:
    """Upgrade what can be upgraded, and return the problems beside it; see `upgrade_config`.

    Values that cannot be what 0.x takes there are missing in the result.
    """
    folded = fold_scopes(config.values)
    if folded is not config.values:
        config = config.replace_values(folded)
    if not is_old(config):
        return config, ()
    old = note_paths(config.values)
    errors = drop_malformed(old)
    new = ConfigDict()
    notes: list[Note] = []
    for upgrade in STEPS:
        upgrade(old, new, notes)
    for key in AMBIGUOUS_KEYS & old.keys():
        notes.append(Note(key, IGNORED_BESIDE_MODEL, pop(old, key)[1]))
    for key, value in old.items():
        new.put(key, value, old.origin_of(key))
    new.setdefault("default_scope", "mmcls")  # where the types of 0.x have their names
    return config.replace_values(new, [_to_user_path(note) for note in notes]), tuple(errors)


def _to_user_path(note: Note) -> Note:
    """Let a note name the entry as the config does, where the entry's origin knows that."""
    path = note.origin.path if note.origin is not None else ""
    is_entry = path.rpartition(".")[2] == note.path.rpartition(".")[2]
    return replace(note, path=path) if is_entry else note
