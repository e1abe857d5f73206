"""The examination of a config, in the order in which you read it; nothing is trained or written."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from mmlight.check.batches import examine_data
from mmlight.check.blank import Shape, examine_pipeline
from mmlight.check.calls import find_call_errors, mend_calls
from mmlight.check.classes import examine_classes
from mmlight.check.datasets import DataSource, examine_datasets
from mmlight.check.findings import Findings
from mmlight.check.loaders import examine_loaders, examine_stages
from mmlight.check.network import examine_network
from mmlight.check.schedules import examine_schedules
from mmlight.check.training import examine_callbacks, examine_metrics, examine_optimizer
from mmlight.check.untouched import untouched_process
from mmlight.check.weights import Probe, examine_weights, probe_url
from mmlight.compat import provide_names
from mmlight.errors import ConfigError, MMLightError
from mmlight.run import Overrides, Source, try_read_spec
from mmlight.spec import Spec


@provide_names()
def check_config(
    source: Source,
    overrides: Overrides = None,
    *,
    data: bool = False,
    safe: bool = False,
    probe: Probe = probe_url,
) -> Findings:
    """Find everything that is wrong with a config, before any training.

    Nothing is written, and the process is left as it was.

    Args:
        source: As for `mmlight.run.read_spec`.
        overrides: As for `mmlight.run.read_spec`.
        data: Read the data as well: labels, files, samples, and a batch through the model.
        safe: Read a Python config without running it.
        probe: Asks whether weights can be fetched from an address.

    Returns:
        All problems and notes; a bad config raises nothing.
    """
    found = Findings()
    with untouched_process():
        spec = _read(source, overrides, safe, found)
        if spec is not None:
            _examine(spec, data, probe, found)
            found.notes += spec.notes
    return found.fold()


def _read(source: Source, overrides: Overrides, safe: bool, found: Findings) -> Spec | None:
    """Read and translate; what cannot be read at all ends the examination."""
    try:
        translation = try_read_spec(source, overrides, safe=safe)
    except MMLightError as error:
        found.add(error)
        return None
    except Exception as error:
        found.add(_crashed("reading the config", error))
        return None
    found.errors += translation.errors
    return translation.spec


def _examine(spec: Spec, data: bool, probe: Probe, found: Findings) -> None:
    found.errors += _guarded(find_call_errors, spec, found=found) or []
    spec = replace(
        spec,
        model=mend_calls(spec.model),
        data=mend_calls(spec.data),
        callbacks=mend_calls(spec.callbacks),
    )
    sources = _guarded(examine_datasets, spec, found, found=found) or []
    shapes = _guarded(_examine_pipelines, sources, found, found=found) or {}
    network = _guarded(examine_network, spec, shapes, found, found=found)
    _guarded(examine_loaders, spec, found, found=found)
    _guarded(examine_stages, spec, found, found=found)
    _guarded(examine_schedules, spec, found, found=found)
    if network is None:
        return
    _guarded(examine_classes, spec, network, sources, found, found=found)
    _guarded(examine_optimizer, spec, network, found, found=found)
    metrics = _guarded(examine_metrics, spec, network, found, found=found) or {}
    _guarded(examine_callbacks, spec, metrics.get("val", ()), found, found=found)
    _guarded(examine_weights, spec, network, found, probe, found=found)
    if data:
        _guarded(examine_data, spec, network, metrics, found, found=found)


def _examine_pipelines(sources: Sequence[DataSource], found: Findings) -> dict[str, Shape]:
    """Return the shape of an image of each stage, as far as known."""
    shapes = {source.stage: examine_pipeline(source, found) for source in sources}
    return {stage: shape for stage, shape in shapes.items() if shape is not None}


def _guarded(examine: Callable[..., Any], *arguments: Any, found: Findings) -> Any:
    """Run one examination; if it crashes, that is told and the others go on."""
    try:
        return examine(*arguments)
    except Exception as error:
        found.add(_crashed(examine.__name__.strip("_").replace("_", " "), error))
        return None


def _crashed(what: str, error: Exception) -> ConfigError:
    text = " ".join(str(error).split()).rstrip(".")
    return ConfigError(
        "config",
        f"{what} failed: {type(error).__name__}: {text}",
        next_step="Correct what is told besides; if nothing is, report this with the config.",
    )
