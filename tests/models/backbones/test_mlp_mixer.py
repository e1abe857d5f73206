import pytest
import torch

from mmlight.models.backbones.mlp_mixer import MlpMixer
from mmlight.weights.name_map import name_map

TINY = {"embed_dims": 8, "num_layers": 2, "tokens_mlp_dims": 5, "channels_mlp_dims": 12}


def test_outputs_put_channels_first() -> None:
    model = MlpMixer(TINY, img_size=(32, 48), out_indices=(0, -1))
    assert [out.shape for out in model(torch.rand(1, 3, 32, 48))] == [(1, 8, 6)] * 2


def test_names_follow_the_norm() -> None:
    names = name_map(MlpMixer(TINY, img_size=32)).to_ours
    assert {"ln1.weight", "layers.1.ln2.bias", "layers.0.token_mix.layers.0.0.weight"} < set(names)


def test_widths_are_those_of_the_config() -> None:
    block = MlpMixer(TINY, img_size=32).network.blocks[0]
    assert block.mlp_tokens.fc1.weight.shape == (5, 4)
    assert block.mlp_channels.fc1.weight.shape == (12, 8)


def test_rate_is_the_same_in_all_layers() -> None:
    blocks = MlpMixer(TINY, img_size=32, drop_path_rate=0.3).network.blocks
    assert [(b.drop_path.drop_prob, b.drop_path2.drop_prob) for b in blocks] == [(0.3, 0.3)] * 2


def test_takes_channels_from_the_patch_embedding() -> None:
    model = MlpMixer(TINY, img_size=32, patch_cfg={"in_channels": 1})
    assert model(torch.rand(1, 1, 32, 32))[0].shape == (1, 8, 4)


def test_raises_when_images_have_another_size() -> None:
    with pytest.raises(ValueError, match=r"size \(32, 32\), got .*\[32, 48\]"):
        MlpMixer(TINY, img_size=32)(torch.rand(1, 3, 32, 48))
