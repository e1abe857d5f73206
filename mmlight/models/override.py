"""Other start values for one part of a module than its `init_cfg` gives to the whole."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from torch import nn

from mmlight.registry import INITIALIZERS


class Override:
    """Start values for one named part of a module.

    Args:
        name: Attribute name of the part.
        initializer: Fills every layer of the part; None means the initializer that the override
            belongs to. It is an `Initializer`, or one of a user, which has an attribute
            `wholemodule`.
    """

    def __init__(self, name: str, initializer: Any = None) -> None:
        self.name = name
        self.initializer = initializer

    @classmethod
    def of(cls, words: "AnyOverride") -> "Override":
        """Make an override of its words: `name`, and maybe `type` with its arguments.

        Raises:
            ValueError: If they lack a name, or the type of an initializer that the others need.
        """
        if isinstance(words, Override):
            return words
        options = dict(words)
        if "name" not in options:
            raise ValueError(f"override must have a name, got {options}")
        name = options.pop("name")
        if not options:
            return cls(name)
        kind = options.pop("type", None)
        initializer = INITIALIZERS.get(kind) if isinstance(kind, str) else kind
        if initializer is None or kind == "Pretrained":
            raise ValueError(f"override must have the type of an initializer, got {dict(words)}")
        return cls(name, initializer(**options))

    def fill(self, part: nn.Module, owner: Any) -> None:
        """Fill every layer of the part, by `owner` when the override has no initializer."""
        initializer = owner if self.initializer is None else self.initializer
        if hasattr(initializer, "fill_layers"):
            initializer.fill_layers(part.modules(), only_matching=False)
        else:
            initializer.wholemodule = True
            initializer(part)


AnyOverride: TypeAlias = Override | Mapping[str, Any]
"""An override, or its words: a dict with `name`, and maybe `type` and arguments."""
