import pytest

from mmlight.errors import ConfigErrors, UnknownKeyError, UnsupportedValueError
from mmlight.read.config import Config, read_config
from mmlight.translate.translate import HELPER, translate_config, try_translate
from mmlight.upgrade.upgrade import upgrade_config

MODEL = "model = dict(type='ImageClassifier', backbone=dict(type='LeNet5'))\n"


@pytest.fixture
def read(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def translate(text, overrides=()):
        (tmp_path / "a.py").write_text(MODEL + text)
        return translate_config(upgrade_config(read_config("a.py", list(overrides))))

    return translate


def test_helpers_are_silent_when_something_reads_them(read):
    (note,) = read("norm = dict(a=1)\nsize = 5\nother = dict(b=norm, c=size)\nx = str(other)").notes
    assert note.path == "x"


def test_notes_are_written_when_nothing_reads_a_name(read):
    spec = read("img_norm_cfg = dict(mean=[1, 2])\nauthor = 'me'\n")
    assert [str(note) for note in spec.notes] == [
        "img_norm_cfg (a.py:2): Nothing reads this name, as in the original.",
        "author (a.py:3): Nothing reads this name, as in the original.",
    ]


@pytest.mark.parametrize(
    ("text", "path", "nearest"),
    [
        ("optim_wraper = dict(a=1)", "optim_wraper", "optim_wrapper"),
        ("param_schedulers = [1]", "param_schedulers", "param_scheduler"),
        ("load_form = 'a.pth'", "load_form", "load_from"),
        ("work_dirs = 'x'", "work_dirs", "work_dir"),
    ],
)
def test_key_is_refused_when_near_miss(read, text, path, nearest):
    with pytest.raises(UnknownKeyError, match=f"unknown key '{path}'") as caught:
        read(text)
    assert (caught.value.origin, caught.value.nearest) == ("a.py:2", nearest)


def test_override_is_refused_when_nothing_reads_it(read):
    with pytest.raises(UnknownKeyError, match="unknown key 'author' with value 'you'") as caught:
        read("author = 'me'", ["author=you"])
    assert caught.value.origin == "--cfg-options author=you"


def test_scope_is_refused_when_no_name(read):
    with pytest.raises(UnsupportedValueError, match="default_scope: the value 4 cannot be used"):
        read("default_scope = 4")


@pytest.mark.parametrize("option", ["size=6", "norm.mean=3", "norm.steps.0.a=3"])
def test_override_is_refused_when_it_changes_a_helper(read, option):
    text = "size = 5\nnorm = dict(mean=1, steps=[dict(a=1)])\nauthor = [size, norm]"
    name = option.split("=")[0].split(".")[0]
    with pytest.raises(UnsupportedValueError, match=f"helper variable '{name}' changes nothing"):
        read(text, [option])


def test_old_words_become_notes_when_the_config_is_new(read):
    text = "val_cfg = dict()\ndata = dict(samples_per_gpu=3)\nfp16 = dict()"
    assert {note.path for note in read(text).notes} == {"data", "fp16"}


def test_all_problems_are_told_when_several(read):
    text = (
        "optim_wrapper = dict(\n    optimizer=dict(type='SDG'),\n    clipgrad=1)\n"
        "train_cfg = dict(max_epochs=-3)\ntest_cgf = dict()\n"
    )
    with pytest.raises(ConfigErrors) as caught:
        read(text)
    assert {error.path: error.origin for error in caught.value.errors} == {
        "train_cfg.max_epochs": "a.py:5",
        "optim_wrapper.optimizer.type": "a.py:3",
        "optim_wrapper.clipgrad": "a.py:4",
        "test_cgf": "a.py:6",
    }


def test_old_words_are_told_with_their_line_when_refused(read):
    text = "data = dict(train=dict(\n    type='CIFAR11'))\nrunner = dict(\n    max_epochs=0)"
    with pytest.raises(ConfigErrors) as caught:
        read(text)
    assert {error.path: error.origin for error in caught.value.errors} == {
        "runner.max_epochs": "a.py:5",
        "data.train.type": "a.py:3",
    }


def test_notes_of_earlier_stages_stay_when_translated(read):
    spec = read("runner = dict(max_epochs=1)\ntotal_epochs = 3")
    assert "total_epochs" in [note.path for note in spec.notes]


def test_source_is_left_alone_when_translated():
    config = Config(
        {"model": {"type": "ImageClassifier", "backbone": {"type": "LeNet5", "num_classes": 3}}}
    )
    before = config.to_dict()
    translate_config(config)
    assert config.to_dict() == before


def test_spec_knows_where_plain_arguments_were_set(read):
    spec = read("seed = 5\nrunner = dict(\n    max_epochs=3)\nwork_dir = 'w'\n")
    origins = {place: (origin.path, str(origin)) for place, origin in spec.origins.items()}
    assert origins == {
        "seed_everything": ("seed", "a.py:2"),
        "trainer.max_epochs": ("runner.max_epochs", "a.py:4"),
        "work_dir": ("work_dir", "a.py:5"),
    }


def test_uses_and_priorities_are_told_beside_the_spec_when_translated(tmp_path):
    (tmp_path / "a.py").write_text(MODEL + "size = 5\nseed = size\nval_cfg = dict()\n")
    found = try_translate(read_config(str(tmp_path / "a.py")))
    assert len(found.priorities) == len(found.spec.callbacks)
    assert list(found.priorities) == sorted(found.priorities)
    told = {note.path: note.text for note in found.uses}
    assert (told["size"], told["val_cfg"]) == (HELPER, "the Trainer's own loop")
    assert not any(note.quiet for note in found.spec.notes)
