"""The four agents: welder, profiler, optimizer and verifier."""
