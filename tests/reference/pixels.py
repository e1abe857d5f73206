"""Runs transforms here and beside an original, and compares what comes out.

Same seeds, same pixels: images are compared by digest, so the tolerance is 0 for integers and for
floats. After each run one number is drawn from each generator on both sides: they are equal only if
the generators were used in the same way.
"""

from functools import partial

from mmlight.build import instantiate
from mmlight.data.transforms import Compose
from mmlight.read.node import to_nodes
from mmlight.translate.data import translate_pipeline
from mmlight.translate.section import Report
from mmlight.upgrade.transforms import upgrade_transform
from tests.reference.digests import RAISED, describe, digest, run_seeds

SEEDS = list(range(20))
FIELDS = [
    *("img_path", "filename", "ori_filename", "img_shape", "ori_shape", "scale", "scale_factor"),
    *("scale_idx", "keep_ratio", "pad_shape", "pad_fixed_size", "pad_size_divisor"),
    *("flip", "flip_direction", "img_norm_cfg", "gt_label"),
]
DESCRIBE = partial(describe, fields=FIELDS)


def theirs(generation, runs, fields):
    """Run each (steps, sample, seeds); this function travels to the process of an original."""
    from functools import partial

    from digests import describe, run_seeds

    if generation == "1.x":
        import mmpretrain.datasets  # noqa: F401
        from mmcv.transforms import Compose
        from mmengine.registry import init_default_scope

        init_default_scope("mmpretrain")
    else:
        from mmcls.datasets.pipelines import Compose

    describe = partial(describe, fields=fields)
    return [run_seeds(Compose(steps), sample, seeds, describe) for steps, sample, seeds in runs]


def build(steps, generation):
    """Build live transforms as a config would."""
    nodes = to_nodes(steps)
    if generation == "0.x":
        nodes = [upgrade_transform(step) for step in nodes]
    report = Report(scope="mmcls" if generation == "0.x" else "mmpretrain")
    calls = translate_pipeline(nodes, "pipeline", report)
    assert not report.errors, report.errors
    return Compose(instantiate(calls))


def compare(original, generation, runs, but=()):
    """Compare images and fields of each (steps, sample, seeds); 0.x writes fewer fields than we do.

    The fields in `but`, or 'draws', are left out. Returns the types of the first steps for which
    the original alone failed.
    """
    failed = set()
    expected = original(theirs, generation, runs, FIELDS)
    differences = []
    for (steps, sample, seeds), theirs_ in zip(runs, expected, strict=True):
        before = digest(sample["img"]) if "img" in sample else None
        found = run_seeds(build(steps, generation), sample, seeds, DESCRIBE)
        assert before in (None, digest(sample.get("img", []))), f"{steps} wrote into its input"
        for seed, their_run, our_run in zip(seeds, theirs_, found, strict=True):
            if their_run[0] == RAISED and our_run[0] != RAISED:
                failed.add(steps[0]["type"])
            elif not is_same(generation, their_run, our_run, but):
                differences.append(f"{steps} seed {seed}:\n  {their_run}\n  {our_run}")
    assert not differences, f"{len(differences)} differ:\n" + "\n".join(differences[:8])
    return failed


def is_same(generation, their_run, our_run, but):
    if RAISED in (their_run[0], our_run[0]):
        return their_run[0] == our_run[0]
    theirs_ = {key: value for key, value in their_run[1].items() if key not in but}
    fields = {key: value for key, value in our_run[1].items() if key not in but}
    if generation == "0.x":
        fields = {key: value for key, value in fields.items() if key in theirs_}
    same_draws = "draws" in but or their_run[2] == our_run[2]
    return same_draws and (their_run[0], theirs_) == (our_run[0], fields)


def each(cases, samples, seeds=SEEDS):
    """Combine cases of one step with images."""
    return [([case], {"img": image, "gt_label": 3}, seeds) for case in cases for image in samples]
