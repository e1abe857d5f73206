"""The same weights and images, tested in several views: the same metrics as mmpretrain gives."""

import pytest
import torch

import mmlight
from mmlight.cli import main
from mmlight.errors import ConfigError, UnsupportedValueError
from mmlight.run import read_spec
from tests.runs import LENET_NEW, write_config, write_image_folder

LOAD = "dict(type='LoadImageFromFile', color_type='grayscale')"
RUN = """
test_dataloader = dict(
    batch_size=16,
    num_workers=0,
    dataset=dict(type='CustomDataset', data_root={folder!r}, pipeline=[{load}, *pipeline]),
    sampler=dict(type='DefaultSampler', shuffle=False))
test_evaluator = [dict(type='Accuracy', topk=(1, 2, 3)), dict(type='SingleLabelMetric')]
"""
SCALES = """
tta_model = dict(type='AverageClsScoreTTA')
tta_pipeline = [
    {load},
    dict(type='TestTimeAug', transforms=[
        [dict(type='Resize', scale=36), dict(type='Resize', scale=40)],
        [dict(type='RandomFlip', prob=1.), dict(type='RandomFlip', prob=0.)],
        [dict(type='CenterCrop', crop_size=32)],
        [dict(type='PackInputs')]])]
"""
HOOK = """
custom_hooks = [dict(type='PrepareTTAHook', tta_cfg=dict(type='AverageClsScoreTTA'))]
test_dataloader['dataset']['pipeline'] = [
    {load},
    dict(type='TestTimeAug', transforms=[
        [dict(type='Resize', scale=32)],
        [dict(type='RandomFlip', prob=1.), dict(type='RandomFlip', prob=0.)],
        [dict(type='PackInputs')]])]
"""


def theirs(file, weights, flag):
    """Do what tools/test.py does, with or without its --tta."""
    import tempfile
    from copy import deepcopy

    from mmengine.config import Config, ConfigDict
    from mmengine.runner import Runner

    config = Config.fromfile(file)
    config.work_dir = tempfile.mkdtemp()
    config.log_level = "ERROR"
    config.load_from = weights
    loops = ("train_dataloader", "train_cfg", "val_dataloader", "val_evaluator", "val_cfg")
    for key in (*loops, "optim_wrapper", "param_scheduler"):
        config.pop(key)
    if flag:
        if "tta_model" not in config:
            config.tta_model = dict(type="mmpretrain.AverageClsScoreTTA")
        if "tta_pipeline" not in config:
            pipeline = config.test_dataloader.dataset.pipeline
            config.tta_pipeline = deepcopy(pipeline)
            flips = [dict(type="RandomFlip", prob=1.0), dict(type="RandomFlip", prob=0.0)]
            config.tta_pipeline[-1] = dict(type="TestTimeAug", transforms=[flips, [pipeline[-1]]])
        config.model = ConfigDict(**config.tta_model, module=config.model)
        config.test_dataloader.dataset.pipeline = config.tta_pipeline
    runner = Runner.from_cfg(config)
    return runner.test()


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tta")
    parts = mmlight.build_parts(write_config(folder, LENET_NEW))
    torch.manual_seed(3)
    parts.model.init_weights()
    with torch.no_grad():
        for parameter in parts.model.parameters():
            parameter.mul_(3)
    path = folder / "weights.pth"
    torch.save({"state_dict": dict(parts.model.state_dict())}, path)
    return str(path)


@pytest.mark.parametrize(
    ("text", "flag"), [("", True), (SCALES, False), (SCALES, True), (HOOK, False)]
)
def test_metrics_of_views_equal_mmpretrain(mmpretrain, tmp_path, weights, text, flag):
    folder = write_image_folder(tmp_path / "images", per_class=6, size_px=28)
    words = (RUN + text).replace("{load}", LOAD).replace("{folder!r}", repr(str(folder)))
    file = str(write_config(tmp_path, LENET_NEW + words))
    options = {"work_dir": str(tmp_path)}
    own = mmlight.test(file, weights, options, tta=flag)
    found = mmpretrain(theirs, file, weights, flag)
    assert list(own) == list(found)
    for name, value in found.items():
        assert own[name] == pytest.approx(value, rel=1e-5), name


def test_raises_when_views_are_merged_otherwise(tmp_path):
    hook = "custom_hooks = [dict(type='PrepareTTAHook', tta_cfg=dict(type='MaxTTA'))]"
    with pytest.raises(UnsupportedValueError, match="'MaxTTA' cannot be used") as caught:
        mmlight.build_parts(write_config(tmp_path, LENET_NEW + hook))
    assert caught.value.path == "custom_hooks[0].tta_cfg.type"


def test_raises_when_there_is_no_config_to_describe_views(tmp_path, capsys):
    spec = read_spec(write_config(tmp_path, LENET_NEW))
    with pytest.raises(ConfigError, match="--tta: views are described by a config"):
        mmlight.test(spec, tta=True)
    assert main(["test", "some.ckpt", "--tta"]) == 2
    assert "mmlight test X.py some.ckpt --tta" in capsys.readouterr().err
    assert main(["fit", str(tmp_path / "config.py"), "--tta"]) == 2
    assert "--tta: there is no such flag" in capsys.readouterr().err
