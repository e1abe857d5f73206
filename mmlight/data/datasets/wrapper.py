"""Turns a dataset into another one that shows its samples in other numbers or order.

What the originals ask of a dataset (`metainfo`, `get_data_info`, `get_cat_ids`, ...) goes through a
wrapper, however many lie one inside the other.
"""

import copy
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Dataset

from mmlight.registry import DATASETS

# jsonargparse cannot fill the arguments of a class named for `Dataset[Any]`.
Source: TypeAlias = Dataset | Mapping[str, Any]  # type: ignore[type-arg]
"""A live dataset of fixed length, or a dict that describes one."""


class DatasetWrapper(Dataset[Any]):
    """Samples that lie in other datasets; for subclasses.

    Attributes:
        dataset: The dataset, or the first of several, whose facts hold for all.
    """

    dataset: Any
    _fully_initialized: bool = False

    @abstractmethod
    def full_init(self) -> None:
        """Load what is inside, unless that has been done."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def locate(self, place: int) -> tuple[Any, int]:
        """Return the dataset that holds a sample, and its place there.

        Args:
            place: From 0 to `len(self) - 1`.
        """

    def __getitem__(self, idx: int) -> Any:
        dataset, place = self._find(idx)
        return dataset[place]

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Return a copy of one sample; its 'sample_idx' is its place in the dataset inside."""
        dataset, place = self._find(idx)
        info: dict[str, Any] = dataset.get_data_info(place)
        return info

    def prepare_data(self, idx: int) -> Any:
        """Return one sample after its pipeline; None when a transform rejects it."""
        return prepare_sample(*self._find(idx))

    def get_cat_ids(self, idx: int) -> list[int]:
        """Labels of one sample."""
        dataset, place = self._find(idx)
        labels: list[int] = dataset.get_cat_ids(place)
        return labels

    @abstractmethod
    def get_gt_labels(self) -> NDArray[Any]:
        """Labels of all samples, int64 `(N,)`."""

    @property
    def metainfo(self) -> dict[str, Any]:
        """A copy of the facts about the data."""
        return metainfo_of(self.dataset)

    @property
    def CLASSES(self) -> Sequence[str] | None:  # noqa: N802  (the originals' name)
        """Class names in the order of their labels, if known."""
        return self.metainfo.get("classes")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """Label of each class name."""
        return {name: label for label, name in enumerate(self.CLASSES or ())}

    @property
    def source(self) -> str:
        """What an error text names."""
        return str(getattr(self.dataset, "source", type(self.dataset).__name__))

    def __repr__(self) -> str:
        inside = "\n".join(f"    {line}" for line in repr(self.dataset).splitlines())
        return f"Dataset {type(self).__name__}\n{inside}"

    def _find(self, idx: int) -> tuple[Any, int]:
        self._ensure_loaded()
        return self.locate(range(len(self))[idx])

    def _ensure_loaded(self) -> None:
        if not self._fully_initialized:
            self.full_init()


class ReorderedDataset(DatasetWrapper):
    """Samples of one dataset, some of them several times or not at all; for subclasses.

    Args:
        dataset: Any dataset of fixed length, or a dict that describes one.
        lazy_init: Load the samples at their first use.

    Attributes:
        places: Where each sample lies in `dataset`, int64 `(N,)`; known after `full_init`.
    """

    places: NDArray[np.int64]

    def __init__(self, dataset: Any, *, lazy_init: bool = False) -> None:
        self.dataset = build_if_dict(dataset)
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Load the dataset inside and choose the places, unless that has been done."""
        if not self._fully_initialized:
            load(self.dataset)
            self.places = self.choose_places()
            self._fully_initialized = True

    @abstractmethod
    def choose_places(self) -> NDArray[np.int64]:
        """Return what `places` holds; the dataset inside is loaded."""

    def __len__(self) -> int:
        self._ensure_loaded()
        return len(self.places)

    def locate(self, place: int) -> tuple[Any, int]:
        """Return the dataset inside and the place there."""
        return self.dataset, int(self.places[place])

    def get_gt_labels(self) -> NDArray[Any]:
        """Labels of all samples, int64 `(N,)`."""
        self._ensure_loaded()
        labels: NDArray[Any] = self.dataset.get_gt_labels()
        return labels[self.places]


def build_if_dict(dataset: Any) -> Any:
    """Build a dataset that a dict describes; a live one stays."""
    build: Callable[..., Any] = DATASETS.build
    return build(dataset) if isinstance(dataset, Mapping) else dataset


def load(dataset: Any) -> None:
    """Load a dataset of ours or of mm's kind; others are loaded already."""
    full_init = getattr(dataset, "full_init", None)
    if full_init is not None:
        full_init()


def prepare_sample(dataset: Any, place: int) -> Any:
    """Return a sample after its pipeline; None where that rejects it, and no other in its place.

    A dataset of another kind than mm's gives what it has there.
    """
    own = getattr(dataset, "prepare_data", None)
    return dataset[place] if own is None else own(place)


def metainfo_of(dataset: Any) -> dict[str, Any]:
    """Return the `metainfo` of a dataset, or what its `CLASSES` say; a copy.

    Of a dataset that has neither, such as torch's `Subset`, that of the first one inside.
    """
    facts = getattr(dataset, "metainfo", None)
    if isinstance(facts, Mapping):
        return copy.deepcopy(dict(facts))
    names = getattr(dataset, "CLASSES", None)
    if names is not None:
        return {"classes": tuple(names)}
    inside = [*getattr(dataset, "datasets", ()), getattr(dataset, "dataset", None)][0]
    return {} if inside is None else metainfo_of(inside)


def find_classes(dataset: Any) -> tuple[str, ...]:
    """Return the class names of a dataset, or of the first one inside it that knows any.

    Examples:
        >>> find_classes([1, 2])
        ()
    """
    metainfo = getattr(dataset, "metainfo", None)
    names = metainfo.get("classes") if isinstance(metainfo, Mapping) else None
    names = getattr(dataset, "CLASSES", None) if names is None else names
    if names is not None:
        return tuple(map(str, names))
    inside = [getattr(dataset, "dataset", None), *(getattr(dataset, "datasets", None) or ())]
    found = (find_classes(part) for part in inside if part is not None)
    return next((classes for classes in found if classes), ())
