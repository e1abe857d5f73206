import math

import pytest

from mmlight.compat import requirement


def test_modules_are_imported_when_named():
    assert requirement.import_modules_from_strings("math") is math
    assert requirement.import_modules_from_strings(["math"]) == [math]
    assert requirement.import_modules_from_strings(None) is None
    with pytest.warns(UserWarning, match=r"cannot import 'no\.such'"):
        found = requirement.import_modules_from_strings(["math", "no.such"], True)
    assert found == [math, None]
    with pytest.raises(ImportError, match=r"cannot import 'no\.such'"):
        requirement.import_modules_from_strings("no.such")
    with pytest.raises(TypeError, match=r"imports must be a name or a list of them, got \{'a'\}"):
        requirement.import_modules_from_strings({"a"})


def test_names_are_looked_up_when_asked():
    assert requirement.get_object_from_string("os.path.join")("a", "b") == "a/b"
    assert requirement.get_object_from_string("os.no") is None
    assert requirement.is_installed("pytest")
    assert not requirement.is_installed("no-such-package")
    assert requirement.has_method([], "append")
    assert not requirement.has_method([], "__doc__")


def test_method_counts_as_overridden_when_class_has_its_own():
    class A:
        def x(self):
            pass

        def y(self):
            pass

    class B(A):
        def x(self):
            pass

    assert requirement.is_method_overridden("x", A, B)
    assert not requirement.is_method_overridden("y", A, B())
    with pytest.raises(TypeError, match="base_class must be a class, got 3"):
        requirement.is_method_overridden("x", 3, B)


def test_function_is_guarded_when_something_is_missing():
    @requirement.requires_package(["math", "no_such_package"])
    def one():
        return 1

    @requirement.requires_executable("no-such-program")
    def two():
        return 2

    @requirement.requires_package("math")
    def three():
        return 3

    with pytest.raises(RuntimeError, match='"no_such_package" is needed by "one"'):
        one()
    with pytest.raises(RuntimeError, match='"no-such-program" is needed by "two"'):
        two()
    assert three() == 3


def test_old_name_is_taken_when_deprecated():
    @requirement.deprecated_api_warning({"old": "new"}, cls_name="Net")
    def forward(new=0):
        return new

    with pytest.warns(DeprecationWarning, match=r'"old" is deprecated in `Net\.forward`'):
        assert forward(old=3) == 3
    assert forward(new=4) == 4
    with pytest.raises(TypeError, match=r"Net\.forward must get 'new' once, got it as 'old' too"):
        forward(old=1, new=2)
