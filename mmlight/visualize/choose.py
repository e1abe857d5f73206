"""Chooses which samples of a dataset are shown."""

import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mmlight.data.samplers.labels import read_single_labels
from mmlight.errors import ConfigError, list_names, nearest_name
from mmlight.stage_data import StageData
from mmlight.visualize.labels import to_label_scores
from mmlight.visualize.sample import find_label


@dataclass(frozen=True)
class Choice:
    """Which samples are shown.

    Args:
        number: How many, at least 1; None for all.
        indices: These, in this order, instead of the first.
        random: Draw them, each at most once.
        class_name: Only samples with this class: its name, or its number.
    """

    number: int | None = None
    indices: Sequence[int] = ()
    random: bool = False
    class_name: str | None = None


def choose_samples(data: StageData, choice: Choice, *, seed: int) -> Iterator[int]:
    """Yield the numbers of the chosen samples.

    Args:
        data: The dataset.
        choice: Which of its samples.
        seed: For drawing.

    Raises:
        ConfigError: If there is no such sample or class.
    """
    if choice.number is not None and choice.number < 1:
        raise ConfigError("--number", f"at least 1 sample must be shown, got {choice.number}")
    count = len(data.dataset)
    for index in choice.indices:
        if not -count <= index < count:
            raise ConfigError(
                "--index",
                f"there is no sample {index}, the data of {data.stage} has {count}",
                expected=f"numbers from 0 to {count - 1}",
            )
    order: Iterable[int] = [index % count for index in choice.indices] or range(count)
    if choice.random and not choice.indices:
        order = random.Random(seed).sample(range(count), count)
    if choice.class_name is not None:
        order = _only_class(data, order, choice.class_name)
    return itertools.islice(order, choice.number)


def _only_class(data: StageData, order: Iterable[int], name: str) -> Iterator[int]:
    label = _find_class(data, name)
    labels = read_single_labels(data.dataset)
    found = False
    for index in order:
        own = find_label(data.dataset, index) if labels is None else labels[index]
        if any(number == label for number, _ in to_label_scores(own, len(data.classes) or None)):
            found = True
            yield index
    if not found:
        raise ConfigError(
            "--class", f"none of the chosen samples of {data.stage} has the class {name!r}"
        )


def _find_class(data: StageData, name: str) -> int:
    if name in data.classes:
        return data.classes.index(name)
    if name.isdecimal() and int(name) < (len(data.classes) or int(name) + 1):
        return int(name)
    raise ConfigError(
        "--class",
        f"there is no class {name!r}",
        expected=list_names(data.classes) if data.classes else "the number of a class",
        nearest=nearest_name(name, data.classes),
    )
