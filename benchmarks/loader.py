"""Compares how many images per second our loader brings with one and two workers, and with theirs.

    make reference && .venv/bin/python benchmarks/loader.py

Training data of 500x375 JPEGs through the basic pipeline of the originals' ResNet, 64 to a batch,
workers that persist; the second pass is timed. The contenders take turns within every round;
medians over the rounds, and medians of the ratios within a round, are printed. Beside each stands
what its main process computes for a batch, which is what keeps workers from scaling. How far the
machine itself scales is told by the same pipeline in one and two bare processes, without a loader.
Originals that are not installed are left out. Run it on a quiet machine: two workers and the main
process share the cores.
"""
# ruff: noqa: C408  configs are written with dict(), as mm's are

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import torch
from matplotlib import get_data_path

from mmlight.build import instantiate
from mmlight.datamodule import PipelineDataModule
from mmlight.read.config import Config
from mmlight.translate.translate import translate_config
from mmlight.upgrade.upgrade import upgrade_config

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.reference.original import FOLDER, Original

HEIGHT, WIDTH, PHOTOS, IMAGES, BATCH = 375, 500, 32, 1280, 64
WORKERS = (1, 2)
Seconds = tuple[float, float]
"""Of one pass: by the clock, and computed by the main process."""
STEPS_1X = [
    dict(type="LoadImageFromFile"),
    dict(type="RandomResizedCrop", scale=224),
    dict(type="RandomFlip", prob=0.5, direction="horizontal"),
    dict(type="PackInputs"),
]
STEPS_0X = [
    dict(type="LoadImageFromFile"),
    dict(type="RandomResizedCrop", size=224),
    dict(type="RandomFlip", flip_prob=0.5, direction="horizontal"),
    dict(type="Normalize", mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375]),
    dict(type="ImageToTensor", keys=["img"]),
    dict(type="ToTensor", keys=["gt_label"]),
    dict(type="Collect", keys=["img", "gt_label"]),
]


def time_mmpretrain(loader: dict[str, Any]) -> tuple[float, float]:
    """Pass over data of mmpretrain; this function travels to a process that has the package."""
    import time

    import cv2
    from mmengine.runner import Runner
    from mmpretrain.utils import register_all_modules

    register_all_modules()
    cv2.setNumThreads(0)
    batches = Runner.build_dataloader(loader, seed=0)
    for _ in batches:
        pass
    start, computed = time.perf_counter(), time.process_time()
    for _ in batches:
        pass
    return time.perf_counter() - start, time.process_time() - computed


def time_mmcls(dataset: dict[str, Any], batch: int, workers: int) -> tuple[float, float]:
    """Pass over data of mmcls; this function travels to a process that has the package."""
    import time

    import cv2
    from mmcls.datasets import build_dataloader, build_dataset

    cv2.setNumThreads(0)
    batches = build_dataloader(build_dataset(dataset), batch, workers, dist=False, seed=0)
    for _ in batches:
        pass
    start, computed = time.perf_counter(), time.process_time()
    for _ in batches:
        pass
    return time.perf_counter() - start, time.process_time() - computed


def build_ours(data: dict[str, Any]) -> PipelineDataModule:
    """Build the data of a config of either generation."""
    model = dict(type="ImageClassifier", backbone=dict(type="LeNet5"))
    spec = translate_config(upgrade_config(Config({"model": model, **data})))
    return PipelineDataModule(**instantiate(dict(spec.data)), seed=0)


def time_bare(data: dict[str, Any], workers: int) -> Seconds:
    """Run the pipeline of our data in forked processes that hand nothing back."""
    loader = build_ours(data).train
    assert loader is not None
    dataset = loader.dataset
    cv2.setNumThreads(0)
    start, computed = time.perf_counter(), time.process_time()
    children = []
    for worker in range(workers):
        child = os.fork()
        if not child:
            for index in range(worker, IMAGES, workers):
                dataset[index]
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    return time.perf_counter() - start, time.process_time() - computed


def time_ours(data: dict[str, Any]) -> Seconds:
    """Pass over data of a config of either generation."""
    batches = build_ours(data).train_dataloader()
    for _ in batches:
        pass
    start, computed = time.perf_counter(), time.process_time()
    for _ in batches:
        pass
    return time.perf_counter() - start, time.process_time() - computed


def write_photos(folder: Path) -> str:
    """Write JPEGs (quality 90), crops of the photo that comes with matplotlib, and a list."""
    photo = cv2.imread(str(Path(get_data_path()) / "sample_data" / "grace_hopper.jpg"))
    assert photo is not None
    for number in range(PHOTOS):
        top = number * (photo.shape[0] - HEIGHT) // PHOTOS
        left = number % (photo.shape[1] - WIDTH)
        crop = photo[top : top + HEIGHT, left : left + WIDTH]
        cv2.imwrite(str(folder / f"{number}.jpg"), crop, [cv2.IMWRITE_JPEG_QUALITY, 90])
    lines = [f"{number % PHOTOS}.jpg {number % 2}" for number in range(IMAGES)]
    (folder / "list.txt").write_text("\n".join(lines))
    return str(folder)


def list_contenders(
    folder: str, originals: dict[str, Original]
) -> dict[tuple[str, int], Callable[[], Seconds]]:
    """Return what runs a pass, by name and number of workers."""
    files = dict(type="CustomDataset", ann_file=f"{folder}/list.txt", data_prefix=folder)
    new = dict(**files, classes=["a", "b"], pipeline=STEPS_1X)
    old = dict(**files, classes=["a", "b"], pipeline=STEPS_0X)

    def beside(name: str, function: Callable[..., Any], *args: Any) -> Seconds:
        seconds: Seconds = originals[name](function, *args)
        return seconds

    def list_runs(count: int) -> dict[str, Callable[[], Seconds]]:
        sampler = dict(type="DefaultSampler", shuffle=True)
        options = dict(batch_size=BATCH, num_workers=count, persistent_workers=True)
        loader = dict(dataset=new, sampler=sampler, **options)
        data = dict(samples_per_gpu=BATCH, workers_per_gpu=count, train=old)
        return {
            "no loader": partial(time_bare, {"train_dataloader": loader}, count),
            "mmpretrain 1.2": partial(beside, "mmpretrain", time_mmpretrain, loader),
            "ours, 1.x config": partial(time_ours, {"train_dataloader": loader}),
            "mmcls 0.25": partial(beside, "mmcls", time_mmcls, old, BATCH, count),
            "ours, 0.x config": partial(time_ours, {"data": data}),
        }

    absent = {"mmpretrain 1.2", "mmcls 0.25"} - {
        name for name in list_runs(1) if name.split()[0] in originals
    }
    return {
        (name, count): list_runs(count)[name]
        for name in list_runs(1)
        if name not in absent
        for count in WORKERS
    }


def report(contenders: dict[tuple[str, int], Callable[[], Seconds]], rounds: int) -> None:
    """Run the contenders in turns and print what they do."""
    seconds: dict[tuple[str, int], list[Seconds]] = {key: [] for key in contenders}
    for _ in range(rounds):
        for key, run in contenders.items():
            seconds[key].append(run())
    print(f"images per second, median of {rounds} rounds of {IMAGES} images")
    for name in dict.fromkeys(name for name, _ in contenders):
        one, two = (seconds[name, count] for count in WORKERS)
        rates = [IMAGES / statistics.median(clock for clock, _ in rows) for rows in (one, two)]
        gain = statistics.median(a[0] / b[0] for a, b in zip(one, two, strict=True))
        main_ms = statistics.median(own for _, own in two) * 1000 * BATCH / IMAGES
        print(
            f"  {name:<18}{rates[0]:6.0f} with one worker,{rates[1]:6.0f} with two:{gain:5.2f} x"
            f"   main process {main_ms:.1f} ms a batch"
        )


def main() -> None:
    """Compare all that are there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    names = [name for name in ("mmcls", "mmpretrain") if (FOLDER / name).is_dir()]
    originals = {name: Original(name) for name in names}
    with tempfile.TemporaryDirectory() as folder:
        report(list_contenders(write_photos(Path(folder)), originals), rounds)
    for original in originals.values():
        original.close()


if __name__ == "__main__":
    main()
