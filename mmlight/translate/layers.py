"""The layers that `conv_cfg`, `norm_cfg`, `act_cfg` and their like name.

Configs pass these dicts on to the classes that take them, so nothing is translated here: the rows
tell the registries which names stand for which class, without importing any.

To add a type: 1. write the class, or find it in torch or timm; 2. add a Row here; 3. add a case to
tests/reference/test_blocks.py.
"""

from collections.abc import Mapping
from typing import Final

from mmlight.registry import (
    ACTIVATION_LAYERS,
    ATTENTION,
    CONV_LAYERS,
    DROPOUT_LAYERS,
    FEEDFORWARD_NETWORK,
    NORM_LAYERS,
    PADDING_LAYERS,
    PLUGIN_LAYERS,
    UPSAMPLE_LAYERS,
    Registry,
)
from mmlight.translate.table import Row, Table

_CNN = "mmlight.compat.cnn"
_FILE = "mmlight/translate/layers.py"


def _table(kind: str, registry: Registry, targets: Mapping[str, str]) -> Table:
    rows = [Row(name, target) for name, target in targets.items()]
    return Table(kind, rows, registry, file=_FILE, scopes=("mmcv", "mmengine"))


CONV_TABLE: Final = _table(
    "convolution",
    CONV_LAYERS,
    {
        "Conv1d": "torch.nn.Conv1d",
        "Conv2d": "torch.nn.Conv2d",
        "Conv3d": "torch.nn.Conv3d",
        "Conv": "torch.nn.Conv2d",
        "ConvTranspose2d": "torch.nn.ConvTranspose2d",
        "ConvTranspose3d": "torch.nn.ConvTranspose3d",
        "deconv": "torch.nn.ConvTranspose2d",
        "deconv3d": "torch.nn.ConvTranspose3d",
        "ConvWS": f"{_CNN}.convolution.ConvWS2d",
        "ConvAWS": f"{_CNN}.convolution.ConvAWS2d",
        "Conv2dAdaptivePadding": f"{_CNN}.convolution.Conv2dAdaptivePadding",
    },
)
NORM_TABLE: Final = _table(
    "norm",
    NORM_LAYERS,
    {
        "BN": "torch.nn.BatchNorm2d",
        "BN1d": "torch.nn.BatchNorm1d",
        "BN2d": "torch.nn.BatchNorm2d",
        "BN3d": "torch.nn.BatchNorm3d",
        "SyncBN": "torch.nn.SyncBatchNorm",
        "GN": "torch.nn.GroupNorm",
        "LN": "torch.nn.LayerNorm",
        "LN2d": f"{_CNN}.norm.LayerNorm2d",
        "IN": "torch.nn.InstanceNorm2d",
        "IN1d": "torch.nn.InstanceNorm1d",
        "IN2d": "torch.nn.InstanceNorm2d",
        "IN3d": "torch.nn.InstanceNorm3d",
    },
)
ACTIVATION_TABLE: Final = _table(
    "activation",
    ACTIVATION_LAYERS,
    {
        "ReLU": "torch.nn.ReLU",
        "LeakyReLU": "torch.nn.LeakyReLU",
        "PReLU": "torch.nn.PReLU",
        "RReLU": "torch.nn.RReLU",
        "ReLU6": "torch.nn.ReLU6",
        "ELU": "torch.nn.ELU",
        "Sigmoid": "torch.nn.Sigmoid",
        "Tanh": "torch.nn.Tanh",
        "SiLU": "torch.nn.SiLU",
        "GELU": "torch.nn.GELU",
        "QuickGELU": "timm.layers.QuickGELU",
        "HSwish": "torch.nn.Hardswish",
        "HSigmoid": f"{_CNN}.activation.HSigmoid",
        "Swish": f"{_CNN}.activation.Swish",
        "Clamp": f"{_CNN}.activation.Clamp",
        "Clip": f"{_CNN}.activation.Clamp",
    },
)
PADDING_TABLE: Final = _table(
    "padding",
    PADDING_LAYERS,
    {
        "zero": "torch.nn.ZeroPad2d",
        "reflect": "torch.nn.ReflectionPad2d",
        "replicate": "torch.nn.ReplicationPad2d",
    },
)
UPSAMPLE_TABLE: Final = _table(
    "upsampling",
    UPSAMPLE_LAYERS,
    {
        "nearest": "torch.nn.Upsample",
        "bilinear": "torch.nn.Upsample",
        "pixel_shuffle": f"{_CNN}.convolution.PixelShufflePack",
        "deconv": "torch.nn.ConvTranspose2d",
        "deconv3d": "torch.nn.ConvTranspose3d",
    },
)
DROPOUT_TABLE: Final = _table(
    "dropout",
    DROPOUT_LAYERS,
    {
        "Dropout": f"{_CNN}.layer.Dropout",
        "DropPath": "mmlight.models.layers.drop_path.DropPath",
    },
)
PLUGIN_TABLE: Final = _table(
    "plugin",
    PLUGIN_LAYERS,
    {
        "ConvModule": f"{_CNN}.conv_module.ConvModule",
        "ContextBlock": f"{_CNN}.context_block.ContextBlock",
        "NonLocal2d": f"{_CNN}.non_local.NonLocal2d",
    },
)
ATTENTION_TABLE: Final = _table(
    "attention", ATTENTION, {"MultiheadAttention": f"{_CNN}.transformer.MultiheadAttention"}
)
FEEDFORWARD_TABLE: Final = _table(
    "feed-forward network", FEEDFORWARD_NETWORK, {"FFN": f"{_CNN}.transformer.FFN"}
)
