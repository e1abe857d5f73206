"""The command line: `mmlight fit|validate|test|predict [--config] X.py [checkpoint] [...]`.

Parsing and printing only. The commands that train nothing are in `cli_config.py`,
`cli_browse.py`, `cli_models.py` and `cli_weights.py`.

Two vocabularies: `--cfg-options model.backbone.depth=101` speaks the config's words,
`--trainer.devices 2` speaks Lightning's. What comes later in this list wins, wherever it stands on
the command line: the config, `--cfg-options`, mm's own flags (`--work-dir`, `--resume`, `--seed`,
`--amp`, ...), Lightning's flags (`--seed_everything`, `--trainer.*`, `--model.*`, `--data.*`).
"""

import argparse
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from mmlight.cli_analyze import COMMANDS as ANALYZE_COMMANDS
from mmlight.cli_analyze import run_analyze_command
from mmlight.cli_arguments import (
    Parser,
    add_reading_flags,
    no_config,
    split_words,
    take_config,
)
from mmlight.cli_browse import COMMANDS as BROWSE_COMMANDS
from mmlight.cli_browse import run_browse_command
from mmlight.cli_config import COMMANDS as CONFIG_COMMANDS
from mmlight.cli_config import run_config_command
from mmlight.cli_lr import COMMANDS as LR_COMMANDS
from mmlight.cli_lr import run_lr_command
from mmlight.cli_models import COMMANDS as MODELS_COMMANDS
from mmlight.cli_models import run_models_command
from mmlight.cli_weights import COMMANDS as WEIGHTS_COMMANDS
from mmlight.cli_weights import run_weights_command
from mmlight.compat import provide_names
from mmlight.errors import (
    ConfigError,
    ConfigErrors,
    MMLightError,
    list_names,
    nearest_name,
    raise_all,
)
from mmlight.read.node import Origin
from mmlight.run import try_read_spec
from mmlight.spec import Spec
from mmlight.translate.translate import Translation

STAGES = {
    "fit": "train what a config describes",
    "validate": "run the validation loop with a checkpoint",
    "test": "run the test loop with a checkpoint",
    "predict": "classify the test images with a checkpoint",
}
COMMANDS = {
    **STAGES,
    **ANALYZE_COMMANDS,
    **BROWSE_COMMANDS,
    **CONFIG_COMMANDS,
    **LR_COMMANDS,
    **MODELS_COMMANDS,
    **WEIGHTS_COMMANDS,
}
EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: The words after `mmlight`; None for those of this process.

    Returns:
        The exit code: 0, 2 after a problem that the user can solve, 130 after Ctrl-C, 141 when the
        reader of a pipe (`| head`) has gone.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        with _logging_to_screen():
            code = _run(words)
            sys.stdout.flush()
            return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
        return EXIT_BROKEN_PIPE
    except MMLightError as error:
        if "--traceback" in words:
            raise
        several = f"{len(error.errors)} problems\n\n" if isinstance(error, ConfigErrors) else ""
        print(f"mmlight: {several}{error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        if _is_first_process():
            text = "interrupted; the same command with --resume goes on from the last checkpoint"
            print(f"\nmmlight: {text}", file=sys.stderr)
        return EXIT_INTERRUPTED


def _is_first_process() -> bool:
    return os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")) == "0"


@contextmanager
def _logging_to_screen() -> Iterator[None]:
    """Print what mmlight reports, once for all processes."""
    logger, screen = logging.getLogger("mmlight"), logging.StreamHandler()
    logger.setLevel(logging.INFO if _is_first_process() else logging.ERROR)
    logger.addHandler(screen)
    try:
        yield
    finally:
        logger.removeHandler(screen)


def _run(words: list[str]) -> int:
    command = next((word for word in words if word in COMMANDS), None)
    if command is None:
        return _print_usage(words)
    words.remove(command)
    if command in CONFIG_COMMANDS:
        return run_config_command(command, words)
    for commands, run_command in (
        (ANALYZE_COMMANDS, run_analyze_command),
        (BROWSE_COMMANDS, run_browse_command),
        (LR_COMMANDS, run_lr_command),
        (MODELS_COMMANDS, run_models_command),
        (WEIGHTS_COMMANDS, run_weights_command),
    ):
        if command in commands:
            return run_command(words)
    return _run_stage(command, words)


def _run_stage(stage: str, words: list[str]) -> int:
    ours, theirs = split_words(words)
    options = _build_parser(stage).parse(ours)
    if options.help:
        return _print_help(stage)
    take_config(options, "checkpoint")
    spec = _apply_options(_read_source(stage, options), options)
    if theirs:
        spec = _apply_lightning_flags(spec, theirs)
    if options.print_config:
        print(spec.to_yaml(), end="")
        return 0
    return _start(stage, spec, options.checkpoint)


# -------------------------------------------------------------------------- parsing


def _build_parser(stage: str) -> Parser:
    parser = Parser(stage)
    add = parser.add_argument
    add(
        "words",
        nargs="*",
        metavar="FILE",
        help="the config, and a checkpoint whose weights are used",
    )
    add_reading_flags(parser)
    add("--work-dir", metavar="DIR", help="folder for logs and checkpoints")
    add("--resume", nargs="?", const=True, metavar="FILE", help="go on from FILE or the newest")
    add("--load-from", metavar="FILE", help="start from the weights of FILE")
    add("--seed", type=int, help="seed of everything random")
    add("--deterministic", action="store_true", help="bit-equal results on every run")
    add("--amp", action="store_true", help="short for --trainer.precision 16-mixed")
    add("--auto-scale-lr", action="store_true", help="scale the rate by the real batch size")
    add("--no-validate", action="store_true", help="train without validation")
    if stage in ("test", "predict"):
        add("--tta", action="store_true", help="average the scores of several views of each image")
    add("--print_config", action="store_true", help="print the run as YAML and stop")
    return parser


# -------------------------------------------------------------------------- from words to a Spec


def _read_source(stage: str, options: argparse.Namespace) -> Spec:
    """Read the config, or what a checkpoint of ours says about itself."""
    if options.config is not None:
        wants_views = getattr(options, "tta", False)
        scales = ["auto_scale_lr.enable=True"] if options.auto_scale_lr else []
        overrides = [*options.cfg_options, *scales]
        translation = try_read_spec(options.config, overrides, safe=options.safe, tta=wants_views)
        if translation.errors:
            _raise_everything(translation)
        return translation.spec
    if stage == "fit" or not str(options.checkpoint).endswith(".ckpt"):
        raise no_config(stage)
    if getattr(options, "tta", False):
        raise ConfigError(
            "--tta",
            "views are described by a config, and none was given",
            next_step=f"Name it: mmlight {stage} X.py {options.checkpoint} --tta",
        )
    from mmlight.checkpoints import read_evaluation

    return read_evaluation(options.checkpoint)


@provide_names()
def _raise_everything(translation: Translation) -> None:
    """Raise the problems of the translation and, at once, those of the arguments of each call."""
    from mmlight.check.calls import find_call_errors

    raise_all([*translation.errors, *find_call_errors(translation.spec)])


def _apply_options(spec: Spec, options: argparse.Namespace) -> Spec:
    """Lay mm's own flags over the Spec."""
    if options.work_dir:
        spec = spec.move_work_dir(options.work_dir)
    changes: dict[str, Any] = {}
    for name in ("resume", "load_from", "seed"):
        if getattr(options, name) is not None:
            changes[name] = getattr(options, name)
    trainer = dict(spec.trainer)
    if options.deterministic:
        trainer["deterministic"] = True
    if options.amp:
        trainer["precision"] = "16-mixed"
    if options.no_validate:
        trainer["limit_val_batches"] = 0
    given = {name: f"--{name.replace('_', '-')}" for name in ("work_dir", "resume", "load_from")}
    origins = {name: Origin(flag) for name, flag in given.items() if getattr(options, name)}
    return replace(spec, trainer=trainer, origins={**spec.origins, **origins}, **changes)


@provide_names()
def _apply_lightning_flags(spec: Spec, words: list[str]) -> Spec:
    """Lay `--trainer.*`, `--model.*` and `--data.*` over the Spec."""
    from mmlight.check.calls import check_calls
    from mmlight.cli_parser import parse_over

    check_calls(spec)  # its errors name the file and line, the parser's do not
    return parse_over(spec, words)


# -------------------------------------------------------------------------- running and printing


def _start(stage: str, spec: Spec, checkpoint: str | None) -> int:
    import mmlight.run as run

    if stage == "fit":
        run.fit(replace(spec, load_from=checkpoint or spec.load_from))
        return 0
    results = getattr(run, stage)(spec, checkpoint)
    for row in results if stage == "predict" and _is_first_process() else ():
        where = row.get("img_path") or row.get("sample_idx", "")
        print("\t".join([str(where), *_to_columns(row)]))
    return 0


def _to_columns(row: Mapping[str, Any]) -> Iterator[str]:
    """Return the columns of a prediction: class and score, or of several classes lists with `,`."""
    classes, scores = row["pred_class"], row["pred_score"]
    several = isinstance(classes, list)
    yield ",".join(classes) if several else classes
    yield ",".join(f"{score:.4f}" for score in (scores if several else [scores]))


def _print_usage(words: list[str]) -> int:
    """Print the commands; words without a command are an error."""
    if words and not {"-h", "--help"} & set(words):
        wrong = words[0]
        raise ConfigError(
            "mmlight",
            "no command was given" if wrong.startswith("-") else f"unknown command {wrong!r}",
            expected=list_names(COMMANDS),
            nearest=nearest_name(wrong, COMMANDS),
            next_step="mmlight fit X.py",
        )
    print("usage: mmlight COMMAND CONFIG [options]\n\ncommands:")
    for command, text in COMMANDS.items():
        print(f"  {command:<10} {text}")
    print("\n'mmlight COMMAND --help' lists the options of a command.")
    return 0


def _print_help(stage: str) -> int:
    from mmlight.cli_parser import build_parser

    _build_parser(stage).print_help()
    print("\nevery option of the Trainer, the model and the data:\n")
    build_parser().print_help()
    return 0


if __name__ == "__main__":
    sys.exit(main())
