"""The command line of `./bench` and what a person sees."""
