import math

from mmlight.translate.import_paths import find_import_paths, find_import_problem, is_import_path


def test_paths_are_those_outside_mm_when_dotted():
    assert not any(
        is_import_path(name) for name in ("ResNet", "mmcls.ResNet", "torchvision/Resize")
    )
    steps = [{"type": "a.B", "transforms": [[{"type": "c.D"}], {"type": "E"}]}, {"type": 3}, "f.G"]
    assert list(find_import_paths(steps)) == ["a.B", "c.D"]


def test_problem_is_told_when_a_path_leads_elsewhere():
    assert find_import_problem(math.sqrt, "math.sqrt") == ""
    assert "'math.square' cannot be imported" in find_import_problem(math.sqrt, "math.square")
    assert find_import_problem(math.sqrt, "math.sin").startswith("'math.sin' has become something")
