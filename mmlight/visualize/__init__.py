"""Pictures of samples and of predictions.

In a notebook, a cell that ends in `browse_samples("X.py", mode="pipeline")` shows the picture.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmlight.visualize.browse import browse_samples as browse_samples

__all__ = ["browse_samples"]


def __getattr__(name: str) -> Any:
    """Import at first use: what draws predictions is imported by what browsing builds."""
    if name in __all__:
        from mmlight.visualize.browse import browse_samples

        return browse_samples
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
