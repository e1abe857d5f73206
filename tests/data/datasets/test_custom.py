import tracemalloc
import zipfile

import pytest

from mmlight.data.datasets.custom import CustomDataset, find_files
from mmlight.data.storage.web import FsspecBackend
from mmlight.errors import DataError


def touch(root, *names):
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_folder_names_become_classes_when_none_are_given(tmp_path):
    touch(tmp_path, "dog/1.png", "cat/2.jpg", "cat/x/3.PNG", "cat/readme.md")
    dataset = CustomDataset(data_prefix=str(tmp_path))
    assert dataset.CLASSES == ("cat", "dog")
    assert dataset.get_gt_labels().tolist() == [0, 0, 1]
    assert dataset.get_data_info(1)["img_path"] == f"{tmp_path}/cat/x/3.PNG"
    assert dataset.folder_to_idx == {"cat": 0, "dog": 1}


def test_dataset_warns_when_a_class_folder_is_empty(tmp_path):
    touch(tmp_path, "a/1.png", "b/readme.md")
    with pytest.warns(UserWarning, match="no image in the class folders b"):
        assert len(CustomDataset(str(tmp_path))) == 1


def test_dataset_raises_when_folder_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"/none: this folder is missing(?s:.)*data_prefix"):
        CustomDataset(str(tmp_path), "none")


@pytest.mark.filterwarnings("ignore:.*no image in the class folders")
def test_dataset_raises_when_no_image_is_found(tmp_path):
    touch(tmp_path, "a/readme.md")
    with pytest.raises(DataError, match="the dataset is empty"):
        CustomDataset(str(tmp_path))


def test_dataset_raises_when_folders_do_not_fit_classes(tmp_path):
    touch(tmp_path, "a/1.png", "b/1.png")
    with pytest.raises(DataError, match="2 sub-folders do not fit 3 classes"):
        CustomDataset(str(tmp_path), classes=["x", "y", "z"])


def test_dataset_raises_when_list_is_missing(tmp_path):
    with pytest.raises(DataError, match=r"/a\.txt: this file is missing"):
        CustomDataset(str(tmp_path), ann_file="a.txt")


@pytest.mark.parametrize("line", ["b.png", "b.png one"])
def test_dataset_raises_when_line_has_no_label(tmp_path, line):
    (tmp_path / "a.txt").write_text(f"a.png 0\n\n{line}\n")
    with pytest.raises(DataError, match=rf"a\.txt:3: '{line}' does not end in a label"):
        CustomDataset(str(tmp_path), ann_file="a.txt")


def test_dataset_raises_when_nothing_is_given():
    with pytest.raises(ValueError, match="one of data_root, data_prefix and ann_file"):
        CustomDataset()


def test_dataset_tells_what_is_wrong_when_the_list_is_no_utf_8(tmp_path):
    (tmp_path / "list.txt").write_bytes("Käfer.jpg 1".encode("latin-1"))
    with pytest.raises(DataError, match=r"list\.txt: is no text in UTF-8: .*byte 0xe4"):
        CustomDataset(data_root=str(tmp_path), ann_file="list.txt")


def test_list_has_no_labels_when_told_so(tmp_path):
    (tmp_path / "a.txt").write_text("x y.png\nz.png\n")
    dataset = CustomDataset(str(tmp_path), ann_file="a.txt", with_label=False)
    assert dataset.get_data_info(0) == {"img_path": f"{tmp_path}/x y.png", "sample_idx": 0}


def test_find_files_follows_links_when_folder_has_one(tmp_path):
    touch(tmp_path, "real/1.png")
    (tmp_path / "top").mkdir()
    (tmp_path / "top" / "link").symlink_to(tmp_path / "real")
    assert find_files(str(tmp_path / "top"), (".png",)) == ["link/1.png"]


def test_dataset_is_small_when_list_is_long(tmp_path):
    count = 200_000
    path = tmp_path / "a.txt"
    path.write_text("".join(f"n01440764/n01440764_{i}.JPEG {i % 1000}\n" for i in range(count)))
    tracemalloc.start()
    dataset = CustomDataset(data_prefix="/data/train", ann_file=str(path))
    used, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert dataset.get_data_info(count - 1)["gt_label"] == 999
    assert used / count < 64
    assert peak / count < 128


@pytest.fixture(params=["memory", "zip"])
def elsewhere(request, tmp_path):
    """A folder of classes that is no folder on disk."""
    names = ["train/cat/2.jpg", "train/cat/10.JPG", "train/ant/1.png", "train/ant/no.txt"]
    files = {name: name for name in names} | {"list.txt": "cat/2.jpg 1\nant/1.png 0\n"}
    if request.param == "zip":
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as file:
            for name, content in files.items():
                file.writestr(name, content)
        return str(tmp_path / "all.zip")
    for name, content in files.items():
        FsspecBackend().put_text(content, f"memory://custom/{name}")
    return "memory://custom"


def _samples(dataset):
    return [(info["img_path"], info["gt_label"]) for info in dataset.data_list]


def test_samples_are_found_when_the_folder_is_no_folder_on_disk(elsewhere):
    dataset = CustomDataset(elsewhere, "train")
    assert dataset.CLASSES == ("ant", "cat")
    ant, two, ten = (
        f"{elsewhere}/train/{name}" for name in ("ant/1.png", "cat/2.jpg", "cat/10.JPG")
    )
    assert _samples(dataset) == [(ant, 0), (ten, 1), (two, 1)]
    listed = CustomDataset(elsewhere, "train", ann_file="list.txt")
    assert _samples(listed) == [(two, 1), (ant, 0)]
    dataset.check_files()
    listed.check_files()


def test_path_is_named_when_missing_elsewhere(elsewhere):
    with pytest.raises(DataError, match=f"{elsewhere}/val: this folder is missing"):
        CustomDataset(elsewhere, "val")
    with pytest.raises(DataError, match=rf"{elsewhere}/no\.txt"):
        CustomDataset(elsewhere, "train", ann_file="no.txt")


def test_backend_is_asked_when_named(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").write_text("")
    dataset = CustomDataset(str(tmp_path), file_client_args={"backend": "disk"})
    assert _samples(dataset) == [(f"{tmp_path}/a/1.jpg", 0)]
    FsspecBackend().put_text("", "memory://named/a/1.jpg")
    dataset = CustomDataset("memory://named", file_client_args={"backend": "fsspec"})
    assert _samples(dataset) == [("memory://named/a/1.jpg", 0)]
    with pytest.raises(ValueError, match=r"^file_client_args must name .* got 'dsk'"):
        CustomDataset(str(tmp_path), file_client_args={"backend": "dsk"})


def test_dataset_warns_when_a_folder_gets_the_name_of_another(tmp_path):
    touch(tmp_path, "bag/1.png", "shirt/2.png")
    with pytest.warns(UserWarning, match="images in 'bag' are called 'shirt'"):
        dataset = CustomDataset(str(tmp_path), metainfo={"classes": ("shirt", "bag")})
    assert dataset.get_gt_labels().tolist() == [0, 1]
    CustomDataset(str(tmp_path), metainfo={"classes": ("hand bag", "shirt")})


def test_dataset_reads_a_list_when_windows_has_marked_it(tmp_path):
    (tmp_path / "list.txt").write_bytes(b"\xef\xbb\xbfa 1.jpg 0\r\n")
    dataset = CustomDataset(str(tmp_path), ann_file="list.txt")
    assert dataset.get_data_info(0)["img_path"] == f"{tmp_path}/a 1.jpg"
