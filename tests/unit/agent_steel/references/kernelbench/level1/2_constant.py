import torch
import torch.nn as nn


class Model(nn.Module):
    """Subtracts what it was given: the result is zero."""

    def forward(self, x):
        return x - x


def get_inputs():
    return [torch.randn(4, 8)]


def get_init_inputs():
    return []
