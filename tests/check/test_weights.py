import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import torch

from mmlight.build import build_model
from mmlight.check.findings import Findings
from mmlight.check.weights import probe_url
from mmlight.errors import MMLightError
from mmlight.run import read_spec
from tests.check.conftest import write_changed

Only = Callable[..., MMLightError]
Examine = Callable[..., Findings]
LOAD = "load_from = None"
URL = "https://example.org/weights/net.pth"


@pytest.fixture
def state(tmp_path: Path) -> dict[str, torch.Tensor]:
    """Return the state dict of the model that the config describes."""
    path, _ = write_changed(tmp_path, {})
    return build_model(read_spec(path)).state_dict()


def save(folder: Path, state: dict[str, torch.Tensor], **more: object) -> str:
    path = folder / "net.pth"
    torch.save({"state_dict": state, **more}, path)
    return str(path)


def load_from(path: object) -> dict[str, str]:
    return {LOAD: f"load_from = {str(path)!r}"}


def test_names_the_nearest_when_the_file_is_missing(only: Only, tmp_path: Path) -> None:
    save(tmp_path, {})
    path = f"{tmp_path}/nett.pth"
    error = only(load_from(path))
    assert (error.path, error.problem) == (path, "no such checkpoint file")
    assert error.origin == f"load_from = {path!r}"
    assert error.nearest == "net.pth"


@pytest.mark.parametrize(
    ("value", "problem"),
    [("''", "'' names no checkpoint"), ("5", "the value 5 cannot be used")],
)
def test_tells_when_no_file_is_named(only: Only, value: str, problem: str) -> None:
    error = only({LOAD: f"load_from = {value}"})
    assert (error.path, error.problem) == ("load_from", problem)


def test_tells_when_the_file_is_damaged(only: Only, tmp_path: Path) -> None:
    path = Path(save(tmp_path, {"a": torch.zeros(50)}))
    path.write_bytes(path.read_bytes()[:500])
    error = only(load_from(path))
    assert error.problem.startswith("the checkpoint is damaged, not whole (500 bytes)")


def test_says_nothing_when_the_weights_fit(
    examine: Examine, tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    found = examine(load_from(save(tmp_path, state)))
    assert found.errors == []
    assert not [note for note in found.notes if "net.pth" in note.text]


def test_tells_when_nothing_fits(only: Only, tmp_path: Path) -> None:
    path = save(tmp_path, {"stem.conv": torch.zeros(2)})
    error = only(load_from(path))
    assert error.problem == "none of its 1 tensors fits the model; it has stem.conv"


def test_tells_when_a_shape_differs(
    only: Only, tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    name = "backbone.network.conv1.weight"
    path = save(tmp_path, {**state, name: torch.zeros(64, 3, 7, 7)})
    error = only(load_from(path))
    assert f"the first is '{name}' with (64, 3, 7, 7)" in error.problem
    assert error.expected == "shape (64, 1, 7, 7)"


def test_notes_what_is_missing_and_what_starts_anew(
    examine: Examine, tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    state["head.fc.bias"] = torch.zeros(3)
    for missing in (None, "backbone.network.conv1.weight"):
        state.pop(missing or "", None)
        found = examine(load_from(save(tmp_path, state)))
        assert found.errors == []
        (note,) = [note for note in found.notes if note.path == "load_from"]
        assert "2 dropped, for their shapes differ: head.fc.weight, head.fc.bias" in note.text
        assert (f"1 missing: {missing}" in note.text) == (missing is not None)


@pytest.mark.parametrize("prefix", ["", ", prefix='backbone.'"])
def test_looks_into_pretrained_parts(
    examine: Examine, tmp_path: Path, state: dict[str, torch.Tensor], prefix: str
) -> None:
    path = save(tmp_path, state)
    init = f"depth=18, init_cfg=dict(type='Pretrained', checkpoint={path!r}{prefix})"
    found = examine({"depth=18": init})
    problems = [error.problem for error in found.errors]
    if prefix:
        assert problems == []
    else:
        assert problems[0].startswith("none of its 122 tensors fits the model; it has backbone.")
        assert found.errors[0].origin


def test_looks_into_the_checkpoint_of_timm(only: Only, tmp_path: Path) -> None:
    backbone = (
        "type='ResNet',\n        depth=18,\n        in_channels=1,\n        out_indices=(3, )"
    )
    path = str(tmp_path / "none.pth")
    timm = f"type='TIMMBackbone', model_name='resnet18', in_channels=1, checkpoint_path={path!r}"
    error = only({backbone: timm})
    assert (error.path, error.problem) == (path, "no such checkpoint file")


def test_notes_weights_that_timm_fetches(examine: Examine) -> None:
    backbone = (
        "type='ResNet',\n        depth=18,\n        in_channels=1,\n        out_indices=(3, )"
    )
    timm = "type='TIMMBackbone', model_name='resnet18', in_channels=1, pretrained=True"
    found = examine({backbone: timm})
    assert found.errors == []
    assert "model.backbone.pretrained" in [note.path for note in found.notes]


# -------------------------------------------------------------------------- resuming


def test_tells_when_there_is_nothing_to_resume(
    only: Only, tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    path = save(tmp_path, state)
    error = only({LOAD: f"load_from = {path!r}\nresume = True"})
    assert error.problem == "the checkpoint holds weights but no training state"
    assert error.origin == f"load_from = {path!r}"


def test_notes_when_a_run_starts_from_scratch(examine: Examine, tmp_path: Path) -> None:
    found = examine({LOAD: f"resume = True\nwork_dir = {str(tmp_path / 'w')!r}"})
    assert found.errors == []
    assert f"There is no checkpoint in {tmp_path}/w" in str(found)


# -------------------------------------------------------------------------- addresses


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("MMLIGHT_WEIGHTS_MIRROR", raising=False)


def test_says_where_to_put_what_cannot_be_fetched(only: Only, tmp_path: Path) -> None:
    asked = []

    def probe(url: str) -> None:
        asked.append(url)
        raise OSError("no route to host")

    error = only(load_from(URL), probe=probe)
    assert asked == [URL]
    assert (error.path, error.origin) == (URL, f"load_from = {URL!r}")
    assert error.problem == f"the weights cannot be fetched from {URL}: no route to host"
    assert f"Get net.pth elsewhere and put it at {tmp_path}/cache/hub" in error.next_step
    assert not (tmp_path / "cache").exists()


def test_asks_the_mirror(examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MMLIGHT_WEIGHTS_MIRROR", "https://mirror.org/mm/")
    asked: list[str] = []
    assert examine(load_from(URL), probe=asked.append).errors == []
    assert asked == ["https://mirror.org/mm/weights/net.pth"]


def test_opens_what_was_fetched_before(only: Only, tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    (folder / "net.pth").write_text("<html>")
    error = only(load_from(URL))
    assert error.problem == "this is a web page and no checkpoint; it begins with b'<html>'"


class _Server(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(int(self.path[1:]))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Server) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


@pytest.mark.parametrize("code", [200, 405])
def test_finds_an_address(server: str, code: int) -> None:
    probe_url(f"{server}/{code}")


def test_fails_when_an_address_has_nothing(server: str) -> None:
    with pytest.raises(OSError, match="404"):
        probe_url(f"{server}/404")


def test_fails_when_nobody_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OSError, match="refused"):
        probe_url(f"http://127.0.0.1:{port}/x")
    with pytest.raises(ValueError, match="unknown url type"):
        probe_url("no-address")
