"""LeNet-5, which timm does not have."""

from torch import Tensor, nn

from mmlight.models.initialize import InitCfg, InitModule


class LeNet5(InitModule):
    """LeNet-5 for gray images of 32x32 pixels.

    Args:
        num_classes: Number of classes `K`; 0 or less leaves the classifier out.
        init_cfg: See `InitModule`; torch's start values by default.

    From: mmcls 0.25 and mmpretrain 1.2 `LeNet5`. Difference: a batch of one image keeps its batch
        dimension.
    """

    def __init__(self, num_classes: int = -1, init_cfg: InitCfg = None) -> None:
        super().__init__(init_cfg)
        self.num_classes = num_classes
        self.features = nn.Sequential(
            *(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2)),
            *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
            *(nn.Conv2d(16, 120, 5), nn.Tanh()),
        )
        if num_classes > 0:
            self.classifier = nn.Sequential(
                nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, num_classes)
            )

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map `(B, 1, 32, 32)` to logits `(B, K)`, or to features `(B, 120, 1, 1)`."""
        x: Tensor = self.features(images)
        if self.num_classes > 0:
            x = self.classifier(x.flatten(1))  # (B, 120, 1, 1) -> (B, 120) -> (B, K)
        return (x,)
