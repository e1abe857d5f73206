"""The command that shows learning rates, momenta, ... before training.

    mmlight lr X.py             their values at the start of each epoch
    mmlight lr X.py -o lr.png   their curves

Parsing and printing only. The flags of mm's `vis_lr.py` and `vis_scheduler.py` are known.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mmlight.cli_arguments import Parser, add_reading_flags, no_config, take_config, writing
from mmlight.errors import ConfigError

if TYPE_CHECKING:
    from mmlight.rate_curves import RateCurves

COMMANDS: Final = {"lr": "show the learning rate at each epoch, or draw its curve"}
SHORT: Final = {"wd": "weight_decay"}
PICTURES: Final = (".png", ".svg", ".pdf", ".jpg", ".jpeg")
MAX_COLUMNS: Final = 6
"""So many curves get a column of the table."""


def run_lr_command(words: Sequence[str]) -> int:
    """Run `mmlight lr`.

    Args:
        words: What stands beside it on the command line.

    Returns:
        The exit code, 0.

    Raises:
        MMLightError: If the words or the config are wrong, or the picture cannot be written.
    """
    parser = _build_parser()
    options = parser.parse(words)
    if options.help:
        parser.print_help()
        return 0
    take_config(options)
    if options.config is None:
        raise no_config("lr")
    _check(options)
    _show(options)
    return 0


def _build_parser() -> Parser:
    parser = Parser("lr")
    add = parser.add_argument
    add("words", nargs="*", metavar="FILE", help="the config")
    add_reading_flags(parser)
    add("--output", "--save-path", "-o", "-s", metavar="FILE", help="draw the curves into FILE")
    add(
        "--param",
        "--parameter",
        "-p",
        default="all",
        metavar="NAME",
        help="lr, momentum, weight_decay, ...; all, the default: what is scheduled",
    )
    add("--epoch-length", type=int, metavar="N", help="batches of an epoch; else counted")
    add("--dataset-size", "-d", type=int, metavar="N", help="images, in place of the data")
    add("--devices", "--ngpus", "-n", type=int, default=1, metavar="N", help="processes that train")
    add("--title", default="", help="what stands above the picture")
    add("--window-size", default="10*5.5", metavar="W*H", help="size of the picture [110 px]")
    add("--style", help="accepted; pictures have one style")
    add("--not-show", action="store_true", help="accepted; no window is ever opened")
    return parser


def _check(options: argparse.Namespace) -> None:
    for name in ("epoch_length", "dataset_size", "devices"):
        value = getattr(options, name)
        if value is not None and value < 1:
            raise ConfigError(f"--{name.replace('_', '-')}", f"it must be 1 or more, got {value}")
    if options.output and Path(options.output).suffix.lower() not in PICTURES:
        raise ConfigError(
            "--output",
            f"{options.output!r} is no name of a picture",
            expected=f"a file that ends in {', '.join(PICTURES)}",
        )


def _show(options: argparse.Namespace) -> None:
    size = _read_size(options.window_size)
    from mmlight.rate_curves import simulate_config

    found = simulate_config(
        options.config,
        options.cfg_options,
        param=SHORT.get(options.param, options.param),
        epoch_length=options.epoch_length,
        dataset_size=options.dataset_size,
        processes=options.devices,
        safe=options.safe,
    )
    for note in found.notes:
        print(f"note: {note}")
    if not options.output:
        print("\n".join(_describe(found)))
        return
    from mmlight.visualize.schedule import draw_curves

    figure = draw_curves(found, options.title or Path(options.config).stem, size)
    with writing("--output", options.output):
        Path(options.output).parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(options.output)
    print(options.output)


def _read_size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([\d.]+)\*([\d.]+)", text)
    try:
        width, height = (float(side) for side in match.groups()) if match else (0.0, 0.0)
    except ValueError:
        width = height = 0.0
    if min(width, height) <= 0:
        raise ConfigError("--window-size", f"{text!r} is no size", expected="W*H, such as 12*7")
    return round(110 * width), round(110 * height)


def _describe(found: "RateCurves") -> Iterator[str]:
    from mmlight.rate_curves import label_curves
    from mmlight.visualize.schedule import draw_line

    labels = label_curves(found.curves)
    for label, curve in zip(labels, found.curves, strict=True):
        yield f"{draw_line(curve.values)}  {label}"
    shown = found.curves[:MAX_COLUMNS]
    by_epoch = found.run.by_epoch
    heads = [_shorten(label) for label in labels[:MAX_COLUMNS]]
    yield f"\n{'epoch' if by_epoch else '':>6}{'batch':>9}" + "".join(f"{h:>16}" for h in heads)
    for epoch, batch in found.starts():
        place = f"{epoch + 1:>6}" if by_epoch else f"{'':>6}"
        values = "".join(f"{curve.values[batch]:>16.6g}" for curve in shown)
        yield f"{place}{batch + 1:>9}{values}"
    hidden = len(found.curves) - MAX_COLUMNS
    if hidden > 0:
        yield f"{hidden} more curves: draw them with -o lr.png"


def _shorten(label: str, width: int = 14) -> str:
    return label if len(label) <= width else f"{label[: width - 1]}…"
