"""Describes a sampler that can only be made once its dataset exists."""

import inspect
from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any, Final

OFFERED: Final = (
    *("dataset", "data_source", "seed", "rank", "world_size", "num_replicas"),
    *("sampler", "batch_size"),
)
"""What a sampler, or a sampler of batches, is given if it has an argument of that name."""


class SamplerBuilder:
    """Makes a sampler of a dataset.

    Args:
        sampler: Class, or its import path.
        options: Its arguments besides those in `OFFERED`, or instead of them.

    Examples:
        >>> build = SamplerBuilder("mmlight.data.samplers.DefaultSampler", {"shuffle": False})
        >>> list(build(["a", "b", "c"]))
        [0, 1, 2]

    From: mmengine 0.10 `Runner.build_dataloader`, which gives dataset and seed / mmcls 0.25
    `build_dataloader`, which gives `rank` and `num_replicas` besides. Here each sampler gets those
    that it takes, so that samplers of torch work as well.
    """

    def __init__(
        self, sampler: str | Callable[..., Any], options: dict[str, Any] | None = None
    ) -> None:
        self.sampler: Callable[..., Any] = (
            resolve_name(sampler) if isinstance(sampler, str) else sampler
        )
        self.options = dict(options or {})

    def __call__(
        self, dataset: Any, *, rank: int = 0, world_size: int = 1, seed: int | None = None
    ) -> Any:
        """Return the sampler of a dataset, for one of several ranks."""
        place = {"rank": rank, "world_size": world_size, "num_replicas": world_size}
        known = {} if seed is None else {"seed": seed}
        given = self._choose({"dataset": dataset, "data_source": dataset, **place, **known})
        taken = [name for name in self._parameters if name not in self.options]
        is_unnamed = bool(taken) and not {"dataset", "data_source"} & given.keys()
        if is_unnamed and self._parameters[taken[0]].default is inspect.Parameter.empty:
            return self.sampler(dataset, **{**given, **self.options})
        return self.sampler(**{**given, **self.options})

    def build_batches(self, sampler: Any, *, batch_size: int) -> Any:
        """Return what makes batches of the indices of a sampler."""
        given = self._choose({"sampler": sampler, "batch_size": batch_size})
        return self.sampler(**{**given, **self.options})

    @property
    def _parameters(self) -> dict[str, inspect.Parameter]:
        return dict(inspect.signature(self.sampler).parameters)

    def _choose(self, offered: dict[str, Any]) -> dict[str, Any]:
        """Return what the sampler takes; by `**kwargs` it takes what mmengine gives."""
        names = set(self._parameters)
        if any(p.kind is p.VAR_KEYWORD for p in self._parameters.values()):
            names |= {"dataset", "seed", "sampler", "batch_size"}
        return {name: value for name, value in offered.items() if name in names}
