"""The classifier as a LightningModule: what happens to a batch in each stage."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mmlight.callbacks.announcer import find_announcer
from mmlight.callbacks.sync_buffers import share_statistics
from mmlight.compat.head_calls import compute_losses, predict_scores
from mmlight.hooks.save_points import complete_checkpoint
from mmlight.layer_sync import keep_activations, keep_own_buffers
from mmlight.light_module import LightModule
from mmlight.metrics.evaluator import Evaluator, take_numbers
from mmlight.models.batch_augments import RandomBatchAugment
from mmlight.models.initialize import InitCfg, init_weights
from mmlight.models.losses.total import total_loss
from mmlight.models.predictions import describe_scores
from mmlight.models.preprocessor import ImagePreprocessor
from mmlight.models.targets import list_labels
from mmlight.models.views import average_scores, has_views
from mmlight.optim.constructor import ConstructedOptimizer
from mmlight.optim.gradient_clip import GradientClip
from mmlight.optim.layer_depth import Depth, LayerDepths
from mmlight.optim.loss_scale import LossScale
from mmlight.optim.optimization import Optimization
from mmlight.optim.optimizer import OptimizerBuilder
from mmlight.weights.load import load_pretrained
from mmlight.weights.name_map import NameMap, name_map

Batch = dict[str, Any]


class ImageClassifier(LightModule):
    """Backbone, neck and head with the steps of training.

    A batch is a dict: `inputs` (uint8 or float `(B, C, H, W)`, or a list of `(C, H, W)`), `target`
    (int64 `(B,)`; for several classes per image scores `(B, K)` or a list of index tensors),
    `metas` (list of `B` dicts) and, under distributed evaluation, `counted` (bool `(B,)`, False for
    padded duplicates).

    Args:
        backbone: Images to a tuple of feature maps or vectors.
        head: Features to scores and losses; None for a feature extractor.
        neck: Features to features, between the two.
        preprocessor: Normalizes a batch on the device; None leaves the values as they are.
        batch_augments: Mixup and its kin, applied to training batches.
        optimizer: Builds the optimizer; may be None when nothing is trained.
        grad_clip: How gradients are clipped unless the Trainer's `gradient_clip_val` says
            otherwise.
        accumulative_counts: Batches per step; the Trainer's `accumulate_grad_batches` wins.
        loss_scale: Of mixed precision with float16, see `check_loss_scale`.
        mixed_stages: Those of 'val' and 'test' that run under autocast; the others do not, even if
            training does.
        base_batch_size: The batch size that the rate is meant for; it is scaled to the real one.
        val_metrics: Metrics of the validation loop; see `Evaluator`.
        test_metrics: Metrics of the test loop.
        init_cfg: Initial weights of the whole classifier, for example `Pretrained`.
        pretrained_last: Whether a module's pretrained weights come after its other start values, as
            in mmengine, or before some of them, as in mmcv.

    Attributes:
        classes: Class names, as far as known.
        evaluation: The values of the last evaluation by name, also those that are no numbers.
        pipeline: Makes a sample of an image; `mmlight.init_model` sets it.

    Raises:
        ValueError: If a part is no module.

    From: mmcls 0.25 and mmpretrain 1.2 `ImageClassifier`.
    """

    def __init__(
        self,
        backbone: nn.Module,
        head: nn.Module | None = None,
        neck: nn.Module | None = None,
        preprocessor: ImagePreprocessor | None = None,
        batch_augments: RandomBatchAugment | None = None,
        optimizer: OptimizerBuilder | ConstructedOptimizer | None = None,
        grad_clip: GradientClip | None = None,
        accumulative_counts: int = 1,
        loss_scale: LossScale = "dynamic",
        mixed_stages: Sequence[str] = (),
        base_batch_size: int | None = None,
        val_metrics: Sequence[Any] = (),
        test_metrics: Sequence[Any] = (),
        init_cfg: InitCfg = None,
        pretrained_last: bool = True,
    ) -> None:
        super().__init__()
        for name, part in (("backbone", backbone), ("neck", neck), ("head", head)):
            if not isinstance(part, nn.Module) and (part is not None or name == "backbone"):
                raise ValueError(f"{name} must be a torch.nn.Module, got {part!r}")
        self.backbone = backbone
        self.neck = neck
        self.head: Any = head
        self.preprocessor: Any = preprocessor
        self.batch_augments: Any = batch_augments
        self.optimizer_builder = optimizer
        self.optimization = Optimization(
            optimizer, grad_clip, accumulative_counts, loss_scale, base_batch_size
        )
        self.mixed_stages = tuple(mixed_stages)
        self._depths: LayerDepths | None = None
        self.val_metrics = Evaluator(val_metrics, "val_metrics")
        self.test_metrics = Evaluator(test_metrics, "test_metrics")
        self.evaluation: dict[str, Any] = {}
        self.init_cfg = init_cfg
        self.pretrained_last = pretrained_last
        self.classes: tuple[str, ...] = ()
        self.spec_yaml = ""
        self.pipeline: Callable[[dict[str, Any]], Any] | None = None
        if getattr(preprocessor, "channels_last", False):
            self.to(memory_format=torch.channels_last)

    # ---------------------------------------------------------------- from images to scores

    def preprocess(self, inputs: Tensor | list[Tensor]) -> Tensor:
        """Normalize images as the config says.

        Args:
            inputs: uint8 or float `(B, C, H, W)`, or a list of `(C, H, W)`.

        Returns:
            `(B, C, H, W)` of the dtype of the module, normalized in float32.
        """
        if self.preprocessor is not None:
            images: Tensor = self.preprocessor(inputs)
        else:
            images = torch.stack(inputs) if isinstance(inputs, list) else inputs
        return images.to(self.dtype)

    def extract_features(self, images: Tensor) -> tuple[Tensor, ...]:
        """Run backbone and neck on normalized images `(B, C, H, W)`."""
        features: tuple[Tensor, ...] = self.backbone(images)
        return features if self.neck is None else self.neck(features)

    def forward(self, inputs: Any) -> Tensor:
        """Classify raw images.

        Args:
            inputs: uint8 or float `(B, C, H, W)`, or `V` such: views, whose scores are averaged.

        Returns:
            Scores, float `(B, K)`; each row sums to 1. Without a head, the last feature.
        """
        if has_views(inputs):
            return average_scores([self(view) for view in inputs])
        features = self.extract_features(self.preprocess(inputs))
        if self.head is None:
            return features[-1]
        return predict_scores(self.head, features)

    # ---------------------------------------------------------------- steps

    def training_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Return every loss and accuracy by name, and their sum as `loss`."""
        images, target = self.preprocess(batch["inputs"]), batch["target"]
        if self.preprocessor is not None:
            target = self.preprocessor.prepare_targets(target)
        if self.batch_augments is not None:
            images, target = self.batch_augments(images, target)
        assert self.head is not None
        features = self.extract_features(images)
        return total_loss(compute_losses(self.head, features, target, batch["target"]))

    def validation_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Update the validation metrics and return the scores `(B, K)`."""
        return {"scores": self.val_metrics.update(self._score(batch, "val"), batch)}

    def test_step(self, batch: Batch, batch_idx: int) -> dict[str, Tensor]:
        """Update the test metrics and return the scores `(B, K)`."""
        return {"scores": self.test_metrics.update(self._score(batch, "test"), batch)}

    def _score(self, batch: Batch, stage: str) -> Tensor:
        """Classify in the precision of the loop, which need not be that of training.

        From: mmengine 0.10 `ValLoop`, `TestLoop`.
        """
        with torch.autocast(self.device.type, enabled=stage in self.mixed_stages):
            scores: Tensor = self(batch["inputs"])
        return scores

    def predict_step(self, batch: Batch, batch_idx: int) -> list[dict[str, Any]]:
        """Return one dict per image, without padded duplicates; see `describe_scores`.

        Where the image has a label, it is there as `gt_label`: an int, or a list of several.
        """
        scores = self._score(batch, "test")
        counted = batch.get("counted")
        keep = range(len(scores)) if counted is None else counted.nonzero().flatten().tolist()
        metas = batch.get("metas") or [{}] * len(scores)
        rows = scores.float().cpu()
        labels = list_labels(batch["target"]) if "target" in batch else []
        known = [{"gt_label": label} for label in labels] or [{}] * len(rows)
        return [{**metas[i], **known[i], **self.describe_scores(rows[i])} for i in keep]

    def describe_scores(self, scores: Tensor) -> dict[str, Any]:
        """Name the best class of an image; see `mmlight.models.predictions.describe_scores`."""
        return describe_scores(scores, self.head, self.classes)

    def on_validation_epoch_start(self) -> None:
        """Show the metrics their data; in 0.x all processes use the statistics of the first."""
        share_statistics(self.trainer, self)
        self.val_metrics.attach(self.trainer.val_dataloaders, self.head)

    def on_test_epoch_start(self) -> None:
        """Show the metrics their data."""
        self.test_metrics.attach(self.trainer.test_dataloaders, self.head)

    def on_validation_epoch_end(self) -> None:
        """Log the values of the validation metrics, exact over all processes."""
        self._log_metrics(self.val_metrics)

    def on_test_epoch_end(self) -> None:
        """Log the values of the test metrics, exact over all processes."""
        self._log_metrics(self.test_metrics)

    def _log_metrics(self, evaluator: Evaluator) -> None:
        self.evaluation = evaluator.compute()
        # in training hooks write to the loggers, as in mm; else Lightning prints what it logs
        by_hooks = self.trainer.state.fn == "fit" and find_announcer(self.trainer) is not None
        self.log_dict(take_numbers(self.evaluation), logger=False if by_hooks else None)

    # ---------------------------------------------------------------- optimization

    def setup(self, stage: str) -> None:
        """Let processes share what mm lets them share."""
        keep_activations(self.trainer.strategy)
        keep_own_buffers(self.trainer.strategy)

    def configure_optimizers(self) -> torch.optim.Optimizer | None:
        """Build the optimizer; its groups follow the mm names of the parameters."""
        return self.optimization.configure(self, self.name_map().to_mm)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: int | float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip as the Trainer's flag says, else as the config says."""
        self.optimization.clip(self, optimizer, gradient_clip_val, gradient_clip_algorithm)

    def get_layer_depth(self, param_name: str) -> Depth:
        """Return how deep a parameter lies, by its mm name, and how many depths there are."""
        if self._depths is None:
            names = [name.removeprefix("backbone.") for name in self.name_map().to_ours]
            self._depths = LayerDepths(self.backbone, names)
        return self._depths.find(param_name)

    # ---------------------------------------------------------------- weights

    def name_map(self) -> NameMap:
        """Return the map between our parameter names and those of the mm model."""
        return name_map(self)

    def init_weights(self) -> None:
        """Initialize every module as its `init_cfg` says, `Pretrained` ones from their checkpoints.

        Raises:
            WeightsError: If a checkpoint cannot be found, read or matched.
        """
        init_weights(self, load_pretrained, pretrained_last=self.pretrained_last)

    @property
    def num_classes(self) -> int | None:
        """Number of classes `K` that the model tells apart, as far as its modules say."""
        for module in (self.head, self.backbone):
            number = getattr(module, "num_classes", None)
            if isinstance(number, int) and number > 0:
                return number
        return None

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Add the Spec and the class names, so that the checkpoint is enough by itself."""
        if self._trainer is not None:
            complete_checkpoint(self.trainer, checkpoint)
        checkpoint["mmlight"] = {"spec": self.spec_yaml, "classes": list(self.classes)}
        self.optimization.save(checkpoint)

    def on_load_checkpoint(self, checkpoint: Mapping[str, Any]) -> None:
        """Take the class names of the checkpoint."""
        self.classes = tuple(checkpoint.get("mmlight", {}).get("classes", self.classes))
        self.optimization.load(checkpoint)
