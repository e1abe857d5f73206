"""What an optimizer is made of: parameter groups, and schedules of their rates.

parameter_groups   which learning rate and weight decay each parameter gets
optimizer          the above and an import path -> a torch optimizer
curves             pure functions: one number from a position in the run
schedule           what every schedule is: bound to the length of a run, told of its events
driver             moves schedules along a run, with or without a trainer
policy             mmcv 1.x: absolute values, set before
    policies, cyclic_policies, momentum_policies
recursion          mmengine: the next value from the current one, set after
    recursions, cyclic_recursions
"""
