"""The commands that tell about a config and train nothing: print, explain, check, upgrade, eject.

    mmlight print X.py                  the config with its bases and overrides merged, in its words
    mmlight explain X.py [key]          where each value comes from, and what it becomes
    mmlight check X.py [--data]         everything that is wrong with it
    mmlight upgrade old.py -o new.py    the same config in the words of mmpretrain 1.x
    mmlight eject X.py -o run.yaml      the same run as plain Lightning YAML

Parsing and printing only. All but `check` work without torch.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from mmlight.cli_arguments import Parser, add_reading_flags, no_config, take_config, writing
from mmlight.errors import ConfigError
from mmlight.read.config import Config, read_config
from mmlight.read.data_text import is_printed_run
from mmlight.spec import read_yaml

COMMANDS: Final = {
    "print": "write a config with all its bases and overrides merged",
    "explain": "say where each value of a config comes from and what it becomes",
    "check": "find everything that is wrong with a config, before training",
    "upgrade": "write a 0.x config in the words of mmpretrain 1.x",
    "eject": "write a config as plain Lightning YAML, without mm's words",
}


def run_config_command(command: str, words: Sequence[str]) -> int:
    """Run one of `COMMANDS`.

    Args:
        command: Its name.
        words: What stands beside it on the command line.

    Returns:
        The exit code: 0, or 2 when `check` has found problems.

    Raises:
        MMLightError: If the words are wrong or the config cannot be read.
    """
    parser = _build_parser(command)
    options = parser.parse(words)
    if options.help:
        parser.print_help()
        return 0
    take_config(options, "key" if command == "explain" else None)
    if options.config is None:
        raise no_config(command)
    return _RUN[command](options)


def _build_parser(command: str) -> Parser:
    parser = Parser(command)
    add = parser.add_argument
    key = " [key]" if command == "explain" else ""
    add(
        "words", nargs="*", metavar=f"FILE{key}", help=f"the config{' and a key in it' * bool(key)}"
    )
    add_reading_flags(parser)
    if command == "check":
        add("--data", action="store_true", help="also read the data and run samples of it")
        add("--strict", action="store_true", help="fail on notes as well as on problems")
    if command in ("print", "upgrade", "eject"):
        add("--output", "-o", metavar="FILE", help="where to write; the screen by default")
        add("--force", action="store_true", help="write over a file that is there")
    if command == "upgrade":
        add("--exact", action="store_true", help="keep what 0.x meant, in words only mmlight reads")
    return parser


def _read(options: argparse.Namespace) -> Config:
    """Read the config.

    Raises:
        ConfigError: If it cannot be read, or is the translation of one.
    """
    if is_printed_run(options.config):
        read_yaml(options.config)  # tells of a file that is missing or broken
        raise ConfigError(
            options.config,
            "this is no mm config, but Lightning YAML that a config was translated to",
            next_step="Name the config that its head names, or read the YAML itself.",
        )
    return read_config(options.config, options.cfg_options, safe=options.safe)


def _print(options: argparse.Namespace) -> int:
    _write(_read(options).pretty_text, options)
    return 0


def _explain(options: argparse.Namespace) -> int:
    from mmlight.explain import explain_config, explain_key

    config = _read(options)
    if options.key:
        print(explain_key(config, options.key, safe=options.safe))
    else:
        print(explain_config(config, safe=options.safe))
    return 0


def _check(options: argparse.Namespace) -> int:
    from mmlight.check.check import check_config

    findings = check_config(
        options.config, options.cfg_options, data=options.data, safe=options.safe
    )
    print(findings)
    return findings.exit_code(strict=options.strict)


def _upgrade(options: argparse.Namespace) -> int:
    from mmlight.upgrade.modern.write import write_upgraded

    text, notes = write_upgraded(_read(options), exact=options.exact)
    _write(text, options)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    return 0


def _eject(options: argparse.Namespace) -> int:
    from mmlight.eject import eject

    _write(eject(_read(options)), options)
    return 0


def _write(text: str, options: argparse.Namespace) -> None:
    """Write a file, or print; nothing that is there is written over unasked.

    Raises:
        ConfigError: If the file is there already, or cannot be written.
    """
    if options.output is None:
        print(text, end="")
        return
    file = Path(options.output)
    if file.exists() and not options.force:
        raise ConfigError(
            "--output", f"{options.output} is there already", next_step="Add --force to replace it."
        )
    with writing("--output", file):
        file.write_text(text, encoding="utf-8")
    print(f"written: {options.output}")


_RUN: Final[dict[str, Callable[[argparse.Namespace], int]]] = {
    "print": _print,
    "explain": _explain,
    "check": _check,
    "upgrade": _upgrade,
    "eject": _eject,
}
