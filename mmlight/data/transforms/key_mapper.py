"""Lets transforms work on entries of other names, or on several entries alike."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from mmlight.data.transforms.choice import to_pipeline
from mmlight.data.transforms.contract import Results, Transform
from mmlight.data.workers import pack_rng, restore_rng

_ABSENT: Final = object()  # stands for an entry that the inner transforms do not see


class KeyMapper:
    """Apply transforms to entries under other names.

    A mapping says `{inner name: outer name}`. In place of an outer name may stand a list of them (a
    list is what the transforms see), a dict (a dict), or `...` (nothing is handed in or taken out).

    Args:
        transforms: A list of transforms, or a single one.
        mapping: What the transforms see; entries that it does not name keep their names.
        remapping: What becomes of the result; entries that it does not name are dropped. None
            without `auto_remap` keeps everything.
        auto_remap: Take `mapping` for `remapping`; None does where `remapping` is None.
        allow_nonexist_keys: Hide an outer entry that does not exist; otherwise it is seen as None.

    Examples:
        >>> def shout(results):
        ...     return {**results, "word": results["word"].upper()}
        >>> KeyMapper(shout, mapping={"word": "name"})({"name": "cat"})
        {'name': 'CAT'}

    From: mmcv 2.x `KeyMapper`.
    """

    def __init__(
        self,
        transforms: Any = None,
        mapping: Mapping[str, Any] | None = None,
        remapping: Mapping[str, Any] | None = None,
        auto_remap: bool | None = None,
        allow_nonexist_keys: bool = False,
    ) -> None:
        if auto_remap and remapping is not None:
            raise ValueError(f"remapping must be None with auto_remap, got {remapping!r}")
        self.auto_remap = remapping is None if auto_remap is None else auto_remap
        self.transforms = to_pipeline([] if transforms is None else transforms)
        self.mapping = mapping
        self.remapping = mapping if self.auto_remap else remapping
        self.allow_nonexist_keys = allow_nonexist_keys

    def __iter__(self) -> Iterator[Transform]:
        return iter(self.transforms)

    def __call__(self, results: Results) -> Results:
        """Map, transform and map back."""
        results.update(self._map_back(self._apply(self._map(results))))
        return results

    def _map(self, results: Results) -> Results:
        if self.mapping is None:
            return dict(results)
        missing = _ABSENT if self.allow_nonexist_keys else None
        return {**results, **_gather(results, self.mapping, missing)}

    def _apply(self, inputs: Results) -> Results:
        outputs = self.transforms({k: v for k, v in inputs.items() if v is not _ABSENT})
        if outputs is None:
            raise ValueError(f"transforms of {type(self).__name__} must not return None")
        return {**inputs, **outputs}

    def _map_back(self, outputs: Results) -> Results:
        if self.remapping is None:
            return {key: value for key, value in outputs.items() if value is not _ABSENT}
        return _scatter(outputs, self.remapping)


def _gather(results: Results, names: Any, missing: Any) -> Any:
    """Collect entries in the shape in which their names stand."""
    if isinstance(names, Mapping):
        return {inner: _gather(results, outer, missing) for inner, outer in names.items()}
    if isinstance(names, list | tuple):
        return type(names)(_gather(results, name, missing) for name in names)
    return _ABSENT if names is ... else results.get(names, missing)


def _scatter(value: Any, names: Any) -> Results:
    """Give the parts of a value the names that stand in their places."""
    if isinstance(names, Mapping):
        if not isinstance(value, Mapping) or not names.keys() <= value.keys():
            raise ValueError(f"remapping must name what the transforms return, got {names!r}")
        parts = [_scatter(value[inner], outer) for inner, outer in names.items()]
    elif isinstance(names, list | tuple):
        if not isinstance(value, list | tuple) or len(value) != len(names):
            raise ValueError(f"remapping must name what the transforms return, got {names!r}")
        parts = [_scatter(item, name) for item, name in zip(value, names, strict=True)]
    else:
        return {} if names is ... or value is _ABSENT else {names: value}
    return {key: item for part in parts for key, item in part.items()}


class TransformBroadcaster(KeyMapper):
    """Apply transforms to each item of lists, one after the other.

    Args:
        transforms: A list of transforms, or a single one; they see single items.
        mapping: Inner names with lists of outer names, or with an outer name that is a list; all of
            one length. Without it every entry must be such a list.
        remapping: See `KeyMapper`.
        auto_remap: See `KeyMapper`.
        allow_nonexist_keys: See `KeyMapper`.
        share_random_params: Let the transforms draw the same random numbers for every item.

    Examples:
        >>> def double(results):
        ...     return {**results, "x": 2 * results["x"]}
        >>> TransformBroadcaster(double, mapping={"x": ["a", "b"]})({"a": 1, "b": 2})
        {'a': 2, 'b': 4}

    From: mmcv 2.x `TransformBroadcaster`. Difference: `share_random_params` sets the generators
        back before each item, which holds for all transforms; there the transforms store what they
        drew, if they are written so. Images of one size get the same.
    """

    def __init__(
        self,
        transforms: Any,
        mapping: Mapping[str, Any] | None = None,
        remapping: Mapping[str, Any] | None = None,
        auto_remap: bool | None = None,
        allow_nonexist_keys: bool = False,
        share_random_params: bool = False,
    ) -> None:
        super().__init__(transforms, mapping, remapping, auto_remap, allow_nonexist_keys)
        self.share_random_params = share_random_params

    def __call__(self, results: Results) -> Results:
        """Map, transform every item, and map back."""
        start = pack_rng() if self.share_random_params else None
        outputs = []
        for item in self._split(self._map(results)):
            if start is not None:
                restore_rng(start)
            outputs.append(self._apply(item))
        joined = {key: [output[key] for output in outputs] for key in outputs[0]}
        results.update(self._map_back(joined))
        return results

    def _split(self, inputs: Results) -> list[Results]:
        keys = list(self.mapping or inputs)
        for key in keys:
            if not isinstance(inputs[key], Sequence):
                raise ValueError(f"mapping of {key!r} must lead to a list, got {inputs[key]!r}")
        lengths = {key: len(inputs[key]) for key in keys}
        if len(set(lengths.values())) != 1 or 0 in lengths.values():
            raise ValueError(f"mapping must lead to lists of one length, got {lengths}")
        count = lengths[keys[0]]
        return [{**inputs, **{key: inputs[key][i] for key in keys}} for i in range(count)]
