"""The command about checkpoints.

    mmlight weights inspect FILE [--config X.py]              what it is, what it holds, what fits
    mmlight weights convert SRC DST [--config X.py] [--to mm]  the same weights for somebody else

Parsing and printing only.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from mmlight.cli_arguments import Parser, add_reading_flags
from mmlight.errors import ConfigError, list_names, nearest_name

if TYPE_CHECKING:
    from mmlight.weights.describe import Description
    from mmlight.weights.load import LoadReport

COMMANDS: Final = {"weights": "say what a checkpoint holds, or convert it: inspect, convert"}
ACTIONS: Final = {"inspect": ("FILE",), "convert": ("SRC", "DST")}
PIPE_WIDTH: Final = 160
SHOWN_NAMES: Final = 8
SHOWN_CLASSES: Final = 5


def run_weights_command(words: Sequence[str]) -> int:
    """Run `mmlight weights`.

    Args:
        words: What stands beside it on the command line.

    Returns:
        The exit code: 0, or 2 when `inspect` finds that a checkpoint does not fit the config.

    Raises:
        MMLightError: If the words are wrong, or a file cannot be read or written.
    """
    parser = _build_parser()
    options = parser.parse(words)
    if options.help:
        parser.print_help()
        return 0
    _take_action(options)
    return _RUN[options.action](options)


def _build_parser() -> Parser:
    parser = Parser("weights")
    add = parser.add_argument
    add("words", nargs="*", metavar="ACTION FILE", help="inspect FILE, or convert SRC DST")
    add("--to", metavar="WORDS", help="whose names to write: mm, timm or mmlight (.ckpt)")
    add("--force", action="store_true", help="write over a file that is there")
    add_reading_flags(parser)
    return parser


def _take_action(options: argparse.Namespace) -> None:
    """Sort the words without a flag: the action and its files.

    Raises:
        ConfigError: If the action is unknown, or has not its number of files.
    """
    action, *files = options.words or [""]
    if action not in ACTIONS:
        raise ConfigError(
            "mmlight weights",
            f"unknown action {action!r}" if action else "no action was given",
            expected=list_names(ACTIONS),
            nearest=nearest_name(action, ACTIONS),
            next_step="mmlight weights inspect FILE",
        )
    if len(files) != len(ACTIONS[action]):
        raise ConfigError(
            f"mmlight weights {action}",
            f"{len(files)} files were given",
            expected=" ".join(ACTIONS[action]),
            next_step="'mmlight weights --help' lists every flag.",
        )
    options.action, options.files = action, files


# -------------------------------------------------------------------------- inspect


def _inspect(options: argparse.Namespace) -> int:
    from mmlight.weights.describe import describe_checkpoint

    (location,) = options.files
    _print_description(describe_checkpoint(location))
    if options.config is None:
        return 0
    from mmlight.weights.convert import match_checkpoint

    report = match_checkpoint(
        location, options.config, overrides=options.cfg_options, safe=options.safe
    )
    _print_report(report, options.config)
    return 0 if not (report.missing or report.dropped) else 2


def _print_description(found: "Description") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    size = f"{found.size / 1e6:.1f} MB"
    print(f"{found.location}: {found.origin}, {size}")
    rows = [("weights", f"{found.tensors} tensors, {found.values:,} values")]
    if found.classes:
        names = ", ".join(found.classes[:SHOWN_CLASSES])
        more = ", ..." if len(found.classes) > SHOWN_CLASSES else ""
        rows.append(("classes", f"{len(found.classes)}: {names}{more}"))
    rows += [("also", ", ".join(found.others))] if found.others else []
    rows += [(key, text) for key, text in found.meta.items() if text]
    width = max(len(key) for key, _ in rows)
    for key, text in rows:
        print(f"  {key:<{width}}  {text}")
    table = Table(box=None, pad_edge=False)
    for title in ("part", "tensors", "values", "type", "the first"):
        is_number = title in ("tensors", "values")
        table.add_column(title, justify="right" if is_number else "left", no_wrap=True)
    for group in found.groups:
        numbers = (str(group.tensors), f"{group.values:,}")
        table.add_row(group.name, *numbers, ", ".join(group.dtypes), group.example)
    console.print(table)


def _print_report(report: "LoadReport", config: str) -> None:
    print(f"\n{config}: {len(report.loaded)} tensors fit, in the names of {report.words}")
    if report.caution:
        print(f"  other logits: {report.caution}")
    for title, names in (
        ("missing, they keep their start values", report.missing),
        ("unexpected, they are left out", report.unexpected),
        ("dropped, for the head has another shape", report.dropped),
    ):
        if names:
            print(f"  {len(names)} {title}:")
            for name in names[:SHOWN_NAMES]:
                print(f"    {name}")
            if len(names) > SHOWN_NAMES:
                print(f"    and {len(names) - SHOWN_NAMES} more")


# -------------------------------------------------------------------------- convert


def _convert(options: argparse.Namespace) -> int:
    from pathlib import Path

    from mmlight.weights.convert import convert_checkpoint

    source, target = options.files
    if Path(target).exists() and not options.force:
        raise ConfigError(
            "DST", f"{target} is there already", next_step="Add --force to replace it."
        )
    done = convert_checkpoint(
        source,
        target,
        options.config,
        to=options.to,
        overrides=options.cfg_options or None,
        safe=options.safe,
    )
    names = f"names of {done.words}" if done.words else "names as before"
    print(f"written: {target} ({done.tensors} tensors, {names})")
    if done.report is not None and (done.report.caution or not done.report.is_exact):
        print(f"note: {source}: {done.report}")
    return 0


_RUN: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "inspect": _inspect,
    "convert": _convert,
}
