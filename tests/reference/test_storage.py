"""Files from every backend that the originals have, and the pixels in them."""

import http.server
import shutil
import sys
import threading
from functools import partial

import cv2
import lmdb
import matplotlib
import numpy as np
import pytest
from PIL import Image

from mmlight.compat import fileio
from mmlight.data.datasets.custom import CustomDataset
from mmlight.data.storage import choose
from mmlight.data.transforms import LoadImageFromFile

NAMES = ["train/face/2.jpg", "train/face/10.jpg", "train/whole/1.jpg"]
COLORS = ["color", "grayscale", "unchanged", "color_ignore_orientation"]
# stands in for the originals' client: objects are the files of a folder
CLIENT = """
import os

class Client:
    def __init__(self, conf_path=None, enable_mc=True):
        self.root = conf_path

    def _path(self, path):
        return os.path.join(self.root, path.split('://')[1])

    def Get(self, path):
        with open(self._path(path), 'rb') as file:
            return file.read()

    def contains(self, path):
        return os.path.isfile(self._path(path))

    def isdir(self, path):
        return os.path.isdir(self._path(path))

    def list(self, folder):
        for entry in os.scandir(self._path(folder)):
            yield entry.name + '/' * entry.is_dir()
"""


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Real photos as JPEG in class folders, one of them to be turned by 90 degrees."""
    root = tmp_path_factory.mktemp("photos")
    photo = cv2.imread(f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg")
    crops = [photo[50:350, 100:400], photo[100:301, 80:200], photo]
    for name, crop in zip(NAMES, crops, strict=True):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(root / name), crop)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(root / NAMES[1]).save(root / NAMES[1], exif=exif)
    (root / "train.txt").write_text("face/2.jpg 1\nwhole/1.jpg 0\n")
    return root


@pytest.fixture(scope="module")
def database(photos):
    path = str(photos / "photos.lmdb")
    with lmdb.open(path, map_size=1 << 24) as env, env.begin(write=True) as transaction:
        for name in NAMES:
            transaction.put(name.encode(), (photos / name).read_bytes())
    shutil.copytree(path, f"{path}-again")
    return path


@pytest.fixture(scope="module")
def address(photos):
    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = partial(Handler, directory=str(photos))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def petrel(tmp_path, monkeypatch):
    """A folder with the stand-in client, which is on our path."""
    (tmp_path / "petrel_client").mkdir()
    (tmp_path / "petrel_client" / "__init__.py").touch()
    (tmp_path / "petrel_client" / "client.py").write_text(CLIENT)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(choose, "_made", {})
    yield str(tmp_path)
    for name in ("petrel_client", "petrel_client.client"):
        sys.modules.pop(name, None)


def load_1x(paths, options, folder=None):
    import sys

    from mmcv.transforms import LoadImageFromFile

    sys.path.insert(0, folder) if folder else None
    load = LoadImageFromFile(**options)
    return [load({"img_path": path})["img"] for path in paths]


def load_0x(paths, options, folder=None):
    import sys

    from mmcls.datasets.pipelines import LoadImageFromFile

    sys.path.insert(0, folder) if folder else None
    load = LoadImageFromFile(**options)
    infos = [{"img_prefix": None, "img_info": {"filename": path}} for path in paths]
    return [load(info)["img"] for info in infos]


def ours(paths, options, generation="1.x"):
    load = LoadImageFromFile(**options, generation=generation)
    return [load({"img_path": path})["img"] for path in paths]


def check_equal(ours, theirs):
    assert len(ours) == len(theirs) == len(NAMES)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine.dtype == other.dtype
        assert np.array_equal(mine, other)


@pytest.mark.parametrize("color", COLORS)
def test_pixels_are_equal_when_read_from_lmdb(database, mmcls, mmpretrain, color):
    place = {"backend": "lmdb", "db_path": database}
    new = {"backend_args": place, "color_type": color}
    check_equal(ours(NAMES, new), mmpretrain(load_1x, NAMES, new))
    old = {"file_client_args": place, "color_type": color}
    check_equal(ours(NAMES, old, "0.x"), mmcls(load_0x, NAMES, old))
    # the original cannot open a database by both words in one process
    old = {**old, "file_client_args": {**place, "db_path": f"{database}-again"}}
    check_equal(ours(NAMES, old), mmpretrain(load_1x, NAMES, old))


@pytest.mark.parametrize(
    "options", [{}, {"backend_args": {}}, {"backend_args": {"backend": "http"}}]
)
def test_pixels_are_equal_when_read_from_a_server(address, mmcls, mmpretrain, options):
    paths = [f"{address}/{name}" for name in NAMES]
    check_equal(ours(paths, options), mmpretrain(load_1x, paths, options))
    old = {"file_client_args": {"backend": "http"}}
    check_equal(ours(paths, old, "0.x"), mmcls(load_0x, paths, old))
    old = {"file_client_args": {"prefix": "http"}}
    check_equal(ours(paths, old, "0.x"), mmcls(load_0x, paths, old))


def test_pixels_are_equal_when_read_by_petrel(photos, petrel, mmcls, mmpretrain):
    place = {"conf_path": str(photos), "path_mapping": {"data/": "s3://"}, "enable_mc": False}
    paths = [f"data/{name}" for name in NAMES]
    new = {"backend_args": {"backend": "petrel", **place}}
    check_equal(ours(paths, new), mmpretrain(load_1x, paths, new, petrel))
    old = {"file_client_args": {"backend": "petrel", **place}}
    check_equal(ours(paths, old, "0.x"), mmcls(load_0x, paths, old, petrel))
    stores = [f"my:s3://{name}" for name in NAMES]
    inferred = {"backend_args": place}
    check_equal(ours(stores, inferred), mmpretrain(load_1x, stores, inferred, petrel))


def list_0x(options, folder):
    import sys

    from mmcls.datasets import CustomDataset

    sys.path.insert(0, folder)
    dataset = CustomDataset(pipeline=[], **options)
    infos = [
        (f"{i['img_prefix']}/{i['img_info']['filename']}", int(i["gt_label"]))
        for i in dataset.data_infos
    ]
    return infos, list(dataset.CLASSES or ())


@pytest.mark.parametrize("ann_file", [None, "data/train.txt"])
def test_samples_are_equal_when_a_dataset_lies_in_petrel(photos, petrel, mmcls, ann_file):
    place = {"conf_path": str(photos), "path_mapping": {"data/": "s3://"}}
    options = {
        "data_prefix": "data/train",
        "ann_file": ann_file,
        "file_client_args": {"backend": "petrel", **place},
    }
    dataset = CustomDataset(**options)
    mine = [(info["img_path"], info["gt_label"]) for info in dataset.data_list]
    assert (mine, list(dataset.CLASSES or ())) == mmcls(list_0x, options, petrel)


def scan_1x(options, flags_list, folder):
    import sys

    from mmengine import fileio

    sys.path.insert(0, folder)
    backend = fileio.get_file_backend(backend_args=options)
    answers = [sorted(backend.list_dir_or_file("s3://train", *flags)) for flags in flags_list]
    paths = ["s3://train", "s3://train/face/2.jpg", "s3://no"]
    kinds = [[backend.exists(p), backend.isdir(p), backend.isfile(p)] for p in paths]
    return answers, kinds, backend.join_path("s3://a/", "b", "/c")


FLAGS = [(True, True), (False, True, ".jpg", True), (True, False, None, True)]


def test_petrel_answers_alike_when_asked(photos, petrel, mmpretrain):
    options = {"backend": "petrel", "conf_path": str(photos)}
    backend = fileio.get_file_backend(backend_args=options)
    answers = [sorted(backend.list_dir_or_file("s3://train", *flags)) for flags in FLAGS]
    paths = ["s3://train", "s3://train/face/2.jpg", "s3://no"]
    kinds = [[backend.exists(p), backend.isdir(p), backend.isfile(p)] for p in paths]
    mine = answers, kinds, backend.join_path("s3://a/", "b", "/c")
    assert mine == mmpretrain(scan_1x, options, FLAGS, petrel)


def register_1x(path):
    from mmengine import fileio

    @fileio.register_backend("reversed", prefixes="reversed")
    class Reversed(fileio.BaseStorageBackend):
        def get(self, filepath):
            return filepath[::-1].encode()

        def get_text(self, filepath):
            return filepath[::-1]

    return fileio.get(path), fileio.FileClient.__name__


def test_own_backend_answers_alike_when_registered(monkeypatch, mmpretrain):
    for name in ("BACKENDS", "PREFIXES", "_made"):
        monkeypatch.setattr(choose, name, dict(getattr(choose, name)))

    @choose.register_backend("reversed", prefixes="reversed")
    class Reversed(choose.Backend):
        def get(self, filepath):
            return filepath[::-1].encode()

    path = "reversed://a/b"
    assert (fileio.get(path), fileio.FileClient.__name__) == mmpretrain(register_1x, path)
