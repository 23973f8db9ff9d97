"""The compiler flags of the portable host: one place, used for the library headers and for every
unit."""

from __future__ import annotations

from msl.toolchain import Toolchain

WARNINGS = (
    "unused-variable",
    "parentheses",
    "return-type",
    "unused-value",
    "literal-range",
    "constant-conversion",
    "division-by-zero",
    "shift-count-overflow",
    "shift-count-negative",
    "tautological-compare",
    "array-bounds",
    "dangling-else",
    "infinite-recursion",
    "global-constructors",  # kept to say where, if the library turns out to need one
)
_RELAXED = (
    "-ffp-contract=fast-honor-pragmas",
    "-fassociative-math",
    "-freciprocal-math",
    "-fno-signed-zeros",
    "-fno-trapping-math",
    "-fno-math-errno",
)
#: metal::f is metal::precise::f then, as it is metal::fast::f otherwise.
_STRICT = ("-ffp-contract=on", "-fno-trapping-math", "-fno-math-errno", "-DMSL_PRECISE_MATH=1")


def compile_flags(toolchain: Toolchain, strict: bool) -> list[str]:
    """Everything but inputs and outputs."""
    return [
        *toolchain.target_flags(),
        "-std=c++17",
        "-O2",
        "-fPIC",
        "-fvisibility=hidden",
        "-nostdinc",
        "-fno-exceptions",
        "-fno-rtti",
        "-fno-threadsafe-statics",
        "-fno-finite-loops",  # an endless loop is a time-out, not code that may be removed
        "-fno-strict-aliasing",
        "-fno-strict-float-cast-overflow",
        "-fsigned-char",  # MSL's char is signed; AArch64 would make it unsigned
        "-fno-stack-protector",
        "-ftrivial-auto-var-init=pattern",  # or a local array holds what the last run left there
        "-fno-asynchronous-unwind-tables",
        "-fno-ident",
        "-fdeclspec",
        "-fwrapv-pointer",
        "-Xclang",
        "-cl-single-precision-constant",
        *(_STRICT if strict else _RELAXED),
        "-ftemplate-depth=512",
        "-ferror-limit=40",
        "-fmacro-backtrace-limit=1",
        "-ftemplate-backtrace-limit=3",
        "-fno-caret-diagnostics",
        "-fno-color-diagnostics",
        "-fno-elide-type",
        "-fdiagnostics-print-source-range-info",
        "-Wno-everything",
        "-Werror=vla-cxx-extension",
        "-Werror=return-mismatch",
        *(f"-W{name}" for name in WARNINGS),
    ]
