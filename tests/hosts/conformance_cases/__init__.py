"""One module a family of host/conformance: what each kernel must leave behind, by NumPy alone."""
