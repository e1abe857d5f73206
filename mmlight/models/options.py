"""Reads the nested dicts of options that backbones take for their stages, blocks and layers."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

Options = Mapping[str, Any]


def take_options(given: Options, defaults: Options, where: str) -> dict[str, Any]:
    """Return the defaults with what is given.

    Args:
        given: Options of one part.
        defaults: All options that there are, with their values.
        where: Name of the argument, for the error.

    Raises:
        ValueError: If there is no such option.

    Examples:
        >>> take_options({"bias": False}, {"bias": True, "stride": 1}, "patch_cfg")
        {'bias': False, 'stride': 1}
    """
    for key, value in given.items():
        if key not in defaults:
            raise ValueError(f"{where} does not support {key}={value!r}")
    return {**defaults, **given}


def spread_options(given: Options | Sequence[Options], count: int, where: str) -> list[Options]:
    """Return one dict of options for each of `count` parts; a single dict holds for all.

    Raises:
        ValueError: If a sequence has fewer entries than there are parts.
    """
    if isinstance(given, Mapping):
        return [given] * count
    if len(given) < count:
        raise ValueError(f"{where} must have {count} entries, got {len(given)}")
    return list(given[:count])


def name_archs(
    keys: Sequence[str], rows: Mapping[tuple[str, ...], Sequence[Any]]
) -> Mapping[tuple[str, ...], Options]:
    """Return a read-only table of architectures for `find_arch`.

    Args:
        keys: What the numbers are called.
        rows: Names of an architecture, in lower case -> its numbers, in the order of `keys`.

    Examples:
        >>> name_archs(("depth", "width"), {("s", "small"): (2, 8)})[("s", "small")]["width"]
        8
    """
    return MappingProxyType(
        {names: MappingProxyType(dict(zip(keys, row, strict=True))) for names, row in rows.items()}
    )


def find_arch(
    arch: str | Options,
    archs: Mapping[tuple[str, ...], Options],
    keys: Sequence[str],
) -> dict[str, Any]:
    """Return the numbers of an architecture, given by its name or by themselves.

    Args:
        arch: A name in any case, or a dict with the keys `keys`.
        archs: Names -> numbers.
        keys: What a dict must have.

    Raises:
        ValueError: If the name is not known or a key is missing.
    """
    if not isinstance(arch, str):
        if any(key not in arch for key in keys):
            raise ValueError(f"arch must have the keys {', '.join(keys)}, got {dict(arch)}")
        return dict(arch)
    for names, numbers in archs.items():
        if arch.lower() in names:
            return dict(numbers)
    known = ", ".join(name for names in archs for name in names)
    raise ValueError(f"arch must be one of {known}, got {arch!r}")
