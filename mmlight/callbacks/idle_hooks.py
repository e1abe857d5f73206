"""Spares each training step the hooks that do nothing."""

from collections.abc import Iterable

from lightning.pytorch.callbacks import Callback

BATCH_HOOKS = (
    "on_train_batch_start",
    "on_before_zero_grad",
    "on_before_backward",
    "on_after_backward",
    "on_before_optimizer_step",
    "on_train_batch_end",
    "on_validation_batch_start",
    "on_validation_batch_end",
    "on_test_batch_start",
    "on_test_batch_end",
)


def drop_idle_hooks(callbacks: Iterable[Callback]) -> None:
    """Replace hooks that are called for every batch and do nothing by None, which Lightning skips.

    Lightning calls each hook of each callback, empty or not; ten callbacks cost more than a small
    net. Classes stay as they are, so that `super()` works in classes derived from them.

    Args:
        callbacks: Those of a Trainer. One may name further hooks that it has no use for in an
            attribute `idle_hooks`.

    Examples:
        >>> callback = Callback()
        >>> drop_idle_hooks([callback])
        >>> callback.on_after_backward is None, callback.on_train_start is None
        (True, False)
    """
    for callback in callbacks:
        unused = getattr(callback, "idle_hooks", ())
        for name in BATCH_HOOKS:
            if name in unused or getattr(type(callback), name) is getattr(Callback, name):
                setattr(callback, name, None)
