"""Targets: each module turns an analysed unit into the text that one kind of device compiles."""
