"""Describes a sampler that can only be made once its dataset exists."""

from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any

from torch.utils.data import Sampler


class SamplerBuilder:
    """Makes a sampler of a dataset.

    Args:
        sampler: Class, or its import path.
        options: Its arguments besides the dataset.

    Examples:
        >>> build = SamplerBuilder("mmlight.data.samplers.DefaultSampler", {"shuffle": False})
        >>> list(build(["a", "b", "c"]))
        [0, 1, 2]
    """

    def __init__(
        self, sampler: str | Callable[..., Any], options: dict[str, Any] | None = None
    ) -> None:
        self.sampler: Callable[..., Sampler[int]] = (
            resolve_name(sampler) if isinstance(sampler, str) else sampler
        )
        self.options = dict(options or {})

    def __call__(self, dataset: Any) -> Sampler[int]:
        """Return the sampler of a dataset."""
        return self.sampler(dataset, **self.options)
