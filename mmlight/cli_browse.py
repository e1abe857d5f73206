"""The command that shows and checks data.

    mmlight browse X.py                     a picture of samples after the pipeline
    mmlight browse X.py --mode pipeline     after each transform
    mmlight browse X.py --batch             as a batch, before and after Mixup and its kin
    mmlight browse X.py --dataset check     read all files, tell which are missing, corrupt, ...

Parsing and printing only. The flags of mm's `vis_pipeline.py` and `browse_dataset.py` are known.
"""

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from mmlight.cli_arguments import Parser, add_reading_flags, no_config, take_config, writing
from mmlight.errors import ConfigError

COMMANDS: Final = {"browse": "draw samples as the pipeline makes them, or check all files"}
PICTURES: Final = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


def run_browse_command(words: Sequence[str]) -> int:
    """Run `mmlight browse`.

    Args:
        words: What stands beside it on the command line.

    Returns:
        The exit code: 0, or 2 when `--dataset check` has found problems.

    Raises:
        MMLightError: If the words are wrong, or the config or a sample cannot be read.
    """
    parser = _build_parser()
    options = parser.parse(words)
    if options.help:
        parser.print_help()
        return 0
    take_config(options)
    if options.config is None:
        raise no_config("browse")
    return _check(options) if options.dataset else _draw(options)


def _build_parser() -> Parser:
    parser = Parser("browse")
    add = parser.add_argument
    add("words", nargs="*", metavar="FILE", help="the config")
    add_reading_flags(parser)
    add("--phase", "--stage", "-p", default="train", help="train (default), val or test")
    add(
        "--mode",
        "-m",
        default="transformed",
        help="original, transformed (default), concat: both, or pipeline: after each transform",
    )
    add("--batch", action="store_true", help="one batch, before and after batch augments")
    add("--number", "--show-number", "-n", type=int, metavar="N", help="how many samples")
    add("--index", nargs="+", type=int, default=[], metavar="I", help="these samples")
    add("--random", action="store_true", help="draw the samples")
    add("--class", dest="class_name", metavar="NAME", help="only samples of this class")
    add("--seed", type=int, help="seed of everything random; the config's, or 0")
    add(
        "--output-dir",
        "--out",
        "-o",
        metavar="PATH",
        help="a file for the picture, or a folder that gets a picture for each sample",
    )
    add("--channel-order", help="BGR or RGB, where it is not what the dataset says")
    add("--bgr2rgb", dest="channel_order", action="store_const", const="RGB", help="short for RGB")
    add("--skip-type", nargs="*", default=[], metavar="NAME", help="transforms to leave out")
    add("--rescale-factor", "-r", type=float, default=1.0, metavar="X", help="size of the cells")
    add("--columns", type=int, metavar="N", help="cells in a row")
    add("--not-show", action="store_true", help="accepted; no window is ever opened")
    add("--dataset", choices=("check",), help="read all files of all stages instead of drawing")
    add("--workers", type=int, metavar="N", help="processes that read; one per core by default")
    add("--json", metavar="FILE", help="write what the check has found")
    return parser


# -------------------------------------------------------------------------- pictures


def _draw(options: argparse.Namespace) -> int:
    from mmlight.visualize.browse import Look, draw_samples
    from mmlight.visualize.choose import Choice

    order = options.channel_order and options.channel_order.upper()
    look = Look(
        stage=options.phase,
        mode=options.mode,
        batch=options.batch,
        choice=Choice(options.number, options.index, options.random, options.class_name),
        seed=options.seed,
        order=order,
        skip_types=options.skip_type,
        columns=options.columns,
        scale=options.rescale_factor,
    )
    target = _find_target(options)
    is_folder = target.suffix.lower() not in PICTURES
    pictures = draw_samples(
        options.config, options.cfg_options, look, one_by_one=is_folder, safe=options.safe
    )
    for drawn in pictures:
        file = target / f"{drawn.name}.png" if is_folder else target
        _write_picture(drawn.picture, file)
        print("\n".join([str(file), *drawn.lines]), flush=True)
    return 0


def _find_target(options: argparse.Namespace) -> Path:
    if options.output_dir:
        target = Path(options.output_dir)
        if options.batch and target.suffix.lower() not in PICTURES:
            target /= "batch.png"
        return target
    what = "_batch" if options.batch else ""
    return Path("work_dirs", Path(options.config).stem, f"browse_{options.phase}{what}.png")


def _write_picture(picture: Any, file: Path) -> None:
    from PIL import Image

    with writing("--output-dir", file):
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(file)


# -------------------------------------------------------------------------- the check


def _check(options: argparse.Namespace) -> int:
    from mmlight.check.survey import survey_data
    from mmlight.check.survey_report import describe_survey, to_findings, to_json

    if options.workers is not None and options.workers < 1:
        raise ConfigError("--workers", f"at least 1 process must read, got {options.workers}")
    with _progress() as advance:
        survey = survey_data(
            options.config,
            options.cfg_options,
            workers=options.workers,
            advance=advance,
            safe=options.safe,
        )
    findings = to_findings(survey)
    print(describe_survey(survey))
    print(findings)
    if options.json:
        with writing("--json", options.json):
            Path(options.json).write_text(json.dumps(to_json(survey), indent=1), encoding="utf-8")
        print(f"written: {options.json}")
    return findings.exit_code()


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar for each stage, on the stream of errors, where that is a screen."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    progress = Progress(*columns, console=console, disable=not console.is_terminal)
    tasks: dict[str, Any] = {}

    def advance(what: str, done: int, total: int) -> None:
        if not tasks:
            progress.start()  # only now: its thread must not be there when processes are forked
        if what not in tasks:
            tasks[what] = progress.add_task(what, total=total)
        progress.update(tasks[what], completed=done)

    try:
        yield advance
    finally:
        progress.stop()
