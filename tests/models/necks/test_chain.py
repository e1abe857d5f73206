import torch
from torch import nn

from mmlight.models.initialize import Constant, InitModule, init_weights
from mmlight.models.necks.chain import NeckChain
from tests.reference.twin import build_ours


class Own(InitModule):
    """A neck with start values."""

    def __init__(self):
        super().__init__(Constant(3, layer="Linear"))
        self.fc = nn.Linear(2, 2)

    def forward(self, feats):
        return tuple(self.fc(feat) for feat in feats)


def test_necks_follow_each_other_and_are_filled():
    chain = NeckChain([Own(), Own()])
    init_weights(chain, None)
    assert next(name for name, _ in chain.named_parameters()) == "0.fc.weight"
    (out,) = chain((torch.ones(1, 2),))
    assert out.tolist() == [[36.0, 36.0]]


def test_list_of_a_config_becomes_a_chain():
    for generation in ("mmcls", "mmpretrain"):
        necks = [
            dict(type="GeneralizedMeanPooling"),
            dict(type="ClsBatchNormNeck", input_features=3),
        ]
        net = dict(type="LeNet5")
        model = build_ours(dict(type="ImageClassifier", backbone=net, neck=necks), generation)
        assert [type(neck).__name__ for neck in model.neck] == [n["type"] for n in necks]
        assert model.name_map().to_mm["neck.0.p"] == "neck.0.p"
