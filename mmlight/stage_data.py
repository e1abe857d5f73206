"""Builds the dataset of one stage of a config, and nothing else of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mmlight.build import instantiate
from mmlight.check.calls import check_calls
from mmlight.data.datasets.wrapper import find_classes, load
from mmlight.errors import ConfigError, MMLightError, list_names, nearest_name, raise_all
from mmlight.spec import Call, Spec
from mmlight.translate.translate import Translation
from mmlight.upgrade.shape import STAGES


@dataclass(frozen=True)
class StageData:
    """The dataset of a stage.

    Args:
        stage: 'train', 'val' or 'test'.
        call: What the Spec says about its loader.
        dataset: The live dataset.
        classes: Its class names; empty where it knows none.
    """

    stage: str
    call: Call
    dataset: Any
    classes: tuple[str, ...]


def build_stage(translation: Translation, stage: str) -> StageData:
    """Build the dataset of a stage; problems in other sections of the config do not matter.

    Raises:
        ConfigError: If the stage is unknown, or the config has no data for it.
        MMLightError: If the data cannot be translated or built.
    """
    if stage not in STAGES:
        raise ConfigError(
            "stage",
            f"there is no stage {stage!r}",
            expected=list_names(STAGES),
            nearest=nearest_name(stage, STAGES),
        )
    raise_all([error for error in translation.errors if _concerns(error, stage)])
    call = translation.spec.data.get(stage)
    if not isinstance(call, Call) or not isinstance(call.kwargs.get("dataset"), Call):
        raise_all(translation.errors)
        raise no_data(stage)
    check_calls(Spec(model={}, data={stage: call}))
    dataset = instantiate(call.kwargs["dataset"])
    load(dataset)  # with lazy_init, not even its classes are known before
    if not hasattr(dataset, "__len__") or not hasattr(dataset, "__getitem__"):
        raise ConfigError(
            call.kwargs["dataset"].path or stage,
            f"{type(dataset).__name__} has no length or no samples by number",
            origin=call.origin or "",
            next_step="Give the dataset __len__ and __getitem__.",
        )
    return StageData(stage, call, dataset, find_classes(dataset))


def no_data(stage: str) -> ConfigError:
    """Return the error for a stage without data."""
    return ConfigError(
        f"{stage}_dataloader",
        "the config describes no such data",
        next_step=f"Add {stage}_dataloader, in 0.x words data.{stage}, to the config.",
    )


def _concerns(error: MMLightError, stage: str) -> bool:
    """Tell whether a problem lies in the data of a stage, in the words of either generation."""
    first, second = [*error.path.replace("[", ".").split("."), ""][:2]
    others = {name for other in STAGES if other != stage for name in (other, f"{other}_dataloader")}
    return first == f"{stage}_dataloader" or (first == "data" and second not in others)


def without_pipelines(value: Any) -> Any:
    """Return a call and all calls in it without `pipeline`: what is read, not what becomes of it.

    Examples:
        >>> without_pipelines(Call("d", {"ann_file": "a", "pipeline": []})).kwargs
        {'ann_file': 'a'}
    """
    if isinstance(value, Call):
        kept = {key: item for key, item in value.kwargs.items() if key != "pipeline"}
        return replace(value, kwargs={key: without_pipelines(item) for key, item in kept.items()})
    if isinstance(value, list | tuple):
        return [without_pipelines(item) for item in value]
    return value


# -------------------------------------------------------------------------- inside wrappers


def find_parts(
    dataset: Any, indices: Sequence[int] | None = None
) -> Iterator[tuple[Any, Sequence[int]]]:
    """Yield the datasets inside wrappers, each with the samples of it that are in use.

    A sample that a wrapper repeats is in use once.

    Args:
        dataset: Any dataset. `datasets` makes it a wrapper of several, `dataset` of one, of which
            it takes those at `indices` (torch's `Subset`) or `places` (`ReorderedDataset`) if it
            has such an attribute.
        indices: Which of its samples are in use; None for all.

    Examples:
        >>> from torch.utils.data import ConcatDataset, Subset
        >>> wrapped = ConcatDataset([["a", "b"], Subset(["c", "d", "e"], [2, 0])])
        >>> [(part, list(indices)) for part, indices in find_parts(wrapped)]
        [(['a', 'b'], [0, 1]), (['c', 'd', 'e'], [2, 0])]
    """
    several = getattr(dataset, "datasets", None)
    inner = getattr(dataset, "dataset", None)
    if several is not None:
        yield from _find_in_several(several, indices)
    elif inner is None:
        yield dataset, range(len(dataset)) if indices is None else indices
    else:
        chosen = getattr(dataset, "indices", getattr(dataset, "places", None))
        if chosen is not None and indices is not None:
            chosen = [chosen[index] for index in indices if index < len(chosen)]
        yield from find_parts(inner, None if chosen is None else list(dict.fromkeys(chosen)))


def _find_in_several(
    datasets: Sequence[Any], indices: Sequence[int] | None
) -> Iterator[tuple[Any, Sequence[int]]]:
    start = 0
    for part in datasets:
        stop = start + len(part)
        chosen = None if indices is None else [i - start for i in indices if start <= i < stop]
        yield from find_parts(part, chosen)
        start = stop
