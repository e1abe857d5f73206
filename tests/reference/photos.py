"""Real photos as files, ordinary and odd ones, cut from what packages carry.

`make reference` fetches foolbox, which brings 20 photos of ImageNet; without it the photo of
matplotlib stands in.
"""

import importlib.util
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.reference.original import FOLDER

# what has more, or fewer, or other channels than a photo, or an odd size
ODD = (
    *("grey.jpg", "cmyk.jpg", "turned.jpg", "progressive.jpg", "rgba.png", "la.png"),
    *("palette.png", "sixteen.png", "one_wide.jpg", "one_high.jpg"),
)


def find_photos():
    """Return the photos that are there, as files."""
    found = sorted((FOLDER / "photos" / "foolbox" / "data").glob("imagenet_*.jpg"))
    if found:
        return found
    folder = importlib.util.find_spec("matplotlib").submodule_search_locations[0]
    return [Path(folder, "mpl-data", "sample_data", "grace_hopper.jpg")]


def picture(width, height, number=0):
    """Return a photo of that size, BGR; photos of different numbers show different things."""
    photos = find_photos()
    photo = cv2.imread(str(photos[number % len(photos)]))
    photo = np.roll(photo, 40 * (number // len(photos)), axis=(0, 1))
    factor = max(width / photo.shape[1], height / photo.shape[0])
    size = [
        max(edge, round(side * factor))
        for edge, side in zip((width, height), photo.shape[1::-1], strict=True)
    ]
    return cv2.resize(photo, size, interpolation=cv2.INTER_AREA)[:height, :width].copy()


def write_ordinary(folder):
    """Write four JPEGs of quality 90, two wide and two tall; return their names."""
    sizes = [(500, 375), (300, 400), (640, 427), (375, 500)]
    for number, size in enumerate(sizes):
        file = str(folder / f"photo_{number}.jpg")
        cv2.imwrite(file, picture(*size, number), [cv2.IMWRITE_JPEG_QUALITY, 90])
    return [f"photo_{number}.jpg" for number in range(len(sizes))]


def write_odd(folder):
    """Write the images of `ODD`."""
    small = Image.fromarray(picture(123, 80)[:, :, ::-1])
    small.convert("L").save(folder / "grey.jpg")
    small.convert("CMYK").save(folder / "cmyk.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn by 90 degrees
    small.save(folder / "turned.jpg", exif=exif)
    small.save(folder / "progressive.jpg", progressive=True)
    alpha = small.convert("L").point(lambda value: 255 - value)
    for name, mode in (("rgba.png", "RGB"), ("la.png", "L")):
        image = small.convert(mode)
        image.putalpha(alpha)
        image.save(folder / name)
    small.convert("P").save(folder / "palette.png")
    grey = cv2.cvtColor(picture(123, 80), cv2.COLOR_BGR2GRAY)
    cv2.imwrite(str(folder / "sixteen.png"), grey.astype(np.uint16) * 257 + 3)
    cv2.imwrite(str(folder / "one_wide.jpg"), picture(1, 90))
    cv2.imwrite(str(folder / "one_high.jpg"), picture(90, 1))


def write_huge(folder):
    """Write a photo of 6000x4000 pixels; return its name."""
    cv2.imwrite(str(folder / "huge.jpg"), picture(6000, 4000))
    return "huge.jpg"
