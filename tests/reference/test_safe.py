"""Reads every config that the originals ship without running it, and compares with running it.

What running gives is compared with the originals in `test_corpus.py`.
"""

import pytest

from mmlight.errors import MMLightError
from mmlight.read.file import Rules, read_file
from mmlight.read.safe.limits import MAX_STEPS, Budget
from tests.reference.original import FOLDER
from tests.safe_configs import to_tree

ROOTS = {name: FOLDER / name / name / ".mim" / "configs" for name in ("mmcls", "mmpretrain")}
COUNTS = {"mmcls": (477, 470), "mmpretrain": (846, 842)}
"""Files of each folder, `_base_` included, and how many of them can be read at all."""


def read(file, rules):
    """Return values and origins, None where there is an error."""
    try:
        return to_tree(read_file(file, rules).values)
    except MMLightError:
        return None


@pytest.mark.slow
@pytest.mark.parametrize("name", ROOTS)
def test_values_and_origins_equal_running_when_read_safely(name):
    files = sorted(ROOTS[name].rglob("*.py"))
    ours = {file: read(file, Rules(safe=Budget())) for file in files}
    theirs = {file: read(file, Rules()) for file in files}
    assert [str(file) for file in files if ours[file] != theirs[file]] == []
    assert (len(files), sum(tree is not None for tree in theirs.values())) == COUNTS[name]


def test_budget_is_ample_when_the_largest_config():
    def steps_of(file):
        budget = Budget()
        read(file, Rules(safe=budget))
        return MAX_STEPS - budget.left

    files = sorted(ROOTS["mmpretrain"].rglob("*.py"), key=lambda file: file.stat().st_size)[-20:]
    assert 10_000 < max(map(steps_of, files)) < MAX_STEPS / 10
