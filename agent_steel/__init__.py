"""Agent Steel: agents that write and improve kernels, on evidence the harness measured."""
