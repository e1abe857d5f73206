"""`DictAction`, with which users' scripts read `--cfg-options`."""

import argparse
from collections.abc import Sequence
from typing import Any

from mmlight.errors import MMLightError
from mmlight.read.overrides import parse_overrides


class DictAction(argparse.Action):
    """Read `key=value` words into a dict, `a.b=1 c=[1,2]` into `{'a.b': 1, 'c': [1, 2]}`.

    Examples:
        >>> parser = argparse.ArgumentParser()
        >>> _ = parser.add_argument("--cfg-options", nargs="+", action=DictAction)
        >>> parser.parse_args(["--cfg-options", "a.b=1", "c=[1,2]"]).cfg_options
        {'a.b': 1, 'c': [1, 2]}

    From: mmcv 1.7 and mmengine 0.10 `DictAction`; values are read as `--cfg-options` of mmlight.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Add the words to what the option has so far."""
        words = [values] if isinstance(values, str) else list(values or ())
        try:
            options = parse_overrides(words)
        except MMLightError as error:
            raise argparse.ArgumentError(self, str(error)) from error
        setattr(namespace, self.dest, {**(getattr(namespace, self.dest, None) or {}), **options})
