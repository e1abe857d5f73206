"""Every classifier that the originals ship a config of: it builds, and it is the original's.

The parameters of all of them are counted without memory; one network of each backbone type, with
its neck and head, is compared in everything (`twin.py`), all others in their outputs by

    pytest tests/reference/test_corpus_models.py --every-model 350

where the number says up to how many million parameters; 350 take 20 GB of memory.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch

from mmlight.errors import MMLightError
from mmlight.flops import count_parameters
from mmlight.read.config import Config
from mmlight.translate.model_rows import BACKBONES
from tests.reference.original import Original
from tests.reference.test_corpus import ROOTS
from tests.reference.twin import SCRIPT, build_ours, call_theirs, compare_twins, strip

CLASSIFIERS = {"mmcls": 280, "mmpretrain": 436}
# LeViTClsHead(deploy=True) of mmpretrain calls its own switch with one argument too many
BROKEN = [
    f"levit/deploy/levit-{size}_8xb256_in1k.py" for size in ("128", "128s", "192", "256", "384")
]
NOT_ON_META = ["vision_transformer/vit-base-p16_8xb64-lora_in1k-384px.py"]  # it copies tensors


@cache
def read_models(generation: str) -> dict[str, dict[str, Any]]:
    """Return the model of every classifier config of a generation, by file."""
    models = {}
    for path in sorted(ROOTS[generation].rglob("*.py")):
        if "_base_" in path.parts:
            continue
        try:
            config = Config.fromfile(path)
        except MMLightError:
            continue  # test_corpus.py knows them
        model = config.to_dict().get("model") or {}
        if model.get("type") == "ImageClassifier":
            models[str(path.relative_to(ROOTS[generation]))] = strip(model)
    return models


def distinct(generation: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Return one file for each model that differs from all others."""
    seen = set()
    for file, model in read_models(generation).items():
        key = json.dumps(model, sort_keys=True)
        if key not in seen:
            seen.add(key)
            yield file, model


@pytest.mark.slow
@pytest.mark.parametrize("generation", CLASSIFIERS)
def test_every_classifier_builds_with_the_parameters_of_the_original(generation, request):
    original: Original = request.getfixturevalue(generation)
    assert len(read_models(generation)) == CLASSIFIERS[generation]
    wrong = {}
    for file, model in distinct(generation):
        ours = count_ours(file, model, generation)
        if file in BROKEN:
            continue
        theirs = original(call_theirs, SCRIPT, "count", model, file not in NOT_ON_META)
        if ours != theirs:
            wrong[file] = (ours, theirs)
    assert wrong == {}


TWINS = {
    "mmpretrain": (
        "beit/benchmarks/beit-base-p16_8xb128-coslr-100e_in1k.py",
        "cspnet/cspdarknet50_8xb32_in1k.py",
        "cspnet/cspresnext50_8xb32_in1k.py",
        "cspnet/cspresnet50_8xb32_in1k.py",
        "conformer/conformer-tiny-p16_8xb128_in1k.py",
        "convmixer/convmixer-768-32_10xb64_in1k.py",
        "convnext_v2/convnext-v2-atto_32xb32_in1k.py",
        "davit/davit-tiny_4xb256_in1k.py",
        "deit3/deit3-small-p16_64xb64_in1k.py",
        "densenet/densenet121_4xb256_in1k.py",
        "deit/deit-tiny-distilled_4xb256_in1k.py",
        "edgenext/edgenext-xxsmall_8xb256_in1k.py",
        "efficientformer/efficientformer-l1_8xb128_in1k.py",
        "efficientnet/efficientnet-b0_8xb32-01norm_in1k.py",
        "efficientnet_v2/efficientnetv2-b0_8xb32_in1k.py",
        "hrnet/hrnet-w18_4xb32_in1k.py",
        "hivit/hivit-tiny-p16_16xb64_in1k.py",
        "hornet/hornet-tiny_8xb128_in1k.py",
        "inception_v3/inception-v3_8xb32_in1k.py",
        "lenet/lenet5_mnist.py",
        "levit/levit-128s_8xb256_in1k.py",
        "vision_transformer/vit-base-p16_8xb64-lora_in1k-384px.py",
        "mvit/mvitv2-tiny_8xb256_in1k.py",
        "mixmim/benchmarks/mixmim-base_8xb128-coslr-100e_in1k.py",
        "mlp_mixer/mlp-mixer-base-p16_64xb64_in1k.py",
        "mocov3/benchmarks/vit-small-p16_8xb128-linear-coslr-90e_in1k.py",
        "mobilenet_v2/mobilenet-v2_8xb32_in1k.py",
        "mobilenet_v3/mobilenet-v3-small-050_8xb128_in1k.py",
        "mobileone/mobileone-s0_8xb32_in1k.py",
        "mobilevit/mobilevit-xxsmall_8xb128_in1k.py",
        "twins/twins-pcpvt-small_8xb128_in1k.py",
        "poolformer/poolformer-s12_32xb128_in1k.py",
        "vig/pvig-tiny_8xb128_in1k.py",
        "riformer/riformer-s12_8xb128_in1k.py",
        "regnet/regnetx-400mf_8xb128_in1k.py",
        "replknet/replknet-31B_32xb64_in1k.py",
        "repmlp/repmlp-base_8xb64_in1k.py",
        "repvgg/repvgg-A0_8xb32_in1k.py",
        "res2net/res2net50-w14-s8_8xb32_in1k.py",
        "resnest/resnest50_32xb64_in1k.py",
        "resnext/resnext50-32x4d_8xb32_in1k.py",
        "resnet/resnet18_8xb32_in1k.py",
        "resnet/resnetv1c50_8xb32_in1k.py",
        "resnet/resnetv1d50_8xb32_in1k.py",
        "resnet/resnet18_8xb16_cifar10.py",
        "revvit/revvit-small_8xb256_in1k.py",
        "seresnet/seresnext50-32x4d_8xb32_in1k.py",
        "seresnet/seresnet50_8xb32_in1k.py",
        "twins/twins-svt-small_8xb128_in1k.py",
        "shufflenet_v1/shufflenet-v1-1x_16xb64_in1k.py",
        "shufflenet_v2/shufflenet-v2-1x_16xb64_in1k.py",
        "swin_transformer/swin-tiny_16xb64_in1k.py",
        "swin_transformer_v2/swinv2-tiny-w16_16xb64_in1k-256px.py",
        "t2t_vit/t2t-vit-t-14_8xb64_in1k.py",
        "tnt/tnt-s-p16_16xb64_in1k.py",
        "tinyvit/tinyvit-5m-distill_8xb256_in1k.py",
        "van/van-tiny_8xb128_in1k.py",
        "vgg/vgg11_8xb32_in1k.py",
        "eva02/eva02-tiny-p14_headless.py",
        "sam/vit-base-p16_sam_headless.py",
        "vig/vig-tiny_8xb128_in1k.py",
        "deit/deit-tiny_4xb256_in1k.py",
        "xcit/xcit-nano-12-p8_8xb128_in1k-384px.py",
        "convnext/convnext-tiny_32xb128_in1k.py",
        "mobileone/deploy/mobileone-s0_deploy_8xb32_in1k.py",
        "riformer/deploy/riformer-s12-deploy_8xb128_in1k.py",
    ),
    "mmcls": (
        "cspnet/cspdarknet50_8xb32_in1k.py",
        "cspnet/cspresnext50_8xb32_in1k.py",
        "cspnet/cspresnet50_8xb32_in1k.py",
        "conformer/conformer-tiny-p16_8xb128_in1k.py",
        "convmixer/convmixer-768-32_10xb64_in1k.py",
        "convnext/convnext-tiny_32xb128_in1k.py",
        "densenet/densenet121_4xb256_in1k.py",
        "deit/deit-tiny-distilled_pt-4xb256_in1k.py",
        "efficientformer/efficientformer-l1_8xb128_in1k.py",
        "efficientnet/efficientnet-b0_8xb32-01norm_in1k.py",
        "hrnet/hrnet-w18_4xb32_in1k.py",
        "hornet/hornet-tiny_8xb128_in1k.py",
        "lenet/lenet5_mnist.py",
        "mvit/mvitv2-tiny_8xb256_in1k.py",
        "mlp_mixer/mlp-mixer-base-p16_64xb64_in1k.py",
        "mobilenet_v2/mobilenet-v2_8xb32_in1k.py",
        "mobilenet_v3/mobilenet-v3-small_8xb32_in1k.py",
        "twins/twins-pcpvt-small_8xb128_in1k.py",
        "poolformer/poolformer-s12_32xb128_in1k.py",
        "regnet/regnetx-400mf_8xb128_in1k.py",
        "repmlp/repmlp-base_8xb64_in1k.py",
        "repvgg/repvgg-A0_4xb64-coslr-120e_in1k.py",
        "res2net/res2net50-w14-s8_8xb32_in1k.py",
        "resnest/resnest50_32xb64_in1k.py",
        "resnext/resnext50-32x4d_8xb32_in1k.py",
        "resnet/resnet18_8xb32_in1k.py",
        "resnet/resnetv1c50_8xb32_in1k.py",
        "resnet/resnetv1d50_8xb32_in1k.py",
        "resnet/resnet18_8xb16_cifar10.py",
        "seresnet/seresnext50-32x4d_8xb32_in1k.py",
        "seresnet/seresnet50_8xb32_in1k.py",
        "twins/twins-svt-small_8xb128_in1k.py",
        "shufflenet_v1/shufflenet-v1-1x_16xb64_in1k.py",
        "shufflenet_v2/shufflenet-v2-1x_16xb64_in1k.py",
        "swin_transformer/swin-tiny_16xb64_in1k.py",
        "swin_transformer_v2/swinv2-tiny-w16_16xb64_in1k-256px.py",
        "t2t_vit/t2t-vit-t-14_8xb64_in1k.py",
        "tnt/tnt-s-p16_16xb64_in1k.py",
        "van/van-b0_8xb128_in1k.py",
        "vgg/vgg11_8xb32_in1k.py",
        "deit/deit-tiny_pt-4xb256_in1k.py",
    ),
}
"""Generation -> the smallest config of each backbone type."""
LARGE = ("beit", "mixmim", "mlp_mixer", "lora", "replknet", "repmlp", "sam/", "vgg")
"""These run in eval mode only; small ones of their families are trained in the tests beside."""


def find_parts(file: str) -> tuple[str, ...]:
    """Return what is compared besides outputs in eval mode."""
    if any(name in file for name in LARGE):
        return ()
    return ("start",) if "levit" in file else ("start", "train")  # its head cannot be trained


def find_size(file: str, generation: str) -> int:
    """Return the size of the images that a config validates with [px]."""
    config = Config.fromfile(ROOTS[generation] / file).to_dict()
    loader = config.get("val_dataloader") or config.get("data", {}).get("val") or {}
    steps = loader.get("pipeline") or loader.get("dataset", {}).get("pipeline") or ()
    sizes = [step[key] for step in steps for key in ("scale", "size", "crop_size") if key in step]
    size = sizes[-1] if sizes else 32 if steps else 224
    return int(size[-1] if isinstance(size, (list, tuple)) else size)


def list_cases(millions: float | None) -> list[tuple[str, str]]:
    """Return one config of each type, or the distinct ones with up to so many parameters."""
    if millions is None:
        return [(generation, file) for generation, files in TWINS.items() for file in files]
    return [
        (generation, file)
        for generation in TWINS
        for file, model in distinct(generation)
        if file not in BROKEN and count_ours(file, model, generation) <= millions * 1e6
    ]


def count_ours(file: str, model: dict[str, Any], generation: str) -> int:
    """Return how many our model of a config has."""
    with torch.device("cpu" if file in NOT_ON_META else "meta"):
        return count_parameters(build_ours(model, generation))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Compare what the command line asks for."""
    if "file" in metafunc.fixturenames:
        cases = list_cases(metafunc.config.getoption("--every-model"))
        metafunc.parametrize(("generation", "file"), cases)


@pytest.mark.slow
def test_classifier_is_the_original(generation, file, request, tmp_path):
    original: Original = request.getfixturevalue(generation)
    size = find_size(file, generation)
    model = read_models(generation)[file]
    compare_twins(
        original,
        model,
        (2, 1 if file.startswith("lenet") else 3, size, size),
        tmp_path,
        generation=generation,
        parts=find_parts(file) if file in TWINS[generation] else (),
    )


def test_every_backbone_type_is_compared() -> None:
    compared = {
        read_models(generation)[file]["backbone"]["type"]
        for generation, files in TWINS.items()
        for file in files
    }
    known = {name for names in BACKBONES.values() for name in names.split()}
    assert known - compared == {"TIMMBackbone"}  # no config of the originals has it
