"""The command that says what a trained classifier gets right and wrong.

    mmlight analyze X.py [checkpoint]    figures per class, confusion matrix, the surest mistakes

Parsing and printing only.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mmlight.cli_arguments import Parser, add_reading_flags, no_config, take_config, writing
from mmlight.run import read_spec

if TYPE_CHECKING:
    from mmlight.analysis import Analysis

COMMANDS: Final = {"analyze": "find out which classes and images a checkpoint gets wrong"}
SHOWN: Final = 5
"""So many of the worst classes and of the most frequent mistakes are printed."""


def run_analyze_command(words: Sequence[str]) -> int:
    """Run `mmlight analyze`.

    Args:
        words: What stands beside it on the command line.

    Returns:
        The exit code, 0.

    Raises:
        MMLightError: If the words are wrong, the images cannot be predicted, or nothing can be
            written.
    """
    parser = _build_parser()
    options = parser.parse(words)
    if options.help:
        parser.print_help()
        return 0
    take_config(options, "checkpoint")
    if options.config is None:
        raise no_config("analyze")
    _analyze(options)
    return 0


def _build_parser() -> Parser:
    parser = Parser("analyze")
    add = parser.add_argument
    add("words", nargs="*", metavar="FILE", help="the config, and a checkpoint")
    add_reading_flags(parser)
    add("--stage", choices=("test", "val"), default="test", help="which data; test by default")
    add("--topk", type=int, default=20, metavar="N", help="images in each picture; 20 by default")
    add("--out-dir", "-o", metavar="DIR", help="default: analysis/ in the work directory")
    return parser


def _analyze(options: argparse.Namespace) -> None:
    from mmlight.analysis import analyze

    spec = read_spec(options.config, options.cfg_options, safe=options.safe)
    folder = Path(options.out_dir or Path(spec.work_dir) / "analysis")
    with writing("--out-dir", folder):  # before minutes of predicting
        folder.mkdir(parents=True, exist_ok=True)
    found = analyze(spec, options.checkpoint, stage=options.stage)
    with writing("--out-dir", folder):
        found.write_tables(folder)
    found.write_pictures(folder, options.topk)
    for line in _describe(found):
        print(line)
    print(f"written: {folder}/")


def _describe(found: "Analysis") -> Iterator[str]:
    counts = f"{len(found.rows)} images of {len(found.classes)} classes"
    yield f"{counts}, {found.accuracy():.2f} % right"
    rows = [row for row in found.per_class() if row["images"]]
    rows.sort(key=lambda row: row["recall"])
    yield f"\n{'worst classes':<24}{'images':>8}{'precision':>11}{'recall':>9}{'f1':>9}"
    for row in rows[:SHOWN]:
        values = f"{row['precision']:>11.2f}{row['recall']:>9.2f}{row['f1']:>9.2f}"
        yield f"{row['class'][:23]:<24}{row['images']:>8}{values}"
    confusions = found.confusions(SHOWN)
    if confusions:
        yield "\nmost frequent mistakes"
        yield from (f"{true} taken for {other}: {count}" for true, other, count in confusions)
