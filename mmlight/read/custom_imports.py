"""Imports the modules that a config names in `custom_imports`, which register their classes."""

import importlib
import sys
from pathlib import Path

from mmlight.errors import ConfigError
from mmlight.read.config import Config


def import_custom_modules(config: Config) -> None:
    """Import `custom_imports.imports`, from the working directory or the config's folder.

    Raises:
        ConfigError: If a module is not there and `allow_failed_imports` is not set, or it fails.

    From: mmcv 1.7 and mmengine 0.10 `import_modules_from_strings`.
    """
    wanted = config.get("custom_imports")
    if not wanted:
        return
    names = wanted.get("imports") or []
    folders = [str(Path.cwd())]
    if config.filename:
        folders.append(str(Path(config.filename).resolve().parent))
    sys.path[:0] = [folder for folder in folders if folder not in sys.path]
    for name in [names] if isinstance(names, str) else names:
        try:
            importlib.import_module(name)
        except Exception as error:
            if isinstance(error, ImportError) and wanted.get("allow_failed_imports"):
                continue
            raise ConfigError(
                "custom_imports.imports",
                f"the module {name!r} cannot be imported: {type(error).__name__}: {error}",
                origin=config.origin("custom_imports.imports") or "",
                expected=f"a module found from {' or '.join(folders)}",
                next_step="Correct the name, or start from the folder that holds the module.",
            ) from error
