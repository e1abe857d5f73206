"""The Spec of every config of this project, as text: a change is reviewed as a diff.

make golden      writes them anew
"""

from pathlib import Path

import pytest

from mmlight.run import read_spec
from mmlight.spec import Spec

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "data" / "specs"
PLACE = "<project>"
CONFIGS = sorted(
    path.relative_to(ROOT / "configs").with_suffix("")
    for path in (ROOT / "configs").rglob("*.py")
    if "_base_" not in path.parts
)


def to_golden(config):
    """`mmengine/lenet/x` is kept in `mmengine.lenet.x.yaml`."""
    return GOLDEN / f"{'.'.join(config.parts)}.yaml"


def write_spec(config):
    """Return the Spec as text that is the same on every machine."""
    return read_spec(ROOT / "configs" / f"{config}.py").to_yaml().replace(str(ROOT), PLACE)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_spec_is_unchanged_when_translated(config, golden):
    text = write_spec(config)
    if golden:
        to_golden(config).write_text(text, encoding="utf-8")
    assert text == to_golden(config).read_text(encoding="utf-8"), "run 'make golden', then review"


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_spec_reads_back_when_written(config):
    text = write_spec(config)
    assert Spec.from_yaml(text).to_yaml() == text


def test_no_golden_is_left_over_when_a_config_goes(golden):
    expected = {to_golden(config) for config in CONFIGS}
    for path in set(GOLDEN.iterdir()) - expected if golden else ():
        path.unlink()
    assert set(GOLDEN.iterdir()) == expected
