"""Stage n imports only earlier stages and what all share; stages 1 to 3 import no tensors."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
REGISTRY = {
    f"mmlight.registry.{path.stem}"
    for path in (ROOT / "mmlight" / "registry").glob("*.py")
    if path.stem != "__init__"
}
SHARED = {"mmlight.spec", "mmlight.errors", *REGISTRY}
STAGES = ("mmlight.read", "mmlight.upgrade", "mmlight.translate")
HEAVY = {"torch", "torchvision", "torchmetrics", "lightning", "timm", "numpy", "cv2", "PIL"}
# what a module may import besides its own stage, earlier stages and the shared modules
EXTRA = {
    "mmlight.spec": {"mmlight.read.node"},  # an origin is part of a call
    # tables of numbers and names
    "mmlight.translate.hooks": {"mmlight.hooks.priority"},
    "mmlight.translate.custom_hooks": {"mmlight.hooks.priority"},
    "mmlight.upgrade.modern.steps": {"mmlight.data.presets"},  # a table of published policies
}
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for folder in ("read", "upgrade", "translate")
    for path in (ROOT / "mmlight" / folder).rglob("*.py")
    if path.stem != "__init__"
) + sorted(SHARED)


def find_imports(module):
    """Return the modules that a module imports anywhere, inside functions too."""
    text = (ROOT / Path(*module.split("."))).with_suffix(".py").read_text()
    found = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            found.add(str(node.module))
    return found


def find_stage(module):
    return next((i for i, stage in enumerate(STAGES) if module.startswith(f"{stage}.")), None)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_backwards_when_early_stage(module):
    stage = find_stage(module)
    for name in find_imports(module):
        if not name.startswith("mmlight"):
            assert name.split(".")[0] not in HEAVY, f"{module} imports {name}"
            continue
        if name in SHARED | {"mmlight.registry"} | EXTRA.get(module, set()):
            continue
        other = find_stage(name)
        assert None not in (stage, other), f"{module} imports {name}"
        assert other <= stage, f"{module} imports {name}"


@pytest.mark.parametrize(
    "config",
    [
        "configs/lenet/lenet5_fashion-mnist-mini.py",
        "configs/mmengine/vision_transformer/vit-base-p16_32xb128_in1k.py",
    ],
)
def test_no_tensors_are_imported_when_translating(config):
    code = (
        "import sys, mmlight; from mmlight.run import read_spec;"
        f"assert 'class_path' in read_spec({config!r}).to_yaml();"
        "print(sorted({name.split('.')[0] for name in sys.modules}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(ast.literal_eval(result.stdout))
