"""Compares the classes of a built model with those of its data, and these with each other."""

from collections.abc import Iterator, Sequence

from mmlight.data.datasets.wrapper import find_classes
from mmlight.datamodule import PipelineDataModule
from mmlight.errors import UnsupportedValueError
from mmlight.module import ImageClassifier
from mmlight.spec import Call, Spec


def check_classes(model: ImageClassifier, spec: Spec) -> None:
    """Compare the number of classes of a model with the class names of its data.

    Args:
        model: What the Spec describes, with `classes` of its data.
        spec: Where the model comes from, for the error text.

    Raises:
        UnsupportedValueError: If both are known and differ.

    From: mmcls 0.25 and mmpretrain 1.2 `ClassNumCheckHook`.
    """
    ours, theirs = model.num_classes, len(model.classes)
    if ours and theirs and ours != theirs:
        raise class_count_error(spec, ours, model.classes, "the data has")


def compare_stages(data: PipelineDataModule) -> Iterator[str]:
    """Tell of each stage whose labels mean other classes than those of training."""
    ours = find_classes(data.train.dataset) if data.train else ()
    for stage, config in (("val", data.val), ("test", data.test)):
        theirs = find_classes(config.dataset) if config else ()
        pairs = enumerate(zip(ours, theirs, strict=False))
        label = next((label for label, (name, other) in pairs if name != other), None)
        if label is not None:
            yield (
                f"label {label} means {theirs[label]!r} in {stage} and {ours[label]!r} in train: "
                "its metrics compare different classes"
            )


def class_count_error(
    spec: Spec, ours: int, names: Sequence[str], owner: str
) -> UnsupportedValueError:
    """Return the error, about the argument that says how many classes the model has."""
    calls = [spec.model.get(name) for name in ("head", "backbone")]
    given = [c for c in calls if isinstance(c, Call) and "num_classes" in c.kwargs]
    call = (given or [c for c in calls if isinstance(c, Call)])[0]
    theirs = len(names)
    return UnsupportedValueError(
        f"{call.path}.num_classes",
        f"the model tells {ours} classes apart, {owner} {theirs}",
        origin=call.origins.get("num_classes") or call.origin or "",
        expected=f"num_classes={theirs} for {', '.join(names[:3])}, ...",
        next_step=f"Set num_classes={theirs}, or the `classes` of the dataset.",
    )
