"""Classes whose instances are found again by a name."""

from typing import Any, ClassVar, TypeVar

T = TypeVar("T", bound="ManagerMixin")


class ManagerMixin:
    """Keeps its instances by name; each subclass keeps its own.

    Args:
        name: The name of the instance; not empty.

    From: mmengine 0.10 `ManagerMixin`.
    """

    _instances: ClassVar[dict[str, Any]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._instances = {}

    def __init__(self, name: str = "", **_: Any) -> None:
        if not (isinstance(name, str) and name):
            raise ValueError(f"name must be a text that is not empty, got {name!r}")
        self._instance_name = name

    @property
    def instance_name(self) -> str:
        """The name of the instance."""
        return self._instance_name

    @classmethod
    def get_instance(cls: type[T], name: str, **kwargs: Any) -> T:
        """Return the instance of that name; at the first call it is made with the arguments."""
        if name not in cls._instances:
            cls._instances[name] = cls(name=name, **kwargs)
        instance: T = cls._instances[name]
        return instance

    @classmethod
    def get_current_instance(cls: type[T]) -> T:
        """Return the instance that was made last.

        Raises:
            RuntimeError: If there is none.
        """
        if not cls._instances:
            raise RuntimeError(f"there is no {cls.__name__} yet; call {cls.__name__}.get_instance")
        instance: T = cls._instances[next(reversed(cls._instances))]
        return instance

    @classmethod
    def check_instance_created(cls, name: str) -> bool:
        """Tell whether there is an instance of that name."""
        return name in cls._instances
