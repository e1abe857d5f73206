"""An object that shows, and lets change, the attributes of another one inside it."""

from typing import Any


class Mirror:
    """Base of classes that do what an object of ours does, under the names of the originals.

    Users' classes that derive from them read and set `self.gamma` and the like: attributes that are
    not there before `inner` is set are the inner object's.

    Attributes:
        inner: The object.

    Examples:
        >>> class Outer(Mirror):
        ...     def __init__(self): self.inner = type("Inner", (), {})(); self.inner.gamma = 0.1
        >>> outer = Outer()
        >>> outer.gamma = 0.5
        >>> outer.inner.gamma
        0.5
    """

    inner: Any

    def __getattr__(self, name: str) -> Any:
        inner = vars(self).get("inner")
        if inner is None or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        inner = vars(self).get("inner")
        if inner is not None and name in vars(inner) and name not in vars(self):
            setattr(inner, name, value)
        else:
            object.__setattr__(self, name, value)
