"""The command line: `mmlight fit|validate|test|predict --config X.py [checkpoint] [...]`.

Parsing and printing only.

Two vocabularies: `--cfg-options model.backbone.depth=101` speaks the config's words and is applied
before translation, `--trainer.devices 2` speaks Lightning's words and is applied after. mm's own
flags stay (`--work-dir`, `--resume`, `--seed`, ...).
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

from mmlight.errors import ConfigError, MMLightError, nearest_name
from mmlight.run import read_spec
from mmlight.spec import Spec

STAGES = {
    "fit": "train what a config describes",
    "validate": "run the validation loop with a checkpoint",
    "test": "run the test loop with a checkpoint",
    "predict": "classify the test images with a checkpoint",
}
EXIT_USER_ERROR = 2
LIGHTNING_FLAGS = ("--trainer", "--model", "--data", "--seed_everything")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0, or 2 after a problem that the user can solve."""
    words = list(sys.argv[1:] if argv is None else argv)
    _set_up_logging()
    try:
        return _run(words)
    except MMLightError as error:
        if "--traceback" in words:
            raise
        print(f"mmlight: {error}", file=sys.stderr)
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        print("mmlight: interrupted; --resume goes on from the last checkpoint", file=sys.stderr)
        return 130


def _set_up_logging() -> None:
    """Print what mmlight reports; of Lightning only what is amiss."""
    logger = logging.getLogger("mmlight")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    if not logger.handlers:
        logger.addHandler(logging.StreamHandler())
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _run(words: list[str]) -> int:
    stage = next((word for word in words if word in STAGES), None)
    if stage is None:
        return _print_usage(words)
    words.remove(stage)
    ours, rest = _split_words(words)
    options = _parse_mm_flags(stage).parse_args(ours)
    if options.help:
        return _print_help(stage)
    spec = _read_source(stage, options)
    spec = _apply_mm_flags(spec, options)
    if rest:
        spec = _apply_lightning_flags(spec, rest)
    if options.print_config:
        print(spec.to_yaml(), end="")
        return 0
    for note in spec.notes:
        logging.getLogger("mmlight").info("note: %s", note)
    return _start(stage, spec, options.checkpoint)


def _split_words(words: list[str]) -> tuple[list[str], list[str]]:
    """Separate our flags from Lightning's, which go to another parser with their values.

    Examples:
        >>> _split_words(["--config", "x.py", "--trainer.devices", "2", "--resume"])
        (['--config', 'x.py', '--resume'], ['--trainer.devices', '2'])
    """
    ours: list[str] = []
    theirs: list[str] = []
    target = ours
    for word in words:
        if word.startswith("-"):
            target = theirs if word.startswith(LIGHTNING_FLAGS) else ours
        target.append(word)
        if target is theirs and (not word.startswith("-") or "=" in word):
            target = ours
    return ours, theirs


class _Parser(argparse.ArgumentParser):
    """Raises its errors like every other part."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(self.prog, message, next_step=f"'{self.prog} --help' lists every option.")


def _parse_mm_flags(stage: str) -> argparse.ArgumentParser:
    parser = _Parser(f"mmlight {stage}", add_help=False, allow_abbrev=False)
    parser.add_argument("checkpoint", nargs="?", help="checkpoint whose weights are used")
    parser.add_argument("--config", "-c", metavar="FILE", help="mm config (.py), or printed YAML")
    parser.add_argument(
        "--cfg-options", nargs="+", default=[], metavar="KEY=VALUE", action="extend"
    )
    parser.add_argument("--work-dir", metavar="DIR", help="folder for logs and checkpoints")
    parser.add_argument(
        "--resume", nargs="?", const=True, metavar="FILE", help="go on from FILE or the newest"
    )
    parser.add_argument("--load-from", metavar="FILE", help="start from the weights of FILE")
    parser.add_argument("--seed", type=int, help="seed of everything random")
    parser.add_argument(
        "--deterministic", action="store_true", help="bit-equal results on every run"
    )
    parser.add_argument("--amp", action="store_true", help="short for --trainer.precision 16-mixed")
    parser.add_argument("--no-validate", action="store_true", help="train without validation")
    parser.add_argument(
        "--print_config", action="store_true", help="print the run as YAML and stop"
    )
    parser.add_argument("--traceback", action="store_true", help="show where an error was raised")
    parser.add_argument(
        "--help", "-h", action="store_true", help="show this help and every Trainer flag"
    )
    return parser


def _read_source(stage: str, options: argparse.Namespace) -> Spec:
    if options.config is None and stage != "fit" and str(options.checkpoint).endswith(".ckpt"):
        from mmlight.checkpoints import read_spec_of
        from mmlight.weights.read import read_checkpoint

        return read_spec_of(read_checkpoint(options.checkpoint), options.checkpoint)
    if options.config is None:
        raise ConfigError(
            "--config", "no config was given", next_step=f"mmlight {stage} --config X.py"
        )
    if options.config.endswith((".yaml", ".yml")):
        if options.cfg_options:
            raise ConfigError(
                "--cfg-options",
                "it needs an mm config, not YAML",
                next_step="Use --model.* and --data.*.",
            )
        with open(options.config, encoding="utf-8") as file:
            return Spec.from_yaml(file.read())
    return read_spec(options.config, options.cfg_options)


def _apply_mm_flags(spec: Spec, options: argparse.Namespace) -> Spec:
    """Lay mm's own flags over the Spec."""
    changes: dict[str, Any] = {}
    trainer = dict(spec.trainer)
    if options.work_dir:
        changes |= _move_work_dir(spec, options.work_dir)
        trainer["default_root_dir"] = options.work_dir
    if options.resume is not None:
        changes["resume"] = options.resume
    if options.load_from:
        changes["load_from"] = options.load_from
    if options.seed is not None:
        changes["seed"] = options.seed
    if options.deterministic:
        trainer["deterministic"] = True
    if options.amp:
        trainer["precision"] = "16-mixed"
    if options.no_validate:
        trainer["limit_val_batches"] = 0
    return replace(spec, trainer=trainer, **changes)


def _move_work_dir(spec: Spec, folder: str) -> dict[str, Any]:
    """Point everything that writes into the work directory to another folder."""
    callbacks = []
    for call in spec.callbacks:
        kwargs = {k: folder if v == spec.work_dir else v for k, v in call.kwargs.items()}
        callbacks.append(replace(call, kwargs=kwargs))
    return {"work_dir": folder, "callbacks": tuple(callbacks)}


def _apply_lightning_flags(spec: Spec, words: list[str]) -> Spec:
    """Lay `--trainer.*`, `--model.*` and `--data.*` over the Spec."""
    from mmlight.build import check_calls
    from mmlight.cli_parser import parse_over

    check_calls(spec)  # its errors name the file and line, the parser's do not
    return parse_over(spec, words)


def _start(stage: str, spec: Spec, checkpoint: str | None) -> int:
    import mmlight.run as run

    _quiet_warnings()
    if stage == "fit":
        run.fit(replace(spec, load_from=checkpoint or spec.load_from))
        return 0
    results = getattr(run, stage)(spec, checkpoint)
    for row in results if stage == "predict" else ():
        where = row.get("img_path") or row.get("sample_idx", "")
        print(f"{where}\t{row['pred_class']}\t{row['pred_score']:.4f}")
    return 0


def _quiet_warnings() -> None:
    """Silence hints of Lightning that do not apply to a translated run."""
    import warnings

    for text in (
        ".*does not have many workers.*",
        ".*in eval mode at the start of training.*",
        ".*exists and is not empty.*",
    ):
        warnings.filterwarnings("ignore", message=text)


def _print_usage(words: list[str]) -> int:
    wrong = next((word for word in words if not word.startswith("-")), None)
    if wrong is not None and not wrong.endswith((".py", ".yaml")):
        nearest = nearest_name(wrong, STAGES)
        raise ConfigError(
            "mmlight", f"unknown command {wrong!r}", expected=", ".join(STAGES), nearest=nearest
        )
    print("usage: mmlight COMMAND --config FILE [checkpoint] [options]\n\ncommands:")
    for stage, text in STAGES.items():
        print(f"  {stage:<10} {text}")
    print("\n'mmlight COMMAND --help' lists the options of a command.")
    return 0 if not words or {"-h", "--help"} & set(words) else EXIT_USER_ERROR


def _print_help(stage: str) -> int:
    from mmlight.cli_parser import build_parser

    _parse_mm_flags(stage).print_help()
    print("\nevery option of the Trainer, the model and the data:\n")
    build_parser().print_help()
    return 0


if __name__ == "__main__":
    sys.exit(main())
