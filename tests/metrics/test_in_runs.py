"""Metrics in whole runs, from the config to what is logged, saved and returned."""

import json
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import mmlight
from mmlight.errors import UnsupportedValueError
from mmlight.run import read_spec
from tests.runs import LENET_NEW, LENET_OLD, ROOT, environment, shorten, write_config

MODULE = """
import numpy as np
from mmcls.datasets import DATASETS, BaseDataset, FashionMNIST, MultiLabelDataset
from mmengine.evaluator import BaseMetric
from mmpretrain.registry import METRICS


@DATASETS.register_module()
class SelfMade(FashionMNIST):
    def evaluate(self, results, metric='share', beta=1, logger=None, **kwargs):
        labels = self.get_gt_labels()
        hits = np.vstack(results)[:len(labels)].argmax(1) == labels
        base = super().evaluate(results, metric='accuracy', metric_options=dict(topk=1))
        return {metric: beta * hits.mean(), 'base': base['accuracy'], 'rows': hits}


@DATASETS.register_module()
class Few(BaseDataset):
    CLASSES = list('abcdefghij')

    def load_annotations(self):
        rng = np.random.default_rng(0)
        return [dict(img=rng.integers(0, 255, (32, 32), dtype=np.uint8), gt_label=np.array(n % 10))
                for n in range(37)]

    def evaluate(self, results, **kwargs):
        return {'rows': np.vstack(results)[:, 0]}


@DATASETS.register_module()
class Several(MultiLabelDataset):
    def load_annotations(self):
        rng = np.random.default_rng(0)
        return [dict(img=rng.integers(0, 255, (32, 32), dtype=np.uint8),
                     gt_label=rng.integers(0, 2, 10).astype(np.int8)) for _ in range(70)]


@METRICS.register_module()
class Share(BaseMetric):
    default_prefix = 'own'

    def process(self, data_batch, data_samples):
        self.results.append([(int(s['pred_label']) == int(s['gt_label'])) for s in data_samples])

    def compute_metrics(self, results):
        hits = [hit for batch in results for hit in batch]
        return dict(share=100 * sum(hits) / len(hits), count=len(hits),
                    classes=len(self.dataset_meta['classes']))
"""
CLASSES = "custom_imports = dict(imports=['own_classes'], allow_failed_imports=False)\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The folder of the user's module, which one process imports once."""
    path = tmp_path_factory.mktemp("home")
    (path / "own_classes.py").write_text(MODULE)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(path))
        yield path


@pytest.fixture
def folder(home, tmp_path):
    return tmp_path


def write(folder, text, more):
    return write_config(folder, CLASSES + text + textwrap.dedent(more))


def train(folder, text, more):
    spec = read_spec(write(folder, text, more))
    return mmlight.fit(shorten(spec.move_work_dir(str(folder / "work")), limit_val_batches=None))


@pytest.mark.slow
def test_dataset_that_evaluates_itself_does_so(folder):
    parts = train(
        folder,
        LENET_OLD,
        """
        data['val']['type'] = 'SelfMade'
        evaluation = dict(interval=1, metric='mine', beta=100, save_best='mine', rule='greater')
        """,
    )
    found = parts.model.evaluation
    assert found["mine"] == pytest.approx(found["base"])
    assert len(found["rows"]) == 1000
    assert len(list((folder / "work").glob("best_mine_*"))) == 1


@pytest.mark.slow
def test_precision_is_averaged_over_classes_when_images_have_several_labels(folder):
    parts = train(
        folder,
        LENET_OLD,
        """
        model['head'] = dict(type='MultiLabelClsHead')
        steps = [dict(type='ImageToTensor', keys=['img']), dict(type='ToTensor', keys=['gt_label']),
                 dict(type='Collect', keys=['img', 'gt_label'])]
        for part in ('train', 'val', 'test'):
            data[part] = dict(type='Several', data_prefix='', pipeline=steps,
                              classes=list('abcdefghij'))
        del evaluation
        """,
    )
    assert list(parts.model.evaluation) == ["mAP"]
    assert 0 < parts.model.evaluation["mAP"] < 100


@pytest.mark.slow
def test_parts_of_the_data_have_values_of_their_own(folder):
    parts = train(
        folder,
        LENET_OLD,
        """
        data['val'] = [data['val'], dict(data['train'], pipeline=test_pipeline)]
        evaluation = dict(interval=1, save_best='1_accuracy', metric_options=dict(topk=1))
        """,
    )
    assert list(parts.model.evaluation) == ["0_accuracy", "1_accuracy"]
    assert len(list((folder / "work").glob("best_1_accuracy_*"))) == 1


METRICS = """
val_evaluator = [
    dict(type='Share'),
    dict(type='Accuracy'),
    dict(type='ConfusionMatrix'),
    dict(type='SingleLabelMetric', items=['recall'], average=None),
    dict(type='MulticlassF1Score', num_classes=10),
]
test_evaluator = [*val_evaluator, dict(type='DumpResults', out_file_path=r'OUT/rows.pkl')]
for one in (val_evaluator[-1], test_evaluator[-2]):
    one['type'] = 'torchmetrics.classification.MulticlassF1Score'
"""


@pytest.mark.slow
def test_values_of_all_kinds_are_logged_or_returned(folder, capsys):
    parts = train(folder, LENET_NEW, METRICS.replace("OUT", str(folder)))
    found = parts.model.evaluation
    assert found["own/share"] == pytest.approx(found["accuracy/top1"])
    assert (found["own/count"], found["own/classes"]) == (1000, 10)
    logged = parts.trainer.callback_metrics
    assert {"own/share", "accuracy/top1", "MulticlassF1Score"} <= set(logged)
    assert not {"confusion_matrix/result", "single-label/recall_classwise"} & set(logged)
    tested = mmlight.test(folder / "config.py", str(folder / "work" / "epoch_1.ckpt"))
    assert tested["confusion_matrix/result"].sum() == 1000
    assert tested["accuracy/top1"] == pytest.approx(logged["accuracy/top1"].item())
    assert tested["single-label/recall_classwise"].shape == (10,)
    assert (folder / "rows.pkl").is_file()


@pytest.mark.parametrize(
    ("evaluator", "path", "text"),
    [
        (dict(type="SingleLabelMetric", items=["f1"]), "val_evaluator.items", "got 'f1'"),
        (dict(type="MultiLabelMetric", average="mean"), "val_evaluator.average", "got 'mean'"),
        ([dict(type="Accuracy"), dict(type="Accuracy")], "val_evaluator", "'accuracy/top1' twice"),
    ],
)
def test_raises_before_training_when_a_metric_is_wrong(folder, evaluator, path, text):
    config = write(folder, LENET_NEW, f"val_evaluator = {evaluator!r}")
    with pytest.raises(UnsupportedValueError, match=text) as caught:
        mmlight.build_parts(config)
    assert caught.value.path.startswith(path)


SHARED_NEW = """
val_evaluator = [dict(type='Share'), dict(type='ConfusionMatrix'), dict(type='SingleLabelMetric')]
val_dataloader['dataset']['indices'] = 37
val_dataloader['batch_size'] = 5
"""
SHARED_OLD = """
steps = [dict(type='ImageToTensor', keys=['img']), dict(type='Collect', keys=['img'])]
data['val'] = [dict(type='Few', data_prefix='', pipeline=steps) for _ in range(2)]
evaluation = dict(interval=1)
"""
SCRIPT = """
import json, os, sys
from dataclasses import replace
import mmlight
from mmlight.run import read_spec

spec = read_spec(sys.argv[1])
two = dict(accelerator='cpu', devices=2, strategy='ddp')
values = mmlight.validate(replace(spec, trainer={**spec.trainer, **two}), sys.argv[2])
values = {k: v.tolist() if hasattr(v, 'tolist') else v for k, v in values.items()}
with open(f"{sys.argv[3]}/{os.environ.get('LOCAL_RANK', 0)}.json", 'w') as file:
    json.dump(values, file)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("text", "shared"), [(LENET_NEW, SHARED_NEW), (LENET_OLD, SHARED_OLD)])
def test_values_are_the_same_when_two_processes_share_37_images(home, folder, text, shared):
    train(folder, text, shared)
    files = (str(folder / "config.py"), str(folder / "work" / "epoch_1.ckpt"))
    found = mmlight.validate(*files)
    alone = {k: v.tolist() if hasattr(v, "tolist") else v for k, v in found.items()}
    if text is LENET_NEW:
        assert np.sum(alone["confusion_matrix/result"]) == alone["own/count"] == 37
    else:  # the second part begins in the second process
        assert alone["0_rows"] == alone["1_rows"]
        assert len(alone["1_rows"]) == 37
    script = folder / "validate.py"
    script.write_text(SCRIPT)
    words = [sys.executable, str(script), *files, str(folder)]
    paths = os.pathsep.join([str(home), str(ROOT)])
    env = {**environment(), "PYTHONPATH": paths}
    done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    for rank in (0, 1):
        assert json.loads((folder / f"{rank}.json").read_text()) == alone
