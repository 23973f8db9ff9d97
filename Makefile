# One line each; logic lives in Python. `make test` alone, on a fresh clone, makes the environment and passes.
RUN := python3 setup.py --run

.PHONY: setup test check perf trust agents differential host kernels mac-dry-run refresh clean
setup:   ; @python3 setup.py
test:    ; @$(RUN) -m pytest -n auto --dist worksteal
check:   ; @$(RUN) .ci/check.py
perf:    ; @$(RUN) -m perf
trust:   ; @$(RUN) -m trust --full
agents:  ; @$(RUN) -m pytest tests/unit/agent_steel --all-kills
differential: ; @$(RUN) -m msl.math_sweep && $(RUN) -m differential --write
host:    ; @$(RUN) -m harness.command.prepare
kernels: ; @$(RUN) -m harness.command.kernels
mac-dry-run: ; @$(RUN) tests/hosts/metal_stand_in/dry_run.py
refresh: ; @$(RUN) -m harness.board.leaderboard && $(RUN) -m harness.board.rules && $(RUN) -m harness.pages
clean:   ; @rm -rf .bench host/build .pytest_cache .mypy_cache .ruff_cache
