import importlib

import pytest
import torch

from mmlight.translate.model_rows import BACKBONES
from mmlight.weights.name_map import NameRule
from mmlight.weights.timm_rules import HEAD_RULES, NETWORK_RULES

RULES = [rule for rules in (*NETWORK_RULES.values(), *HEAD_RULES.values()) for rule in rules]
TRANSFORMS = [rule.transform for rule in RULES if rule.transform is not None]


@pytest.mark.parametrize("kind", [*NETWORK_RULES, *HEAD_RULES])
def test_rules_are_of_backbones_that_exist(kind: str) -> None:
    module = next(name for name, kinds in BACKBONES.items() if kind in kinds.split())
    found = getattr(importlib.import_module(f"mmlight.models.backbones.{module}"), kind)
    assert found.timm_head is not None


@pytest.mark.parametrize("rule", RULES)
def test_rules_change_something(rule: NameRule) -> None:
    assert rule.transform is not None or rule.mm != rule.ours


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_layouts_come_back(transform) -> None:
    weight = torch.randn(5, 3 * 49)
    there = transform.to_mm(weight)
    assert there.ndim == 4
    assert torch.equal(transform.to_ours(there), weight)
