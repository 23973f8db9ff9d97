"""`python -m harness.board.confirm`: measures a finding again, in a new process with new seeds.

Reads one Request on standard input and writes one Confirmation on standard output.
"""

from __future__ import annotations

import sys

from harness import atomic, judging
from harness.board.promotion import Request
from harness.errors import UserError


def main() -> int:
    """Answer one request; the exit code says whether there was an answer."""
    request = Request.model_validate_json(sys.stdin.read())
    try:
        confirmation = judging.confirmation(request)
    except UserError as error:
        print(f"error: {error.message}\n{error.hint}".rstrip(), file=sys.stderr)
        return error.exit_code
    sys.stdout.write(atomic.strict_json(confirmation.model_dump(mode="json"), indent=None))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
