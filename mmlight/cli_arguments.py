"""Parses the words of a command; what is wrong with them is one of our errors."""

import argparse
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NoReturn

from mmlight.errors import ConfigError, nearest_name

CONFIG_SUFFIXES: Final = (".py", ".yaml", ".yml", ".json")
LIGHTNING_FLAGS: Final = ("--trainer", "--model", "--data", "--seed_everything")


class Parser(argparse.ArgumentParser):
    """The parser of one command; flags cannot be shortened, and none prints help by itself.

    Args:
        command: The command, for example 'fit'.
    """

    def __init__(self, command: str) -> None:
        super().__init__(f"mmlight {command}", add_help=False, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Raise a problem of one flag.

        Raises:
            ConfigError: Always.
        """
        flag = re.match(r"argument (--[\w-]+)[^:]*: ", message)
        raise ConfigError(
            flag[1] if flag else self.prog,
            message[flag.end() :] if flag else message,
            next_step=f"'{self.prog} --help' lists every flag.",
        )

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Read the words of the command.

        Raises:
            ConfigError: If a flag is unknown or lacks its value, or there is a word too many.
        """
        options, unknown = self.parse_known_args(list(words))
        if unknown:
            flag = unknown[0].split("=")[0]
            problem = "there is no such flag" if flag.startswith("-") else "one word too many"
            raise ConfigError(
                flag,
                problem,
                nearest=nearest_name(flag, self._option_string_actions),
                next_step=f"'{self.prog} --help' lists every flag.",
            )
        return options


def add_reading_flags(parser: Parser) -> None:
    """Add the flags that say which config is read, and how."""
    parser.add_argument("--config", "-c", metavar="FILE", help="mm config, or printed YAML")
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        default=[],
        metavar="KEY=VALUE",
        action="extend",
        help="override entries of the config, list items by their index",
    )
    parser.add_argument(
        "--safe", action="store_true", help="read the config without running it as Python"
    )
    parser.add_argument("--traceback", action="store_true", help="show where an error was raised")
    parser.add_argument("--help", "-h", action="store_true", help="show this help")


def take_config(options: argparse.Namespace, second: str | None = None) -> None:
    """Sort the words without a flag: the config, unless `--config` names it, and one more.

    Args:
        options: Has `config` and the list `words`; `config` and the attribute `second` are set.
        second: What the second word is; None where none is allowed.

    Raises:
        ConfigError: If there are more words.

    Examples:
        >>> options = argparse.Namespace(config=None, words=["a.py", "b.pth"])
        >>> take_config(options, "checkpoint")
        >>> options.config, options.checkpoint
        ('a.py', 'b.pth')
    """
    words = list(options.words)
    is_config = second != "checkpoint" or (words and words[0].endswith(CONFIG_SUFFIXES))
    if options.config is None and words and is_config:
        options.config = words.pop(0)
    if second is not None:
        setattr(options, second, words.pop(0) if words else None)
    if words:
        raise ConfigError(
            words[0], "one word too many", next_step="'mmlight --help' lists the commands."
        )


def no_config(command: str) -> ConfigError:
    """Return the error for a command that was given no config."""
    return ConfigError(
        "--config", "no config was given", next_step=f"Name one: mmlight {command} X.py"
    )


@contextmanager
def writing(flag: str, file: object) -> Iterator[None]:
    """Name the flag in the error for a file that cannot be written.

    Raises:
        ConfigError: If it cannot.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise ConfigError(flag, f"{file} cannot be written: {reason}") from error


def split_words(words: list[str]) -> tuple[list[str], list[str]]:
    """Separate our flags from Lightning's, which go to another parser with their values.

    Examples:
        >>> split_words(["--config", "x.py", "--trainer.max_epochs", "-1", "--resume"])
        (['--config', 'x.py', '--resume'], ['--trainer.max_epochs', '-1'])
    """
    ours: list[str] = []
    theirs: list[str] = []
    free: list[str] = []  # after the value of a flag of Lightning, so no further value of ours
    target = ours
    for word in words:
        is_flag = re.match(r"--?[A-Za-z]", word) is not None
        if is_flag:
            target = theirs if word.startswith(LIGHTNING_FLAGS) else ours
        target.append(word)
        if target is theirs and (not is_flag or "=" in word):
            target = free  # a flag of Lightning has one value
    return [*free, *ours], theirs
