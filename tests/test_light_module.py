"""What the base of our modules keeps of `nn.Module`, and what it leaves out."""

from torch import nn

from mmlight.light_module import LightModule


def test_parts_are_registered_and_the_name_of_an_event_is_not():
    module = LightModule()
    module.part = nn.Linear(2, 2)
    module._current_fx_name = "on_train_batch_start"
    assert list(module._modules) == ["part"]
    assert len(list(module.parameters())) == 2
    assert module._current_fx_name == "on_train_batch_start"
    module._current_fx_name = None
    assert module._current_fx_name is None
