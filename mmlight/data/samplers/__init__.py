"""Samplers: the orders in which each rank reads a dataset."""

from mmlight.data.samplers.batch import ResumableBatchSampler as ResumableBatchSampler
from mmlight.data.samplers.default import DefaultSampler as DefaultSampler
from mmlight.data.samplers.default import SequentialSampler as SequentialSampler
from mmlight.data.samplers.infinite import InfiniteSampler as InfiniteSampler
from mmlight.data.samplers.ranked import RankedSampler as RankedSampler
from mmlight.data.samplers.repeat_aug import RepeatAugSampler as RepeatAugSampler
from mmlight.data.samplers.weighted import ClassBalancedSampler as ClassBalancedSampler
from mmlight.data.samplers.weighted import WeightedRandomSampler as WeightedRandomSampler
