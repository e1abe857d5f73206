"""Measures the memory that an image list costs in each worker process of a loader.

    make reference && .venv/bin/python benchmarks/memory.py

A list of 1.3 million images, with paths like ImageNet's, is loaded in one process, which then forks
workers. Each worker asks for the facts of every image, in random order. Printed are the seconds
that loading took and, in MB (10^6 bytes) over what the same processes have without the dataset:
what the parent grew by, how much of a worker is its own (private: what it had to copy), and how
much it shares with the others. Each dataset has a process of its own.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
LIMIT_MB = 200
CONTENDERS = {"ours": "", "ours, 0.x base": "", "mmpretrain": "mmpretrain", "mmcls": "mmcls"}


def write_list(path: Path, count: int) -> None:
    """Write a list file with names and labels as ImageNet's training list has them."""
    with path.open("w") as lines:
        for place in range(count):
            label = place * 1000 // count
            lines.write(f"n{label:08}/n{label:08}_{place}.JPEG {label}\n")


def load(name: str, path: str) -> Any:
    """Load a list file with the dataset of a contender; the imports of each stay in its process."""
    if name == "ours":
        from mmlight.data.datasets.custom import CustomDataset

        return CustomDataset(data_prefix="data/imagenet/train", ann_file=path)
    if name == "ours, 0.x base":
        dataset = own_dataset()("data/imagenet/train", [], ann_file=path)
        dataset.full_init()
        return dataset
    if name == "mmpretrain":
        from mmpretrain.datasets import CustomDataset as Theirs

        return Theirs(data_prefix="data/imagenet/train", ann_file=path)
    from mmcls.datasets import CustomDataset as Classic

    return Classic(data_prefix="data/imagenet/train", ann_file=path)


def own_dataset() -> Any:
    """Return a user's dataset with `load_annotations`."""
    import numpy as np

    from mmlight.compat.base_dataset import OldBaseDataset

    class Own(OldBaseDataset):
        def load_annotations(self) -> list[dict[str, Any]]:
            samples = [line.split(" ") for line in Path(self.ann_file).read_text().splitlines()]
            return [
                {
                    "img_prefix": self.data_prefix,
                    "img_info": {"filename": name},
                    "gt_label": np.array(label, dtype=np.int64),
                }
                for name, label in samples
            ]

    return Own


def memory_mb() -> tuple[float, float]:
    """Return what this process has for itself, and what it shares, in MB."""
    rows = [line.split() for line in Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]]
    size = {row[0].rstrip(":"): int(row[1]) * 1024 / 1e6 for row in rows}
    private = size["Private_Clean"] + size["Private_Dirty"]
    return private, size["Shared_Clean"] + size["Shared_Dirty"]


def measure_workers(read: Any, length: int, workers: int) -> list[tuple[float, float]]:
    """Fork workers that read everything, and return what each of them has at the end.

    All stay alive until the last has finished, so that shared memory is not taken for private.
    """
    pipes, children = [], []
    release, hold = os.pipe()
    for number in range(workers):
        receive, send = os.pipe()
        child = os.fork()
        if not child:
            os.close(hold)
            order = list(range(length))
            random.Random(number).shuffle(order)
            for place in order:
                read(place)
            del order
            os.write(send, b"r")
            os.read(release, 1)  # go on once all have read
            os.write(send, json.dumps(memory_mb()).encode())
            os.read(release, 1)  # the parent has closed its end
            os._exit(0)
        pipes.append(receive)
        children.append(child)
    for pipe in pipes:
        os.read(pipe, 1)
    os.write(hold, b"g" * workers)
    sizes = [tuple(json.loads(os.read(pipe, 1000))) for pipe in pipes]
    os.close(hold)
    for child in children:
        os.waitpid(child, 0)
    return sizes


def measure(name: str, path: str, workers: int) -> dict[str, Any]:
    """Measure one contender in this process."""
    import gc

    load(name, path + ".short")  # its modules are no part of the dataset
    with open(path) as lines:
        count = sum(1 for _ in lines)
    before = measure_workers(lambda place: None, count, workers)
    own = memory_mb()[0]
    start = time.perf_counter()
    dataset = load(name, path)
    seconds = time.perf_counter() - start
    gc.collect()
    grown = memory_mb()[0] - own
    read = getattr(dataset, "get_data_info", None)
    if read is None:
        import copy

        def read(place: int) -> Any:  # what the 0.x original does for each sample
            return copy.deepcopy(dataset.data_infos[place])

    after = measure_workers(read, len(dataset), workers)
    pairs = list(zip(after, before, strict=True))
    return {
        "name": name,
        "count": count,
        "load_s": seconds,
        "parent": grown,
        "private": [end[0] - start[0] for end, start in pairs],
        "shared": [end[1] - start[1] for end, start in pairs],
    }


def measure_apart(name: str, path: Path, workers: int) -> dict[str, Any]:
    """Measure one contender in a process of its own."""
    overlay = ROOT / ".reference" / CONTENDERS[name] if CONTENDERS[name] else ROOT
    command = [sys.executable, __file__, "--measure", name, str(path), "--workers", str(workers)]
    env = {**os.environ, "PYTHONPATH": str(overlay), "OMP_NUM_THREADS": "1"}
    env["PYTHONWARNINGS"] = "ignore"
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE)
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def write_lists(folder: Path, count: int) -> Path:
    """Write the list, and beside it one of few images."""
    path = folder / "train.txt"
    write_list(path, count)
    write_list(folder / "train.txt.short", 1000)
    return path


def main() -> int:
    """Print a row per contender; 1 when ours takes too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1_300_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--measure", nargs=2, metavar=("NAME", "LIST"))
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(*options.measure, options.workers)))
        return 0
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        path = write_lists(Path(folder), options.count)
        print(f"{options.count} images, {options.workers} workers; MB over the same without them")
        print(f"{'':16}{'load s':>8}{'parent':>8}  private and shared of each worker")
        for name, overlay in CONTENDERS.items():
            if overlay and not (ROOT / ".reference" / overlay).is_dir():
                print(f"{name:16} not there; run 'make reference'")
                continue
            row = measure_apart(name, path, options.workers)
            sizes = zip(row["private"], row["shared"], strict=True)
            shown = "  ".join(f"{private:5.0f} {shared:5.0f}" for private, shared in sizes)
            print(f"{name:16}{row['load_s']:8.1f}{row['parent']:8.0f}  {shown}", flush=True)
            failed |= not overlay and max(row["private"]) > LIMIT_MB
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
