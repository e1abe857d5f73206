"""Changes what the loader of a training in progress does to its images."""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from mmlight.data.transforms.compose import Compose

_logger = logging.getLogger("mmlight")
Change = Callable[[list[Any]], Sequence[Any]]
"""Takes the transforms of a pipeline, returns those to go on with."""


def change_pipelines(loader: Any, change: Change, *, renew: bool = True) -> None:
    """Change the pipeline of every dataset behind a loader, from its next epoch on.

    Workers have a copy of the dataset. Those that are kept over epochs are replaced by new ones,
    seeded as the first ones were, and others begin anew in each epoch in any case.

    Args:
        loader: The loader; wrappers around its dataset are looked through.
        change: What becomes of the transforms.
        renew: Whether workers are replaced; False where none has begun yet.

    Raises:
        ValueError: If no dataset has a pipeline.

    From: mmpretrain 1.2 `SwitchRecipeHook`, mmdet 3.x `YOLOXModeSwitchHook`.
    """
    datasets = list(find_piped(loader.dataset))
    if not datasets:
        kind = type(loader.dataset).__name__
        raise ValueError(f"dataset must have a pipeline to be changed, got {kind}")
    for dataset in datasets:
        old = getattr(dataset.pipeline, "transforms", dataset.pipeline)
        dataset.pipeline = Compose(change(list(old)))
    if renew and hasattr(loader, "renew_workers"):
        loader.renew_workers()
    elif renew:
        loader._iterator = None  # a loader of torch, with a dataset of the user


def find_piped(dataset: Any) -> Iterator[Any]:
    """Yield a dataset that has a pipeline, or those inside a wrapper."""
    if getattr(dataset, "pipeline", None) is not None:
        yield dataset
        return
    inside = getattr(dataset, "datasets", None)
    if inside is None and hasattr(dataset, "dataset"):
        inside = [dataset.dataset]
    for part in inside or ():
        yield from find_piped(part)


def leave_out(transforms: list[Any], types: Sequence[str]) -> list[Any]:
    """Return the transforms whose class has none of these names, and warn if that leaves all.

    Examples:
        >>> leave_out([str.upper, Compose([])], ["Compose"])
        [<method 'upper' of 'str' objects>]
    """
    kept = [transform for transform in transforms if type(transform).__name__ not in types]
    if len(kept) == len(transforms):
        _logger.warning("no transform of the pipeline is one of %s, it stays", ", ".join(types))
    return kept
