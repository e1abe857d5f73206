"""Builds and runs a head or a neck of the originals; `test_heads.py` sends this file to them."""

import copy

import torch

try:
    import mmpretrain.models
    from mmpretrain.registry import MODELS
    from mmpretrain.structures import DataSample

    mmpretrain.models  # noqa: B018 (its import registers the types)
    IS_NEW = True
except ImportError:
    from mmcls.models import build_head, build_neck

    IS_NEW = False


def run_head(cfg, feats, target, labels):
    """Return start values, losses, scores and gradients of a head."""
    torch.manual_seed(0)
    head = MODELS.build(cfg) if IS_NEW else build_head(copy.deepcopy(cfg))
    head.init_weights()
    found = {"start": _copy(head)}
    head = head.double()
    for value in head.parameters():
        torch.nn.init.normal_(value, 0.1, 0.5)
    found["before"] = _copy(head)
    for feat in feats:
        feat.requires_grad_()
    torch.set_default_dtype(torch.float64)
    try:
        call = _call_new if IS_NEW else _call_old
        losses, found["scores"], found["chosen"] = call(head, tuple(feats), target, labels)
        losses["loss"].backward()
    finally:
        torch.set_default_dtype(torch.float32)
    found["losses"] = {name: value.detach().squeeze() for name, value in losses.items()}
    found["grads"] = {name: value.grad for name, value in head.named_parameters()}
    return {**found, "feature": feats[-1].grad, "after": _copy(head)}


def set_margins(cfg, margins, weight, feats, target):
    """Return the logits of an ArcFace head after its margins have been replaced."""
    head = MODELS.build(cfg)
    head.norm_product.weight.data.copy_(weight)
    head.set_margins(margins)
    return head(tuple(feats), target).detach()


def run_neck(cfg, feats, alone):
    """Return outputs, gradients and state of a neck."""
    neck = (MODELS.build(cfg) if IS_NEW else build_neck(cfg)).double()
    for feat in feats:
        feat.requires_grad_()
    outputs = [*neck(tuple(feats)), *([neck(feats[0])] if alone else [])]
    sum(out.sin().sum() for out in outputs).backward()
    grads = {name: value.grad for name, value in neck.named_parameters()}
    return [out.detach() for out in outputs], grads, _copy(neck)


def _copy(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def _call_new(head, feats, target, labels):
    samples = []
    for place in range(len(feats[0])):
        sample = DataSample()
        if labels is not None:
            sample.set_gt_label(labels[place])
        if getattr(target, "ndim", 1) == 2:
            sample.set_gt_score(target[place])
        else:
            sample.set_gt_label(target[place])
        samples.append(sample)
    losses = head.loss(feats, samples)
    for name in losses:
        if name.startswith("accuracy"):  # one per threshold, of which there is one
            losses[name] = losses[name][0]
    predicted = head.eval().predict(feats)
    scores = torch.stack([sample.pred_score for sample in predicted]).detach()
    return losses, scores, [sample.pred_label for sample in predicted]


def _call_old(head, feats, target, labels):
    if "VisionTransformer" in type(head).__name__:  # it gets patches and class token
        feats = (*feats[:-1], [None, feats[-1]])
    losses = head.forward_train(feats, target)
    accuracies = losses.pop("accuracy", {})
    losses.update({f"accuracy_{name}": value for name, value in accuracies.items()})
    return losses, head.eval().simple_test(feats, post_process=False).detach(), None
