import copy
import pickle

import pytest

from mmlight.read.origin import FILE_MARK, Origin, Overridden, origin_of_caller, overriding

OLD, MIDDLE, NEW = Origin("a.py", 3), Origin("b.py", 5), Origin("c.py", 8)


def chain(origin):
    """List the places of an origin and of all that it overrode."""
    found = []
    while origin is not None:
        found.append(str(origin))
        origin = origin.overrode.origin if origin.overrode else None
    return found


@pytest.mark.parametrize(
    ("origin", "text", "known"),
    [
        (Origin("a.py", 3), "a.py:3", True),
        (Origin("--cfg-options a=1"), "--cfg-options a=1", True),
        (Origin("", 0, "a.b"), "", False),
    ],
)
def test_origin_is_printed_and_true_when_known(origin, text, known):
    assert (str(origin), bool(origin)) == (text, known)


def test_origin_equals_another_when_place_is_the_same():
    other = Origin("a.py", 3, "x.y", Overridden(1, None))
    assert (other == OLD, hash(OLD) == hash(other)) == (True, True)
    assert Origin("a.py", 4) != OLD


def test_origin_survives_when_copied_or_pickled():
    origin = Origin("a.py", 3, "x.y", Overridden([1], OLD))
    assert copy.deepcopy(origin) is origin
    loaded = pickle.loads(pickle.dumps(origin))
    assert (loaded, loaded.path, loaded.overrode) == (origin, "x.y", Overridden([1], OLD))


def test_overriding_remembers_when_something_is_replaced():
    origin = overriding(NEW, 50, OLD)
    assert (origin, origin.overrode) == (NEW, Overridden(50, OLD))
    assert NEW.overrode is None
    assert overriding(NEW, 50, None).overrode == Overridden(50, None)


def test_overriding_puts_the_oldest_last_when_there_is_a_chain():
    own = overriding(NEW, 2, MIDDLE)
    assert chain(overriding(own, 1, OLD)) == ["c.py:8", "b.py:5", "a.py:3"]
    assert chain(own) == ["c.py:8", "b.py:5"]


def test_overriding_adds_nothing_when_the_entry_is_the_same():
    assert overriding(OLD, 1, Origin("a.py", 3)).overrode is None
    known = overriding(NEW, 1, OLD)
    assert chain(overriding(known, 1, OLD)) == ["c.py:8", "a.py:3"]
    assert overriding(Origin("c.py", 8), 2, known) is known


def test_caller_is_named_when_a_config_runs():
    scope = {FILE_MARK: "c.py", "find": lambda: origin_of_caller()}
    exec("\n\nfound = find()", scope)
    assert str(scope["found"]) == "c.py:3"
    assert (lambda: origin_of_caller())().file == __file__
    silent = {"__name__": "mmlight.upgrade.model", "find": scope["find"]}
    exec("found = find()", silent)
    assert silent["found"] is None
