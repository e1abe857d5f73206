import inspect

import pytest
import timm.optim
import torch

from mmlight.translate.optim_rows import NO_OPTIMIZERS, OPTIMIZER_TABLE, list_classes


@pytest.mark.parametrize(("package", "module"), [("torch", torch.optim), ("timm", timm.optim)])
def test_classes_are_found_when_the_package_is_not_imported(package, module):
    mine = {
        name
        for name, value in vars(module).items()
        if inspect.isclass(value)
        and issubclass(value, torch.optim.Optimizer)
        and (package == "torch" or not value.__module__.startswith("torch"))
        and name not in NO_OPTIMIZERS
    }
    assert set(list_classes(package)) == mine
    assert mine - {"Adafactor"} <= OPTIMIZER_TABLE.rows.keys()


def test_every_optimizer_takes_parameters_when_its_package_is_there():
    for row in OPTIMIZER_TABLE.rows.values():
        if row.target.startswith(("torch.", "timm.", "mmlight.")):
            module, _, name = row.target.rpartition(".")
            kind = getattr(__import__(module, fromlist=[name]), name)
            assert issubclass(kind, torch.optim.Optimizer), row
            assert next(iter(inspect.signature(kind).parameters)) in ("params", "args"), row


def test_nothing_is_found_when_the_package_is_missing():
    assert list_classes("nonesuch") == []
