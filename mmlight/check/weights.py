"""Looks for the checkpoints that a run starts from, opens them and compares them with the model."""

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from torch import nn

from mmlight.check.findings import Findings
from mmlight.check.network import Network
from mmlight.checkpoints import find_resume_point, find_run
from mmlight.errors import MMLightError, WeightsError
from mmlight.models.backbones.timm_model import TIMMBackbone
from mmlight.models.initialize import Pretrained
from mmlight.module import ImageClassifier
from mmlight.spec import Spec, find_calls
from mmlight.weights.load import match_state, read_pretrained
from mmlight.weights.locate import find_address, find_fetched, find_source, unfetchable

Probe: TypeAlias = Callable[[str], object]
"""Raises OSError or ValueError when an address cannot be fetched from."""
TIMEOUT_SECONDS: Final = 4.0
HEAD_REFUSED: Final = (403, 405, 501)
"""Answers of servers that have the file but do not like to be asked without fetching it."""


@dataclass(frozen=True)
class Wanted:
    """A checkpoint that a run reads.

    Args:
        checkpoint: Location, prefix and key path of who wants it.
        module: Gets the weights; None when it could not be built.
        path: Key path in the config.
        origin: Where the location was set.
    """

    checkpoint: Pretrained
    module: nn.Module | None
    path: str
    origin: str


def probe_url(url: str) -> None:
    """Ask for the head of an address.

    Raises:
        OSError: If it cannot be reached in `TIMEOUT_SECONDS`, or does not have the file.
        ValueError: If it is no address.
    """
    request = urllib.request.Request(url, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS):
            pass
    except urllib.error.HTTPError as error:
        if error.code not in HEAD_REFUSED:
            raise


def examine_weights(spec: Spec, network: Network, found: Findings, probe: Probe) -> None:
    """Examine every checkpoint that training would start from.

    Args:
        spec: What is run.
        network: Its parts, on the meta device.
        found: Gets what is missing, damaged, or made for another model.
        probe: Asks whether an address can be fetched from.
    """
    _note_timm(network, found)
    for wanted in _find_wanted(spec, network):
        try:
            _examine(wanted, found, probe)
        except MMLightError as error:
            error.origin = error.origin or wanted.origin
            found.add(error)
    if spec.resume:
        _examine_resume(spec, found)


def _find_wanted(spec: Spec, network: Network) -> Iterator[Wanted]:
    model = None
    if network.is_whole:
        model = ImageClassifier(**{n: network.parts[n] for n in ("backbone", "neck", "head")})
    if spec.load_from is not None and not spec.resume:
        origin = str(spec.origins.get("load_from") or "")
        yield Wanted(Pretrained(spec.load_from), model, "load_from", origin)
    for checkpoint in _find_pretrained(network.parts["init_cfg"]):
        yield _to_wanted(spec, checkpoint, model)
    for name in ("backbone", "neck", "head"):
        part = network.parts[name]
        for module in part.modules() if isinstance(part, nn.Module) else ():
            for checkpoint in _find_pretrained(getattr(module, "init_cfg", None)):
                yield _to_wanted(spec, checkpoint, module)
            if isinstance(module, TIMMBackbone) and module.weights["checkpoint_path"]:
                yield _to_wanted(spec, Pretrained(module.weights["checkpoint_path"]), None)


def _note_timm(network: Network, found: Findings) -> None:
    backbone, call = network.parts["backbone"], network.calls.get("backbone")
    if isinstance(backbone, TIMMBackbone) and backbone.weights["pretrained"] and call is not None:
        text = "timm fetches its own weights when training starts; whether it can was not tried."
        found.note(f"{call.path}.pretrained", text, call.origins.get("pretrained"))


def _find_pretrained(init_cfg: Any) -> list[Pretrained]:
    steps = init_cfg if isinstance(init_cfg, Sequence) else [init_cfg]
    return [step for step in steps if isinstance(step, Pretrained)]


def _to_wanted(spec: Spec, checkpoint: Pretrained, module: nn.Module | None) -> Wanted:
    for call in find_calls(spec.model):
        for key, value in call.kwargs.items():
            if isinstance(value, str) and value == checkpoint.checkpoint:
                origin = call.origins.get(key) or call.origin
                return Wanted(checkpoint, module, f"{call.path}.{key}", str(origin or ""))
    return Wanted(checkpoint, module, "model", "")


def _examine(wanted: Wanted, found: Findings, probe: Probe) -> None:
    location: Any = wanted.checkpoint.checkpoint
    if not (isinstance(location, str) and location):
        raise WeightsError(
            wanted.path,
            f"{location!r} names no checkpoint",
            expected="a file or an address",
            next_step="Name the weights, or remove the entry.",
        )
    address = find_address(location)
    if address is not None and find_fetched(address) is None:
        try:
            probe(find_source(address.url))
        except (OSError, ValueError) as error:
            raise unfetchable(location, error) from error
        return
    state = read_pretrained(wanted.checkpoint, lazily=True)
    if wanted.module is None:
        return
    _, report = match_state(wanted.module, state, location)
    if report.missing or report.dropped:
        found.note(wanted.path, f"{location}: {report}.", wanted.origin)


def _examine_resume(spec: Spec, found: Findings) -> None:
    origin = spec.origins.get("resume") or ""
    if spec.resume is True and find_run(spec) is None:
        text = f"There is no checkpoint in {spec.work_dir}: training starts from scratch."
        found.note("resume", text, origin)
        return
    try:
        find_resume_point(spec)
    except TypeError:
        problem = f"{spec.resume!r} names no checkpoint"
        found.add(WeightsError("resume", problem, origin=origin, expected="a file, or True"))
    except WeightsError as error:
        error.origin = error.origin or str(origin)
        found.add(error)
