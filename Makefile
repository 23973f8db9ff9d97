# One line each; logic lives in Python. `make test` alone, on a fresh clone, makes the environment and passes.
RUN := python3 setup.py --run

.PHONY: setup test check perf trust host kernels refresh clean
setup:   ; @python3 setup.py
test:    ; @$(RUN) -m pytest
check:   ; @$(RUN) .ci/check.py
perf:    ; @$(RUN) -m perf
trust:   ; @$(RUN) -m trust --full
host:    ; @$(RUN) -m harness.command.prepare
kernels: ; @$(RUN) -m harness --list
refresh: ; @$(RUN) -m harness.board.leaderboard && $(RUN) -m harness.board.rules
clean:   ; @rm -rf .bench host/build .pytest_cache .mypy_cache .ruff_cache
