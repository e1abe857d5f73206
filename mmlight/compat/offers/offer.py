"""The format of the tables that say under which names the originals offer what lives here.

A table is a module `mmlight/compat/offers/*.py` with a tuple `OFFERS` of rows; `TABLES` lists them.
Nothing of a row is imported before somebody asks for the name, so tables cost no torch.

To offer a name: 1. find out from the original which modules export it; 2. add an `Offer` to the
table of its kind; 3. tests/compat/test_catalog.py then checks that the home is there, and
tests/reference/test_import_names.py that the original has the name where the row says so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

PACKAGES: Final = ("mmcv", "mmengine", "mmcls", "mmpretrain", "mmselfsup", "mmdet", "mmdet3d")
"""The packages whose names are offered."""

TABLES: Final = (
    "mmlight.compat.offers.registries",
    "mmlight.compat.offers.models",
    "mmlight.compat.offers.data",
    "mmlight.compat.offers.runtime",
    "mmlight.compat.offers.schedules",
    "mmlight.compat.offers.blocks",
    "mmlight.compat.offers.logs",
    "mmlight.compat.offers.files",
    "mmlight.compat.offers.images",
    "mmlight.compat.offers.tools",
)
"""Every table; of two rows for the same module and name the first counts, and a test forbids it."""


@dataclass(frozen=True)
class Offer:
    """Things of one of our modules, and the modules of the originals that have them.

    Args:
        home: Our module, for example `mmlight.hooks.hook`.
        names: Names of things in it, divided by blanks; `theirs=ours` where the original calls it
            differently.
        modules: Modules of the originals, divided by blanks: the one that defines it and all that
            re-export it. Each of them offers every name of the row. Packages above them are there
            by themselves.

    Examples:
        >>> row = Offer("mmlight.hooks.hook", "Hook", "mmcv.runner mmengine.hooks")
        >>> list(row.expand())[1]
        ('mmengine.hooks', 'Hook', 'mmlight.hooks.hook.Hook')
    """

    home: str
    names: str
    modules: str

    def expand(self) -> Iterator[tuple[str, str, str]]:
        """Yield (their module, their name, import path of ours) for every name of every module."""
        for module in self.modules.split():
            for name in self.names.split():
                theirs, _, ours = name.partition("=")
                yield module, theirs, f"{self.home}.{ours or theirs}"
