from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="session")
def hopper() -> np.ndarray:
    """Return a photo, uint8 `(600, 512, 3)` RGB."""
    folder = Path(matplotlib.get_data_path(), "sample_data")
    return np.asarray(Image.open(folder / "grace_hopper.jpg").convert("RGB"))


@pytest.fixture
def photos(tmp_path: Path, hopper: np.ndarray) -> Path:
    """Write a folder with two classes, of photos of several sizes and kinds."""
    photo = Image.fromarray(hopper)
    for name in ("cat", "dog"):
        (tmp_path / "photos" / name).mkdir(parents=True)
    photo.save(tmp_path / "photos" / "cat" / "a.png")
    photo.convert("L").crop((0, 0, 300, 200)).save(tmp_path / "photos" / "cat" / "b.png")
    photo.crop((100, 100, 200, 300)).save(tmp_path / "photos" / "dog" / "c.jpg", quality=95)
    return tmp_path / "photos"
