"""Documents that are written from data: KERNELS.md, best_times.md, LINK.md, README's tables."""
