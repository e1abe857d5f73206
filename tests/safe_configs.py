"""Reads configs safely while Python's audit hook watches that nothing runs."""

import sys

from mmlight.errors import MMLightError
from mmlight.read.config import Config
from mmlight.read.node import ConfigDict, ConfigList

_EVENTS = []
_WATCHED = ("exec", "import", "os.", "subprocess.", "socket.", "ctypes.", "shutil.", "open")
_SWITCH = [False]


def _note(event, args):
    if _SWITCH[0] and event.startswith(_WATCHED):
        _EVENTS.append((event, args))


sys.addaudithook(_note)


def write_files(folder, main, **others):
    """Write `main.py` and others, and return a reader of it."""
    for name, text in {"main": main, **others}.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
    return lambda **options: Config.fromfile("main.py", **options)


def read_audited(read):
    """Read safely, return the config or the error, and check that no more than a file is opened."""
    _EVENTS.clear()
    _SWITCH[0] = True
    try:
        return read(safe=True)
    except MMLightError as error:
        return error
    finally:
        _SWITCH[0] = False
        opened = [args[0] for event, args in _EVENTS if event == "open"]
        assert [str(name) for name in opened] == ["main.py"] * len(opened)
        assert not [event for event, _ in _EVENTS if event != "open"], _EVENTS


def to_tree(value):
    """Return values and types and the origins of all entries."""
    if isinstance(value, ConfigDict):
        entries = {key: (to_tree(item), value.origin_of(key)) for key, item in value.items()}
        return value.origin, entries
    if isinstance(value, ConfigList):
        return [(to_tree(item), value.origin_of(i)) for i, item in enumerate(value)]
    if isinstance(value, tuple):
        return tuple(map(to_tree, value))
    return type(value), value
