from mmlight.translate.model_rows import BACKBONES, HEADS, LOSSES, MODEL_ROWS, NECKS


def test_types_stand_in_one_row_each() -> None:
    names = [row.name for row in MODEL_ROWS]
    assert len(set(names)) == len(names)
    assert {"ResNet", "SwinTransformer", "HRFuseScales", "ClsHead", "FocalLoss"} <= set(names)


def test_rows_name_the_module_of_their_kind() -> None:
    targets = {row.name: row.target for row in MODEL_ROWS}
    assert targets["PCPVT"] == "mmlight.models.backbones.twins.PCPVT"
    assert targets["CSRAClsHead"] == "mmlight.models.heads.csra_head.CSRAClsHead"
    assert targets.pop("TorchvisionBackbone").startswith(
        "mmlight.models.backbones.torchvision_model."
    )
    folders = ("backbones", "necks", "heads", "losses")
    counts = [sum(f".{folder}." in target for target in targets.values()) for folder in folders]
    tables = (BACKBONES, NECKS, HEADS, LOSSES)
    assert counts == [sum(len(names.split()) for names in table.values()) for table in tables]


def test_users_class_wins_where_the_originals_have_no_such_type() -> None:
    (row,) = [row for row in MODEL_ROWS if row.name == "TorchvisionBackbone"]
    assert row.scopes == ("mmlight",)
