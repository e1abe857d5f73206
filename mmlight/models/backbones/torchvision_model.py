"""Any network of torchvision by its name, as a backbone."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any, Final

import torch
import torchvision
from torch import Tensor, nn
from torchvision.models import get_model

from mmlight.models.initialize import InitCfg, InitModule
from mmlight.weights.load import load_weights
from mmlight.weights.read import read_state

POOLING: Final = "avgpool"
CLASSIFIERS: Final = ("fc", "classifier", "head", "heads")
"""What torchvision calls the classifier of a network."""
WITH_SECOND_CLASSIFIER: Final = ("googlenet", "inception_v3")


class TorchvisionBackbone(InitModule):
    """A network for image classification of torchvision without its classifier.

    Args:
        model_name: Name in torchvision's list, for example `resnet50`.
        out_layers: Layers whose outputs are returned, in this order, such as
            `('layer2', 'layer4')`; None for what goes into the layer `avgpool`, `(B, C, H, W)`, or,
            where there is none, into the classifier: `(B, C)` for densenet, mnasnet, mobilenet_v2,
            shufflenet_v2 and vit.
        pretrained: Fetch torchvision's own weights.
        checkpoint_path: File with weights under torchvision's names.
        init_cfg: Initial weights, for example `Pretrained`; None keeps torchvision's.
        **kwargs: Further arguments of the network.

    Raises:
        ValueError: If torchvision has no such network, or it has no such layer.

    Examples:
        >>> images = torch.rand(1, 3, 64, 64)
        >>> [tuple(x.shape) for x in TorchvisionBackbone("resnet18")(images)]
        [(1, 512, 2, 2)]
    """

    def __init__(
        self,
        model_name: str,
        out_layers: Sequence[str] | None = None,
        pretrained: bool = False,
        checkpoint_path: str = "",
        init_cfg: InitCfg = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(init_cfg)
        known = torchvision.models.list_models(module=torchvision.models)
        _check_known("model_name", model_name, "networks of torchvision", known)
        if model_name in WITH_SECOND_CLASSIFIER:
            kwargs.setdefault("aux_logits", False)
        with torch.device("cpu"):  # some compute their sizes with tensors
            network: nn.Module = get_model(model_name, **{"weights": None, **kwargs})
        last = next(name for name in CLASSIFIERS if hasattr(network, name))
        linear = [n for n, layer in network.named_modules() if isinstance(layer, nn.Linear)]
        self.timm_head = next((name for name in reversed(linear) if name.startswith(last)), None)
        setattr(network, last, nn.Identity())
        layers = [name for name, _ in network.named_modules() if name]
        for name in out_layers or ():
            _check_known("out_layers", name, f"layers of {model_name}", layers)
        self.model_name = model_name
        self.out_layers = None if out_layers is None else tuple(out_layers)
        self.last = POOLING if POOLING in layers else last
        self.weights = {"pretrained": pretrained, "checkpoint_path": checkpoint_path}
        self.torchvision_model = network.to(torch.get_default_device())

    def init_children(self, init: Callable[[nn.Module], None]) -> None:
        """Load torchvision's weights where they are asked for; else its own start values stay.

        Loading waits until here, because a checkpoint of ours must be usable without those files.
        """
        if self.weights["pretrained"]:
            state = read_state(f"torchvision://{self.model_name}")
            own = self.torchvision_model.state_dict()
            self.torchvision_model.load_state_dict({name: state[name] for name in own})
        if self.weights["checkpoint_path"]:
            load_weights(self.torchvision_model, str(self.weights["checkpoint_path"]))

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Map images `(B, C, H, W)` to a tuple of features."""
        found: dict[str, Tensor] = {}
        network = self.torchvision_model
        if self.out_layers is None:
            layer = network.get_submodule(self.last)
            handles = [layer.register_forward_pre_hook(partial(_keep_input, found))]
        else:
            handles = [
                network.get_submodule(name).register_forward_hook(partial(_keep, found, name))
                for name in self.out_layers
            ]
        try:
            network(images)
        finally:
            for handle in handles:
                handle.remove()
        return tuple(found[name] for name in self.out_layers or found)


def _keep_input(found: dict[str, Tensor], layer: nn.Module, inputs: tuple[Tensor]) -> None:
    (found["last"],) = inputs


def _keep(
    found: dict[str, Tensor], name: str, layer: nn.Module, inputs: object, output: Tensor
) -> None:
    found[name] = output


def _check_known(argument: str, name: str, kind: str, known: Sequence[str]) -> None:
    if name not in known:
        near = ", ".join(get_close_matches(name, known, n=5, cutoff=0.3))
        raise ValueError(f"{argument} must be among the {kind}, got {name!r}; near: {near}")
