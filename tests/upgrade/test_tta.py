import pytest

from mmlight.errors import ConfigError, UnsupportedValueError
from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.tta import use_tta

STEPS = [dict(type="LoadImageFromFile"), dict(type="PackInputs")]
LOADER = dict(dataset=dict(type="CIFAR10", pipeline=STEPS))
FLIPS = [dict(type="RandomFlip", prob=1.0), dict(type="RandomFlip", prob=0.0)]
MIRRORED = [STEPS[0], dict(type="TestTimeAug", transforms=[FLIPS, [STEPS[1]]])]


def use(**words):
    config = Config({"test_dataloader": LOADER, **words})
    return to_plain(use_tta(config).values)


def test_images_are_mirrored_as_well_when_nothing_else_is_said():
    assert use()["test_dataloader"]["dataset"]["pipeline"] == MIRRORED


def test_pipeline_of_the_config_is_taken_when_given():
    own = [dict(type="TestTimeAug", transforms=[])]
    values = use(tta_pipeline=own, tta_model=dict(type="mmpretrain.AverageClsScoreTTA"))
    assert values == {"test_dataloader": {"dataset": {**LOADER["dataset"], "pipeline": own}}}


def test_other_data_keep_their_pipeline():
    config = Config({"val_dataloader": LOADER, "test_dataloader": LOADER})
    shared = Config({**config.values, "test_dataloader": config.values["val_dataloader"]})
    values = to_plain(use_tta(shared).values)
    assert values["val_dataloader"] == LOADER
    assert values["test_dataloader"]["dataset"]["pipeline"] == MIRRORED


def test_datasets_inside_wrappers_are_changed():
    inner = dict(type="ConcatDataset", datasets=[LOADER["dataset"]] * 2)
    (first, second) = use(test_dataloader=dict(dataset=inner))["test_dataloader"]["dataset"][
        "datasets"
    ]
    assert first["pipeline"] == second["pipeline"] == MIRRORED


def test_raises_when_scores_shall_become_one_otherwise():
    with pytest.raises(UnsupportedValueError, match="'MaxTTA' is no known way") as caught:
        use(tta_model=dict(type="MaxTTA"))
    assert caught.value.path == "tta_model.type"


@pytest.mark.parametrize("loader", [None, dict(dataset=dict(type="Mine"))])
def test_raises_when_there_is_no_pipeline(loader):
    with pytest.raises(ConfigError, match="test_dataloader: no pipeline is there"):
        use(test_dataloader=loader)
