"""The base of users' own transforms."""

from abc import ABC, abstractmethod

from mmlight.data.transforms.contract import Results


class BaseTransform(ABC):
    """Base of a user's own transform: `transform` must be written.

    Examples:
        >>> class Shout(BaseTransform):
        ...     def transform(self, results):
        ...         return {**results, "name": results["name"].upper()}
        >>> Shout()({"name": "cat"})
        {'name': 'CAT'}

    From: mmcv 2.x `BaseTransform`.
    """

    def __call__(self, results: Results) -> Results | None:
        """Call `transform`."""
        return self.transform(results)

    @abstractmethod
    def transform(self, results: Results) -> Results | None:
        """Return the results changed, in place or as a new dict; None drops the sample."""
