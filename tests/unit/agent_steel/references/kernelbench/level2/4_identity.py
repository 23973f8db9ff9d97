import torch
import torch.nn as nn


class Model(nn.Module):
    """Gives back what it was given."""

    def forward(self, x):
        return x


def get_inputs():
    return [torch.randn(4, 8)]


def get_init_inputs():
    return []
