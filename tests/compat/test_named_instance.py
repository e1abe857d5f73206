import pytest

from mmlight.compat.named_instance import ManagerMixin


def test_instances_are_kept_apart_when_classes_differ():
    class A(ManagerMixin):
        def __init__(self, name, x=0):
            super().__init__(name)
            self.x = x

    class B(ManagerMixin):
        pass

    first = A.get_instance("one", x=3)
    assert A.get_instance("one") is first
    assert A.get_instance("two").x == 0
    assert A.get_current_instance().instance_name == "two"
    assert A.check_instance_created("one")
    assert not B.check_instance_created("one")
    with pytest.raises(RuntimeError, match="there is no B yet"):
        B.get_current_instance()


def test_name_is_refused_when_empty():
    with pytest.raises(ValueError, match="name must be a text that is not empty, got ''"):
        ManagerMixin("")
