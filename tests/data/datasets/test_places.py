from mmlight.data.datasets.places import Places205
from tests.layouts import write_places205


def test_classes_are_the_published_ones_when_a_list_is_read(tmp_path):
    dataset = Places205(str(write_places205(tmp_path)), "images", "train.txt")
    assert dataset.get_gt_labels().tolist() == [0, 204]
    assert dataset.get_data_info(1)["img_path"] == f"{tmp_path}/images/y/yard/2.jpg"
    assert (len(dataset.CLASSES), dataset.CLASSES[0]) == (205, "abbey")
