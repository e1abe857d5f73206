"""Compares how many images per second our training pipelines make with the original ones.

    make reference && .venv/bin/python benchmarks/pipeline.py

The pipelines are those of the originals' own configs, unchanged. Each reads 500x375 JPEGs in one
worker with one thread. The contenders take turns within every round, so that a change of the
machine's speed meets them all; medians over the rounds are printed, and the medians of the ratios
to the original above and to decoding alone.
"""
# ruff: noqa: C408  configs are written with dict(), as mm's are

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import torch
from matplotlib import get_data_path

from mmlight.build import instantiate
from mmlight.data.collate import collate
from mmlight.data.transforms.compose import Compose
from mmlight.models.preprocessor import ImagePreprocessor
from mmlight.read.config import Config
from mmlight.spec import Call
from mmlight.translate.translate import translate_config
from mmlight.upgrade.upgrade import upgrade_config

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.reference.original import FOLDER, Original

HEIGHT, WIDTH, PHOTOS = 375, 500, 32
CONFIGS = {
    "basic (ResNet)": "resnet/resnet18_8xb32_in1k.py",
    "RandAugment and RandomErasing (Swin)": "swin_transformer/swin-tiny_16xb64_in1k.py",
}
Contender = Callable[[], float]
"""Runs its pipeline over all photos and returns the seconds that it took."""


def time_mmcls(steps: list[Any], paths: list[str]) -> float:
    """Run a 0.x pipeline of mmcls; this function travels to a process that has the package."""
    import time

    import cv2
    import numpy as np
    import torch
    from mmcls.datasets.pipelines import Compose

    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    pipeline = Compose(steps)
    start = time.perf_counter()
    for path in paths:
        pipeline(dict(img_prefix=None, img_info=dict(filename=path), gt_label=np.array(0)))
    return time.perf_counter() - start


def time_mmpretrain(steps: list[Any], paths: list[str]) -> float:
    """Run a 1.x pipeline of mmpretrain; this function travels to a process that has the package."""
    import time

    import cv2
    import torch
    from mmengine.dataset import Compose
    from mmpretrain.utils import register_all_modules

    register_all_modules()
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    pipeline = Compose(steps)
    start = time.perf_counter()
    for path in paths:
        pipeline(dict(img_path=path, gt_label=0))
    return time.perf_counter() - start


def read_steps(package: str, config: str) -> list[Any]:
    """Return the training pipeline of a config that comes with an original."""
    values = Config.fromfile(FOLDER / package / package / ".mim" / "configs" / config).to_dict()
    old = values["data"]["train"] if package == "mmcls" else values["train_dataloader"]["dataset"]
    steps: list[Any] = old["pipeline"]
    return steps


def build_ours(package: str, steps: list[Any]) -> tuple[Compose, ImagePreprocessor]:
    """Translate a pipeline of either generation as `mmlight fit` does."""
    model = dict(type="ImageClassifier", backbone=dict(type="LeNet5"))
    dataset = dict(type="CustomDataset", data_prefix="photos", pipeline=steps)
    loader = dict(train_dataloader=dict(dataset=dataset))
    data = dict(data=dict(train=dataset)) if package == "mmcls" else loader
    spec = translate_config(upgrade_config(Config({"model": model, **data})))
    call = spec.data["train"]
    assert isinstance(call, Call)
    preprocessor = instantiate(spec.model.get("preprocessor")) or ImagePreprocessor()
    return Compose(instantiate(call.kwargs["dataset"].kwargs["pipeline"])), preprocessor


def time_ours(pipeline: Compose, preprocessor: ImagePreprocessor | None, paths: list[str]) -> float:
    """Run a pipeline of ours and, with a preprocessor, what the device does to the batch."""
    start = time.perf_counter()
    samples = [pipeline(dict(img_path=path, gt_label=0)) for path in paths]
    if preprocessor is not None:
        preprocessor(collate(samples)["inputs"])
    return time.perf_counter() - start


def time_decoding(paths: list[str]) -> float:
    """Only decode."""
    start = time.perf_counter()
    for path in paths:
        cv2.imread(path)
    return time.perf_counter() - start


def write_photos(folder: Path) -> list[str]:
    """Cut JPEGs (quality 90) out of the photo that comes with matplotlib."""
    photo = cv2.imread(str(Path(get_data_path()) / "sample_data" / "grace_hopper.jpg"))
    assert photo is not None
    paths = []
    for number in range(PHOTOS):
        top = number * (photo.shape[0] - HEIGHT) // PHOTOS
        left = number % (photo.shape[1] - WIDTH)
        paths.append(str(folder / f"{number}.jpg"))
        crop = photo[top : top + HEIGHT, left : left + WIDTH]
        cv2.imwrite(paths[-1], crop, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return paths


def list_contenders(
    config: str, paths: list[str], mmcls: Original, mmpretrain: Original
) -> dict[str, Contender]:
    """Return the contenders for one config, each original before ours."""
    old, new = read_steps("mmcls", config), read_steps("mmpretrain", config)
    ours_old, normalize = build_ours("mmcls", old)
    ours_new, _ = build_ours("mmpretrain", new)
    return {
        "mmcls 0.25, normalizes each image": lambda: mmcls(time_mmcls, old, paths),
        "ours, normalizes the batch": lambda: time_ours(ours_old, normalize, paths),
        "ours, leaves that to the GPU": lambda: time_ours(ours_old, None, paths),
        "mmpretrain 1.2": lambda: mmpretrain(time_mmpretrain, new, paths),
        "ours": lambda: time_ours(ours_new, None, paths),
        "decoding alone (cv2)": lambda: time_decoding(paths),
    }


def report(name: str, contenders: dict[str, Contender], rounds: int) -> None:
    """Run the contenders in turns; print their medians and how ours compare to the one above."""
    seconds: dict[str, list[float]] = {label: [] for label in contenders}
    for _ in range(rounds + 1):  # the first round warms up
        for label, run in contenders.items():
            seconds[label].append(run())
    print(f"\n{name}: images per second, median of {rounds} rounds of {PHOTOS} images")
    base: list[float] = []
    decoding = next(rows for label, rows in seconds.items() if label.startswith("decoding"))
    for label, rows in seconds.items():
        base = rows if label.startswith("mm") else base
        ratios = f"  {_compare(base, rows):.2f} x, {_compare(decoding, rows):.2f} of decoding"
        rate = PHOTOS / statistics.median(rows[1:])
        print(f"  {label:<34}{rate:7.0f}{ratios if label.startswith('ours') else ''}")


def _compare(theirs: list[float], ours: list[float]) -> float:
    """Return the median of how many times faster ours was, without the first round."""
    return statistics.median(a / b for a, b in zip(theirs[1:], ours[1:], strict=True))


def main() -> None:
    """Compare every pipeline."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(0)
    torch.set_num_threads(1)
    mmcls, mmpretrain = Original("mmcls"), Original("mmpretrain")
    with tempfile.TemporaryDirectory() as folder:
        paths = write_photos(Path(folder))
        for name, config in CONFIGS.items():
            report(name, list_contenders(config, paths, mmcls, mmpretrain), rounds)
    mmcls.close()
    mmpretrain.close()


if __name__ == "__main__":
    main()
