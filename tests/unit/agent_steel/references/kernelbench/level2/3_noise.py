import torch
import torch.nn as nn


class Model(nn.Module):
    """Adds noise: no kernel can be held to it."""

    def forward(self, x):
        return x + torch.randn(4, 8)


def get_inputs():
    return [torch.randn(4, 8)]


def get_init_inputs():
    return []
