"""The text of matrix work: what `products` planned for one place of a function, and the functions
that it calls: up to four sums of products at once, their elements in vector registers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msl.widen.ir import Value
from msl.widen.matrices import ELEMENTS, SIDE, Place
from msl.widen.products import (
    ALL_ROWS,
    Action,
    Fill,
    Filled,
    Held,
    Move,
    Multiply,
    Room,
    Source,
    View,
    Widen,
    stride,
)
from msl.widen.writer import MASK, Writer

_FUNCTION = re.compile(r"@(msl_(product|floats)_([a-z]+)(?:_(\d+))?)\(")
_ROOM_BYTES = ELEMENTS * 4
_ZEROS = f"@msl_zeros = internal constant [{_ROOM_BYTES} x i8] zeroinitializer, align 64"
_HEAD = 3  # words of a step before its right operands: left operand, its stride, theirs


def widest(target: str) -> int:
    """How many sums to compute at once with a target's registers."""
    return ALL_ROWS if "+avx512f" in target else ALL_ROWS // 2


# ---- where work is done


def emit(writer: Writer, actions: Sequence[Action]) -> None:
    """Write actions, which lane 0 decides on and speaks for, as in the reference engine."""
    if not actions:
        return
    lines = [line for action in actions for line in _lines(writer, action)]
    if writer.mask is not None:
        first = writer.fresh(f"extractelement {MASK} {writer.mask}, i64 0")
        work, done = (writer.new_label(f"m{writer.block}") for _ in range(2))
        lines = [
            f"br i1 {first}, label %{work}, label %{done}",
            f"{work}:",
            *lines,
            f"br label %{done}",
            f"{done}:",
        ]
    for line in lines:
        if line.endswith(":"):
            writer.label(line[:-1])
        else:
            writer.put(line)


def room(writer: Writer, name: str) -> str:
    """Memory for one matrix."""
    _reserve(writer, name, _ROOM_BYTES)
    return name


def multiply(writer: Writer, target: str, start: str, left: str, right: str) -> None:
    """One product of float matrices whose rows follow each other."""
    step = SIDE * 4
    words = [f"ptr {target}", f"ptr {start}", f"ptr {left}", f"i64 {step}", f"i64 {step}"]
    for line in _call(writer, [*words, f"ptr {right}"], "float", 1, 1):
        writer.put(line)


def _lines(writer: Writer, action: Action) -> Iterator[str]:
    if isinstance(action, Fill):
        _, *others = action.item.operands
        given = "".join(f", {o.type} {writer.first(o)}" for o in others)
        yield f"call void @{action.item.callee}(ptr {_address(writer, action.room)}{given})"
    elif isinstance(action, Move):
        yield _move(writer, action)
    elif isinstance(action, Widen):
        to, source = _address(writer, action.room), _address(writer, action.source)
        step = _row_bytes(writer, stride(action.source), _bytes(action.source.kind))
        yield f"call void @msl_floats_{action.source.kind}(ptr {to}, ptr {source}, i64 {step})"
    else:
        yield from _multiply(writer, action)


def _move(writer: Writer, action: Move) -> str:
    source, target = action.source, _address(writer, action.target)
    size = ELEMENTS * _bytes(source.kind)
    if isinstance(source, View):
        step = writer.first(source.stride)
        given = f"ptr {writer.first(source.pointer)}, i64 {step}, i1 zeroext false"
        return f"call void @{source.load}(ptr {target}, {given})"
    if isinstance(source, Filled):
        return (
            f"call void @llvm.memset.p0.i64(ptr {target}, i8 {source.byte}, i64 {size}, i1 false)"
        )
    given = f"ptr {target}, ptr {_address(writer, source)}, i64 {size}"
    return f"call void @llvm.memcpy.p0.p0.i64({given}, i1 false)"


def _multiply(writer: Writer, action: Multiply) -> Iterator[str]:
    sums = action.sums
    words = [f"ptr {_address(writer, target)}" for target in action.targets]
    words += [f"ptr {_address(writer, total.start)}" for total in sums]
    for steps in zip(*(total.steps for total in sums), strict=True):
        left, right = steps[0]
        words.append(f"ptr {_address(writer, left)}")
        words += [f"i64 {_row_bytes(writer, stride(x), 4)}" for x in (left, right)]
        words += [f"ptr {_address(writer, right)}" for _, right in steps]
    yield from _call(writer, words, sums[0].kind, len(sums), len(sums[0].steps))


def _call(writer: Writer, words: list[str], kind: str, count: int, steps: int) -> Iterator[str]:
    """Fill a table, and call the function that takes it."""
    table = f"%table{len(words)}"
    if _reserve(writer, table, 8 * len(words)):
        writer.slots += [
            f"  {table}.{number} = getelementptr i8, ptr {table}, i64 {8 * number}"
            for number in range(len(words))
        ]
    for number, word in enumerate(words):
        yield f"store {word}, ptr {table}.{number}"
    yield f"call void @msl_product_{kind}_{count}(ptr {table}, i64 {steps})"


def _address(writer: Writer, source: Source | Place) -> str:
    if isinstance(source, View):
        return writer.first(source.pointer)
    if isinstance(source, Room):
        return room(writer, f"%room{source.number}")
    if isinstance(source, Filled):
        return "@msl_zeros"
    place = source.place if isinstance(source, Held) else source
    assert isinstance(place, Place)
    base = f"%w{place.variable[1:]}"
    if not place.offset:
        return base
    return writer.fresh(f"getelementptr i8, ptr {base}, i64 {place.offset}")


def _reserve(writer: Writer, name: str, size: int) -> bool:
    """Have memory of a name; whether it is new."""
    slot = f"  {name} = alloca [{size} x i8], align 64"
    if slot in writer.slots:
        return False
    writer.slots.append(slot)
    return True


def _row_bytes(writer: Writer, elements: Value, size: int) -> str:
    if elements.integer is not None:
        return str(elements.integer * size)
    return writer.fresh(f"mul i64 {writer.first(elements)}, {size}")


def _bytes(kind: str) -> int:
    return 4 if kind == "float" else 2


# ---- the functions


def functions(bodies: Sequence[str], target: str) -> list[str]:
    """What the bodies call, as text."""
    found = sorted({match.groups() for body in bodies for match in _FUNCTION.finditer(body)})
    out = [_ZEROS] if any("@msl_zeros" in body for body in bodies) else []
    for name, what, kind, count in found:
        if what == "floats":
            out += _floats(name, kind)
        else:
            out += _Product(name, kind, int(count), widest(target)).text()
    return out


def _floats(name: str, kind: str) -> list[str]:
    """The rows of a matrix as floats, one after the other."""
    lines = [f"define internal void @{name}(ptr %to, ptr %from, i64 %stride) noinline #9999 {{"]
    for row in range(SIDE):
        lines += [
            f"  %o{row} = mul i64 %stride, {row}",
            f"  %f{row} = getelementptr i8, ptr %from, i64 %o{row}",
            f"  %n{row} = load <{SIDE} x {kind}>, ptr %f{row}, align 2",
            f"  %v{row} = fpext <{SIDE} x {kind}> %n{row} to <{SIDE} x float>",
            f"  %t{row} = getelementptr i8, ptr %to, i64 {row * SIDE * 4}",
            f"  store <{SIDE} x float> %v{row}, ptr %t{row}, align 32",
        ]
    return [*lines, "  ret void", "}"]


class _Product:
    """`count` matrices of one type: each its start plus products of float matrices, in which all
    share the left factors. The table holds, as words: targets, starts, and for each step the left
    matrix, bytes between its rows, between those of the right ones, and these."""

    def __init__(self, name: str, kind: str, count: int, most: int) -> None:
        self.name, self.kind, self.count = name, kind, count
        self.together = 2 if count % 2 == 0 else 1  # matrices side by side in one vector
        self.width = SIDE * self.together
        self.vector = f"<{self.width} x float>"
        self.rows = SIDE if most >= ALL_ROWS else SIDE // 2  # in registers at once
        self.lines: list[str] = []
        self.counter = 0

    def text(self) -> list[str]:
        """The whole function."""
        header = f"define internal void @{self.name}(ptr %table, i64 %steps) noinline #9999 {{"
        self.lines = [header, "entry:", "  br label %start0"]
        for first in range(0, SIDE, self.rows):
            self._pass(first)
        return [*self.lines, f"start{SIDE}:", "  ret void", "}"]

    def _fresh(self, text: str) -> str:
        self.counter += 1
        self.lines.append(f"  %v{self.counter} = {text}")
        return f"%v{self.counter}"

    def _word(self, number: int, base: str = "%table", kind: str = "ptr") -> str:
        place = self._fresh(f"getelementptr i8, ptr {base}, i64 {8 * number}")
        return self._fresh(f"load {kind}, ptr {place}, align 8")

    def _pass(self, first: int) -> None:
        """All steps for some rows."""
        rows, count = self.rows, self.count
        self.lines.append(f"start{first}:")
        starts = [self._word(count + number) for number in range(count)]
        before = [self._loaded(starts, number) for number in range(first, first + rows)]
        self.lines += [f"  br label %loop{first}", f"loop{first}:"]
        sums: list[list[str]] = []
        phis: list[tuple[int, str, str]] = []
        step = f"%step{first}"
        following = f"%following{first}"
        self.lines.append(f"  {step} = phi i64 [ 0, %start{first} ], [ {following}, %loop{first} ]")
        for texts in before:
            sums.append([])
            for text in texts:
                phis.append((len(self.lines), text, self._fresh("")))
                sums[-1].append(phis[-1][2])
        self._step(first, step, sums)
        after = [text for texts in sums for text in texts]
        for (line, text, name), end in zip(phis, after, strict=True):
            pairs = f"[ {text}, %start{first} ], [ {end}, %loop{first} ]"
            self.lines[line] = f"  {name} = phi {self.vector} {pairs}"
        self.lines.append(f"  {following} = add nuw nsw i64 {step}, 1")
        more = self._fresh(f"icmp ult i64 {following}, %steps")
        self.lines += [
            f"  br i1 {more}, label %loop{first}, label %end{first}",
            f"end{first}:",
        ]
        targets = [self._word(number) for number in range(count)]
        for number, texts in enumerate(sums, first):
            self._stored(targets, number, texts)
        self.lines.append(f"  br label %start{first + rows}")

    def _step(self, first: int, step: str, sums: list[list[str]]) -> None:
        """One product onto the sums."""
        size = 8 * (_HEAD + self.count)
        offset = self._fresh(f"mul i64 {step}, {size}")
        skipped = self._fresh(f"add i64 {offset}, {16 * self.count}")
        base = self._fresh(f"getelementptr i8, ptr %table, i64 {skipped}")
        left = self._word(0, base)
        left_step, right_step = (self._word(k, base, "i64") for k in (1, 2))
        rights = [self._word(_HEAD + number, base) for number in range(self.count)]
        starts = []
        for number in range(first, first + self.rows):
            at = self._fresh(f"mul i64 {left_step}, {number}")
            starts.append(self._fresh(f"getelementptr i8, ptr {left}, i64 {at}"))
        for k in range(SIDE):
            at = self._fresh(f"mul i64 {right_step}, {k}")
            places = [self._fresh(f"getelementptr i8, ptr {r}, i64 {at}") for r in rights]
            vectors = self._joined([self._row(place, "float") for place in places])
            for row, start in zip(sums, starts, strict=True):
                element = self._fresh(f"getelementptr i8, ptr {start}, i64 {4 * k}")
                value = self._fresh(f"load float, ptr {element}, align 4")
                one = self._fresh(f"insertelement {self.vector} poison, float {value}, i64 0")
                every = self._fresh(
                    f"shufflevector {self.vector} {one}, {self.vector} poison,"
                    f" <{self.width} x i32> zeroinitializer"
                )
                for number, vector in enumerate(vectors):
                    row[number] = self._fresh(
                        f"call {self.vector} @llvm.fma.v{self.width}f32({self.vector} {every},"
                        f" {self.vector} {vector}, {self.vector} {row[number]})"
                    )
        if self.kind != "float":  # every product is rounded
            for row in sums:
                for number, text in enumerate(row):
                    narrow = f"<{self.width} x {self.kind}>"
                    rounded = self._fresh(f"fptrunc {self.vector} {text} to {narrow}")
                    row[number] = self._fresh(f"fpext {narrow} {rounded} to {self.vector}")

    def _row(self, place: str, kind: str) -> str:
        text = self._fresh(f"load <{SIDE} x {kind}>, ptr {place}, align {_bytes(kind)}")
        if kind == "float":
            return text
        return self._fresh(f"fpext <{SIDE} x {kind}> {text} to <{SIDE} x float>")

    def _loaded(self, matrices: list[str], row: int) -> list[str]:
        """A row of matrices as they lie in their variables."""
        offset = row * SIDE * _bytes(self.kind)
        places = [self._fresh(f"getelementptr i8, ptr {m}, i64 {offset}") for m in matrices]
        return self._joined([self._row(place, self.kind) for place in places])

    def _joined(self, rows: list[str]) -> list[str]:
        """Rows of neighbouring matrices as the vectors that are computed with."""
        if self.together == 1:
            return rows
        order = ", ".join(f"i32 {k}" for k in range(self.width))
        return [
            self._fresh(
                f"shufflevector <{SIDE} x float> {a}, <{SIDE} x float> {b},"
                f" <{self.width} x i32> <{order}>"
            )
            for a, b in zip(rows[::2], rows[1::2], strict=True)
        ]

    def _stored(self, matrices: list[str], row: int, texts: list[str]) -> None:
        offset = row * SIDE * _bytes(self.kind)
        for number, matrix in enumerate(matrices):
            text = texts[number // self.together]
            if self.together > 1:
                first = number % 2 * SIDE
                order = ", ".join(f"i32 {first + k}" for k in range(SIDE))
                text = self._fresh(
                    f"shufflevector {self.vector} {text}, {self.vector} poison,"
                    f" <{SIDE} x i32> <{order}>"
                )
            if self.kind != "float":
                text = self._fresh(f"fptrunc <{SIDE} x float> {text} to <{SIDE} x {self.kind}>")
            place = self._fresh(f"getelementptr i8, ptr {matrix}, i64 {offset}")
            self.lines.append(
                f"  store <{SIDE} x {self.kind}> {text}, ptr {place}, align {_bytes(self.kind)}"
            )
