"""Every pipeline of every classifier that the originals ship, whole, on real image files.

The pipelines go the way of `mmlight fit`: upgraded, translated, built. Same seeds, same pixels: the
tolerance is 0 for integers. Where the old pipeline normalizes and ours leaves that to the device,
ours is normalized by the preprocessor, and both are the same pixels normalized, each to 1e-6.
"""

from collections import Counter

import cv2
import numpy as np
import pytest
import torch

from mmlight.build import instantiate
from mmlight.data.transforms import Compose
from mmlight.read.config import Config
from mmlight.translate.translate import translate_config
from mmlight.upgrade.upgrade import upgrade_config
from tests.reference.digests import RAISED, digest, plain, restore, run_seeds
from tests.reference.original import FOLDER
from tests.reference.photos import ODD, picture, write_huge, write_odd, write_ordinary
from tests.reference.pixels import SEEDS

STAGES = ("train", "val", "test")
COUNTS = {"mmcls": 91, "mmpretrain": 112}


# The pipelines
# -------------


def list_pipelines(generation):
    """Return the distinct pipelines, as (file, the pipelines of its stages, the stage, dataset)."""
    root = FOLDER / generation / generation / ".mim" / "configs"
    found = {}
    for file in sorted(root.rglob("*.py")):
        if "_base_" in file.relative_to(root).parts:
            continue
        try:
            values = Config.fromfile(file).to_dict()
        except Exception:  # tests/reference/test_corpus.py lists those that nobody can read
            continue
        if (values.get("model") or {}).get("type") != "ImageClassifier":
            continue
        datasets = {stage: find_dataset(values, stage) for stage in STAGES}
        stages = {stage: dataset["pipeline"] for stage, dataset in datasets.items() if dataset}
        for stage, steps in stages.items():
            if generation == "mmpretrain" and any(step["type"] == "ToHalf" for step in steps):
                continue  # it has no such transform, and cannot build the pipeline
            name = f"{file.relative_to(root)} {stage}"
            found.setdefault(repr(steps), (name, stages, stage, datasets[stage].get("type")))
    return list(found.values())


def find_dataset(values, stage):
    """Return the dataset of a stage, below its wrappers."""
    if "data" in values:
        part = values["data"].get(stage)
    else:
        part = (values.get(f"{stage}_dataloader") or {}).get("dataset")
    while part and "pipeline" not in part:
        part = part.get("dataset") or part["datasets"][0]
    return part


def build_ours(generation, stages):
    """Build the pipelines of all stages, as a config that has them; and its preprocessor."""
    model = dict(type="ImageClassifier", backbone=dict(type="LeNet5"))
    data = {
        stage: dict(type="CustomDataset", data_prefix="x", pipeline=steps)
        for stage, steps in stages.items()
    }
    if generation == "mmcls":
        config = Config(dict(model=model, data=data))
    else:
        loaders = {f"{stage}_dataloader": dict(dataset=part) for stage, part in data.items()}
        config = Config(dict(model=model, **loaders))
    spec = translate_config(upgrade_config(config))
    built = {
        stage: Compose(instantiate(spec.data[stage].kwargs["dataset"].kwargs["pipeline"]))
        for stage in stages
    }
    return built, instantiate(spec.model.get("preprocessor"))


# What runs on both sides
# -----------------------


def theirs(generation, runs):
    """Run each (steps, norm, samples); this function travels to the process of an original."""
    from digests import digest, plain, restore, run_seeds

    if generation == "mmpretrain":
        import mmpretrain.datasets  # noqa: F401
        from mmcv.transforms import Compose
        from mmengine.registry import init_default_scope

        init_default_scope("mmpretrain")
    else:
        from mmcls.datasets.pipelines import Compose

    def describe(results):
        if "data_samples" in results:
            image, sample = results["inputs"], results["data_samples"]
            found = {**sample.metainfo, "gt_label": int(sample.gt_label)}
            found.pop("num_classes", None)
        else:
            image, found = results["img"], dict(results["img_metas"].data)
            if "gt_label" in results:
                found["gt_label"] = int(results["gt_label"])
        return digest(restore(image, norm)), plain(found)

    answers = []
    for run in runs:
        steps, norm, samples = run
        pipeline = Compose(steps)
        answers.append([run_seeds(pipeline, *sample, describe) for sample in samples])
    return answers


def run_ours(generation, stages, stage, norm, samples):
    pipelines, preprocessor = build_ours(generation, stages)
    if generation == "mmpretrain":
        preprocessor = None  # normalizes in the original as well

    def describe(results):
        image = results["inputs"]
        if norm is not None and image.dtype != torch.float32 and preprocessor is not None:
            image = preprocessor(image[None])[0]
        found = {**results["metas"], "gt_label": results.get("target")}
        return digest(restore(image, norm)), plain(found)

    return [run_seeds(pipelines[stage], *sample, describe) for sample in samples]


def find_norm(steps):
    """Return (mean, std) of the last Normalize, None where there is none."""
    norms = [(step["mean"], step["std"]) for step in steps if step["type"] == "Normalize"]
    return norms[-1] if norms else None


def compare(original, generation, to_samples):
    """Compare all pipelines.

    Args:
        original: Runs a function beside the original.
        generation: 'mmcls' or 'mmpretrain'.
        to_samples: Returns [(sample, seeds)] for (number of the pipeline, its steps, dataset).

    Returns:
        How often the original alone failed, or made an image of nothing, by file.
    """
    pipelines = list_pipelines(generation)
    assert len(pipelines) == COUNTS[generation]
    runs = []
    for number, (_, stages, stage, dataset) in enumerate(pipelines):
        steps = stages[stage]
        runs.append((steps, find_norm(steps), to_samples(number, steps, dataset)))
    expected = original(theirs, generation, runs)
    differences, failed, compared = [], Counter(), 0
    for (name, stages, stage, _), (_, norm, samples), theirs_ in zip(
        pipelines, runs, expected, strict=True
    ):
        found = run_ours(generation, stages, stage, norm, samples)
        for (sample, seeds), their_runs, our_runs in zip(samples, theirs_, found, strict=True):
            for seed, their_run, our_run in zip(seeds, their_runs, our_runs, strict=True):
                compared += 1
                file = sample.get("img_path", "").rpartition("/")[2]
                is_blank = file.startswith("one_") and crops_nothing(stages[stage])
                if our_run[0] != RAISED and (their_run[0] == RAISED or is_blank):
                    failed[file] += 1
                elif not is_same(generation, their_run, our_run):
                    differences.append(f"{name} {sample} seed {seed}:\n  {their_run}\n  {our_run}")
    assert compared
    assert not differences, f"{len(differences)} of {compared} differ:\n" + "\n".join(
        differences[:6]
    )
    return failed


def crops_nothing(steps):
    """Tell whether a step crops no pixel at all out of one, which Pillow resizes to black."""
    return any(
        step.get("efficientnet_style") or step["type"].startswith("EfficientNet") for step in steps
    )


def is_same(generation, their_run, our_run):
    if RAISED in (their_run[0], our_run[0]):
        return their_run[0] == our_run[0]
    theirs_, ours = their_run[1], our_run[1]
    if generation == "mmcls":  # its default names of what is kept are others
        shared = theirs_.keys() & ours.keys()
        theirs_, ours = ({key: part[key] for key in shared} for part in (theirs_, ours))
    return (their_run[0], theirs_, their_run[2]) == (our_run[0], ours, our_run[2])


# The images
# ----------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    write_ordinary(folder)
    write_odd(folder)
    write_huge(folder)
    return folder


def to_file(folder, name):
    info = {"img_prefix": str(folder), "img_info": {"filename": name}}
    return {"img_path": str(folder / name), "sample_idx": 5, "gt_label": 3, **info}


def to_array(dataset):
    """What the datasets of small images hold: color of 32 px, or grey of 28."""
    image = picture(32, 32)
    if "MNIST" in (dataset or ""):
        image = cv2.cvtColor(picture(28, 28), cv2.COLOR_BGR2GRAY)
    return {"img": image, "gt_label": np.array(3), "sample_idx": 5}


def reads_files(steps):
    return steps[0]["type"] == "LoadImageFromFile"


def is_random(steps):
    return any("Random" in step["type"] or "Aug" in step["type"] for step in steps)


@pytest.mark.slow
@pytest.mark.parametrize("generation", COUNTS)
def test_matches_the_original_when_photos(request, generation, folder):
    names = write_ordinary(folder)

    def to_samples(_, steps, dataset):
        if not reads_files(steps):
            return [(to_array(dataset), SEEDS)]
        if not is_random(steps):
            return [(to_file(folder, name), [0]) for name in names]
        return [
            (to_file(folder, name), SEEDS[number :: len(names)])
            for number, name in enumerate(names)
        ]

    original = request.getfixturevalue(generation)
    assert not compare(original, generation, to_samples)


@pytest.mark.slow
@pytest.mark.parametrize("generation", COUNTS)
def test_matches_the_original_when_images_are_odd(request, generation, folder):
    def to_samples(number, steps, _):
        if not reads_files(steps):
            return []
        names = (*ODD, "huge.jpg") if number % 40 == 0 else ODD
        return [(to_file(folder, name), [number]) for name in names]

    original = request.getfixturevalue(generation)
    failed = compare(original, generation, to_samples)
    assert failed.keys() <= {"one_wide.jpg", "one_high.jpg"}
