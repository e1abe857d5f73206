"""The heads of both generations as users' own heads derive from them.

In the style of 1.x a head has `forward`, `loss` and `predict`, the latter two on `DataSample`; in
that of 0.x `forward_train`, `loss` on logits, and `simple_test`. `ImageClassifier` calls either.
Each class here is one of `mmlight.models.heads` with the arguments and the contract of a
generation; the contracts are in `head_contract.py`.
"""

from typing import Any, ClassVar, Final

from torch import Tensor

from mmlight.compat.data_sample import find_target
from mmlight.compat.head_contract import NewContract, OldContract, OldManyContract
from mmlight.models.heads import (
    cls_head,
    csra_head,
    linear_head,
    margin_head,
    multi_label_head,
    stacked_head,
    vision_transformer_head,
)
from mmlight.models.heads.cls_head import last_feature

LINEAR_INIT: Final = {"type": "Normal", "layer": "Linear", "std": 0.01}
ZERO_INIT: Final = {"type": "Constant", "layer": "Linear", "val": 0}

# -------------------------------------------------------------------- 1.x


class ClsHead(NewContract, cls_head.ClsHead):
    """Head of 1.x; arguments as in mmpretrain.

    Args:
        loss: A module, or the dict of one.
        topk: The k of the accuracies.
        cal_acc: Whether the losses contain accuracies.
        init_cfg: Dict or list of dicts, see `mmlight.compat.initialize.initialize`.

    From: mmpretrain 1.2 `ClsHead`.
    """


class LinearClsHead(NewContract, linear_head.LinearClsHead):
    """Linear head of 1.x; arguments as in mmpretrain.

    From: mmpretrain 1.2 `LinearClsHead`.
    """

    default_cfg = LINEAR_INIT


class StackedLinearClsHead(NewContract, stacked_head.StackedLinearClsHead):
    """Head of several linear layers of 1.x; arguments as in mmpretrain.

    From: mmpretrain 1.2 `StackedLinearClsHead`.
    """


class VisionTransformerClsHead(NewContract, vision_transformer_head.VisionTransformerClsHead):
    """Head of a Vision Transformer of 1.x; arguments as in mmpretrain.

    From: mmpretrain 1.2 `VisionTransformerClsHead`.
    """

    default_cfg = ZERO_INIT


class ArcFaceClsHead(NewContract, margin_head.ArcFaceClsHead):
    """ArcFace head; arguments as in mmpretrain.

    From: mmpretrain 1.2 `ArcFaceClsHead`.
    """

    def loss(self, feats: Any, data_samples: Any, **kwargs: Any) -> dict[str, Tensor]:
        """Compute the loss of features; the labels of the samples say where the margins are."""
        labels = find_target(data_samples, scores=False)
        return self.compare(self(feats, labels), find_target(data_samples), **kwargs)


class MultiLabelClsHead(NewContract, multi_label_head.MultiLabelClsHead):
    """Head for several labels per image of 1.x; arguments as in mmpretrain.

    From: mmpretrain 1.2 `MultiLabelClsHead`.
    """

    many = True


class MultiLabelLinearClsHead(NewContract, multi_label_head.MultiLabelLinearClsHead):
    """Linear head for several labels per image of 1.x; arguments as in mmpretrain.

    From: mmpretrain 1.2 `MultiLabelLinearClsHead`.
    """

    many = True
    default_cfg = LINEAR_INIT


class CSRAClsHead(NewContract, csra_head.CSRAClsHead):
    """Residual attention head of 1.x; arguments as in mmpretrain.

    From: mmpretrain 1.2 `CSRAClsHead`.
    """

    many = True
    default_cfg = LINEAR_INIT


# -------------------------------------------------------------------- 0.x


class OldClsHead(OldContract, cls_head.ClsHead):
    """Head of 0.x; arguments as in mmcls.

    From: mmcls 0.25 `ClsHead`.
    """

    def to_logits(self, x: Any) -> Tensor:
        """Return the last feature, whatever `pre_logits` of a derived class may do."""
        logits: Tensor = last_feature(x)
        return logits


class OldLinearClsHead(OldContract, linear_head.LinearClsHead):
    """Linear head of 0.x; arguments as in mmcls.

    From: mmcls 0.25 `LinearClsHead`.
    """

    default_cfg = LINEAR_INIT


class OldStackedLinearClsHead(OldContract, stacked_head.StackedLinearClsHead):
    """Head of several linear layers of 0.x, which does not use its `init_cfg`.

    From: mmcls 0.25 `StackedLinearClsHead`.
    """

    def get_initializers(self) -> Any:
        """Return nothing."""
        return []


class OldVisionTransformerClsHead(OldContract, vision_transformer_head.VisionTransformerClsHead):
    """Head of a Vision Transformer of 0.x; arguments as in mmcls.

    From: mmcls 0.25 `VisionTransformerClsHead`.
    """

    default_cfg = ZERO_INIT


class OldMultiLabelClsHead(OldManyContract, multi_label_head.MultiLabelClsHead):
    """Head for several labels per image of 0.x; arguments as in mmcls.

    From: mmcls 0.25 `MultiLabelClsHead`.
    """

    def to_logits(self, x: Any) -> Tensor:
        """Return the last feature, whatever `pre_logits` of a derived class may do."""
        logits: Tensor = last_feature(x)
        return logits


class OldMultiLabelLinearClsHead(OldManyContract, multi_label_head.MultiLabelLinearClsHead):
    """Linear head for several labels per image of 0.x; arguments as in mmcls.

    From: mmcls 0.25 `MultiLabelLinearClsHead`.
    """

    default_cfg = LINEAR_INIT


class OldCSRAClsHead(OldManyContract, csra_head.CSRAClsHead):
    """Residual attention head of 0.x, whose scores are logits; arguments as in mmcls.

    From: mmcls 0.25 `CSRAClsHead`.
    """

    defaults: ClassVar = {"difficult_as_positive": True, "logits_as_scores": True}
    default_cfg = LINEAR_INIT
