"""Measures how long building a ResNet-50 takes, from a config and by timm alone, side by side.

    OMP_NUM_THREADS=1 python benchmarks/build.py --turns 21

The config is read and translated once before, which is timed apart; building then makes backbone,
neck and head with their start values as torch gives them. timm builds the same network with its
classifier and its own start values. They take turns, and the median of each counts.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import timm

from mmlight.build import build_model
from mmlight.run import read_spec

CONFIG = Path(__file__).parents[1] / "configs" / "resnet" / "resnet50_8xb32_in1k.py"


def measure(function: Callable[[], Any]) -> float:
    """Return the seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def main() -> None:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=21, help="how often each is built")
    turns = parser.parse_args().turns
    reading = measure(lambda: read_spec(CONFIG))
    spec = read_spec(CONFIG)
    ways: dict[str, Callable[[], Any]] = {
        "timm": lambda: timm.create_model("resnet50"),
        "mmlight": lambda: build_model(spec),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(turns + 1):
        for name, build in ways.items():
            value = measure(build)
            if turn:  # the first one imports
                seconds[name].append(value)
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in middle.items():
        print(f"{name:<8} {1e3 * value:7.1f} ms")
    print(f"ratio    {middle['mmlight'] / middle['timm']:7.2f}")
    print(f"reading and translating the config: {1e3 * reading:.0f} ms")


if __name__ == "__main__":
    main()
