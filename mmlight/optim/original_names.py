"""Shows a module to users' code under the parameter names of the original."""

from collections.abc import Mapping
from typing import Any

from torch import nn


class ShownModule(nn.Module):
    """A place in a tree of modules whose parameters have other names; the parameters are the same.

    What it does not have itself, methods and attributes, it takes from the module that stands
    behind it, if there is one.
    """

    def stand_for(self, shown: nn.Module) -> None:
        """Take attributes from a module from now on."""
        self.__dict__["_shown"] = shown  # no child: its parameters have their other names

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if "_shown" not in self.__dict__ or name.startswith("__"):
                raise
            return getattr(self.__dict__["_shown"], name)


def show_original_names(module: nn.Module, to_mm: Mapping[str, str]) -> nn.Module:
    """Return a module whose `named_parameters` and `named_modules` speak the original's names.

    Layers without children, such as norms and convolutions, are the very same objects, so that
    their types can be asked for. Those above are `ShownModule`; the children of `module` stand for
    theirs. It computes nothing.

    Args:
        module: A model.
        to_mm: From our parameter names to the original's.

    Returns:
        `module` itself where no name differs.

    Examples:
        >>> model = nn.Sequential(nn.Linear(1, 1), nn.LayerNorm(1))
        >>> names = {"0.weight": "a.fc.weight", "0.bias": "a.fc.bias"}
        >>> shown = show_original_names(model, names)
        >>> [name for name, _ in shown.named_parameters()]
        ['a.fc.weight', 'a.fc.bias', '1.weight', '1.bias']
    """
    if all(name == to_mm.get(name, name) for name, _ in module.named_parameters()):
        return module
    root = ShownModule()
    for path, owner in module.named_modules(remove_duplicate=False):
        names = {leaf: f"{path}.{leaf}" if path else leaf for leaf in owner._parameters}
        mm = {leaf: to_mm.get(name, name) for leaf, name in names.items()}
        places = {name.rpartition(".")[0] for name in mm.values()}
        keeps_leaves = all(name.rpartition(".")[2] == leaf for leaf, name in mm.items())
        if len(places) == 1 and keeps_leaves and not list(owner.children()) and places != {""}:
            above, _, last = places.pop().rpartition(".")
            _find(root, above).add_module(last, owner)
            continue
        for leaf, name in mm.items():
            above, _, last = name.rpartition(".")
            _find(root, above).register_parameter(last, owner._parameters[leaf])
    root.stand_for(module)
    for name, child in root._modules.items():
        behind = module._modules.get(name)
        if isinstance(child, ShownModule) and behind is not None:
            child.stand_for(behind)
    return root


def _find(root: nn.Module, path: str) -> nn.Module:
    """Return the module at a path; missing ones are added."""
    place = root
    for word in path.split(".") if path else ():
        if word not in place._modules:
            place.add_module(word, ShownModule())
        place = place.get_submodule(word)
    return place
