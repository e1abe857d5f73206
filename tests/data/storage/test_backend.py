import pytest

from mmlight.data.storage.backend import Backend, check_listing, list_below


class Shouting(Backend):
    def get(self, filepath):
        return str(filepath).upper().encode()


def test_backend_gives_text_and_a_local_file_when_it_has_bytes():
    backend = Shouting()
    assert (backend.name, backend.allow_symlink) == ("Shouting", False)
    assert backend.get_text("a") == "A"
    with backend.get_local_path("x/a.txt") as path, open(path) as file:
        assert path.endswith("/a.txt")
        assert file.read() == "X/A.TXT"


def test_backend_cannot_be_made_when_it_reads_nothing():
    with pytest.raises(TypeError, match=r"abstract.*get"):
        type("Empty", (Backend,), {})()


def test_names_are_sifted_when_listed():
    names = ["a.txt", "b/c.txt", "b/d.jpg", "b/e/f.txt"]
    options = {"list_file": True, "suffix": None}
    assert list(list_below(names, list_dir=True, recursive=False, **options)) == ["a.txt", "b"]
    found = list(list_below(names, list_dir=True, recursive=True, **options))
    assert found == ["a.txt", "b", "b/c.txt", "b/d.jpg", "b/e", "b/e/f.txt"]
    options |= {"list_dir": False, "suffix": ".txt", "recursive": True}
    assert list(list_below(names, **options)) == ["a.txt", "b/c.txt", "b/e/f.txt"]


def test_listing_is_refused_when_its_arguments_contradict():
    with pytest.raises(TypeError, match=r"suffix must be None .* got '\.txt'"):
        check_listing(list_dir=True, suffix=".txt")
    with pytest.raises(TypeError, match="suffix must be a string or a tuple of them, got 3"):
        check_listing(list_dir=False, suffix=3)
