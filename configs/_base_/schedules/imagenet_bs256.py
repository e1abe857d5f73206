"""SGD at 0.1, divided by ten after 30, 60 and 90 of 100 epochs, in mmcls 0.x words."""

optimizer = dict(type="SGD", lr=0.1, momentum=0.9, weight_decay=0.0001)
optimizer_config = dict(grad_clip=None)
lr_config = dict(policy="step", step=[30, 60, 90])
runner = dict(type="EpochBasedRunner", max_epochs=100)
