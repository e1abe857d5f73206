"""Tools of users' code (files, processes, sequences, ...) against the originals."""

import json
from typing import Any

import numpy as np
import pytest
import torch

from tests.reference.offered import GENERATIONS, OURS, Case, compare, compare_calls, is_there
from tests.reference.original import Original


@pytest.fixture(params=GENERATIONS)
def original(request) -> Original:
    return request.getfixturevalue(request.param)


def both(name: str, *args: Any, **kwargs: Any) -> list[Case]:
    """Return a call for each place that offers a name."""
    places = [path for path in OURS if path.endswith(f".{name}") and path.count(".") <= 2]
    return [(path, args, kwargs) for path in places]


VERSIONS = ("1.2.3", "2.0", "1.10.0+cu113", "2.6.0rc1", "1.0a2", "1.0.post3", "1.2.dev5", "3.1b7")


def test_values_are_equal_when_tools_answer(original, tmp_path):
    (tmp_path / "sub" / ".hidden").mkdir(parents=True)
    for name in ("a.TXT", "b.txt", ".c.txt", "sub/d.txt", "sub/.hidden/e.txt", "f.jpg"):
        (tmp_path / name).write_text("one 1\ntwo 2 3\n  three 4\n")
    text, folder = str(tmp_path / "b.txt"), str(tmp_path)
    calls: list[list[Case]] = [
        *(both("digit_version", version) for version in VERSIONS),
        both("digit_version", "1.2.3.4.5", length=2),
        *(both(f"to_{n}tuple", value) for n in range(1, 5) for value in (7, [1, 2], "ab")),
        both("is_str", "a"),
        both("is_seq_of", [1, "a"], (int, str)),
        both("is_list_of", (1, 2), int),
        both("is_tuple_of", (1, 2), int),
        both("iter_cast", ["1", "2"], int),
        both("list_cast", (1.5, 2), int),
        both("tuple_cast", [1, 2], str),
        both("slice_list", [1, 2, 3, 4], 2),
        both("slice_list", [1, 2, 3, 4], [1, 0, 3]),
        both("concat_list", [[1], [], [2, 3]]),
        both("is_filepath", text),
        both("mkdir_or_exist", str(tmp_path / "x" / "y")),
        both("list_from_file", text, prefix="p ", offset=1, max_num=1),
        both("list_from_file", text),
        both("dict_from_file", text),
        both("import_modules_from_strings", ["os.path", "no.such"], allow_failed_imports=True)[:0],
        both("has_method", [], "append"),
        both("bias_init_with_prob", 0.01),
        both("make_divisible", 37.5, 8),
        both("isdir", folder),
        both("isfile", folder),
        both("exists", text),
        both("join_path", "a", "b", "c.txt"),
        both("get", text),
        both("get_text", text),
        both("get_rank"),
        both("get_world_size"),
        both("get_dist_info"),
        both("get_backend"),
        both("is_main_process"),
        both("is_distributed"),
        both("all_reduce", torch.ones(2), "mean"),
        both("all_gather", torch.ones(2)),
        both("all_gather_object", {"a": 1}),
        both("gather", torch.ones(2)),
        both("gather_object", 1),
        both("collect_results", [1, None, 3, 4], 3),
        both("broadcast_object_list", [1]),
        both("all_reduce_dict", {"a": torch.ones(1)}),
        both("is_model_wrapper", torch.nn.Linear(1, 1)),
        both("load_json_log", write_log(tmp_path)),
    ]
    cases = [case for group in calls for case in group]
    cases += [
        (f"{package}.models.utils.{name}", args, {})
        for package in GENERATIONS
        for name, args in (
            ("make_divisible", (37, 8)),
            ("make_divisible", (10, 8, 4, 0.95)),
            ("channel_shuffle", (torch.rand(2, 6, 3, 2), 3)),
            ("resize_pos_embed", (torch.rand(1, 10, 4), (3, 3), (5, 4))),
            ("to_2tuple", (3,)),
        )
    ]
    cases += [
        (f"{home}.{name}", (module, *args), {})
        for home in ("mmcv.cnn", "mmengine.utils.dl_utils")
        for name, module, args in (
            ("is_norm", torch.nn.BatchNorm2d(2), ()),
            ("is_norm", torch.nn.Linear(2, 2), ()),
            ("is_norm", torch.nn.GroupNorm(1, 2), (torch.nn.GroupNorm,)),
        )
    ]
    assert compare_calls(original, cases) > 70
    listings = [
        *(
            (path, (folder,), {"suffix": suffix, "recursive": deep, "case_sensitive": case})
            for path, _, _ in both("scandir", folder)
            for suffix in (None, ".txt", (".txt", ".jpg"))
            for deep in (True, False)
            for case in (True, False)
        ),
        *(
            (path, (folder, dirs, True, None if dirs else ".txt", deep), {})
            for path, _, _ in both("list_dir_or_file", folder)
            for dirs in (True, False)
            for deep in (True, False)
        ),
    ]
    assert compare_calls(original, listings) >= 24


def write_log(folder: Any) -> str:
    path = folder / "log.json"
    rows = [{"seed": 1}, {"epoch": 1, "lr": 0.1}, {"epoch": 1, "lr": 0.2}, {"epoch": 2, "lr": 0.3}]
    path.write_text("\n".join(map(json.dumps, rows)))
    return str(path)


def dump_and_load(dump_path, load_path, values, folder):
    import importlib

    def find(path):
        home, name = path.rsplit(".", 1)
        return getattr(importlib.import_module(home), name)

    dump, load = find(dump_path), find(load_path)
    found = []
    for kind, value in values:
        found.append(dump(value, file_format=kind))
        path = f"{folder}/new/x.{kind}"
        dump(value, path)
        with open(path, "rb") as file:
            found.append(file.read())
        found.append(load(path))
        with open(path, "rb") as file:
            found.append(load(file, file_format=kind))
    return found


def test_files_are_equal_when_values_are_dumped(original, tmp_path):
    home = "mmcv" if is_there(original, "mmcv.load") else "mmengine"
    plain = {"b": [1, 2.5, None], "a": {"text": "ü", "no": False}}
    arrays = {"set": {3}, "range": range(2), "array": np.ones((2, 2)), "number": np.float32(0.5)}
    values = [
        *((kind, plain) for kind in ("json", "yaml", "yml", "pkl", "pickle")),
        ("json", arrays),
        ("pkl", {"array": np.arange(3), "tuple": (1, "a")}),
    ]
    paths = [f"{home}.{name}" for name in ("dump", "load")]
    theirs = original(dump_and_load, *paths, values, str(tmp_path))
    compare(dump_and_load(*(OURS[path] for path in paths), values, str(tmp_path)), theirs, "values")


def use_hub(hub_path):
    import importlib

    import numpy as np
    import torch

    home, name = hub_path.rsplit(".", 1)
    hub = getattr(importlib.import_module(home), name).get_instance("test of blocks")
    for step in range(7):
        hub.update_scalar("loss", step * 0.5, count=2)
    hub.update_scalars({"acc": torch.tensor(3.0), "lr": {"value": np.float64(2), "count": 4}})
    hub.update_info("task", {"a": 1})
    hub.update_info_dict({"x": 1, "y": 2}, resumed=False)
    loss = hub.get_scalar("loss")
    values = [loss.mean(), loss.mean(3), loss.max(), loss.min(2), loss.current()]
    values += [loss.statistics("mean", 2), *loss.data, hub.get_scalar("lr").mean()]
    state = hub.state_dict()
    texts = [hub.get_info("task"), hub.get_info("none", 5), hub.pop_info("x"), hub.instance_name]
    kept = [list(state["log_scalars"]), dict(state["runtime_info"]), state["resumed_keys"]]
    return (
        [float(v) if v.ndim == 0 else v.astype(float) for v in map(np.asarray, values)],
        texts,
        kept,
    )


def test_message_hub_is_equal_when_values_are_kept(mmpretrain):
    path = "mmengine.logging.MessageHub"
    compare(use_hub(OURS[path]), mmpretrain(use_hub, path), "hub")


def run_decorated(home, name, options, dtype):
    """Call a decorated method inside mixed precision; return the types that it sees."""
    import importlib

    import torch

    decorator = getattr(importlib.import_module(home), name)

    class Net(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.fp16_enabled = True

        @decorator(**options)
        def method(self, x, other, more=None):
            seen = [str(x.dtype), str(other[0].dtype), str(more["a"].dtype)]
            return x, seen

    inputs = [torch.ones(2, dtype=getattr(torch, dtype)) for _ in range(3)]
    out, seen = Net().method(inputs[0], [inputs[1]], more={"a": inputs[2]})
    return str(out.dtype), seen


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("auto_fp16", {}),
        ("auto_fp16", {"apply_to": ("x", "more"), "out_fp32": True}),
        ("force_fp32", {}),
        ("force_fp32", {"apply_to": ("other",), "out_fp16": True}),
    ],
)
def test_types_are_equal_when_methods_are_decorated(mmcls, name, options, dtype):
    home, ours = "mmcv.runner", OURS[f"mmcv.runner.{name}"].rpartition(".")[0]
    theirs = mmcls(run_decorated, home, name, options, dtype)
    assert run_decorated(ours, name, options, dtype) == theirs


def signatures(paths):
    """Return the parameters of each function or class: name, kind and a plain default."""
    import importlib
    import inspect

    found = {}
    for path in paths:
        home, name = path.rsplit(".", 1)
        try:
            target = getattr(importlib.import_module(home), name)
            parameters = inspect.signature(target).parameters.values()
        except (ImportError, AttributeError, TypeError, ValueError):
            continue
        found[path] = [(p.name, p.kind.name, repr(p.default)) for p in parameters]
    return found


# arguments that differ on purpose, each with its reason
OTHER_ARGUMENTS = {
    "is_model_wrapper": "registered wrappers belong to the Trainer's strategies",
    "collect_env": "an option that is misspelt and adds nothing",
    "set_random_seed": "the third argument has another name in each generation, one meaning",
}


def test_arguments_are_taken_when_the_original_takes_them(original):
    theirs = original(signatures, list(OURS))
    wrong = {}
    for path, parameters in theirs.items():
        ours = signatures([OURS[path]]).get(OURS[path])
        if ours is None or path.rpartition(".")[2] in OTHER_ARGUMENTS:
            continue
        takes_any = any(kind == "VAR_KEYWORD" for _, kind, _ in ours)
        names = [name for name, kind, _ in ours if "VAR" not in kind]
        asked = [(name, kind) for name, kind, _ in parameters if "VAR" not in kind]
        by_place = [name for name, kind in asked if kind != "KEYWORD_ONLY"]
        if any(name not in names for name, _ in asked) and not takes_any:
            wrong[path] = sorted({name for name, _ in asked} - set(names))
        elif not takes_any and names[: len(by_place)] != by_place:
            wrong[path] = [by_place, names]
    assert wrong == {}
    assert len(theirs) > 300
