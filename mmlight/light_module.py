"""A LightningModule that costs less in each step."""

from typing import Any

import lightning as L


class LightModule(L.LightningModule):
    """Base of modules that are told of many events.

    Around each event Lightning notes its name at the module, some forty times in a step, and
    `nn.Module` looks each time whether the name is a parameter, a buffer or a module. It is none.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_current_fx_name":
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)
