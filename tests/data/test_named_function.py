import pickle

import pytest

from mmlight.data.named_function import NamedFunction


def test_function_gets_its_options_when_called():
    make = NamedFunction("builtins.sorted", {"reverse": True})
    assert make([1, 3, 2]) == [3, 2, 1]
    assert pickle.loads(pickle.dumps(make))([1, 3]) == [3, 1]
    assert NamedFunction(len)("ab") == 2


def test_path_is_refused_when_it_leads_nowhere():
    with pytest.raises(AttributeError, match="no_such"):
        NamedFunction("builtins.no_such")
