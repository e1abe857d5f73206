from mmlight.models.backbones.base.reparam import branch_rules


def test_rules_join_places_and_parts() -> None:
    rules = branch_rules({r"stages\.0\.(?P<block>\d+)": r"stage1.\g<block>"}, {"a": "b"})
    assert [rule.rename("network.stages.0.7.a.weight") for rule in rules] == ["stage1.7.b.weight"]
