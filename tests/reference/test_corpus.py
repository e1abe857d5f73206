"""Reads every config that the originals ship and compares each value with what they read."""

import pytest

from mmlight.errors import ConfigError
from mmlight.read.config import Config
from tests.reference.original import FOLDER

ROOTS = {name: FOLDER / name / name / ".mim" / "configs" for name in ("mmcls", "mmpretrain")}
# configs that can be read, and files below `_base_` that can be read by themselves
COUNTS = {"mmcls": (280, 190), "mmpretrain": (534, 308)}
# mmengine takes these for lazy configs, because a base of theirs has a line `from mmpretrain.models
# import build_classifier`, which nothing uses; told that they are none, mmengine reads them
TAKEN_FOR_LAZY = [
    "_base_/models/replknet-31B_in1k.py",
    "replknet/deploy/replknet-31B-deploy_32xb64_in1k-384px.py",
    "replknet/deploy/replknet-31B-deploy_32xb64_in1k.py",
    "replknet/replknet-31B_32xb64_in1k-384px.py",
    "replknet/replknet-31B_32xb64_in1k.py",
]
NO_FILE = "{}: no such config file"
NO_MMDET = "mmdet::mask_rcnn/{}: the package 'mmdet' is not installed"
NO_VARIABLE = "{}: KeyError while the config ran: 'test_pipeline'"
NO_POLICY = (
    "_base_/datasets/imagenet_bs64_autoaug.py: AttributeError while the config ran: "
    "no key 'auto_increasing_policies' among ['policy_imagenet']"
)
# what neither we nor the originals can read: (problem, the line it is told for, their error)
BROKEN = {
    "mmcls": {
        "mobilenet_v3/mobilenet-v3-small_8xb16_cifar10.py": (
            NO_FILE.format("_base_/models/mobilenet-v3-small_cifar.py"),
            "mobilenet_v3/mobilenet-v3-small_8xb16_cifar10.py:2",
            "FileNotFoundError",
        ),
        "mobilenet_v3/mobilenet_v3_small_cifar.py": (
            NO_FILE.format("_base_/models/mobilenet-v3-small_cifar.py"),
            "mobilenet_v3/mobilenet-v3-small_8xb16_cifar10.py:2",
            "FileNotFoundError",
        ),
        "_base_/datasets/imagenet_bs64_autoaug.py": (
            NO_POLICY,
            "_base_/datasets/imagenet_bs64_autoaug.py:11",
            "KeyError",
        ),
        **{
            f"_base_/models/van/van_{name}.py": (
                NO_FILE.format(f"_base_/models/van/van-b{number}.py"),
                f"_base_/models/van/van_{name}.py:1",
                "FileNotFoundError",
            )
            for number, name in enumerate(("tiny", "small", "base", "large"))
        },
    },
    "mmpretrain": {
        "swin_transformer_v2/swinv2-base-w12_8xb128_in21k-192px.py": (
            NO_VARIABLE.format("swin_transformer_v2/swinv2-base-w12_8xb128_in21k-192px.py"),
            "swin_transformer_v2/swinv2-base-w12_8xb128_in21k-192px.py:18",
            "KeyError",
        ),
        "swin_transformer_v2/swinv2-large-w12_8xb128_in21k-192px.py": (
            NO_VARIABLE.format("swin_transformer_v2/swinv2-large-w12_8xb128_in21k-192px.py"),
            "swin_transformer_v2/swinv2-large-w12_8xb128_in21k-192px.py:18",
            "KeyError",
        ),
        "byol/benchmarks/mask-rcnn_r50_fpn_ms-1x_coco.py": (
            NO_MMDET.format("mask-rcnn_r50_fpn_1x_coco.py"),
            "byol/benchmarks/mask-rcnn_r50_fpn_ms-1x_coco.py:1",
            "ModuleNotFoundError",
        ),
        "byol/benchmarks/mask-rcnn_r50-c4_ms-1x_coco.py": (
            NO_MMDET.format("mask-rcnn_r50-caffe-c4_1x_coco.py"),
            "byol/benchmarks/mask-rcnn_r50-c4_ms-1x_coco.py:1",
            "ModuleNotFoundError",
        ),
    },
}


def list_configs(generation):
    root = ROOTS[generation]
    return [str(path.relative_to(root)) for path in sorted(root.rglob("*.py"))]


def read_theirs(root, files, **options):
    import os

    try:
        from mmengine.config import Config
    except ImportError:
        from mmcv import Config

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(plain(item) for item in value)
        return value

    values = {}
    for file in files:
        try:
            config = Config.fromfile(os.path.join(root, file), **options)
            values[file] = plain(config._cfg_dict.to_dict())
        except Exception as error:
            values[file] = type(error).__name__
    return values


def same(ours, theirs):
    """Compare values and types, lists and tuples apart, dicts in any order."""
    if type(ours) is not type(theirs):
        return False
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, (list, tuple)):
        pairs = zip(ours, theirs, strict=False)
        return len(ours) == len(theirs) and all(same(*pair) for pair in pairs)
    return bool(ours == theirs)


@pytest.mark.slow
@pytest.mark.parametrize("generation", ROOTS)
def test_values_equal_the_original_when_it_reads_them(request, generation, monkeypatch):
    original = request.getfixturevalue(generation)
    files = [file for file in list_configs(generation) if file not in BROKEN[generation]]
    bases = sum("_base_" in file.split("/") for file in files)
    assert (len(files) - bases, bases) == COUNTS[generation]
    theirs = original(read_theirs, str(ROOTS[generation]), files)
    if generation == "mmpretrain":
        theirs |= original(read_theirs, str(ROOTS[generation]), TAKEN_FOR_LAZY, lazy_import=False)
    monkeypatch.chdir(ROOTS[generation])
    different = [file for file in files if not same(Config.fromfile(file).to_dict(), theirs[file])]
    assert different == []


def test_mmengine_takes_texts_for_lazy_when_they_import(mmpretrain):
    theirs = mmpretrain(read_theirs, str(ROOTS["mmpretrain"]), TAKEN_FOR_LAZY[1:])
    assert set(theirs.values()) == {"RuntimeError"}


@pytest.mark.parametrize("generation", ROOTS)
def test_error_names_the_reason_when_nobody_can_read_it(request, generation, monkeypatch):
    original = request.getfixturevalue(generation)
    theirs = original(read_theirs, str(ROOTS[generation]), list(BROKEN[generation]))
    monkeypatch.chdir(ROOTS[generation])
    for file, (problem, line, name) in BROKEN[generation].items():
        with pytest.raises(ConfigError) as caught:
            Config.fromfile(file)
        assert (str(caught.value).splitlines()[0], caught.value.origin) == (f"{problem}.", line)
        assert theirs[file] == name
