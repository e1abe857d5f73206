from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.errors import WeightsError
from mmlight.weights import locate
from mmlight.weights.locate import Address, Rule, find_address, find_file, find_source, read_rules

ZOO = "https://download.openmmlab.com/"
NOWHERE = "http://127.0.0.1:1/models/net_8xb32.pth"


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch):
    return lambda *rules: monkeypatch.setenv(locate.MIRROR_VARIABLE, ";".join(map(str, rules)))


# ------------------------------------------------------------------ what a location means


@pytest.mark.parametrize("text", ["{}", "file://{}"])
def test_finds_a_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a b.pth"
    path.write_bytes(b"x")
    shown = str(path).replace(" ", "%20") if text.startswith("file") else path
    assert find_file(text.format(shown)) == (path, None)


def test_finds_a_file_of_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert find_file("~/a.pth") == (tmp_path / "a.pth", None)


@pytest.mark.parametrize(
    ("location", "url", "part"),
    [
        ("open-mmlab://resnet50_v1c", "pretrain/third_party/resnet50_v1c-2cccc1ad.pth", ""),
        ("openmmlab://resnet50_caffe", "pretrain/third_party/resnet50_caffe-788b5fa3.pth", ""),
        (
            "mmcls://resnet18",
            "mmclassification/v0/resnet/resnet18_8xb32_in1k_20210831-fbbb1da6.pth",
            "backbone",
        ),
    ],
)
def test_knows_the_names_of_the_model_zoo(location: str, url: str, part: str) -> None:
    assert find_address(location) == Address(ZOO + url, url.rsplit("/", 1)[-1], part)


@pytest.mark.parametrize(
    ("location", "name"),
    [
        ("torchvision://resnet50", "resnet50-0676ba61.pth"),
        ("modelzoo://resnet50", "resnet50-0676ba61.pth"),
        ("torchvision://resnet50.imagenet1k_v2", "resnet50-11ad3fa6.pth"),
        ("torchvision://resnet50.default", "resnet50-11ad3fa6.pth"),
        ("torchvision://ResNet50_Weights.IMAGENET1K_V1", "resnet50-0676ba61.pth"),
        ("torchvision://efficientnet_b0", "efficientnet_b0_rwightman-3dd342df.pth"),  # as in 0.12
    ],
)
def test_knows_the_names_of_torchvision(location: str, name: str) -> None:
    assert find_address(location) == Address(f"https://download.pytorch.org/models/{name}", name)


def test_knows_the_names_of_timm() -> None:
    found = find_address("timm/resnet50.a1_in1k")
    assert found is not None
    assert (
        found.url == "https://huggingface.co/timm/resnet50.a1_in1k/resolve/main/model.safetensors"
    )
    assert (found.name, found.timm_name) == ("resnet50.a1_in1k.safetensors", "resnet50.a1_in1k")
    untagged = find_address("timm/resnet50")
    assert untagged is not None
    assert untagged.name == "resnet50.a1_in1k.safetensors"


def test_takes_a_folder_called_timm_for_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "timm").mkdir()
    (tmp_path / "timm" / "resnet50").write_bytes(b"x")
    assert find_file("timm/resnet50") == (Path("timm/resnet50"), None)


@pytest.mark.parametrize(
    ("location", "problem", "nearest"),
    [
        ("open-mmlab://resnet50_v1", "no weights of the name 'resnet50_v1'", "resnet50_v1c"),
        ("open-mmlab://resnet50_caffe_bgr", "name 'detectron2/resnet50_caffe_bgr'", None),
        ("mmcls://resnet51", "no weights of the name 'resnet51'", "resnet50"),
        ("torchvision://resnet51", "no weights of the name 'resnet51'", "resnet50"),
        ("torchvision://resnet50.imagenet1k_v3", "name 'imagenet1k_v3'", "imagenet1k_v2"),
        ("timm/resnet50.a1_in2k", "no weights of the name 'resnet50.a1_in2k'", "resnet50.a1_in1k"),
        ("timm/lenet", "no weights of the name 'lenet'", None),
        ("s3://bucket/a.pth", "cannot be fetched from 's3://'", None),
        ("openmlab://resnet50", "cannot be fetched from 'openmlab://'", "openmmlab://"),
    ],
)
def test_names_the_nearest_when_a_name_is_unknown(
    location: str, problem: str, nearest: str | None
) -> None:
    with pytest.raises(WeightsError) as error:
        find_address(location)
    assert error.value.path == location
    assert problem in error.value.problem
    if nearest is not None:
        assert error.value.nearest == nearest


def test_tells_when_timm_has_no_weights() -> None:
    with pytest.raises(
        WeightsError, match="no weights for 'vit_base_patch16_18x2_224' in a format"
    ):
        find_address("timm/vit_base_patch16_18x2_224")


# ------------------------------------------------------------------ mirrors and the cache


@pytest.mark.parametrize("path", ["net_8xb32.pth", "models/net_8xb32.pth"])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_takes_a_file_from_a_folder_first(
    cache: Path, tmp_path: Path, mirror, path: str, scheme: str
) -> None:
    (cache / "net_8xb32.pth").write_bytes(b"cached")
    mine = tmp_path / "mine" / path
    mine.parent.mkdir(parents=True)
    mine.write_bytes(b"mine")
    assert find_file(NOWHERE)[0].read_bytes() == b"cached"
    mirror(tmp_path / "none", f"{scheme}{tmp_path / 'mine'}")
    assert find_file(NOWHERE)[0] == mine


def test_takes_a_file_from_the_cache_of_the_hub(tmp_path: Path, monkeypatch) -> None:
    from huggingface_hub import constants

    folder = tmp_path / "hub" / "models--timm--resnet50.a1_in1k"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("abc")
    (folder / "snapshots" / "abc").mkdir(parents=True)
    (folder / "snapshots" / "abc" / "model.safetensors").write_bytes(b"x")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    assert find_file("timm/resnet50.a1_in1k")[0].read_bytes() == b"x"


def test_fetches_from_a_server_with_the_same_paths(server, cache: Path, mirror) -> None:
    server.files["/mm/mmclassification/v0/resnet/resnet18_8xb32_in1k_20210831-fbbb1da6.pth"] = (
        b"\x80"
    )
    mirror(f"{server.url}/mm/")
    with pytest.raises(WeightsError, match="begins with fbbb1da6") as error:
        find_file("mmcls://resnet18")
    assert f"from {server.url}/mm/mmclassification/v0" in error.value.problem
    assert error.value.expected.startswith(f"the file at {ZOO}mmclassification")
    server.files = {"/mm/models/net_8xb32.pth": b"\x80weights"}
    path, address = find_file(NOWHERE)
    assert path == cache / "net_8xb32.pth"
    assert path.read_bytes() == b"\x80weights"
    assert address == Address(NOWHERE, "net_8xb32.pth")


def test_asks_the_first_mirror_whose_rule_fits(mirror) -> None:
    mirror(f"{ZOO}=https://a.org/zoo", "https://b.org", "https://c.org")
    assert find_source(f"{ZOO}v0/a.pth") == "https://a.org/zoo/v0/a.pth"
    assert find_source("https://x.org/y/a.pth") == "https://b.org/y/a.pth"
    mirror(f"{ZOO}=/data")
    assert find_source(f"{ZOO}v0/a.pth") == f"{ZOO}v0/a.pth"
    assert find_source("https://x.org/y/a.pth?z=1") == "https://x.org/y/a.pth?z=1"


def test_looks_into_a_folder_for_the_addresses_of_its_rule_only(tmp_path: Path, mirror) -> None:
    (tmp_path / "net_8xb32.pth").write_bytes(b"x")
    mirror(f"{ZOO}={tmp_path}")
    assert locate.find_fetched(Address(NOWHERE, "net_8xb32.pth")) is None
    mirror(f"http://127.0.0.1:1={tmp_path}")
    assert locate.find_fetched(Address(NOWHERE, "net_8xb32.pth")) == tmp_path / "net_8xb32.pth"


def test_names_file_address_and_folders_when_offline(cache: Path, tmp_path: Path, mirror) -> None:
    mirror(tmp_path / "mine")
    with pytest.raises(WeightsError) as error:
        find_file(NOWHERE)
    assert error.value.path == NOWHERE
    assert error.value.problem.startswith(f"the weights cannot be fetched from {NOWHERE}: ")
    assert error.value.next_step == (
        f"Get net_8xb32.pth elsewhere and put it at {cache}/net_8xb32.pth or "
        f"{tmp_path}/mine/net_8xb32.pth, or into the folder that the environment variable "
        "MMLIGHT_WEIGHTS_MIRROR names."
    )
    assert not list(cache.iterdir())


texts = st.from_regex(r"[a-zA-Z0-9_.~/ -]*[a-z]", fullmatch=True)


@given(st.lists(texts.map("/{}".format), max_size=3), texts.map("https://{}".format))
def test_reads_every_rule_that_is_written(folders: list[str], start: str) -> None:
    rules = [*(Rule("", folder) for folder in folders), Rule(start, "https://m.org")]
    text = " ; ".join([*folders, f"{start}=https://m.org"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(locate.MIRROR_VARIABLE, text)
        assert read_rules() == rules


@given(texts, texts)
def test_puts_the_rest_of_an_address_behind_the_mirror(host: str, rest: str) -> None:
    rest = rest.lstrip("/")
    assert Rule(f"https://{host}/", "x").find_rest(f"https://{host}/{rest}") == rest
    assert Rule("ftp://", "x").find_rest(f"https://{host}/{rest}") is None


def test_puts_files_where_torch_does(cache: Path) -> None:
    assert cache == Path(torch.hub.get_dir()) / "checkpoints"
