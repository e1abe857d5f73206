"""Words for layers that are the defaults of many networks, read-only."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

BATCH_NORM: Final[Mapping[str, Any]] = MappingProxyType({"type": "BN"})
LAYER_NORM: Final[Mapping[str, Any]] = MappingProxyType({"type": "LN"})
GELU: Final[Mapping[str, Any]] = MappingProxyType({"type": "GELU"})
RELU: Final[Mapping[str, Any]] = MappingProxyType({"type": "ReLU"})
SWISH: Final[Mapping[str, Any]] = MappingProxyType({"type": "Swish"})
