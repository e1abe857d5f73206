"""The command that lists networks and says how large they are.

    mmlight models [pattern]            the backbones that a config can name
    mmlight models [pattern] --flops    their parameters and multiply-adds
    mmlight models X.py                 those of the model of a config, part by part

Parsing and printing only.
"""

import argparse
from collections.abc import Iterator, Sequence
from typing import Any, Final

from mmlight.cli_arguments import CONFIG_SUFFIXES, Parser, add_reading_flags, take_config
from mmlight.errors import ConfigError, nearest_name

COMMANDS: Final = {"models": "list networks, and say how large they or that of a config are"}


def run_models_command(words: Sequence[str]) -> int:
    """Run `mmlight models`.

    Args:
        words: What stands beside it on the command line.

    Returns:
        The exit code, 0.

    Raises:
        MMLightError: If the words are wrong, nothing matches, or the config cannot be read.
    """
    parser = _build_parser()
    options = parser.parse(words)
    if options.help:
        parser.print_help()
        return 0
    if options.words and options.words[0].endswith(CONFIG_SUFFIXES):
        take_config(options)
    for row in _measure_config(options) if options.config else _list(options):
        print(row, flush=True)
    return 0


def _build_parser() -> Parser:
    parser = Parser("models")
    add = parser.add_argument
    add("words", nargs="*", metavar="PATTERN", help="part of a name with * and ?, or a config")
    add("--flops", action="store_true", help="count parameters and multiply-adds of each network")
    add("--shape", nargs="+", type=int, metavar="PX", help="size of the images: height and width")
    add_reading_flags(parser)
    return parser


def _list(options: argparse.Namespace) -> Iterator[str]:
    from mmlight.listing import SIZES, describe_backbone, list_models

    pattern = " ".join(options.words)
    names = list_models(pattern)
    if not names:
        raise ConfigError(
            "mmlight models",
            f"no network matches {pattern!r}",
            nearest=nearest_name(pattern.split(" ")[0], SIZES),
            next_step="'mmlight models' lists all; TIMMBackbone takes any network of timm.",
        )
    if not options.flops:
        yield from names
        return
    import torch

    from mmlight.build import instantiate

    yield _format("backbone", "parameters", "multiply-adds", "image")
    for name in names:
        call = describe_backbone(name)
        with torch.device("meta"):
            backbone = instantiate(call)
        yield _describe(name, backbone, call, options.shape)


def _measure_config(options: argparse.Namespace) -> Iterator[str]:
    import torch

    from mmlight.build import build_model
    from mmlight.flops import count_parameters
    from mmlight.run import read_model

    spec = read_model(options.config, options.cfg_options, safe=options.safe)
    with torch.device("meta"):
        model = build_model(spec)
    yield _format("part", "parameters", "multiply-adds", "image")
    for part in ("backbone", "neck", "head"):
        module = getattr(model, part)
        if module is not None:
            yield _format(part, f"{count_parameters(module):,}", "", "")
    yield _describe("all", model, spec.model.get("backbone"), options.shape)


def _describe(name: str, model: Any, backbone: Any, shape: Sequence[int] | None) -> str:
    from mmlight.flops import count_multiply_adds, count_parameters, find_shape

    channels, *size = find_shape(backbone)
    height, width = [*shape, *shape][:2] if shape else size
    adds = count_multiply_adds(model, (channels, height, width))
    parameters = f"{count_parameters(model):,}"
    return _format(name, parameters, f"{adds / 1e9:.3f} G", f"{channels}x{height}x{width}")


def _format(name: str, parameters: str, multiply_adds: str, image: str) -> str:
    return f"{name:<32} {parameters:>14} {multiply_adds:>14} {image:>12}".rstrip()
