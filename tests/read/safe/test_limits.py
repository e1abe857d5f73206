import time
from functools import partial

import pytest

from mmlight.errors import ConfigError
from mmlight.read.safe.limits import MAX_DEPTH, MAX_STEPS, Budget, NotSafe, check_scalar
from tests.safe_configs import read_audited, write_files


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files into the working directory and return how to read `main.py` from there."""
    monkeypatch.chdir(tmp_path)
    return partial(write_files, tmp_path)


STEPS = f"the limit of {MAX_STEPS:,} steps"
BOMBS = {
    "9 ** 9 ** 9": "the limit of 4096 bits",
    "1 << 10 ** 9": "the limit of 4096 bits",
    "10 ** 600 * 10 ** 700": "the limit of 4096 bits",
    "'x' * 10 ** 9": STEPS,
    "10 ** 9 * [0]": STEPS,
    "(0,) * 10 ** 30": STEPS,
    "list(range(10 ** 12))": STEPS,
    "range(10 ** 30)": STEPS,
    "[i for i in range(10 ** 6) for j in range(10 ** 6)]": STEPS,
    "'{:>999999999}'.format(1)": "the width 999999999 is over the limit of 1000",
    "'{:>{}}'.format(1, 10 ** 8)": "the width 100000000 is over the limit of 1000",
    "'{:.999999999f}'.format(1.0)": "the precision 999999999 is over the limit of 1000",
    "f'{1:999999999}'": "the width 999999999 is over the limit of 1000",
    "f'{1:{10 ** 8}}'": "the width 100000000 is over the limit of 1000",
    "'%999999999d' % 1": "the width 999999999 is over the limit of 1000",
    "'%.999999999f' % 1.0": "the precision 999999999 is over the limit of 1000",
    "'%(a)s' * 1000 % dict(a='x' * 10000)": STEPS,
    "('{0}' * 1000).format('x' * 10000)": STEPS,
    "('x' * 9999).replace('x', 'y' * 9999)": STEPS,
    "('x' * 9999).join(['y'] * 9999)": STEPS,
    "round(5, -10 ** 9)": "over the limit of 1000",
    "sum([[0] * 1000] * 9999, [])": STEPS,
    "str([2 ** 1900] * 500000)": STEPS,
    "[" * 90 + "]" * 90: "the limit of 80 levels",
    "-" * 90 + "1": "the limit of 80 levels",
    "+".join(["1"] * 100): "the limit of 80 levels",
    "9" * 2000: "the limit of 4096 bits",
}
LAUGHS = {
    "kept": "a = [0] * 9\n" + "a = [a] * 9\n" * 30,
    "told": "a = [0] * 9\n" + "a = [a] * 9\n" * 30 + "b = str(a)",
    "compared": "a = b = [0]\n" + "a = [a, a]\nb = [b, b]\n" * 60 + "c = a == b",
    "hashed": "a = (0,)\n" + "a = (a, a)\n" * 60 + "c = {a: 1}",
    "hashed in sets": "a = (0,)\n" + "a = (a, a)\n" * 60 + "c = {a}",
    "indexing": "a = (0,)\n" + "a = (a, a)\n" * 60 + "c = dict()\nc[a] = 1",
    "dicts": "a = dict(x=0)\n" + "a = dict(x=a, y=a)\n" * 60,
    "copied": "a = [0]\n" + "a = [a, a]\n" * 60 + "_base_.x = a",
    "deep": "a = []\nfor i in range(5000):\n    a = [a]",
    "deep tuple": "a = ()\nfor i in range(200000):\n    a = (a,)",
    "own": "a = []\na.append(a)",
    "own dict": "a = dict()\na.x = a",
    "doubled": "a = [0]\nfor i in range(60):\n    a += a",
    "extended": "a = [0]\nfor i in range(60):\n    a.extend(a)",
    "doubled text": "a = 'x'\nfor i in range(60):\n    a += a",
    "endless": "a = [0]\nfor i in a:\n    a.append(i)",
    "spread": "a = [0]\nfor i in range(60):\n    a = [*a, *a]",
    "loops": "for i in range(9999):\n    for j in range(9999):\n        a = 1",
    "into base": "for i in range(60):\n    _base_[str(i)] = _base_",
    "kept apart": "a = []\nfor i in range(9999):\n    a.append('x' * 9999)",
    "formats": "a = 'x'\nfor i in range(60):\n    a = f'{a}{a}'",
}


@pytest.mark.parametrize("text", [*(f"a = {text}" for text in BOMBS), *LAUGHS.values()])
def test_limit_is_told_at_once_when_too_much(write, text):
    read = write(text)
    start = time.process_time()
    error = read_audited(read)
    assert time.process_time() - start < 5
    told = BOMBS.get(text.removeprefix("a = "), "limit of")
    assert isinstance(error, ConfigError), error
    assert told in error.problem


def test_expressions_are_refused_when_deeper_than_python_parses(write):
    error = read_audited(write("a = " + "-" * 100_000 + "1"))
    assert isinstance(error, ConfigError)


COLLIDING = "{i * (2 ** 61 - 1)%s for i in range(%d)}"


@pytest.mark.parametrize(
    "text",
    [
        "a = " + COLLIDING % ("", 20000),
        "a = " + COLLIDING % (": 0", 20000),
        "a = " + COLLIDING % (": 0", 3000) + "\nb = [{**a} for i in range(1000)]",
        "a = " + COLLIDING % ("", 3000) + "\nb = [a | {1} for i in range(1000)]",
        "b = [i * (2 ** 61 - 1) for i in range(20000)]\na = set(b)",
        "b = [(i * (2 ** 61 - 1), 0) for i in range(20000)]\na = dict(b)",
        "b = [(i * (2 ** 61 - 1), 0) for i in range(20000)]\na = dict()\na.update(b)",
        "a = dict()\nfor i in range(20000):\n    a[i * (2 ** 61 - 1)] = 0",
    ],
)
def test_limit_is_told_at_once_when_hashes_collide(write, text):
    test_limit_is_told_at_once_when_too_much(write, text)


@pytest.mark.parametrize("change", ["a.insert(0, 0)", "a.pop(0)", "del a[0]", "a[0:0] = [1]"])
def test_limit_is_told_at_once_when_long_lists_move(write, change):
    text = f"a = [0] * 300000\nfor i in range(100000):\n    {change}"
    test_limit_is_told_at_once_when_too_much(write, text)


def test_budget_stays_overdrawn_when_spent():
    budget = Budget(5)
    budget.spend(5)
    assert budget.left == 0
    with pytest.raises(NotSafe, match="the limit of 5 steps"):
        budget.spend(1)
    with pytest.raises(NotSafe, match="the limit of 5 steps"):
        budget.spend(0)


def test_config_is_read_whole_when_the_budget_is_just_enough(write):
    read = write("a = 1\nb = 2")
    assert read(safe=True).to_dict() == {"a": 1, "b": 2}


@pytest.mark.parametrize(
    ("value", "steps"),
    [(1, 0), ("abc", 3), ([1, "ab"], 5), ({"a": [1]}, 5), (range(0, 10, 2), 7), ({1, 2}, 3)],
)
def test_values_cost_their_size_when_walked_over(value, steps):
    budget = Budget()
    budget.spend_on(value)
    assert MAX_STEPS - budget.left == steps


def test_shared_parts_count_twice_when_met_twice():
    inner, budget = [1, 2], Budget()
    budget.spend_on([inner, inner])
    assert MAX_STEPS - budget.left == 7


def test_depth_is_refused_when_hidden_behind_shared_parts():
    """Each level is met first where it is least deep."""
    value = []
    for _ in range(MAX_DEPTH // 4):
        value = [value, [[[value]]]]
    Budget().spend_on([])
    with pytest.raises(NotSafe, match=f"the limit of {MAX_DEPTH} levels"):
        Budget(10**12).spend_on([value, [[[[[value]]]]]])


def test_check_scalar_lets_pass_when_small():
    assert check_scalar(2**4095) == 2**4095
    with pytest.raises(NotSafe, match="4096 bits"):
        check_scalar(2**4096)
