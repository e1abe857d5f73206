from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.upgrade import upgrade_config


def upgrade(**model):
    config = upgrade_config(Config({"model": model, "runner": {}}))
    return to_plain(config.model), config.notes


def test_augments_split_when_train_cfg():
    augments = [
        dict(type="BatchMixup", alpha=0.8, num_classes=10, prob=0.5),
        dict(type="BatchCutMix", alpha=1.0, num_classes=10, prob=0.3),
        dict(type="Identity", num_classes=10, prob=0.2),
    ]
    model, _ = upgrade(train_cfg=dict(augments=augments))
    assert model["train_cfg"] == dict(
        augments=[
            dict(type="Mixup", alpha=0.8),
            dict(type="CutMix", alpha=1.0),
            dict(type="Identity"),
        ],
        probs=[0.5, 0.3, 0.2],
        num_classes=10,
        generation="0.x",
    )


def test_augments_may_be_one_when_train_cfg():
    model, _ = upgrade(train_cfg=dict(augments=dict(type="BatchResizeMix", num_classes=3)))
    assert model["train_cfg"]["augments"] == [dict(type="ResizeMix")]
    assert model["train_cfg"]["probs"] == [1.0]


def test_weights_come_first_when_pretrained():
    assert upgrade(type="ImageClassifier")[0] == dict(type="ImageClassifier", pretrained_last=False)


def test_output_is_named_when_vit():
    for flag, out_type in ((True, "cls_token"), (False, "featmap")):
        backbone = dict(type="VisionTransformer", output_cls_token=flag)
        model, _ = upgrade(backbone=backbone)
        assert model["backbone"] == dict(type="VisionTransformer", out_type=out_type)


def test_class_token_leaves_late_when_vit_is_without():
    backbone = dict(type="DistilledVisionTransformer", with_cls_token=False)
    model, _ = upgrade(backbone=dict(backbone))
    assert model["backbone"] == dict(**backbone, drops_cls_token=True)
    kept = dict(type="VisionTransformer", with_cls_token=True)
    assert upgrade(backbone=dict(kept))[0]["backbone"] == kept


def test_drop_path_is_constant_when_resnet():
    for kind, expected in (("ResNet", "constant"), ("SEResNeXt", "constant"), ("SwinT", None)):
        model, _ = upgrade(backbone=dict(type=kind, drop_path_rate=0.1))
        assert model["backbone"].get("drop_path_schedule") == expected
    assert upgrade(backbone=dict(type="ResNet", drop_path_rate=0))[0]["backbone"] == dict(
        type="ResNet", drop_path_rate=0
    )


def test_unused_words_become_notes_when_label_smooth():
    loss = dict(type="LabelSmoothLoss", label_smooth_val=0.1, loss_weight=2.0, reduction="sum")
    model, notes = upgrade(head=dict(loss=loss))
    assert model["head"]["loss"] == dict(type="LabelSmoothLoss", label_smooth_val=0.1)
    assert [note.path for note in notes] == [
        "model.head.loss.loss_weight",
        "model.head.loss.reduction",
    ]
    other = dict(type="CrossEntropyLoss", loss_weight=2.0)
    assert upgrade(head=dict(loss=other))[0]["head"]["loss"] == other


def test_size_is_renamed_when_van():
    def arch(name):
        return upgrade(backbone=dict(type="VAN", arch=name))[0]["backbone"]["arch"]

    assert [arch(name) for name in ("b0", "b3", "tiny")] == ["tiny", "large", "tiny"]
    assert arch("b5") == dict(
        embed_dims=[96, 192, 480, 768], depths=[3, 3, 24, 3], ffn_ratios=[8, 8, 4, 4]
    )


def test_old_initial_values_are_written_when_defaults_changed():
    model, _ = upgrade(backbone=dict(type="ConvNeXt"))
    assert model["backbone"]["init_cfg"] is None


def test_losses_of_conformer_are_averaged_and_its_start_values_fixed():
    head = dict(type="ConformerHead", init_cfg=dict(type="Normal", layer="Linear", std=0.01))
    model, notes = upgrade(head=head)
    assert model["head"] == dict(type="ConformerHead", branch_reduction="mean")
    assert [note.path for note in notes] == ["model.head.init_cfg"]
    pretrained = dict(type="Pretrained", checkpoint="x.pth")
    model, notes = upgrade(head=dict(type="ConformerHead", init_cfg=pretrained))
    assert model["head"]["init_cfg"] == pretrained
    assert not notes


def test_old_norms_and_strides_are_written_when_convolutional_networks_changed():
    model, _ = upgrade(backbone=dict(type="ConvNeXt"))
    assert model["backbone"]["downsample_norm_eps"] == 1e-5
    model, _ = upgrade(backbone=dict(type="EfficientNet", arch="em"))
    assert model["backbone"]["edge_stride"] == "last"
    model, _ = upgrade(backbone=dict(type="EfficientNet", arch="b0"))
    assert "edge_stride" not in model["backbone"]


def test_old_heads_say_what_they_mean_when_changed():
    model, notes = upgrade(head=dict(type="StackedLinearClsHead", init_cfg=dict(type="Normal")))
    assert model["head"] == dict(type="StackedLinearClsHead")
    assert [(note.path, str(note)[-38:]) for note in notes] == [
        ("model.head.init_cfg", "ClsHead of mmcls 0.25 does not use it.")
    ]
    for kind in ("MultiLabelClsHead", "MultiLabelLinearClsHead", "CSRAClsHead"):
        head = upgrade(head=dict(type=kind))[0]["head"]
        assert head["difficult_as_positive"] is True
        assert head.get("logits_as_scores", False) is (kind == "CSRAClsHead")


def test_attention_is_scaled_as_in_the_paper_when_t2t():
    model, _ = upgrade(backbone=dict(type="T2T_ViT", with_cls_token=False))
    assert model["backbone"]["attention_scale"] == "divide"
    assert model["backbone"]["drops_cls_token"] is True


def test_merging_normalizes_first_when_swin_v2_stages_do_not_say():
    post = dict(downsample_cfg=dict(is_post_norm=True), window_size=4)
    for given, expected in (
        (dict(window_size=4), dict(window_size=4, downsample_cfg={})),
        (
            [post, {}],
            [dict(window_size=4, downsample_cfg=dict(use_post_norm=True)), dict(downsample_cfg={})],
        ),
    ):
        model, _ = upgrade(backbone=dict(type="SwinTransformerV2", stage_cfgs=given))
        assert model["backbone"]["stage_cfgs"] == expected
    assert upgrade(backbone=dict(type="SwinTransformerV2"))[0]["backbone"] == dict(
        type="SwinTransformerV2"
    )
