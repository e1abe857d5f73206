"""What an optimizer is made of and how steps are taken: groups, schedules of their rates, settings.

parameter_groups   which learning rate and weight decay each parameter gets
layer_decay, layer_depth
                   rates that fall from the head to the stem
optimizer          the above and an import path -> a torch optimizer
constructor, original_names
                   constructors of users, and the names of parameters that they see
lars, adan         optimizers that torch and timm lack
optimization       all that a module does about its optimizer
    rate_scale, loss_scale, accumulation, gradient_clip
curves             pure functions: one number from a position in the run
schedule           what every schedule is: bound to the length of a run, told of its events
driver             moves schedules along a run, with or without a trainer
policy             mmcv 1.x: absolute values, set before
    policies, cyclic_policies, momentum_policies, yolox_policy
recursion          mmengine: the next value from the current one, set after
    recursions, cyclic_recursions
plateau            lower a value when a metric gets no better
own_updater, own_scheduler, stand_in
                   schedules of users, in the style of either, and the runner that they see
"""
