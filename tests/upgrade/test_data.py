import pytest

from mmlight.read.config import Config
from mmlight.read.node import to_plain
from mmlight.upgrade.upgrade import upgrade_config

NORM = dict(type="Normalize", mean=[1.0], std=[2.0], to_rgb=False)
PACK = [
    dict(type="ImageToTensor", keys=["img"]),
    dict(type="ToTensor", keys=["gt_label"]),
    dict(type="Collect", keys=["img", "gt_label"]),
]


def dataset(*steps, **words):
    return dict(type="CustomDataset", data_prefix="x", pipeline=[*steps, *PACK], **words)


def upgrade(**data):
    words = dict(samples_per_gpu=8, workers_per_gpu=2, train=dataset(), val=dataset())
    beside = {key: data.pop(key) for key in ("sampler",) if key in data}
    config = Config({"data": {**words, **data}, "runner": {"max_epochs": 1}, **beside})
    return to_plain(upgrade_config(config).values)


def steps(new, stage="train"):
    return [step["type"] for step in new[f"{stage}_dataloader"]["dataset"]["pipeline"]]


def test_loaders_are_written_when_words_are_old():
    new = upgrade(test=dataset(), train=dataset(classes=["a"]))
    assert new["train_dataloader"] == dict(
        batch_size=8,
        num_workers=2,
        persistent_workers=True,
        sampler=dict(type="DefaultSampler", shuffle=True),
        dataset=dict(
            type="CustomDataset", data_prefix="x", classes=["a"], pipeline=[dict(type="PackInputs")]
        ),
    )
    for stage in ("val", "test"):
        loader = new[f"{stage}_dataloader"]
        assert loader["sampler"] == dict(type="DefaultSampler", shuffle=False)
        assert loader["dataset"]["test_mode"] is True
    assert "data" not in new


def test_loader_words_hold_for_training_only_when_set_for_all():
    new = upgrade(shuffle=True, drop_last=True, pin_memory=False)
    assert new["train_dataloader"]["drop_last"] is True
    assert "drop_last" not in new["val_dataloader"]
    assert new["val_dataloader"]["sampler"]["shuffle"] is False
    assert new["val_dataloader"]["pin_memory"] is False


def test_stage_words_win_when_given():
    new = upgrade(
        train_dataloader=dict(samples_per_gpu=4, shuffle=False),
        val_dataloader=dict(workers_per_gpu=0, persistent_workers=False, drop_last=True),
    )
    train, val = new["train_dataloader"], new["val_dataloader"]
    assert (train["batch_size"], train["num_workers"], train["sampler"]["shuffle"]) == (4, 2, False)
    assert (val["num_workers"], val["persistent_workers"], val["drop_last"]) == (0, False, True)


def test_sampler_serves_training_only_when_given():
    new = upgrade(sampler=dict(type="RepeatAugSampler"))
    assert new["train_dataloader"]["sampler"] == dict(
        type="RepeatAugSampler", shuffle=True, selected_round=256
    )
    assert new["val_dataloader"]["sampler"]["type"] == "DefaultSampler"


def test_round_up_goes_to_the_sampler_when_it_is_the_default_one():
    new = upgrade(round_up=False, sampler=dict(type="RepeatAugSampler"))
    assert "round_up" not in new["train_dataloader"]["sampler"]
    assert new["val_dataloader"]["sampler"]["round_up"] is False
    assert "round_up" not in new["train_dataloader"]


def test_sampler_of_a_loader_wins_when_given():
    mine = dict(type="Mine", size=3)
    new = upgrade(
        sampler_cfg=mine,
        sampler=dict(type="RepeatAugSampler"),
        val_dataloader=dict(sampler_cfg=mine),
    )
    assert new["train_dataloader"]["sampler"] == {**mine, "shuffle": True}
    assert new["val_dataloader"]["sampler"] == {**mine, "shuffle": False}
    new = upgrade(sampler_cfg=mine)
    assert new["val_dataloader"]["sampler"]["type"] == "DefaultSampler"


@pytest.mark.parametrize(
    ("words", "split"),
    [({}, "test"), (dict(test_mode=False), "train"), (dict(test_mode=True), "test")],
)
def test_split_follows_test_mode_when_cifar(words, split):
    val = dict(type="CIFAR10", data_prefix="x", pipeline=PACK, **words)
    train = dict(type="CIFAR10", data_prefix="x", pipeline=PACK)
    new = upgrade(train=train, val=val)
    assert new["val_dataloader"]["dataset"]["split"] == split
    assert new["train_dataloader"]["dataset"]["split"] == "train"


def test_normalize_moves_when_all_pipelines_end_with_it():
    new = upgrade(train=dataset(dict(type="Resize", size=4), NORM), val=dataset(NORM))
    assert new["data_preprocessor"] == dict(mean=[1.0], std=[2.0], to_rgb=False)
    assert steps(new) == ["Resize", "PackInputs"]
    assert steps(new, "val") == ["PackInputs"]


def test_normalize_moves_with_its_default_when_to_rgb_is_missing():
    norm = dict(type="Normalize", mean=[1.0], std=[2.0])
    new = upgrade(train=dataset(norm), val=dataset(norm))
    assert new["data_preprocessor"]["to_rgb"] is True


OTHER = {**NORM, "std": [3.0]}
ERASE = dict(type="RandomErasing")


@pytest.mark.parametrize(
    ("train", "val"),
    [
        (dataset(NORM), dataset(OTHER)),
        (dataset(NORM, ERASE), dataset(NORM)),
        (dataset(NORM), dataset()),
        (dataset(NORM, NORM), dataset(NORM, NORM)),
    ],
    ids=["they differ", "something follows", "one has none", "twice"],
)
def test_normalize_stays_when(train, val):
    new = upgrade(train=train, val=val)
    assert "data_preprocessor" not in new
    assert steps(new)[0] == "Normalize"


def test_pipelines_are_found_when_wrapped():
    inner = dataset(dict(type="Resize", size=4), NORM)
    train = dict(type="RepeatDataset", times=2, dataset=inner)
    both = dict(type="ConcatDataset", datasets=[inner, inner])
    new = upgrade(train=train, val=both)
    assert [s["type"] for s in new["train_dataloader"]["dataset"]["dataset"]["pipeline"]] == [
        "Resize",
        "PackInputs",
    ]
    for wrapped in new["val_dataloader"]["dataset"]["datasets"]:
        assert wrapped["pipeline"][0] == dict(type="Resize", scale=4, generation="0.x")
    assert new["data_preprocessor"]["mean"] == [1.0]


def test_val_and_test_are_apart_when_written_as_one():
    shared = dataset(dict(type="Resize", size=(4, -1)), NORM)
    new = upgrade(train=dataset(NORM), val=shared, test=shared)
    assert steps(new, "val") == steps(new, "test") == ["ResizeEdge", "PackInputs"]
    assert new["val_dataloader"] is not new["test_dataloader"]


def test_meta_keys_move_when_collected():
    pipeline = [dict(type="Collect", keys=["img"], meta_keys=("filename",))]
    new = upgrade(train=dict(type="CustomDataset", pipeline=pipeline))
    pack = new["train_dataloader"]["dataset"]["pipeline"]
    assert pack == [dict(type="PackInputs", meta_keys=("filename",))]


def test_algorithm_keys_are_named_when_more_is_collected():
    collect = dict(type="Collect", keys=["img", "gt_label", "weight"])
    new = upgrade(train=dict(type="CustomDataset", pipeline=[collect]))
    pack = new["train_dataloader"]["dataset"]["pipeline"]
    assert pack == [dict(type="PackInputs", algorithm_keys=["weight"])]


def test_formatting_stays_when_a_step_follows_it():
    followed = [dict(type="ToPIL"), dict(type="Mine"), dict(type="ToNumpy"), NORM, *PACK]
    new = upgrade(train=dict(type="CustomDataset", pipeline=followed))
    assert steps(new) == ["ToPIL", "Mine", "ToNumpy", "Normalize", "PackInputs"]
    followed = [*PACK[:1], dict(type="ToHalf", keys=["img"]), dict(type="Mine")]
    new = upgrade(train=dict(type="CustomDataset", pipeline=followed))
    assert steps(new) == ["ImageToTensor", "Mine", "PackInputs"]


@pytest.mark.parametrize(("order", "kept"), [((2, 0, 1), []), ((2, 1, 0), ["Transpose"])])
def test_transpose_stays_when_it_is_no_formatting(order, kept):
    transpose = dict(type="Transpose", keys=["img"], order=order)
    pipeline = [transpose, dict(type="ToTensor", keys=["img"])]
    new = upgrade(train=dict(type="CustomDataset", pipeline=pipeline))
    assert steps(new) == [*kept, *(["ToTensor"] if kept else []), "PackInputs"]


def test_no_loader_is_written_when_stage_is_missing():
    new = upgrade(val=None)
    assert "train_dataloader" in new
    assert not {"val_dataloader", "test_dataloader", "val_evaluator"} & new.keys()


def test_words_for_ipus_become_notes_when_loader_or_step():
    half = dict(type="ToHalf", keys=["img"])
    data = dict(train=dataset(NORM, half), train_dataloader=dict(mode="async"))
    config = upgrade_config(Config({"data": data, "runner": {"max_epochs": 1}}))
    notes = [str(note) for note in config.notes if not note.quiet]
    assert notes == [
        "data.train_dataloader.mode: It is for IPUs, which nothing drives any more.",
        "data.train.pipeline[1]: Mixed precision casts images by itself.",
    ]
    assert steps(to_plain(config.values)) == ["PackInputs"]
    assert config.data_preprocessor.mean == [1.0]


def test_datasets_are_joined_when_list():
    new = upgrade(train=[dataset(NORM), dataset(NORM)], val=dataset(NORM))
    joined = new["train_dataloader"]["dataset"]
    assert joined["type"] == "ConcatDataset"
    assert [len(part["pipeline"]) for part in joined["datasets"]] == [1, 1]
    assert new["data_preprocessor"]["mean"] == [1.0]
