"""Compares the classes of the model with those of the data."""

from collections.abc import Sequence
from itertools import pairwise

from mmlight.check.class_count import class_count_error
from mmlight.check.datasets import DataSource
from mmlight.check.findings import Findings
from mmlight.check.network import Network
from mmlight.errors import UnsupportedValueError
from mmlight.spec import Spec


def examine_classes(
    spec: Spec, network: Network, sources: Sequence[DataSource], found: Findings
) -> None:
    """Compare the classes of the model with those of all stages, and the stages with each other."""
    known = [source for source in sources if source.classes]
    counts = {len(source.classes or ()) for source in known}
    for source in known:
        names, stage = source.classes or (), "the data has"
        if len(counts) > 1:
            stage = f"the data of {source.stage} has"
        if network.num_classes and network.num_classes != len(names):
            found.add(class_count_error(spec, network.num_classes, names, stage))
    _compare_names(known, found)
    _examine_augments(network, found)


def _compare_names(known: Sequence[DataSource], found: Findings) -> None:
    """Tell when one label means one class in one stage and another class in the next."""
    for first, other in pairwise(known):
        ours, theirs = first.classes or (), other.classes or ()
        label = next(
            (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), None
        )
        if label is not None and len(ours) == len(theirs):
            call = other.call
            found.add(
                UnsupportedValueError(
                    call.path,
                    f"label {label} is {theirs[label]!r} here, {ours[label]!r} in {first.stage}",
                    origin=call.origin or "",
                    expected="the same classes in the same order in all stages",
                    next_step="Correct the folders, or give all datasets the same `classes`.",
                )
            )


def _examine_augments(network: Network, found: Findings) -> None:
    """Compare the number of classes of soft labels."""
    augments, call = network.parts["batch_augments"], network.calls.get("batch_augments")
    number = getattr(augments, "num_classes", None)
    if call is None or number is None or network.num_classes in (None, number):
        return
    preprocessor = network.calls.get("preprocessor")
    owner = preprocessor if preprocessor and "num_classes" in preprocessor.kwargs else call
    found.add(
        UnsupportedValueError(
            f"{owner.path}.num_classes",
            f"the soft labels of the batch augments have {number} classes, "
            f"the model tells {network.num_classes} apart",
            origin=owner.origins.get("num_classes") or owner.origin or "",
            expected=f"num_classes={network.num_classes}",
            next_step=f"Set num_classes={network.num_classes}.",
        )
    )
