import json

import pytest

from mmlight.data.storage.package import has_package, import_package


def test_package_is_imported_when_installed():
    assert import_package("json") is json
    assert has_package("json")
    assert not has_package("no_such_package.client")


def test_package_is_named_when_missing():
    text = r"the package no_such_package is not installed \(pip install no_such_package\)"
    with pytest.raises(ValueError, match=text):
        import_package("no_such_package.client")
    with pytest.raises(ValueError, match=r"is not installed \(ask its authors\)"):
        import_package("no_such_package", advice="ask its authors")
