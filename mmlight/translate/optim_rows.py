"""The optimizers that have a name, and the constructors that build them.

Those of torch and timm are read from their packages, without importing them. To add another: 1. a
Row here; 2. its steps in tests/reference/test_optimizers.py.
"""

import ast
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from mmlight.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIMIZERS
from mmlight.translate.table import Row, Table

_FILE: Final = "mmlight/translate/optim_rows.py"
NO_OPTIMIZERS: Final = ("Optimizer", "OptimizerRegistry", "OptimInfo", "Lookahead")
"""Classes beside the optimizers; Lookahead wraps a live one."""


def list_classes(package: str) -> list[str]:
    """Return the classes that the `optim` of a package imports from its own modules.

    Examples:
        >>> "SGD" in list_classes("torch"), "Lion" in list_classes("timm"), list_classes("nonesuch")
        (True, True, [])
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return []
    file = Path(spec.origin).parent / "optim" / "__init__.py"
    lines = ast.parse(file.read_text(encoding="utf-8")).body
    found = [line for line in lines if isinstance(line, ast.ImportFrom)]
    own = [line for line in found if line.level or str(line.module).startswith(f"{package}.optim.")]
    names = [alias.name for line in own for alias in line.names]
    return [name for name in names if name[0].isupper() and name not in NO_OPTIMIZERS]


_PLAIN: Final = ("Adagrad", "Adam", "AdamW", "AdEMAMix", "LAMB", "LARS", "Lion", "RMSprop", "SGD")
_PAGED: Final = ("PagedAdam", "PagedAdamW", "PagedAdEMAMix", "PagedLion")
_BITSANDBYTES: Final = {
    **{f"{name}{bits}": f"{name}{bits}" for name in _PLAIN for bits in ("8bit", "32bit")},
    **{f"{name}{bits}": f"{name}{bits}" for name in _PAGED for bits in ("", "8bit", "32bit")},
    **{f"bnb_{name}": name for name in _PLAIN},
    "LAMB": "LAMB",
    "PytorchLARS": "PytorchLARS",
}
"""Name in mmengine -> class in bitsandbytes."""

_TORCH: Final = {
    "TorchAdafactor" if name == "Adafactor" else name: f"torch.optim.{name}"
    for name in list_classes("torch")
}
_OTHERS: Final = {
    "DAdaptAdaGrad": "dadaptation.DAdaptAdaGrad",
    "DAdaptAdam": "dadaptation.DAdaptAdam",
    "DAdaptSGD": "dadaptation.DAdaptSGD",
    "SophiaG": "Sophia.SophiaG",
    **{name: f"bitsandbytes.optim.{target}" for name, target in _BITSANDBYTES.items()},
}
"""What mmengine takes from packages that may be missing; the error then names the package."""
_OURS: Final = {
    "Lamb": "timm.optim.Lamb",
    "LARS": "mmlight.optim.lars.LARS",
    "Adan": "mmlight.optim.adan.Adan",
}
_TIMM: Final = {
    name: f"timm.optim.{name}"
    for name in list_classes("timm")
    if name not in {"Adafactor", *_TORCH, *_OTHERS, *_OURS}
}
OPTIMIZER_ROWS: Final = (
    *(Row(name, target) for name, target in _TORCH.items()),
    *(Row(name, target, scopes=("mmcv", "mmpretrain")) for name, target in _OURS.items()),
    *(Row(name, target, scopes=("mmlight",)) for name, target in (_TIMM | _OTHERS).items()),
    Row("Adafactor", "transformers.Adafactor", scopes=("mmcv", "mmengine")),
)
OPTIMIZER_TABLE: Final = Table(
    "optimizer",
    OPTIMIZER_ROWS,
    OPTIMIZERS,
    file=_FILE,
    scopes=("mmcv", "mmengine"),
    purposes={"ZeroRedundancyOptimizer": "spreading its state over processes"},
)

_C: Final = "mmlight.compat.optimizer"
CONSTRUCTOR_ROWS: Final = (
    Row("DefaultOptimizerConstructor", f"{_C}.DefaultOptimizerConstructor", scopes=("mmcv",)),
    Row(
        "DefaultOptimWrapperConstructor",
        f"{_C}.DefaultOptimWrapperConstructor",
        scopes=("mmengine",),
    ),
    Row(
        "LearningRateDecayOptimWrapperConstructor",
        f"{_C}.LearningRateDecayOptimWrapperConstructor",
        scopes=("mmpretrain",),
    ),
)
CONSTRUCTOR_TABLE: Final = Table(
    "optimizer constructor", CONSTRUCTOR_ROWS, OPTIM_WRAPPER_CONSTRUCTORS, file=_FILE
)
