"""What the heads of a generation are called with, and what they return."""

import copy
import inspect
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from torch import Tensor, nn

from mmlight.compat.base_module import BaseModule
from mmlight.compat.data_sample import DataSample, DataSamples, find_target
from mmlight.compat.initialize import to_initializers
from mmlight.compat.registries import mmcls, mmpretrain
from mmlight.models.heads.cls_head import topk_accuracy
from mmlight.registry import Registry


class FromDicts(nn.Module):
    """Lets `loss` and `init_cfg` of the head that comes next among the bases be dicts."""

    registry: ClassVar[Registry]
    defaults: ClassVar[Mapping[str, Any]] = {}
    _given: dict[str, Any]
    default_cfg: ClassVar[dict[str, Any] | None] = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*self._complete(args, kwargs), **kwargs)
        self.init_cfg: Any = copy.deepcopy(self._given.get("init_cfg", self.default_cfg))

    def _complete(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """Build the dict of a loss, and add the defaults of the generation to `kwargs`."""
        kwargs.update({key: kwargs.get(key, value) for key, value in self.defaults.items()})
        names = list(inspect.signature(super().__init__).parameters)
        named = dict(zip(names, args, strict=False))
        for words in (named, kwargs):
            if isinstance(words.get("loss"), Mapping):
                words["loss"] = self.registry.build(words["loss"])
        self.__dict__["_given"] = named | kwargs
        return [*named.values(), *args[len(named) :]]

    def get_initializers(self) -> Any:
        """Return what fills this head; a class may set `init_cfg` to other dicts."""
        return to_initializers(self.init_cfg)


class NewContract(FromDicts):
    """The contract of 1.x.

    From: mmpretrain 1.2 `ClsHead`, `MultiLabelClsHead`.
    """

    registry = mmpretrain.MODELS
    many: ClassVar[bool] = False
    """Whether images have several classes."""

    def loss(self, feats: Any, data_samples: Any, **kwargs: Any) -> dict[str, Tensor]:
        """Compute the losses of features; `data_samples` may be the target itself."""
        return self._get_loss(self(feats), data_samples, **kwargs)

    def _get_loss(self, cls_score: Tensor, data_samples: Any, **kwargs: Any) -> dict[str, Tensor]:
        target = find_target(data_samples, many=self.many, num_classes=cls_score.shape[-1])
        losses: dict[str, Tensor] = cast(Any, self).compare(cls_score, target, **kwargs)
        return losses

    def predict(self, feats: Any, data_samples: Any = None) -> Any:
        """Return samples with `pred_score` `(K,)` and `pred_label`; those that come get them."""
        return self._get_predictions(self(feats), data_samples)

    def _get_predictions(self, cls_score: Tensor, data_samples: Any = None) -> Any:
        scores = cast(Any, self).score(cls_score)
        labels = cast(Any, self).choose_labels(scores)
        known = data_samples.batched if isinstance(data_samples, DataSamples) else None
        if data_samples is None or known is not None:
            return DataSamples(**(known or {}), pred_score=scores, pred_label=labels)
        samples = [DataSample() if sample is None else sample for sample in data_samples]
        for sample, score, label in zip(samples, scores, labels, strict=True):
            sample.set_pred_score(score).set_pred_label(label)
        return samples


class BaseHead(BaseModule):
    """Base of users' own heads of 0.x: `forward_train` must be written.

    Args:
        init_cfg: See `BaseModule`.

    From: mmcls 0.25 `BaseHead`.
    """

    @abstractmethod
    def forward_train(self, x: Any, gt_label: Tensor, **kwargs: Any) -> dict[str, Any]:
        """Compute the losses of features."""


class OldContract(FromDicts):
    """The contract of 0.x.

    From: mmcls 0.25 `ClsHead`.
    """

    registry = mmcls.MODELS

    @property
    def compute_loss(self) -> Any:
        """The loss, called with (logits, target, avg_factor=B)."""
        return self._modules.get("compute_loss") or self._modules["loss_module"]

    def compute_accuracy(self, pred: Tensor, target: Tensor) -> list[Tensor]:
        """Return the accuracy of logits in percent, for each `topk`."""
        return topk_accuracy(pred, target, cast(Any, self).topk)

    def loss(self, cls_score: Tensor, gt_label: Any, **kwargs: Any) -> dict[str, Any]:
        """Compute the loss, and where asked for a dict of accuracies, of logits `(B, K)`."""
        values = cast(Any, self).compare(cls_score, gt_label, **kwargs)
        short = {name.removeprefix("accuracy_"): values[name] for name in values if name != "loss"}
        return {**({"accuracy": short} if short else {}), "loss": values["loss"]}

    def forward_train(self, x: Any, gt_label: Any, **kwargs: Any) -> dict[str, Any]:
        """Compute the losses of features."""
        return self.loss(self.to_logits(x), gt_label, **kwargs)

    def simple_test(self, x: Any, softmax: bool = True, post_process: bool = True) -> Any:
        """Return scores `(B, K)`, or logits; as a list of arrays when `post_process`."""
        logits = self.to_logits(x)
        scores = cast(Any, self).score(logits) if softmax else logits
        return self.post_process(scores) if post_process else scores

    def post_process(self, pred: Tensor) -> list[Any]:
        """Return one array `(K,)` per image."""
        return list(pred.detach().cpu().numpy())

    def to_logits(self, x: Any) -> Tensor:
        """Map features to logits `(B, K)`."""
        logits: Tensor = super().forward(x)
        return logits


class OldManyContract(OldContract):
    """The contract of 0.x for several labels per image.

    From: mmcls 0.25 `MultiLabelClsHead`.
    """

    defaults: ClassVar = {"difficult_as_positive": True}

    def simple_test(self, x: Any, sigmoid: bool = True, post_process: bool = True) -> Any:
        """Return scores `(B, K)`, or logits; as a list of arrays when `post_process`."""
        return super().simple_test(x, sigmoid, post_process)
