"""Finds the file that the location of a checkpoint means.

    a/b.pth ~/b.pth file:///a/b.pth a file
    https://host/a/b-1a2b3c4d.pth   fetched once into torch's cache folder, its hash compared
    timm/resnet50.a1_in1k           weights of timm
    torchvision://resnet50          weights of torchvision; also resnet50.imagenet1k_v2
    open-mmlab://resnet50_v1c       the originals' model zoo, also openmmlab://
    mmcls://resnet50                the backbone of a classifier of that zoo

`MMLIGHT_WEIGHTS_MIRROR` says where to look instead; its rules are separated by `;`:

    /data/weights                   a folder that has the file, or the path of its address
    https://mirror.org/mm           a server with the same paths, for every address
    https://first.com/a=/data       either of them, for addresses that begin with https://first.com/a

Folders come first, then the cache, then the first server whose rule fits, else the address itself.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlparse

import torch

from mmlight.errors import WeightsError, list_names, nearest_name
from mmlight.weights.fetch import fetch_file
from mmlight.weights.zoo import (
    DEPRECATED,
    MMCLS,
    OPENMMLAB,
    OPENMMLAB_ROOT,
    TORCHVISION,
    TORCHVISION_ROOT,
)

MIRROR_VARIABLE: Final = "MMLIGHT_WEIGHTS_MIRROR"
TIMM: Final = "timm/"
SCHEMES: Final = (
    *("http://", "https://", "file://", "timm/", "torchvision://", "modelzoo://"),
    *("open-mmlab://", "openmmlab://", "mmcls://"),
)


@dataclass(frozen=True)
class Address:
    """A file somewhere on the net.

    Args:
        url: Where it is.
        name: What it is called here.
        part: Prefix of the entries that are meant; '' for all.
        timm_name: The network of timm that it is made for; '' for others.
        hub: Repository and file on the hub of Hugging Face, which has a cache of its own.
    """

    url: str
    name: str
    part: str = ""
    timm_name: str = ""
    hub: tuple[str, str] | None = None


@dataclass(frozen=True)
class Rule:
    """A mirror.

    Args:
        start: Beginning of the addresses that it has; '' for all.
        target: A folder, or the address of a server.
    """

    start: str
    target: str

    @property
    def folder(self) -> Path | None:
        """The folder; None for a server."""
        if self.target.startswith("file://"):
            return Path(unquote(urlparse(self.target).path))
        return None if "://" in self.target else Path(self.target).expanduser()

    def find_rest(self, url: str) -> str | None:
        """Return the path of an address below the mirror; None when the rule is not for it."""
        if not url.startswith(self.start):
            return None
        return (url[len(self.start) :] if self.start else urlparse(url).path).lstrip("/")


# -------------------------------------------------------------------------- what a location means


def find_file(location: str) -> tuple[Path, Address | None]:
    """Return the file of a location, fetched if need be, and its address if it has one.

    Raises:
        WeightsError: If there is no such name, or the file cannot be fetched.
    """
    address = find_address(location)
    if address is None:
        return _to_path(location), None
    found = find_fetched(address)
    if found is None:
        found = _cache_folder() / address.name
        try:
            fetch_file(find_source(address.url), found)
        except (OSError, ValueError) as error:
            raise unfetchable(location, error) from error
    return found, address


def find_address(location: str) -> Address | None:
    """Return the address that a location stands for; None when it is a file.

    Raises:
        WeightsError: If its scheme or its name is unknown.

    From: mmcv 1.7 and mmengine 0.10 `CheckpointLoader`, without `s3://`, `petrel://` and `pavi://`.
    """
    if location.startswith(TIMM) and not _to_path(location).exists():
        return _find_timm(location)
    if "://" not in location or location.startswith("file://"):
        return None
    scheme, name = location.split("://", 1)
    if scheme in ("http", "https"):
        return Address(location, Path(unquote(urlparse(location).path)).name or name)
    if scheme in ("torchvision", "modelzoo"):
        return _find_torchvision(location, name)
    if scheme in ("open-mmlab", "openmmlab"):
        return _find_in_zoo(location, DEPRECATED.get(name, name), OPENMMLAB)
    if scheme == "mmcls":
        return _find_in_zoo(location, name, MMCLS, part="backbone")
    raise WeightsError(
        location,
        f"weights cannot be fetched from {scheme + '://'!r}",
        expected=f"a file, or what begins with {', '.join(SCHEMES)}",
        nearest=nearest_name(f"{scheme}://", SCHEMES),
        next_step="Fetch the file yourself and name it.",
    )


def _to_path(location: str) -> Path:
    if location.startswith("file://"):
        return Path(unquote(urlparse(location).path))
    return Path(location).expanduser()


def _find_in_zoo(location: str, name: str, zoo: Mapping[str, str], part: str = "") -> Address:
    if name not in zoo:
        raise _unknown(location, name, zoo)
    url = OPENMMLAB_ROOT + zoo[name]
    return Address(url, url.rsplit("/", 1)[-1], part)


def _find_torchvision(location: str, name: str) -> Address:
    """Return the address of torchvision's weights: of 0.12, or as `<model>.<weights>`."""
    import torchvision

    wanted, _, weights = name.lower().replace("_weights", "").partition(".")
    models = torchvision.models.list_models(module=torchvision.models)
    if name in TORCHVISION:
        url = TORCHVISION_ROOT + TORCHVISION[name]
    elif wanted in models:
        known = {w.name.lower(): w for w in torchvision.models.get_model_weights(wanted)}
        known["default"] = torchvision.models.get_model_weights(wanted).DEFAULT
        if weights and weights not in known:
            raise _unknown(location, weights, known)
        url = (known[weights] if weights else next(iter(known.values()))).url
    else:
        raise _unknown(location, name, {*models, *TORCHVISION})
    return Address(url, url.rsplit("/", 1)[-1])


def _find_timm(location: str) -> Address:
    """Return the address of timm's weights; the hub's files are all called alike."""
    from huggingface_hub import hf_hub_url
    from timm.models import get_pretrained_cfg, is_model, list_pretrained

    name = location.removeprefix(TIMM)
    try:
        cfg = get_pretrained_cfg(name) if is_model(name) else None
    except RuntimeError:  # there is the network, but no such weights of it
        cfg = None
    if cfg is None:
        raise _unknown(location, name, list_pretrained())
    file, hub, url = cfg.hf_hub_filename or "model.safetensors", str(cfg.hf_hub_id or ""), cfg.url
    if hub and (not cfg.custom_load or file.endswith(".safetensors")):
        own_name = f"{hub.split('/')[-1]}.{file.rsplit('.', 1)[-1]}"
        url = hf_hub_url(hub, file)
        return Address(url, own_name, timm_name=name, hub=(hub, file))
    if isinstance(url, str) and url and not cfg.custom_load:
        return Address(url, Path(urlparse(url).path).name, timm_name=name)
    raise WeightsError(
        location,
        f"timm has no weights for {name!r} in a format that can be read",
        nearest=nearest_name(name, list_pretrained(f"{name.split('.')[0]}*")),
    )


def _unknown(location: str, name: str, known: Iterable[str]) -> WeightsError:
    return WeightsError(
        location,
        f"there are no weights of the name {name!r}",
        expected=list_names(known),
        nearest=nearest_name(name, known),
    )


# -------------------------------------------------------------------------- mirrors and the cache


def find_fetched(address: Address) -> Path | None:
    """Return the file of an address from a mirror's folder or the cache; None if not there."""
    places = [path for rule in read_rules() for path in _list_places(rule, address)]
    for path in (*places, _cache_folder() / address.name):
        if path.is_file():
            return path
    if address.hub is None:
        return None
    from huggingface_hub import constants, try_to_load_from_cache

    cached = try_to_load_from_cache(*address.hub, cache_dir=constants.HF_HUB_CACHE)
    return Path(cached) if isinstance(cached, str) else None


def find_source(url: str) -> str:
    """Return the address to fetch from: that of a mirror, if one is named, else the given one."""
    for rule in read_rules():
        rest = rule.find_rest(url)
        if rest is not None and rule.folder is None:
            return f"{rule.target.rstrip('/')}/{rest}"
    return url


def read_rules() -> list[Rule]:
    """Return the mirrors that the environment names."""
    rules = []
    for text in os.environ.get(MIRROR_VARIABLE, "").split(";"):
        start, separator, target = text.strip().partition("=")
        if separator and "://" in start and target:
            rules.append(Rule(start, target))
        elif text.strip():
            rules.append(Rule("", text.strip()))
    return rules


def unfetchable(location: str, error: Exception) -> WeightsError:
    """Return the error for weights that cannot be fetched: which file to put where."""
    address = find_address(location)
    assert address is not None
    source = find_source(address.url)
    folders = [str(path) for rule in read_rules() for path in _list_places(rule, address)]
    places = " or ".join([str(_cache_folder() / address.name), *folders[1::2]])
    return WeightsError(
        location,
        f"the weights cannot be fetched from {source}: {getattr(error, 'reason', None) or error}",
        expected="" if source == address.url else f"the file at {address.url}",
        next_step=f"Get {address.name} elsewhere and put it at {places}, or into the folder that "
        f"the environment variable {MIRROR_VARIABLE} names.",
    )


def _list_places(rule: Rule, address: Address) -> list[Path]:
    """Return where the file may be in the folder of a mirror: by its path, by its name."""
    rest, folder = rule.find_rest(address.url), rule.folder
    return [] if rest is None or folder is None else [folder / rest, folder / address.name]


def _cache_folder() -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints"
