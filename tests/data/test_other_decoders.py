import io
import sys
import types

import cv2
import matplotlib
import numpy as np
import pytest

from mmlight.data.decode import decode_file, decode_image
from mmlight.data.other_decoders import check_decoder, decode_by
from mmlight.errors import DataError


class TurboJPEG:
    """Stands in for the class of PyTurboJPEG, over cv2."""

    def decode(self, content, pixels):
        if content[:2] != b"\xff\xd8":
            raise OSError("Not a JPEG file: starts with 0x6e 0x6f")
        flag = cv2.IMREAD_GRAYSCALE if pixels == 6 else cv2.IMREAD_COLOR
        image = cv2.imdecode(np.frombuffer(content, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
        return image[:, :, None] if pixels == 6 else image


@pytest.fixture
def turbojpeg(monkeypatch):
    from mmlight.data import other_decoders

    module = types.ModuleType("turbojpeg")
    module.TurboJPEG, module.TJPF_BGR, module.TJPF_GRAY = TurboJPEG, 1, 6
    monkeypatch.setitem(sys.modules, "turbojpeg", module)
    other_decoders._turbo.cache_clear()
    yield module
    other_decoders._turbo.cache_clear()


@pytest.fixture(scope="session")
def jpeg():
    with open(f"{matplotlib.get_data_path()}/sample_data/grace_hopper.jpg", "rb") as file:
        return file.read()


@pytest.mark.usefixtures("turbojpeg")
def test_jpeg_is_decoded_when_turbojpeg_is_there(jpeg):
    for color, channels in (("color", (3,)), ("grayscale", ())):
        check_decoder("turbojpeg", color)
        image = decode_image(jpeg, color_type=color, backend="turbojpeg")
        assert image.shape == (600, 512, *channels)
        assert np.array_equal(image, decode_image(jpeg, color_type=color))


def test_tiff_is_decoded_when_tifffile_is_there():
    tifffile = pytest.importorskip("tifffile")
    want = np.arange(24, dtype=np.uint16).reshape(4, 6)
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, want)
    check_decoder("tifffile", "unchanged")
    assert np.array_equal(decode_by("tifffile", buffer.getvalue(), "color"), want)
    with pytest.raises(OSError, match="not a TIFF file"):
        decode_by("tifffile", b"no image", "color")


@pytest.mark.usefixtures("turbojpeg")
def test_file_is_named_when_it_is_no_jpeg():
    with pytest.raises(DataError, match=r"a\.png: the image cannot be read .*Not a JPEG"):
        decode_file(b"no image", "a.png", backend="turbojpeg")


@pytest.mark.usefixtures("turbojpeg")
def test_color_type_is_refused_when_turbojpeg_lacks_it():
    with pytest.raises(ValueError, match="'grayscale' for turbojpeg, got 'unchanged'"):
        check_decoder("turbojpeg", "unchanged")


def test_decoder_is_refused_when_its_package_or_library_is_missing(monkeypatch, turbojpeg):
    def fail():
        raise RuntimeError("Unable to locate turbojpeg library")

    turbojpeg.TurboJPEG = fail
    with pytest.raises(ValueError, match=r"'turbojpeg' cannot be used: Unable to .*libturbojpeg\)"):
        check_decoder("turbojpeg", "color")
    monkeypatch.setitem(sys.modules, "turbojpeg", None)
    with pytest.raises(ValueError, match=r"imdecode_backend 'turbojpeg' cannot be used: .*PyTurbo"):
        check_decoder("turbojpeg", "color")
