from mmlight.compat import provide_names, versions


def test_versions_are_those_of_the_names_when_asked_for():
    with provide_names():
        import mmcls
        import mmcv
        import mmengine
        import mmpretrain
    assert (mmcv.__version__, mmcls.__version__) == (versions.MMCV, versions.MMCLS)
    assert (mmengine.__version__, mmpretrain.__version__) == ("0.10.7", "1.2.0")
