from mmlight.data.datasets.class_balanced import ClassBalancedDataset


class Labelled:
    """A user's dataset, of no class of ours."""

    def __init__(self, labels):
        self.labels = labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, idx):
        return idx

    def get_cat_ids(self, idx):
        return self.labels[idx]


def test_rare_samples_come_more_often_when_balanced():
    labels = [[0]] * 8 + [[0, 1]] + [[]]
    # class 0 is in 9 of 10, class 1 in 1 of 10: sqrt(0.9 / 0.1) = 3
    balanced = ClassBalancedDataset(Labelled(labels), 0.9)
    assert balanced.places.tolist() == [*range(8), 8, 8, 8, 9]
    assert [balanced[i] for i in (0, 8, 10, -1)] == [0, 8, 8, 9]
    assert balanced.get_cat_ids(9) == [0, 1]


def test_factor_is_rounded_up_when_between_numbers():
    balanced = ClassBalancedDataset(Labelled([[0], [1], [1], [1]]), 0.3)
    assert len(balanced) == 5  # sqrt(0.3 / 0.25) = 1.1: twice


def test_samples_come_once_when_none_has_a_label():
    assert len(ClassBalancedDataset(Labelled([[], []]), 1.0)) == 2


def test_get_cat_ids_says_which_class_a_sample_has_when_labels_differ():
    class Grouped(Labelled):
        def get_gt_labels(self):
            return [0, 1, 2, 3]

    balanced = ClassBalancedDataset(Grouped([[-1], [7], [7], [7]]), 1.0)
    assert balanced.places.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
