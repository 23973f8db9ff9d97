"""Whether a source is right: builds and runs it on poison, in the fast and in the checked build."""
