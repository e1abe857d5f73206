from collections.abc import Iterator

import pytest

from tests.reference.original import Original

# these run beside the originals, which the tests themselves do not import
collect_ignore = ["probe_hooks.py", "their_dataset.py", "their_head.py", "their_model.py"]


def _session(generation: str) -> Iterator[Original]:
    original = Original(generation)
    yield original
    original.close()


@pytest.fixture(scope="session")
def mmcls() -> Iterator[Original]:
    """Run a function beside mmcls 0.25.0 on mmcv 1.7.2."""
    yield from _session("mmcls")


@pytest.fixture(scope="session")
def mmpretrain() -> Iterator[Original]:
    """Run a function beside mmpretrain 1.2.0 on mmengine 0.10.7."""
    yield from _session("mmpretrain")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/reference/" in str(item.path):
            item.add_marker("reference")
