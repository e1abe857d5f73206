"""VGG on timm."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from timm.models import vgg
from torch import Tensor, nn

from mmlight.compat.cnn.norm import infer_abbr
from mmlight.models.backbones.base.staged_backbone import StagedBackbone
from mmlight.models.initialize import Constant, InitCfg, Initializer, Kaiming, Normal
from mmlight.models.layers.activation import activation_layer
from mmlight.models.layers.conv import check_plain_conv
from mmlight.models.layers.defaults import RELU
from mmlight.models.layers.norm import freeze_norms, norm_layer
from mmlight.weights.name_map import PathRule

DEPTHS: Final[Mapping[int, tuple[int, ...]]] = {
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""Depth -> convolutions of each stage."""
CHANNELS: Final = (64, 128, 256, 512, 512)
WIDTH: Final = 4096
"""Channels of the classifier's hidden layers."""
DROP_RATE: Final = 0.5


class VGG(StagedBackbone):
    """VGG, with its classifier where `num_classes` asks for it.

    Args:
        depth: 11, 13, 16 or 19.
        num_classes: Number of classes `K`; from 1 on, the logits are the last output. They need
            features of 7x7, that is images of 224 px.
        num_stages: Number of stages, in [1, 5].
        dilations: Dilation of each stage.
        out_indices: Stages whose outputs are returned, each in [0, num_stages]; num_stages is no
            stage: the logits come with any value. None means the last stage without `num_classes`,
            and none with it.
        frozen_stages: This many stages get no gradient and stay in eval mode.
        conv_cfg: None or `{'type': 'Conv2d'}`.
        norm_cfg: None for no norm, or see `norm_layer`.
        act_cfg: Activation.
        norm_eval: Whether batch norm stays in eval mode while training.
        ceil_mode: Whether pooling rounds sizes up.
        with_last_pool: Whether the last stage ends with a pooling.
        init_cfg: See `InitModule`; by default He's rule for convolutions, one for norm layers,
            a normal distribution for linear layers.

    Raises:
        ValueError: If a value is out of range or timm cannot do it.

    Examples:
        >>> import torch
        >>> [tuple(x.shape) for x in VGG(11, out_indices=(0, 4))(torch.rand(1, 3, 64, 64))]
        [(1, 64, 32, 32), (1, 512, 2, 2)]

    From: mmcls 0.25 and mmpretrain 1.2 `VGG`.
    """

    timm_head = "head.fc"
    default_init: ClassVar[tuple[Initializer, ...]] = (
        Kaiming(layer="Conv2d"),
        Constant(1, layer="_BatchNorm"),
        Normal(std=0.01, layer="Linear"),
    )

    def __init__(
        self,
        depth: int,
        num_classes: int = -1,
        num_stages: int = 5,
        dilations: Sequence[int] = (1, 1, 1, 1, 1),
        out_indices: Sequence[int] | None = None,
        frozen_stages: int = -1,
        conv_cfg: Mapping[str, Any] | None = None,
        norm_cfg: Mapping[str, Any] | None = None,
        act_cfg: Mapping[str, Any] = RELU,
        norm_eval: bool = False,
        ceil_mode: bool = False,
        with_last_pool: bool = True,
        init_cfg: InitCfg = None,
    ) -> None:
        if depth not in DEPTHS:
            raise ValueError(f"depth must be one of {tuple(DEPTHS)}, got {depth}")
        if not 1 <= num_stages <= 5:
            raise ValueError(f"num_stages must be in [1, 5], got {num_stages}")
        if len(dilations) != num_stages:
            raise ValueError(f"dilations must have one entry per stage, got {dilations}")
        check_plain_conv(conv_cfg)
        last = 5 if num_classes > 0 else 4
        wanted = (last,) if out_indices is None else tuple(out_indices)
        if not all(0 <= index <= num_stages for index in wanted):
            raise ValueError(f"out_indices must be in [0, {num_stages}], got {wanted}")
        network = _build_network(DEPTHS[depth][:num_stages], num_classes, norm_cfg, act_cfg)
        _set_geometry(_split_stages(network.features), dilations, ceil_mode=ceil_mode)
        if not with_last_pool:
            del network.features[-1]
        freeze_norms(network, norm_cfg or {})
        super().__init__(
            network,
            out_indices=range(num_stages),
            frozen_stages=frozen_stages,
            norm_eval=norm_eval,
            init_cfg=init_cfg,
        )
        self.out_indices = wanted
        self.num_classes = num_classes
        self.name_rules = (PathRule(_name_parts(network.features)),)
        convs = [layer for layer in network.features if isinstance(layer, nn.Conv2d)]
        Kaiming().fill_layers(convs, only_matching=False)  # what stands without an init_cfg

    def stem(self, images: Tensor) -> Tensor:
        """Return the images: there is no stem."""
        return images

    def stages(self) -> Sequence[Sequence[nn.Module]]:
        """Return the layers of each stage; its pooling is the last."""
        return _split_stages(self.network.features)

    def frozen_parts(self) -> Sequence[nn.Module]:
        """Return the layers of the first stages."""
        return [part for stage in self.stages()[: max(self.frozen_stages, 0)] for part in stage]

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, 3, H, W)` to the wanted feature maps, then logits `(B, K)` if any."""
        x = images
        outputs = []
        for index, layers in enumerate(self.stages()):
            for layer in layers:
                x = layer(x)
            if index in self.out_indices:
                outputs.append(x)
        if self.num_classes > 0:
            hidden, head = self.network.pre_logits, self.network.head
            x = hidden.drop(hidden.act1(hidden.fc1(x.flatten(1))))  # (B, C, 7, 7) -> (B, 49 C)
            outputs.append(head.fc(head.drop(hidden.act2(hidden.fc2(x)))))
        return tuple(outputs)


def _build_network(
    depths: Sequence[int],
    num_classes: int,
    norm_cfg: Mapping[str, Any] | None,
    act_cfg: Mapping[str, Any],
) -> Any:
    """Build the network; its hidden layers become linear, as which the originals start them."""
    activation = activation_layer(act_cfg)
    norm: Any = None if norm_cfg is None else norm_layer(norm_cfg)
    make_activation: Any = lambda *_, **__: activation()  # noqa: E731
    rows = [[width] * depth + ["M"] for width, depth in zip(CHANNELS, depths, strict=False)]
    network: Any = vgg.VGG(
        [entry for row in rows for entry in row],
        num_classes=max(num_classes, 0),
        mlp_ratio=1 / WIDTH,  # one channel: they are replaced below
        act_layer=make_activation,
        norm_layer=norm,
        drop_rate=DROP_RATE,
    )
    if num_classes <= 0:
        network.pre_logits, network.head = nn.Identity(), nn.Identity()
        return network
    network.pre_logits.fc1 = nn.Linear(CHANNELS[-1] * 7 * 7, WIDTH)
    network.pre_logits.fc2 = nn.Linear(WIDTH, WIDTH)
    network.pre_logits.act1, network.pre_logits.act2 = nn.ReLU(), nn.ReLU()
    return network


def _split_stages(features: nn.Sequential) -> list[list[nn.Module]]:
    """Return the layers of each stage: a stage ends with a pooling, the last one may lack it."""
    stages: list[list[nn.Module]] = [[]]
    for layer in features:
        if stages[-1] and isinstance(stages[-1][-1], nn.MaxPool2d):
            stages.append([])
        stages[-1].append(layer)
    return stages


def _set_geometry(
    stages: Sequence[Sequence[Any]], dilations: Sequence[int], *, ceil_mode: bool
) -> None:
    for layers, dilation in zip(stages, dilations, strict=True):
        *others, pool = layers
        pool.ceil_mode = ceil_mode
        for layer in others:
            if isinstance(layer, nn.Conv2d):
                layer.dilation = layer.padding = (dilation, dilation)


def _name_parts(features: nn.Sequential) -> dict[str, str]:
    """Return our names -> the original's, which counts a convolution with all behind it as one."""
    paths = {
        "network.pre_logits.fc1": "classifier.0",
        "network.pre_logits.fc2": "classifier.3",
        "network.head.fc": "classifier.6",
    }
    place = -1
    for index, layer in enumerate(features):
        if isinstance(layer, nn.Conv2d | nn.MaxPool2d):
            place += 1
        name = "conv" if isinstance(layer, nn.Conv2d) else infer_abbr(type(layer))
        paths[f"network.features.{index}"] = f"features.{place}.{name}"
    return paths
