"""Things that a config imports: named by their dotted paths, imported only when they are needed.

From: mmengine 0.10 `LazyObject`, `LazyAttr`. Differences: whatever a config does with a thing
besides passing it on imports that thing, where mmengine raises; a config that was read holds the
dotted path, there the thing itself.
"""

import importlib
import operator
from collections.abc import Callable
from typing import Any

from mmlight.errors import ConfigError
from mmlight.read.node import ConfigDict, ConfigList, Origin, known_origin


class Imported:
    """A thing that a config imports, not imported yet.

    Attributes of it are things of the same kind. Every other use imports it: calls, arithmetic,
    comparison, formatting, iteration, deriving a class from it.

    Args:
        path: Dotted path, for example `torch.optim.SGD`.
        origin: The line of the import.
        sealed: It is never imported: using it is an error.
    """

    __slots__ = ("__origin", "__path", "__sealed")

    def __init__(self, path: str, origin: Origin, *, sealed: bool = False) -> None:
        self.__path = path
        self.__origin = origin
        self.__sealed = sealed

    def __getattr__(self, name: str) -> "Imported":
        if name.startswith("__"):
            raise AttributeError(name)
        return Imported(f"{self.__path}.{name}", self.__origin, sealed=self.__sealed)

    @staticmethod
    def path_of(thing: "Imported") -> str:
        """Return the dotted path of a thing."""
        return thing.__path

    @staticmethod
    def resolve(thing: "Imported") -> Any:
        """Import a thing and return it.

        Raises:
            ConfigError: If it is not there, or its module fails, or it is sealed.
        """
        if thing.__sealed:
            raise ConfigError(
                thing.__path,
                f"the config uses {thing.__path!r}, and safe reading imports nothing",
                origin=thing.__origin,
                expected="a class or function that the config only passes on, as in type=...",
                next_step="Write the value out, or read the config without --safe if you trust it.",
            )
        names = thing.__path.split(".")
        try:
            found: Any = importlib.import_module(names[0])
            for end, name in enumerate(names[1:], 2):
                if not hasattr(found, name):
                    importlib.import_module(".".join(names[:end]))
                found = getattr(found, name)
        except Exception as error:
            raise ConfigError(
                thing.__path,
                f"the config uses it, and it cannot be imported: {type(error).__name__}: {error}",
                origin=thing.__origin,
                next_step="Install its package, or write the value out.",
            ) from error
        return found

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> tuple[Any, ...]:
        return (Imported.resolve(self),)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Import the thing and call it."""
        return Imported.resolve(self)(*args, **kwargs)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Imported):
            return self.__path == other.__path
        return bool(Imported.resolve(self) == other)

    def __hash__(self) -> int:
        return hash(self.__path)

    def __contains__(self, item: Any) -> bool:
        return item in Imported.resolve(self)

    def __format__(self, spec: str) -> str:
        return format(Imported.resolve(self), spec)

    def __fspath__(self) -> str:
        path: str = Imported.resolve(self).__fspath__()
        return path

    def __repr__(self) -> str:
        return self.__path


def _let_operators_import() -> None:
    """Give `Imported` the operators, each of which imports the thing first."""

    def forward(name: str, function: Callable[..., Any], *, swap: bool = False) -> None:
        def method(thing: Imported, *others: Any) -> Any:
            values = [Imported.resolve(thing), *others]
            return function(*(reversed(values) if swap else values))

        setattr(Imported, name, method)

    for function in (len, iter, int, float, str, bool):
        forward(f"__{function.__name__}__", function)
    for name in ("index", "neg", "pos", "abs", "getitem", "lt", "le", "gt", "ge"):
        forward(f"__{name}__", getattr(operator, name))
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
        forward(f"__{name}__", getattr(operator, name))
        forward(f"__r{name}__", getattr(operator, name), swap=True)


_let_operators_import()


class ImportedPath(str):
    """The dotted path of a thing that a config imports; a string in every respect."""

    __slots__ = ()


def name_imported(value: Any) -> Any:
    """Replace every `Imported` in a tree, in place, by its dotted path; returns the value.

    Examples:
        >>> name_imported(ConfigDict(type=Imported("torch.optim.SGD", Origin("a.py", 1))))
        {'type': 'torch.optim.SGD'}
    """
    if isinstance(value, Imported):
        return ImportedPath(Imported.path_of(value))
    if isinstance(value, ConfigDict):
        for key, item in value.items():
            value.put(key, name_imported(item), None)
    elif isinstance(value, ConfigList):
        for index, item in enumerate(value):
            value.put(index, name_imported(item), None)
    elif type(value) is tuple:
        return tuple(map(name_imported, value))
    return value


def load_constants(value: Any, origin: Origin | None = None) -> Any:
    """Replace the dotted paths of imported constants by the constants themselves.

    What is imported for its value, such as a tuple of class names, must be loaded before it is
    used; classes and functions stay paths, and so does every `type`.

    Args:
        value: An entry of a config that was read.
        origin: Where it was set.

    Raises:
        ConfigError: If a constant cannot be imported.

    Examples:
        >>> load_constants([ImportedPath("math.pi"), ImportedPath("math.sqrt"), "math.pi"])
        [3.141592653589793, 'math.sqrt', 'math.pi']
    """
    if isinstance(value, ImportedPath):
        found = Imported.resolve(Imported(value, origin or Origin("")))
        return found if isinstance(found, _PLAIN) else value
    if isinstance(value, dict):
        return _load_entries(value, origin)
    if isinstance(value, (list, tuple)):
        items = [load_constants(item, origin) for item in value]
        if all(old is new for old, new in zip(value, items, strict=True)):
            return value
        return ConfigList(items, value.origins) if type(value) is ConfigList else type(value)(items)
    return value


def _load_entries(value: dict[str, Any], origin: Origin | None) -> dict[str, Any]:
    loaded = {
        key: item if key == "type" else load_constants(item, known_origin(value, key) or origin)
        for key, item in value.items()
    }
    if all(loaded[key] is item for key, item in value.items()):
        return value
    changed = value.copy()
    for key, item in loaded.items():
        dict.__setitem__(changed, key, item)
    return changed


_PLAIN = (type(None), bool, int, float, str, list, tuple, dict, set, frozenset, range)
