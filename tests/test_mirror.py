"""Each `mmlight/a/b.py` has its `tests/a/test_b.py`, and no test file lacks its module."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
# modules without a test file of their own
WITHOUT_TEST = {
    "__main__.py": "one call of the command line, run by tests/test_cli.py",
    **{
        f"compat/offers/{table}.py": "rows, checked by tests/compat/test_catalog.py"
        for table in (
            *("blocks", "data", "files", "images", "logs"),
            *("models", "registries", "runtime", "schedules", "tools"),
        )
    },
}
# test files that are about the whole and not about one module
ABOUT_THE_WHOLE = {
    "read/test_properties.py": "the algebra of reading, merging and dumping",
    "test_bad_inputs.py": "errors, from the config to the exit code",
    "test_configs.py": "the configs of this project",
    "test_ddp.py": "two processes",
    "test_demo.py": "make demo",
    "test_generations.py": "the same training in both generations",
    "test_golden.py": "the Specs of all configs",
    "test_gpu.py": "what needs a CUDA device",
    "test_layers.py": "imports between stages",
    "test_memory.py": "what a dataset costs each loader worker",
    "test_mirror.py": "this file",
    "test_notebooks.py": "the notebooks",
    "test_public_api.py": "mmlight.__all__",
    "test_resume.py": "interrupted training",
    "test_tables.py": "every row of every table",
    "test_tutorial_code.py": "users' own code as the tutorials show it",
    "test_tutorial.py": "the fine-tuning tutorial of MMClassification",
    "metrics/test_in_runs.py": "metrics in whole runs, two processes too",
    "callbacks/test_order.py": "the order of all callbacks",
}


def list_modules():
    modules = (path.relative_to(ROOT / "mmlight") for path in (ROOT / "mmlight").rglob("*.py"))
    return {str(module) for module in modules if module.name != "__init__.py"}


def list_tests():
    tests = (path.relative_to(ROOT / "tests") for path in (ROOT / "tests").rglob("test_*.py"))
    return {str(test) for test in tests if test.parts[0] != "reference"}


def to_test(module):
    path = Path(module)
    return str(path.with_name(f"test_{path.name}"))


def test_every_module_has_its_test_when_listed():
    missing = {to_test(module) for module in list_modules() - WITHOUT_TEST.keys()} - list_tests()
    assert not missing


def test_every_test_has_its_module_when_listed():
    tests = list_tests() - ABOUT_THE_WHOLE.keys()
    assert not tests - {to_test(module) for module in list_modules()}


def test_exceptions_are_needed_when_listed():
    assert not WITHOUT_TEST.keys() - list_modules()
    assert not {to_test(module) for module in WITHOUT_TEST} & list_tests()
    assert not ABOUT_THE_WHOLE.keys() - list_tests()
