import pytest

from mmlight.models.options import find_arch, spread_options, take_options

ARCHS = {("t", "tiny"): {"depth": 2}, ("b", "base"): {"depth": 9}}


def test_given_options_win_over_defaults() -> None:
    assert take_options({"a": 1}, {"a": 0, "b": 2}, "cfg") == {"a": 1, "b": 2}


def test_raises_when_option_is_not_known() -> None:
    with pytest.raises(ValueError, match="block_cfgs does not support shape=7"):
        take_options({"shape": 7}, {"a": 0}, "block_cfgs")


def test_one_dict_is_for_all_parts() -> None:
    assert spread_options({"a": 1}, 2, "cfg") == [{"a": 1}, {"a": 1}]
    assert spread_options([{"a": 1}, {}, {}], 2, "cfg") == [{"a": 1}, {}]


def test_raises_when_parts_get_too_few_dicts() -> None:
    with pytest.raises(ValueError, match="stage_cfgs must have 3 entries, got 2"):
        spread_options([{}, {}], 3, "stage_cfgs")


@pytest.mark.parametrize(("arch", "depth"), [("T", 2), ("base", 9), ({"depth": 5}, 5)])
def test_arch_is_found_by_name_or_given(arch, depth) -> None:
    assert find_arch(arch, ARCHS, ("depth",)) == {"depth": depth}


@pytest.mark.parametrize(
    ("arch", "message"),
    [
        ("huge", "arch must be one of t, tiny, b, base, got 'huge'"),
        ({"width": 3}, "arch must have the keys depth, got {'width': 3}"),
    ],
)
def test_raises_when_arch_is_not_known(arch, message) -> None:
    with pytest.raises(ValueError, match=message):
        find_arch(arch, ARCHS, ("depth",))
