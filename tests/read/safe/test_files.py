from functools import partial

import pytest

from mmlight.errors import ConfigError
from mmlight.read.config import Config
from mmlight.read.safe.limits import MAX_STEPS
from tests.safe_configs import write_files

STEPS = f"the limit of {MAX_STEPS:,} steps"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files into the working directory and return how to read `main.py` from there."""
    monkeypatch.chdir(tmp_path)
    return partial(write_files, tmp_path)


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """A secret beside a tree of configs, and a reader of configs in that tree."""
    monkeypatch.chdir(tmp_path)
    tree = tmp_path / "configs"
    (tree / "_base_").mkdir(parents=True)
    (tree / "net").mkdir()
    (tree / "_base_" / "model.py").write_text("model = dict(type='M')")
    (tmp_path / "secret.py").write_text("key = 'SECRET'")
    (tmp_path / "secret.json").write_text('{"key": "SECRET"}')

    def read(text, name="net/main.py"):
        (tree / name).write_text(text)
        return Config.fromfile(tree / name, safe=True)

    return read


@pytest.mark.parametrize("base", ["../_base_/model.py", "./../net/../_base_/model.py"])
def test_bases_are_read_when_in_the_tree(folders, base):
    assert folders(f"_base_ = {base!r}").model.type == "M"


@pytest.mark.parametrize(
    "base",
    [
        *("../../secret.py", "../../secret.json", "../../nothing.py", "/etc/passwd", "~/x.py"),
        *("//x/y.py", "os::x.py", "secret::x.py", "mmdet::../x.py", "mmdet::/etc/x.py"),
        "mmdet::a/../../x.py",
    ],
)
def test_bases_are_refused_when_elsewhere(folders, base):
    with pytest.raises(ConfigError) as caught:
        folders(f"a = 1\n_base_ = [\n {base!r}]")
    assert caught.value.problem == f"safe reading refuses the base {base!r}: it lies elsewhere"
    assert caught.value.origin.endswith("main.py:3")
    assert "SECRET" not in str(caught.value)
    assert caught.value.next_step


def test_bases_are_refused_when_data_files_name_them(folders):
    with pytest.raises(ConfigError, match=r"refuses the base '../../secret.json'"):
        folders("_base_: ../../secret.json", "net/main.yaml")


def test_bases_are_refused_when_links_lead_elsewhere(folders, tmp_path):
    (tmp_path / "configs" / "_base_" / "link.py").symlink_to(tmp_path / "secret.py")
    with pytest.raises(ConfigError, match=r"refuses the base '../_base_/link.py'"):
        folders("_base_ = '../_base_/link.py'")


def test_bases_are_refused_when_no_tree(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "base.py").write_text("x = 1")
    (tmp_path / "one" / "main.py").write_text("_base_ = '../base.py'")
    with pytest.raises(ConfigError, match=r"refuses the base '\.\./base\.py'"):
        Config.fromfile(tmp_path / "one" / "main.py", safe=True)


@pytest.mark.parametrize("module", ["...secret", "os.path", "secret.configs.x", "mmdet.models.x"])
def test_modules_are_refused_when_elsewhere(folders, module):
    with pytest.raises(ConfigError, match=f"refuses the base {module!r}"):
        folders(
            f"from mmengine.config import read_base\nwith read_base():\n    from {module} import *"
        )


def test_lazy_configs_are_read_when_safe(folders):
    config = folders(
        "from mmengine.config import read_base\nfrom torch.optim import SGD\n"
        "with read_base():\n    from .._base_.model import *\nmodel.update(dict(x=SGD))"
    )
    assert config.to_dict() == {"model": {"type": "M", "x": "torch.optim.SGD"}}


def test_environment_is_refused_when_read(folders, monkeypatch):
    monkeypatch.setenv("MMLIGHT_TOKEN", "SECRET")
    with pytest.raises(ConfigError) as caught:
        folders("a = 1\nb = '{{ $MMLIGHT_TOKEN:x }}'")
    assert "'{{ $MMLIGHT_TOKEN'" in caught.value.problem
    assert caught.value.origin.endswith("main.py:2")
    assert "SECRET" not in str(caught.value)


def test_file_variables_are_filled_when_safe(folders):
    assert folders("a = 'runs/{{ fileBasenameNoExtension }}'").a == "runs/main"


@pytest.mark.parametrize("in_base", [False, True])
def test_custom_imports_are_refused_when_present(write, in_base):
    text = "a = 1\ncustom_imports = dict(imports=['evil'])"
    read = write("_base_ = 'base.py'\nb = 2" if in_base else text, base=text)
    with pytest.raises(ConfigError, match="'evil'") as caught:
        read(safe=True)
    assert caught.value.path == "custom_imports"
    assert caught.value.origin == f"{'base' if in_base else 'main'}.py:2"


def test_files_are_refused_when_too_large(write):
    read = write("# " + "x" * (MAX_STEPS // 4))
    with pytest.raises(ConfigError, match=STEPS):
        read(safe=True)


def test_bases_are_refused_when_too_many(write):
    files = {f"b{i}": f"_base_ = ['b{i + 1}.py', 'b{i + 1}.py']" for i in range(30)}
    read = write("_base_ = 'b0.py'", b30="", **files)
    with pytest.raises(ConfigError, match=STEPS):
        read(safe=True)
