"""The bare networks of the families whose network is more than a call of timm.

A backbone wraps one and adds what all backbones have: outputs, frozen stages, start values, names.
"""
