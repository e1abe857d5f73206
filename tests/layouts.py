"""Writes published datasets as they lie on disk, with few images, cut from a real photo."""

from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib import get_data_path
from scipy.io import savemat


@cache
def photo() -> Any:
    """Return the photo that matplotlib brings, uint8 `(H, W, 3)`."""
    return cv2.imread(str(Path(get_data_path(), "sample_data", "grace_hopper.jpg")))


def write_images(folder: Path, names: list[str]) -> list[str]:
    """Write JPEGs of different size and content; return their names."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        top, left = 37 * number % 300, 53 * number % 300
        cv2.imwrite(str(path), photo()[top : top + 40 + number, left : left + 60])
    return names


def write_lines(path: Path, lines: list[str]) -> Path:
    """Write a text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def write_cub(root: Path) -> Path:
    """Write CUB-200-2011: 6 images, of which 4 for training."""
    names = [f"{n:03}.Bird_{n}/Bird_{n}_{i}.jpg" for n in (1, 7, 200) for i in (1, 2)]
    write_images(root / "images", names)
    write_lines(root / "images.txt", [f"{i} {name}" for i, name in enumerate(names, 1)])
    labels = [f"{i} {int(name[:3])}" for i, name in enumerate(names, 1)]
    write_lines(root / "image_class_labels.txt", labels)
    split = [f"{i} {int(i not in (2, 5))}" for i in range(1, 7)]
    write_lines(root / "train_test_split.txt", split)
    return root


def to_structs(**fields: list[Any]) -> Any:
    """Return an array of structs `(1, N)` as MATLAB has it."""
    array = np.zeros((1, len(next(iter(fields.values())))), dtype=[(name, "O") for name in fields])
    for name, values in fields.items():
        for place, value in enumerate(values):
            array[0, place][name] = value
    return array


def write_cars(root: Path) -> Path:
    """Write Stanford Cars as they were published first: training and test apart."""
    boxes = {key: [5, 6] for key in ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2")}
    for split, file in (("train", "annos"), ("test", "annos_withlabels")):
        names = write_images(root / f"cars_{split}", ["00001.jpg", "00002.jpg"])
        cars = to_structs(**boxes, **{"class": [196, 3 + len(split)]}, fname=names)
        path = root / "devkit" / f"cars_{split}_{file}.mat"
        path.parent.mkdir(parents=True, exist_ok=True)
        savemat(path, {"annotations": cars})
    return root


def write_cars_together(root: Path) -> Path:
    """Write Stanford Cars as they were published later: all together."""
    names = write_images(root, [f"car_ims/{i:06}.jpg" for i in range(1, 5)])
    fields = {"relative_im_path": names, "class": [1, 5, 196, 7], "test": [0, 1, 1, 0]}
    savemat(root / "cars_annos.mat", {"annotations": to_structs(**fields)})
    return root


OBJECTS = {
    "000005": [("chair", 0), ("chair", 1), ("dog", 0)],
    "000007": [("tvmonitor", 1), ("boat", 0), ("boat", 0)],
    "000009": [("person", 1), ("unicorn", 0)],
    "000012": [],
}


def write_voc(root: Path) -> Path:
    """Write Pascal VOC: 3 images for training, 1 for validation, and all for test."""
    write_images(root / "JPEGImages", [f"{name}.jpg" for name in OBJECTS])
    for name, objects in OBJECTS.items():
        items = "".join(
            f"<object><name>{kind}</name><pose>Rear</pose><truncated>0</truncated>"
            f"<difficult>{difficult}</difficult><bndbox><xmin>1</xmin></bndbox></object>"
            for kind, difficult in objects
        )
        text = f"<annotation><folder>VOC2007</folder>{items}</annotation>"
        write_lines(root / "Annotations" / f"{name}.xml", [text])
    names = list(OBJECTS)
    sets = {"train": names[:3], "val": names[3:], "trainval": names, "test": names, "mine": names}
    for split, chosen in sets.items():
        write_lines(root / "ImageSets" / "Main" / f"{split}.txt", chosen)
    return root


def write_caltech101(root: Path) -> Path:
    """Write Caltech-101."""
    names = write_images(
        root / "101_ObjectCategories", ["accordion/image_0001.jpg", "yin_yang/image_0002.jpg"]
    )
    write_lines(root / "meta/train.txt", [f"{names[0]} 1", f"{names[1]} 101"])
    write_lines(root / "meta/test.txt", [f"{names[1]} 101"])
    return root


def write_dtd(root: Path) -> Path:
    """Write Describable Textures: one image for training, one for validation, two for test."""
    names = write_images(root / "images", [f"banded/banded_{i:04}.jpg" for i in range(4)])
    cells = np.empty((1, 4), dtype=object)
    cells[0, :] = names
    images = {"id": [[1, 2, 3, 4]], "name": cells, "set": [[1, 2, 3, 3]], "class": [[1, 47, 2, 9]]}
    (root / "imdb").mkdir()
    savemat(root / "imdb/imdb.mat", {"images": images, "meta": {"sets": "train"}})
    return root


def write_aircraft(root: Path) -> Path:
    """Write FGVC-Aircraft; each split has another image."""
    splits = ("train", "val", "trainval", "test")
    names = write_images(root / "data/images", [f"10{i}.jpg" for i in range(4)])
    variants = ("707-320", "Boeing 717", "DC-9-30", "Cessna 172")
    for split, name, variant in zip(splits, names, variants, strict=True):
        lines = [f"{name[:-4]} {variant}", f"{names[0][:-4]} Yak-42"]
        write_lines(root / "data" / f"images_variant_{split}.txt", lines)
    return root


def write_flowers(root: Path) -> Path:
    """Write Oxford Flowers: 2 images for each split."""
    write_images(root / "jpg", [f"image_{i:05}.jpg" for i in range(1, 7)])
    savemat(root / "imagelabels.mat", {"labels": np.array([[77, 102, 1, 5, 6, 9]], np.uint8)})
    parts = {"trnid": [[6, 3]], "valid": [[2, 1]], "tstid": [[5, 4]]}
    savemat(root / "setid.mat", {key: np.array(ids, np.uint16) for key, ids in parts.items()})
    return root


def write_food101(root: Path) -> Path:
    """Write Food-101."""
    names = [f"{name}/{i}" for name in ("apple_pie", "waffles") for i in (1, 2)]
    write_images(root / "images", [f"{name}.jpg" for name in names])
    write_lines(root / "meta/train.txt", names[:3])
    write_lines(root / "meta/test.txt", names[3:])
    return root


def write_pets(root: Path) -> Path:
    """Write Oxford-IIIT Pets."""
    names = write_images(root / "images", ["Abyssinian_1.jpg", "yorkshire_terrier_9.jpg"])
    lines = [f"{names[0][:-4]} 1 1 1", f"{names[1][:-4]} 37 2 25"]
    write_lines(root / "annotations/trainval.txt", lines)
    write_lines(root / "annotations/test.txt", lines[1:])
    return root


def write_sun397(root: Path) -> Path:
    """Write SUN397."""
    names = [
        "/a/abbey/sun_a.jpg",
        "/a/apartment_building/outdoor/sun_b.jpg",
        "/y/youth_hostel/sun_c.jpg",
    ]
    write_images(root / "SUN397", [name[1:] for name in names])
    write_lines(root / "Partitions/Training_01.txt", names)
    write_lines(root / "Partitions/Testing_01.txt", names[1:])
    return root


def write_places205(root: Path) -> Path:
    """Write Places205 with a list file."""
    names = write_images(root / "images", ["a/abbey/1.jpg", "y/yard/2.jpg"])
    write_lines(root / "train.txt", [f"{names[0]} 0", f"{names[1]} 204"])
    return root
