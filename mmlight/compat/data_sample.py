"""The container in which users' own heads of 1.x get their labels and give their scores."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, overload

import numpy as np
import torch
from torch import Tensor
from typing_extensions import Self

from mmlight.models.targets import Target, to_scores


class DataSample:
    """What is known about one image: fields by name, and facts about it in `metainfo`.

    Args:
        metainfo: Facts, such as `img_shape`; they can be read as attributes as well.
        **fields: Values, such as `gt_label`.

    Attributes:
        gt_label: Class indices, int64 `(n,)`.
        gt_score: Soft label, float `(K,)`.
        pred_label: Predicted class indices, int64 `(n,)`.
        pred_score: Predicted scores, float `(K,)`.

    Examples:
        >>> sample = DataSample().set_gt_label(3)
        >>> sample.gt_label, "gt_score" in sample
        (tensor([3]), False)

    From: mmpretrain 1.2 `DataSample`, without the type checks of its base.
    """

    def __init__(self, *, metainfo: Mapping[str, Any] | None = None, **fields: Any) -> None:
        self.__dict__["_meta"] = dict(metainfo or {})
        self.__dict__.update(fields)

    @property
    def metainfo(self) -> dict[str, Any]:
        """A copy of the facts."""
        return dict(self._meta)

    def set_metainfo(self, metainfo: Mapping[str, Any]) -> None:
        """Add facts."""
        self._meta.update(metainfo)

    def set_field(self, value: Any, name: str, dtype: Any = None, field_type: str = "data") -> None:
        """Set a field, or a fact when `field_type` is 'metainfo'."""
        if field_type == "metainfo":
            self._meta[name] = value
        else:
            self.__dict__[name] = value

    def set_gt_label(self, value: Any) -> Self:
        """Set the true classes: a number, or several."""
        return self._set("gt_label", format_label(value))

    def set_gt_score(self, value: Any) -> Self:
        """Set the soft label `(K,)`."""
        return self._set_score("gt_score", value)

    def set_pred_label(self, value: Any) -> Self:
        """Set the predicted classes: a number, or several."""
        return self._set("pred_label", format_label(value))

    def set_pred_score(self, value: Any) -> Self:
        """Set the predicted scores `(K,)`."""
        return self._set_score("pred_score", value)

    def _set(self, name: str, value: Tensor) -> Self:
        self.__dict__[name] = value
        return self

    def _set_score(self, name: str, value: Any) -> Self:
        score = format_score(value)
        self._meta.setdefault("num_classes", len(score))
        return self._set(name, score)

    def __getattr__(self, name: str) -> Any:
        meta = self.__dict__.get("_meta", {})
        if name not in meta:
            raise AttributeError(f"{type(self).__name__} has no {name!r}")
        return meta[name]

    def __contains__(self, name: str) -> bool:
        return name in self._meta or name in self.keys()

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field or a fact, `default` when there is none."""
        return getattr(self, name) if name in self else default

    def pop(self, name: str, *default: Any) -> Any:
        """Take a field out and return it."""
        return self.__dict__.pop(name, *default)

    def keys(self) -> list[str]:
        """Return the names of the fields."""
        return [name for name in self.__dict__ if name != "_meta"]

    def values(self) -> list[Any]:
        """Return the fields."""
        return [self.__dict__[name] for name in self.keys()]

    def items(self) -> Iterator[tuple[str, Any]]:
        """Yield the fields with their names."""
        yield from zip(self.keys(), self.values(), strict=True)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({dict(self.items())}, metainfo={self._meta})"


class DataSamples(Sequence[DataSample]):
    """The samples of a batch; each is made when somebody asks for one.

    Args:
        **batched: A tensor whose first dimension is `B`, or a sequence of `B`, by field.

    Attributes:
        batched: The same, as long as no sample has been made: afterwards it may have changed.
    """

    def __init__(self, **batched: Any) -> None:
        self.batched: dict[str, Any] | None = batched
        self._count = len(next(iter(batched.values())))
        self._samples: list[DataSample] = []

    @overload
    def __getitem__(self, index: int) -> DataSample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[DataSample]: ...
    def __getitem__(self, index: int | slice) -> DataSample | Sequence[DataSample]:
        if self.batched is not None:
            self._samples = [self._make(place, self.batched) for place in range(self._count)]
            self.batched = None
        return self._samples[index]

    def __len__(self) -> int:
        return self._count

    @staticmethod
    def _make(place: int, batched: Mapping[str, Any]) -> DataSample:
        sample = DataSample()
        for name, values in batched.items():
            sample.set_field(values[place], name)
            if name.endswith("_score"):
                sample.set_metainfo({"num_classes": len(values[place])})
        return sample


# -------------------------------------------------------------------- between batch and samples


def to_samples(target: Target, labels: Target | None = None) -> DataSamples:
    """Give the labels of a batch the form in which heads of 1.x take them.

    Args:
        target: Class indices, several of them per image, or scores `(B, K)`.
        labels: Class indices beside the scores of a target.
    """
    fields: dict[str, Any] = {}
    for values in (target, labels):
        if isinstance(values, Tensor) and values.ndim == 2:
            fields["gt_score"] = values
        elif values is not None:
            # (B,) -> (B, 1)
            fields["gt_label"] = values.unsqueeze(1) if isinstance(values, Tensor) else values
    return DataSamples(**fields)


def find_target(
    samples: Any, *, scores: bool = True, many: bool = False, num_classes: int = 0
) -> Tensor:
    """Return the target of samples: scores `(B, K)` where they have them, or class indices `(B,)`.

    Args:
        samples: Samples, or the target itself.
        scores: Whether scores are wanted where there are any.
        many: Whether images have several classes, so that indices become scores.
        num_classes: Number of classes `K`, for that.

    From: mmpretrain 1.2 `ClsHead._get_loss`, `MultiLabelClsHead._get_loss`.
    """
    if isinstance(samples, Tensor):
        return to_scores(samples, num_classes) if many else samples
    fields = samples.batched if isinstance(samples, DataSamples) else None
    has_scores = "gt_score" in (samples[0] if fields is None else fields)
    name = "gt_score" if scores and has_scores else "gt_label"
    values = [getattr(s, name) for s in samples] if fields is None else fields[name]
    if name == "gt_score":
        stacked = values if isinstance(values, Tensor) else torch.stack(values)
        return stacked.float() if many else stacked
    if many:
        return to_scores(list(values), num_classes)
    return values.flatten() if isinstance(values, Tensor) else torch.cat(values)  # (B, 1) -> (B,)


def find_scores(predictions: Any) -> Tensor:
    """Return scores `(B, K)` of what a head predicts.

    Args:
        predictions: Scores, samples that have them, or arrays `(K,)` as of 0.x.
    """
    if isinstance(predictions, Tensor):
        return predictions
    fields = predictions.batched if isinstance(predictions, DataSamples) else None
    if fields is not None:
        scores: Tensor = fields["pred_score"]
        return scores
    return torch.stack([torch.as_tensor(getattr(p, "pred_score", p)) for p in predictions])


def takes(function: Callable[..., Any], name: str) -> bool:
    """Tell whether a function has a parameter of a name; asked in every step, so remembered."""
    return _takes(getattr(function, "__func__", function), name)


@lru_cache(maxsize=256)
def _takes(function: Callable[..., Any], name: str) -> bool:
    return name in inspect.signature(function).parameters


def format_label(value: Any) -> Tensor:
    """Return class indices, int64 `(n,)`, of a number, an array or a sequence.

    From: mmpretrain 1.2 `format_label`.
    """
    labels = _to_tensor(value, "a label")
    return (labels.unsqueeze(0) if labels.ndim == 0 else labels).long()


def format_score(value: Any) -> Tensor:
    """Return scores, float `(K,)`, of an array or a sequence.

    From: mmpretrain 1.2 `format_score`.
    """
    score = _to_tensor(value, "a score")
    return score if isinstance(value, Tensor) else score.float()


def _to_tensor(value: Any, name: str) -> Tensor:
    known = (Tensor, np.ndarray, np.integer, Sequence, int)
    if isinstance(value, known) and not isinstance(value, str):
        tensor = torch.as_tensor(value)
        if tensor.ndim <= 1:
            return tensor
        raise ValueError(f"value must have one dimension as {name}, got {tensor.ndim}")
    raise TypeError(f"value must be a tensor, an array or a sequence, got {value!r}")
