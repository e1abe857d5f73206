"""Trains with another pipeline, other batch augments or another loss from an epoch on."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import lightning as L
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn

from mmlight.callbacks.announcer import require_announcer
from mmlight.data.pipeline_change import change_pipelines
from mmlight.data.transforms.contract import Transform
from mmlight.models.batch_augments import AnyAugment, RandomBatchAugment

_logger = logging.getLogger("mmlight")


class Recipe:
    """What changes at one epoch.

    Args:
        action_epoch: The epoch, from 1, that it begins with.
        train_pipeline: The new transforms; None to keep the old ones.
        augments: The new batch augments, empty for none; None to keep the old ones.
        probs: Probability of each, see `RandomBatchAugment`.
        loss: The new loss module; None to keep the old one.

    Raises:
        ValueError: If `action_epoch` is smaller than 1, or `probs` do not fit the augments.
    """

    def __init__(
        self,
        action_epoch: int,
        train_pipeline: Sequence[Transform | Mapping[str, Any]] | None = None,
        augments: Sequence[AnyAugment] | None = None,
        probs: float | Sequence[float] | None = None,
        loss: nn.Module | None = None,
    ) -> None:
        if action_epoch < 1:
            raise ValueError(f"action_epoch must be 1 or more, got {action_epoch}")
        self.action_epoch = action_epoch
        self.train_pipeline = train_pipeline
        self.augments = augments
        self.probs = probs
        self.loss = loss
        self.make_batch_augments(1)  # says at once what is wrong with them

    def make_batch_augments(self, num_classes: int) -> RandomBatchAugment | None:
        """Return what mixes batches; None where nothing does."""
        if not self.augments:
            return None
        return RandomBatchAugment(self.augments, self.probs, num_classes=num_classes)


class SwitchRecipe(Callback):
    """Switches to the recipe of an epoch when that begins; a run that is resumed catches up.

    Args:
        schedule: The recipes, in any order.

    Raises:
        ValueError: If two recipes are for the same epoch.

    From: mmpretrain 1.2 `SwitchRecipeHook`, whose new batch augments do nothing in a training that
    began without any, unless labels are scores by then (`data_preprocessor.to_onehot`); so it is
    here, and the log tells. There an epoch that is resumed begins with workers seeded anew, here
    with the states in which they were.
    """

    def __init__(self, schedule: Sequence[Recipe]) -> None:
        self.schedule = {recipe.action_epoch: recipe for recipe in schedule}
        if len(self.schedule) < len(schedule):
            epochs = sorted(recipe.action_epoch for recipe in schedule)
            raise ValueError(f"schedule must have one recipe for an epoch, got {epochs}")
        self._has_scores = False
        self._num_classes = 0

    def before_train(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Switch to the recipes of the epochs that are done."""
        old: Any = pl_module.batch_augments
        self._has_scores = old is not None
        known: Any = getattr(old, "num_classes", None) or pl_module.num_classes
        self._num_classes = known or 0
        epoch = require_announcer(trainer).place.epoch + 1
        for action_epoch in sorted(self.schedule):
            if action_epoch < epoch:
                self._switch(trainer, pl_module, self.schedule[action_epoch], renew=False)

    def before_train_epoch(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Switch to the recipe of the epoch that begins."""
        recipe = self.schedule.get(require_announcer(trainer).place.epoch + 1)
        if recipe is not None:
            self._switch(trainer, pl_module, recipe, renew=True)

    def _switch(self, trainer: L.Trainer, pl_module: Any, recipe: Recipe, *, renew: bool) -> None:
        names = []
        if recipe.augments is not None:
            augment = recipe.make_batch_augments(self._num_classes)
            pl_module.batch_augments = augment if self._has_scores else limit_to_scores(augment)
            names.append("batch augments")
        if recipe.train_pipeline is not None:
            new = recipe.train_pipeline
            change_pipelines(trainer.train_dataloader, lambda _: new, renew=renew)
            names.append("the training pipeline")
        if recipe.loss is not None:
            switch_loss(pl_module, recipe.loss)
            names.append("the loss")
        _logger.info(
            "from epoch %d on there are other %s",
            recipe.action_epoch,
            ", ".join(names) or "nothing",
        )


def limit_to_scores(augment: RandomBatchAugment | None) -> Callable[..., Any] | None:
    """Return batch augments that leave a batch alone whose labels are no scores."""
    if augment is None:
        return None
    _logger.warning(
        "batch augments mix nothing where training began without any, as in the original: "
        "set data_preprocessor.to_onehot=True to let them"
    )

    def mix(inputs: Tensor, targets: Any) -> tuple[Tensor, Any]:
        has_scores = isinstance(targets, Tensor) and targets.ndim == 2
        return augment(inputs, targets) if has_scores else (inputs, targets)

    return mix


def switch_loss(pl_module: Any, loss: nn.Module) -> None:
    """Give the head another loss module.

    Raises:
        ValueError: If the model has no head with a loss module.
    """
    for name in ("loss_module", "compute_loss"):
        if isinstance(getattr(pl_module.head, name, None), nn.Module):
            setattr(pl_module.head, name, loss.to(pl_module.device))
            return
    kind = type(pl_module.head).__name__
    raise ValueError(f"loss can be switched where the head has a loss_module, got {kind}")
