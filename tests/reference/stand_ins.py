"""Lets mmpretrain be imported without packages that it names, but that no comparison uses."""


def stand_in():
    """Put stand-ins for absent packages into the original's process; runs beside mmpretrain."""
    import importlib.metadata
    import sys
    from unittest.mock import MagicMock

    try:
        import importlib_metadata  # noqa: F401
    except ModuleNotFoundError:
        # The standard library has the two names that mmpretrain takes from it.
        sys.modules["importlib_metadata"] = importlib.metadata
    try:
        import modelindex.load_model_index  # noqa: F401
    except ModuleNotFoundError:
        # Only listing the model zoo needs it.
        for name in ("", ".load_model_index", ".models", ".models.Model"):
            sys.modules["modelindex" + name] = MagicMock()
