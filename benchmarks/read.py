"""Measures how long reading every config of mmcls 0.25 and mmpretrain 1.2 takes, side by side.

    python benchmarks/read.py --turns 5

mmlight reads all files, mmengine 0.10 those of them that it can read, both generations alike (mmcv
1.7 is not timed). They take turns; each turn is a fresh process that reads each file once, so
nothing is remembered from the turn before. The first turn of each only warms the file cache and
finds out which files can be read. Imports are timed apart. The best turn counts.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / ".reference"
READERS = {"mmlight": "mmlight.read.config", "mmengine": "mmengine.config"}
PACKAGES = ("mmcls", "mmpretrain")


def list_files() -> list[str]:
    """Return every config of both packages but the bases."""
    roots = [REFERENCE / package / package / ".mim" / "configs" for package in PACKAGES]
    files = (path for root in roots for path in sorted(root.rglob("*.py")))
    return [str(path) for path in files if "_base_" not in path.parts]


def read_all(reader: str, files: list[str]) -> dict[str, Any]:
    """Read files in this process.

    Returns:
        Seconds of the import, seconds of all readings, and the files that could be read.
    """
    start = time.perf_counter()
    config = importlib.import_module(READERS[reader]).Config
    imported = time.perf_counter()
    done = []
    for file in files:
        try:
            config.fromfile(file)
        except Exception:  # what cannot be read is left out
            continue
        done.append(file)
    return {
        "import": imported - start,
        "read": time.perf_counter() - imported,
        "files": done,
    }


def take_turn(reader: str, files: list[str]) -> dict[str, Any]:
    """Read files in a fresh process."""
    path = ROOT if reader == "mmlight" else REFERENCE / "mmpretrain"
    result = subprocess.run(
        [sys.executable, __file__, "--reader", reader],
        input=json.dumps(files),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(path)},
    )
    answer: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return answer


def main() -> None:
    """Compare the two, or read in this process what standard input lists."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=5, help="turns of each; the best counts")
    parser.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.reader:
        warnings.simplefilter("ignore")
        print(json.dumps(read_all(options.reader, json.load(sys.stdin))))
        return
    files = list_files()
    to_read = {"mmlight": files, "mmengine": take_turn("mmengine", files)["files"]}
    readable = {"mmlight": len(take_turn("mmlight", files)["files"])}
    readable["mmengine"] = len(to_read["mmengine"])
    turns = [
        {reader: take_turn(reader, to_read[reader]) for reader in READERS}
        for _ in range(options.turns)
    ]
    print(f"{len(files)} files, best of {options.turns} turns")
    print(f"{'':10} {'readable':>8} {'import s':>9} {'read s':>7} {'ms/file':>8}")
    best = {}
    for reader in READERS:
        best[reader] = min(turn[reader]["read"] for turn in turns)
        imported = min(turn[reader]["import"] for turn in turns)
        each = best[reader] / len(to_read[reader]) * 1000
        print(f"{reader:10} {readable[reader]:8} {imported:9.2f} {best[reader]:7.2f} {each:8.2f}")
    print(f"mmlight takes {best['mmlight'] / best['mmengine']:.2f} of mmengine's time")


if __name__ == "__main__":
    main()
