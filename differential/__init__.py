"""The differential test: generated and known kernels agree on the fast and the reference engine."""
