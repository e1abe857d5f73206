import pickle
import sys
import types
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from mmlight.data.storage import choose, register_backend
from mmlight.data.storage.backend import Backend
from mmlight.data.storage.web import FsspecBackend
from mmlight.data.transforms import LoadImageFromFile
from mmlight.errors import DataError


@pytest.fixture
def path(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.full((4, 6, 3), 7, np.uint8))
    return tmp_path / "a.png"


def test_load_adds_shapes_when_read(path):
    results = LoadImageFromFile(to_float32=True)({"img_path": path})
    assert results["img"].dtype == np.float32
    assert results["img_shape"] == results["ori_shape"] == (4, 6)


def test_load_knows_old_fields_when_generation_is_old(path):
    results = {"img_prefix": str(path.parent), "img_info": {"filename": "a.png"}}
    results = LoadImageFromFile(generation="0.x")(results)
    assert results["filename"] == results["img_path"] == str(path)
    assert results["ori_filename"] == "a.png"


def test_load_raises_or_drops_when_file_is_missing():
    with pytest.raises(DataError, match=r"none.jpg"):
        LoadImageFromFile()({"img_path": "none.jpg"})
    assert LoadImageFromFile(ignore_empty=True)({"img_path": "none.jpg"}) is None


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"backend_args": {}},
        {"backend_args": {"backend": "fsspec"}},
        {"file_client_args": {"backend": "fsspec"}},
        {"file_client_args": {"prefix": "memory"}},
    ],
)
@pytest.mark.parametrize("generation", ["0.x", "1.x"])
def test_load_reads_an_address_when_a_backend_can(path, options, generation):
    load = pickle.loads(pickle.dumps(LoadImageFromFile(**options, generation=generation)))
    results = load({"img_path": "memory://load/a.png"})
    assert np.array_equal(results["img"], cv2.imread(str(path)))
    assert results["img_shape"][:2] == (4, 6)


@pytest.fixture
def stored(path):
    FsspecBackend().put(path.read_bytes(), "memory://load/a.png")


def test_load_reads_a_member_when_path_leads_into_an_archive(path, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.write(path, "x/a.png")
        file.writestr("x/b.png", "no image")
    load = LoadImageFromFile()
    assert np.array_equal(
        load({"img_path": tmp_path / "a.zip/x/a.png"})["img"], load({"img_path": path})["img"]
    )
    with pytest.raises(DataError, match=r"a\.zip/x/b\.png: the file holds no image"):
        load({"img_path": tmp_path / "a.zip/x/b.png"})
    assert LoadImageFromFile(ignore_empty=True)({"img_path": tmp_path / "a.zip/x/c.png"}) is None


def test_load_reads_the_disk_when_told_so(path):
    load = LoadImageFromFile(file_client_args={"backend": "disk"})
    assert load({"img_path": str(path)})["img"].shape == (4, 6, 3)
    with pytest.raises(DataError, match=r"http://a/b\.png: the image cannot be read"):
        load({"img_path": "http://a/b.png"})


def test_load_tells_a_data_error_when_own_backend_raises(monkeypatch):
    monkeypatch.setattr(choose, "BACKENDS", dict(choose.BACKENDS))
    register_backend(
        "mine", type("Mine", (Backend,), {"get": lambda self, path: Path(path).read_bytes()})
    )
    load = LoadImageFromFile(backend_args={"backend": "mine"})
    with pytest.raises(DataError, match=r"none\.png: the image cannot be read .*No such file"):
        load({"img_path": "none.png"})


def test_load_raises_when_backend_is_unknown():
    with pytest.raises(ValueError, match=r"^backend_args must name a backend, .* got 'petrl'"):
        LoadImageFromFile(backend_args={"backend": "petrl"})
    with pytest.raises(ValueError, match=r"^file_client_args cannot be used .*petrel_client"):
        LoadImageFromFile(file_client_args={"backend": "petrel"})
    with pytest.raises(ValueError, match=r"not both be given, got \{'backend': 'disk'\} and"):
        LoadImageFromFile(file_client_args={"backend": "disk"}, backend_args={"backend": "local"})
    with pytest.raises(ValueError, match=r"imdecode_backend must be .* got 'turbo'"):
        LoadImageFromFile(imdecode_backend="turbo")


def test_load_decodes_by_another_package_when_installed(path, monkeypatch):
    module = types.ModuleType("tifffile")
    module.imread = lambda file: np.full((2, 3), len(file.read()), np.uint16)
    monkeypatch.setitem(sys.modules, "tifffile", module)
    image = LoadImageFromFile(imdecode_backend="tifffile")({"img_path": path})["img"]
    assert image.tolist() == [[len(path.read_bytes())] * 3] * 2
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(ValueError, match=r"imdecode_backend 'tifffile' cannot be used: .*pip"):
        LoadImageFromFile(imdecode_backend="tifffile")
