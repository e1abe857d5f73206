"""Translates the checkpoint hook."""

import posixpath
from dataclasses import replace
from typing import Any, Final

from mmlight.spec import Call
from mmlight.translate.runtime import Loop
from mmlight.translate.section import Section

_C: Final = "mmlight.callbacks"
PLAIN: Final = (
    *("save_begin", "max_keep_ckpts", "save_last", "save_best", "rule", "greater_keys"),
    *("less_keys", "filename_tmpl", "sync_buffer"),
)
"""Words that the callback has as well."""
EXPORTS: Final = ("save_pth", "published_keys", "create_symlink", "meta")
"""Words about files for others than us; `save_pth` is our own."""
LOCAL: Final = (None, "disk", "local")


def translate_checkpoint(
    section: Section, loop: Loop, work_dir: str, generation: str = "1.x"
) -> list[Call]:
    """Read the checkpoint hook.

    Args:
        section: Its section; with `best_out_dir` for the best ones, which the upgrade writes.
        loop: When training stops.
        work_dir: Folder of the run.
        generation: '0.x' or '1.x'.

    From: mmengine 0.10 and mmcv 1.7 `CheckpointHook`, mmcv 1.7 `EvalHook`.
    """
    section.ignore("The state of the schedules is always saved.", "save_param_scheduler")
    _check_storage(section)
    kwargs: dict[str, Any] = {"dirpath": _find_folder(section, "out_dir", work_dir) or work_dir}
    best = _find_folder(section, "best_out_dir", work_dir)
    if best is not None:
        kwargs["best_dirpath"] = best
    elif "out_dir" in section.node and generation == "0.x":
        kwargs["best_dirpath"] = work_dir
    # a hook that is not mentioned saves every epoch, one without an interval just the last
    kwargs["interval"] = section.take("interval", -1 if section.node else 1)
    kwargs["by_epoch"] = section.take("by_epoch", True)
    kwargs |= _take_given(section, PLAIN)
    if not section.take("save_optimizer", True, to="whether the optimizer's state is saved"):
        kwargs["save_weights_only"] = True
    is_old = {"generation": generation} if generation == "0.x" else {}
    exports = _take_given(section, EXPORTS)
    if exports:
        target = f"{_C}.checkpoint_exports.CheckpointExports"
        kwargs["exports"] = section.call(target, {**exports, **is_old})
    call = section.call(f"{_C}.Checkpoint", {**kwargs, **is_old})
    if "out_dir" in section.node:
        call = replace(call, origins={**call.origins, "dirpath": section.origin_of("out_dir")})
    return [call]


def _take_given(section: Section, keys: tuple[str, ...]) -> dict[str, Any]:
    given = {key: section.take(key) for key in keys}
    return {key: value for key, value in given.items() if value is not None}


def _find_folder(section: Section, key: str, work_dir: str) -> str | None:
    """Return the folder of this run inside of another one."""
    folder = section.take_path(key)
    if folder is None or folder == work_dir:
        return folder
    return posixpath.join(folder, posixpath.basename(work_dir.rstrip("/")))


def _check_storage(section: Section) -> None:
    """Refuse clients of other storages."""
    for key in ("file_client_args", "backend_args"):
        client = section.take(key, to="a folder, or an address that fsspec knows") or {}
        backend = client.get("backend") if isinstance(client, dict) else client
        if backend not in LOCAL:
            section.refuse(
                key,
                f"checkpoints cannot be written with the backend {backend!r}",
                expected="'disk' or 'local'",
                next_step="Remove it, and set out_dir to a folder that is mounted.",
            )
