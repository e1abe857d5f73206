"""Normalizes class tokens over the batch, for linear probing."""

from torch import Tensor, nn

from mmlight.models.initialize import InitCfg, InitModule


class ClsBatchNormNeck(InitModule):
    """Normalize each feature vector over the batch.

    Args:
        input_features: Channels `C`.
        affine: Whether a factor and an offset per channel are trained.
        eps: Added to the variance.
        init_cfg: See `InitModule`.

    From: mmpretrain 1.2 `ClsBatchNormNeck`.
    """

    def __init__(
        self,
        input_features: int,
        affine: bool = False,
        eps: float = 1e-6,
        init_cfg: InitCfg = None,
    ) -> None:
        super().__init__(init_cfg)
        self.bn = nn.BatchNorm1d(input_features, affine=affine, eps=eps)

    def forward(self, feats: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Normalize each `(B, C)`."""
        return tuple(self.bn(feat) for feat in feats)
