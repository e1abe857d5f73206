"""Where a user's own classes get the names by which configs call them.

The built-in types are not registered here: they are rows of the tables in `mmlight/translate/`. A
lookup asks those tables first and these registries second; a registered class enters the Spec as
its import path.
"""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

T = TypeVar("T", bound=Callable[..., Any])


class Registry:
    """Maps names to classes.

    Args:
        name: What the registry holds, for error texts.

    Examples:
        >>> NECKS = Registry("neck")
        >>> @NECKS.register_module()
        ... class MyNeck: ...
        >>> NECKS.get("MyNeck").__name__
        'MyNeck'

    From: mmcv 1.7 and mmengine 0.10 `Registry`, names only: building goes through the Spec.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._classes: dict[str, Callable[..., Any]] = {}

    def register_module(
        self,
        name: str | list[str] | None = None,
        force: bool = False,
        module: T | None = None,
    ) -> Callable[[T], T] | T:
        """Register a class, as a decorator or by `module=`.

        Args:
            name: Name in configs, or several; the class name when None.
            force: Replace a class that has the name already.
            module: The class; None when used as a decorator.

        Raises:
            KeyError: If the name is taken and `force` is False.
        """

        def register(target: T) -> T:
            for key in [name] if isinstance(name, str) else name or [target.__name__]:
                if key in self._classes and not force:
                    raise KeyError(
                        f"{key!r} is registered already as a {self.name}: {self._classes[key]}"
                    )
                self._classes[key] = target
            return target

        return register if module is None else register(module)

    def get(self, name: str) -> Callable[..., Any] | None:
        """Return the class of that name, or None."""
        return self._classes.get(name)

    def __contains__(self, name: str) -> bool:
        return name in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(self._classes)

    def __repr__(self) -> str:
        return f"Registry({self.name!r}: {', '.join(self._classes) or 'empty'})"


MODELS = Registry("model")
INITIALIZERS = Registry("initializer")
DATASETS = Registry("dataset")
TRANSFORMS = Registry("transform")
DATA_SAMPLERS = Registry("sampler")
OPTIMIZERS = Registry("optimizer")
PARAM_SCHEDULERS = Registry("schedule")
HOOKS = Registry("hook")
METRICS = Registry("metric")
VISBACKENDS = Registry("logger")
