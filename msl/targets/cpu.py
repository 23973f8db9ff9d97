"""The portable host's target: one C++ translation unit with an entry point for each kernel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from msl.analysis import Analysis
from msl.declarations import Function, Unit
from msl.edits import Edits, Output
from msl.language import GLOBAL, index_constants
from msl.lexer import Token
from msl.reflect import Argument, Kernel
from msl.threadgroup import threadgroup_locals
from msl.vectorise import threads_are_independent

_STORAGE = """extern "C" const char __start_msl_tg_{k}[] __attribute__((visibility("hidden")));
namespace {{ template <int Slot, unsigned long Size, unsigned long Align> struct msl_storage_{k} {{
alignas(Align < 16 ? 16 : Align) static inline char bytes[Size]
__attribute__((section("msl_tg_{k}"))); }}; }}"""

#: The gap behind each variable is what a checker needs to tell an overrun from the next variable.
_CHECKED_STORAGE = _STORAGE.replace("Align < 16 ? 16", "Align < 64 ? 64").replace(
    "bytes[Size]", "bytes[(Size + 63) / 64 * 64 + 64]"
)

#: The file name of the user's text where it stands in no namespace of ours.
_USER = "msl_user"

#: A thread's whole text is one function to the widener.
_INLINE = "#pragma clang attribute push(__attribute__((always_inline)), apply_to = function)"

_HIDDEN = 'extern "C" __attribute__((visibility("hidden")))'
_EXPORTED = 'extern "C" __attribute__((visibility("default")))'


@dataclass(frozen=True)
class Entry:
    """One kernel as the built library shows it."""

    kernel: Kernel
    symbol: str
    mode: str
    number: int
    limit_symbol: str
    widened: bool = False  # runs whole SIMD-groups as vectors

    @property
    def handle(self) -> str:
        """The struct through which the entry point reaches the kernel."""
        return f"msl_kernel_{self.number}"

    @property
    def section(self) -> str:
        """The section that holds its threadgroup variables."""
        return f"msl_tg_{self.number}"


@dataclass
class Translation:
    """The unit to compile, and where its text came from."""

    entries: list[Entry]
    segments: list[Output] = field(default_factory=list)

    def text(self) -> str:
        """The whole translation unit."""
        return "".join(segment.text() for segment in self.segments)

    def place(self, file: str, line: int, column: int) -> tuple[str, int, int] | None:
        """The user's place of a place in the unit."""
        for segment in self.segments:
            if segment.name == file:
                return segment.place(line, column)
        return None


@dataclass
class _Emitter:
    unit: Unit
    analysis: Analysis
    edits: Edits
    entries: list[Entry]
    copies: dict[int, list[Entry]] = field(
        default_factory=dict
    )  # by start of the kernel's function

    def user_text(self, name: str) -> Output:
        """The user's text, edited; a kernel template with threadgroup variables stands there once
        an instance."""
        output = Output(name)
        tokens = self.unit.code.tokens
        values = {GLOBAL: "" if name == _USER else f"{name}::"}
        special = {f.start: f for f in self.unit.functions if f.kind == "kernel"}
        skipped = {item.start: item.end for item in self.analysis.dropped}
        skipped |= {instance.start: instance.end for instance in self.unit.instantiations}
        index = first = 0
        while index < len(tokens):
            function = special.get(index)
            end = skipped.get(index) or (function.end if function else None)
            if end is None:
                index += 1
                continue
            output.tokens(tokens, range(first, index), self.edits, values)
            if function and index not in skipped:
                self._kernel(output, function, values)
            index = first = end
        output.tokens(tokens, range(first, len(tokens)), self.edits, values)
        return output

    def _kernel(self, output: Output, function: Function, values: dict[str, str]) -> None:
        tokens = self.unit.code.tokens
        entries = self.copies.get(function.start, [])
        self._limit(output, function, entries)
        span = range(function.start, function.end)
        for number, suffix in _copies(self.unit, function, entries):
            own = {**values, "@K@": str(number), "@S@": suffix}
            output.tokens(tokens, span, self.edits, own)

    def _limit(self, output: Output, function: Function, entries: Sequence[Entry]) -> None:
        """The thread limit as a constant beside the kernel, where its expression means what it
        says."""
        code = self.unit.code
        for entry in entries:
            limit = entry.kernel.limit
            if limit is None:
                continue
            parts = [f"({code.spell(*part)})" for part in code.split(*limit.arguments)]
            template = code.spell(*_header(function)) if function.template else ""
            output.raw(
                f"{template} struct {entry.limit_symbol}_of"
                f" {{ static constexpr unsigned value = {' * '.join(parts) or '1024'}; }};"
            )


def _copies(unit: Unit, function: Function, entries: Sequence[Entry]) -> list[tuple[int, str]]:
    """Number and name suffix of each copy of a kernel's text: one for each instance of a template
    with threadgroup variables, since every instance has its own section; otherwise one."""
    copied = function.template is not None and any(threadgroup_locals(unit.code, function))
    if len(entries) < 2 or not copied:
        return [(entries[0].number if entries else 0, "")]
    first, *others = entries
    return [(first.number, ""), *((entry.number, f"_msl_{entry.number}") for entry in others)]


def _header(function: Function) -> tuple[int, int]:
    assert function.template is not None
    return function.template[0] - 1, function.template[1]


def translate(
    unit: Unit,
    analysis: Analysis,
    kernels: Sequence[Kernel],
    edits: Edits,
    *,
    checked: bool = False,
    lanes: bool = False,
    without: Collection[int] = (),
) -> Translation:
    """The C++ unit for some kernels of an analysed source. For a checker each thread is a fiber;
    with `lanes` the unit is to be widened. Kernels `without` by number stay out of it."""
    entries = [
        _entry(unit, analysis, kernel, number, checked, lanes)
        for number, kernel in enumerate(kernels)
        if number not in without
    ]
    emitter = _Emitter(unit, analysis, edits, entries)
    for entry in entries:
        emitter.copies.setdefault(entry.kernel.function.start, []).append(entry)
    _edit_kernels(unit, analysis, emitter.copies, edits)
    prelude = Output("msl_prelude")
    for number in sorted({0, *(entry.number for entry in entries)}):
        prelude.raw((_CHECKED_STORAGE if checked else _STORAGE).format(k=number))
    translation = Translation(entries, [prelude])
    spaces = _namespaces(analysis)[: 1 if lanes else None]
    if lanes:
        translation.segments.append(_raw("msl_inline", _INLINE))
    for name in spaces:
        if name:
            translation.segments.append(_raw(f"{name}_open", f"namespace {name} {{"))
        translation.segments.append(emitter.user_text(name or _USER))
        translation.segments.append(_handles(unit, entries, name))
        if name:
            translation.segments.append(_raw(f"{name}_close", "}"))
    if lanes:
        translation.segments.append(_raw("msl_inline_end", "#pragma clang attribute pop"))
    translation.segments.append(_entries(unit, entries, spaces))
    return translation


def _raw(name: str, text: str) -> Output:
    output = Output(name)
    output.raw(text)
    return output


def _namespaces(analysis: Analysis) -> list[str]:
    if not analysis.uses_matrix:
        return [""]
    return ["msl_per_lane"] if analysis.uses_thread_elements else ["msl_leader", "msl_follower"]


def _entry(
    unit: Unit, analysis: Analysis, kernel: Kernel, number: int, checked: bool, lanes: bool
) -> Entry:
    function = kernel.function
    names = set()
    if kernel.instance:
        first, last = kernel.instance.arguments
        names = {token.text for token in unit.code.tokens[first:last]}
    synchronises = function.name in analysis.synchronising or not names.isdisjoint(
        analysis.synchronising
    )
    mode = "fiber" if checked or synchronises or index_constants(unit) else "loop"
    if lanes:
        mode = "lanes"
    return Entry(kernel, f"msl_{mode}_{number}", mode, number, f"msl_limit_{number}")


def _edit_kernels(
    unit: Unit, analysis: Analysis, copies: dict[int, list[Entry]], edits: Edits
) -> None:
    """Kernels become functions of this file alone; what runs in the loop over threads is inlined
    into it."""
    code = unit.code
    for function in unit.functions:
        if function.kind != "kernel":
            continue
        words = {code.text(index) for index in range(function.head, function.name_index)}
        loop = any(entry.mode == "loop" for entry in copies.get(function.start, ()))
        text = "" if "static" in words else "static"
        text += " inline" if "inline" not in words else ""
        text += " __attribute__((always_inline))" if loop else ""
        if not copies.get(function.start):
            text += " __attribute__((unused))"
        edits.before[function.head].append(text)
        if function.template is not None:
            edits.replaced[function.name_index] = function.name + "@S@"


def _handles(unit: Unit, entries: Sequence[Entry], space: str) -> Output:
    """A struct for each kernel where its template arguments mean what they say. The kernel itself
    is named in full: the library may have a function of the same name."""
    output = Output(f"{space}_kernels")
    for entry in entries:
        kernel = entry.kernel
        function = kernel.function
        mine = [other for other in entries if other.kernel.function is function]
        suffix = dict(_copies(unit, function, mine)).get(entry.number, "")
        path = ("", space, *function.scope) if space else ("", *function.scope)
        name = "::".join((*path, f"{function.name}{suffix}{kernel.template_arguments}"))
        kind, token = _blamed(unit, kernel)
        members = f"static constexpr auto msl_{kind}_of_{function.name} = &{name};"
        members += f" static constexpr auto function = msl_{kind}_of_{function.name};"
        if kernel.limit is not None:
            value = f"{entry.limit_symbol}_of{kernel.template_arguments}::value"
            members += f" static constexpr unsigned limit = {value};"
        opened = "".join(f"namespace {part} {{ " for part in function.scope)
        closed = " }" * len(function.scope)
        output.raw(f"{opened}struct {entry.handle} {{ {members} }};{closed}", token)
    return output


def _blamed(unit: Unit, kernel: Kernel) -> tuple[str, Token]:
    """Where the fault lies if a kernel's name does not say which function is meant."""
    tokens = unit.code.tokens
    if kernel.instance is None:
        return "kernel", tokens[kernel.function.name_index]
    span = range(kernel.instance.start, kernel.instance.end)
    places = (index for index in span if tokens[index].text == kernel.function.name)
    return "instance", tokens[next(places, kernel.instance.start)]


def _entries(unit: Unit, entries: Sequence[Entry], spaces: Sequence[str]) -> Output:
    output = Output("msl_entries")
    for entry in entries:
        scope = entry.kernel.function.scope
        handles = ["::".join((space, *scope, entry.handle)) for space in spaces]
        if entry.kernel.limit is not None:
            output.raw(
                f"{_EXPORTED} const unsigned {entry.limit_symbol};"
                f" const unsigned {entry.limit_symbol} = {handles[0]}::limit;"
            )
        output.raw(_entry_text(unit, entry, [f"{handle}::function" for handle in handles]))
    return output


def _entry_text(unit: Unit, entry: Entry, names: Sequence[str]) -> str:
    if entry.mode == "lanes":
        return _lanes_entry(entry, names[0])
    if entry.mode == "fiber":
        return _fiber_entry(entry, names)
    independent = threads_are_independent(unit, entry.kernel.function)
    return _loop_entry(entry, names[0], "assume_safety" if independent else "enable")


def _call(entry: Entry, name: str) -> tuple[list[str], str]:
    """The statements that prepare the arguments of one version of a kernel, and its call."""
    lines = [f"  using msl_signature = msl::Kernel<__remove_cv(decltype({name}))>;"]
    values = []
    for position, argument in enumerate(entry.kernel.arguments):
        setup, value = _argument(argument, position)
        if setup:
            lines.append(f"  {setup}")
        values.append(value)
    return lines, f"{name}({', '.join(values)});"


def _fiber_entry(entry: Entry, names: Sequence[str]) -> str:
    lines = [
        f"{_EXPORTED} void {entry.symbol}(const MslThread* msl_t) {{",
        "  const MslGroup& msl_group_now = *msl_t->group; (void)msl_group_now;",
        "  const msl::Place msl_p = msl::place_of(*msl_t); (void)msl_p;",
    ]
    if len(names) == 2:
        setup, call = _call(entry, names[1])
        lines += ["  if (msl_p.flat % MSL_SIMD_WIDTH != 0) {", *setup, f"  {call} return;", "  }"]
    setup, call = _call(entry, names[0])
    return "\n".join([*lines, *setup, f"  {call}", "}"])


def _lanes_entry(entry: Entry, name: str) -> str:
    """What one thread does, and both forms of an entry point around what the widener makes of
    it; the form that does not fit is dropped later."""
    setup, call = _call(entry, name)
    k = entry.number
    return "\n".join(
        [
            f"{_HIDDEN} void msl_body_{k}(const MslGroup* msl_g) {{",
            "  const MslGroup& msl_group_now = *msl_g; (void)msl_group_now;",
            "  const msl::Place msl_p{msl_g, msl_lanes_place(msl::lanes_x),"
            " msl_lanes_place(msl::lanes_y), msl_lanes_place(msl::lanes_z),"
            " msl_lanes_place(msl::lanes_flat)}; (void)msl_p;",
            *setup,
            f"  {call}",
            "}",
            f"{_HIDDEN} void msl_row_{k}(const MslGroup*, uint32_t, uint32_t, uint32_t, uint32_t);",
            f"{_HIDDEN} void msl_any_{k}(const MslGroup*, const msl::LanePlaces*, uint32_t,"
            " uint32_t);",
            f"{_EXPORTED} void msl_loop_{k}(const MslGroup* msl_g) {{",
            f"  msl::run_threadgroup(msl_g, msl_row_{k}, msl_any_{k});",
            "}",
            f"{_EXPORTED} void msl_lanes_{k}(const MslThread* msl_t) {{",
            f"  msl::run_simdgroup(msl_t->group, msl_t->index, msl_row_{k}, msl_any_{k});",
            "}",
        ]
    )


def _loop_entry(entry: Entry, name: str, vectorize: str) -> str:
    # A copy of the group: for all the compiler knows, a kernel's stores change the original, and
    # neighbouring threads would not be known to touch neighbouring elements.
    setup, call = _call(entry, name)
    return "\n".join(
        [
            f"{_EXPORTED} void {entry.symbol}(const MslGroup* msl_g) {{",
            "  const MslGroup msl_group_now = *msl_g; (void)msl_group_now;",
            *setup,
            "  const uint32_t msl_sx = msl_group_now.size[0];",
            "  const uint32_t msl_sy = msl_group_now.size[1];",
            "  for (uint32_t msl_z = 0; msl_z < msl_group_now.size[2]; ++msl_z)",
            "    for (uint32_t msl_y = 0; msl_y < msl_sy; ++msl_y) {",
            "      const uint32_t msl_row = (msl_z * msl_sy + msl_y) * msl_sx;",
            f"#pragma clang loop vectorize({vectorize})",
            "      for (uint32_t msl_x = 0; msl_x < msl_sx; ++msl_x) {",
            "        const msl::Place msl_p{&msl_group_now, msl_x, msl_y, msl_z, msl_row + msl_x};",
            "        (void)msl_p;",
            f"        {call}",
            "      }",
            "    }",
            "}",
        ]
    )


def _argument(argument: Argument, position: int) -> tuple[str, str]:
    """The statement that prepares an argument once, and the expression that passes it."""
    kind = f"msl_signature::argument<{position}>"
    if argument.kind == "index":
        return "", f"msl::{argument.attribute}<{kind}>(msl_p)"
    memory = "threadgroup_arguments" if argument.kind == "threadgroup" else "buffers"
    source = f"msl_group_now.{memory}[{argument.index}]"
    if argument.by_value:
        return f"const msl::Constant<{kind}> msl_a{position}({source});", f"msl_a{position}.get()"
    return f"{kind} msl_a{position} = msl::Buffer<{kind}>::get({source});", f"msl_a{position}"
