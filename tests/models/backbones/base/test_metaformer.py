from mmlight.models.backbones.poolformer import PoolFormer
from mmlight.weights.name_map import name_map

TINY = {"layers": [1, 2], "embed_dims": [8, 12], "mlp_ratios": [4, 1.5]}


def test_parts_have_the_originals_numbers() -> None:
    names = name_map(PoolFormer(TINY, out_indices=(0, 2))).to_ours
    assert names["network.1.proj.weight"] == "network.stages.1.downsample.conv.weight"
    assert names["network.2.1.layer_scale_2"] == "network.stages.1.blocks.1.layer_scale2.scale"
    assert names["norm0.weight"] == "norm0.weight"
    assert names["norm2.weight"] == "network.head.norm.weight"


def test_hidden_width_is_per_stage() -> None:
    mlp = PoolFormer(TINY, act_cfg={"type": "ReLU"}).network.stages[1].blocks[0].mlp
    assert mlp.fc1.out_channels == 18
    assert type(mlp.act).__name__ == "ReLU"


def test_a_block_drops_alike_in_both_halves() -> None:
    block = PoolFormer(TINY, drop_rate=0.1, drop_path_rate=0.4).network.stages[1].blocks[1]
    assert block.drop_path1 is block.drop_path2
    assert block.drop_path1.drop_prob == 0.4
    assert block.mlp.drop1 is block.mlp.drop2
    assert block.mlp.drop1.p == 0.1


def test_stages_of_equal_width_have_no_part_between() -> None:
    backbone = PoolFormer({"layers": [1, 1, 1], "embed_dims": [8, 8, 12]}, out_indices=(0, 1, 3))
    assert len(backbone.stages()) == 4
    assert "network.1.0.norm1.weight" in name_map(backbone).to_ours
