import torch

from mmlight.models.views import average_scores, has_views

IMAGE = torch.zeros(3, 4, 4)


def test_views_are_told_from_images_of_several_shapes():
    assert not has_views(torch.stack([IMAGE, IMAGE]))
    assert not has_views([IMAGE, IMAGE[:, :2]])
    assert has_views([torch.stack([IMAGE, IMAGE])])
    assert has_views([[IMAGE, IMAGE[:, :2]], [IMAGE, IMAGE]])


def test_scores_are_averaged():
    views = [torch.tensor([[0.2, 0.8]]), torch.tensor([[0.6, 0.4]])]
    torch.testing.assert_close(average_scores(views), torch.tensor([[0.4, 0.6]]))
