"""`mlx.core`, `mlx.nn` and `math` as a traced reference sees them: functions of tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from agent_steel.offline.naive import terms
from agent_steel.offline.naive.tensors import (
    Tensor,
    broadcast,
    elementwise,
    matmul,
    reduced,
    scalar,
    scanned,
)
from agent_steel.offline.naive.terms import Term, Unsupported, call, compare, fold, select, term


class Namespace(SimpleNamespace):
    """A module of which only what is listed can be used."""

    def __init__(self, title: str, **names: Any) -> None:
        super().__init__(_title=title, **names)

    def __getattr__(self, name: str) -> Any:
        raise Unsupported(f"{self._title}.{name}")


def _unary(function: Callable[[Term], Term]) -> Callable[[Any], Tensor]:
    return lambda x: elementwise(lambda a: function(terms.to_float(a)), x)


def _library(name: str) -> Callable[[Any], Tensor]:
    return _unary(lambda a: call(name, a))


def _binary(function: Callable[[Term, Term], Term]) -> Callable[[Any, Any], Tensor]:
    return lambda x, y: elementwise(function, x, y)


def _sigmoid(a: Term) -> Term:
    return 1.0 / (1.0 + call("exp", -a))


def _softplus(a: Term) -> Term:
    return call("max", a, 0.0) + call("log", 1.0 + call("exp", -call("abs", a)))


def _logaddexp(a: Term, b: Term) -> Term:
    nearer = call("log", 1.0 + call("exp", -call("abs", a - b)))
    return call("max", a, b) + nearer


def _clip(x: Any, low: Any, high: Any) -> Tensor:
    return elementwise(lambda a, lo, hi: call("min", call("max", a, lo), hi), x, low, high)


def _mean(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    total = reduced("sum", x, axis, keepdims)
    chosen = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    count = terms.product(tuple(x.shape[one] for one in chosen))
    return total / count


def _variance(x: Tensor, axis: Any = None, keepdims: bool = False) -> Tensor:
    apart = x - _mean(x, axis, True)
    return _mean(apart * apart, axis, keepdims)


def _softmax(x: Tensor, axis: int = -1, precise: bool = False) -> Tensor:
    powers = _unary(lambda a: call("exp", a))(x - reduced("max", x, axis, True))
    return powers / reduced("sum", powers, axis, True)


def _logsumexp(x: Tensor, axis: Any = -1, keepdims: bool = False) -> Tensor:
    highest = reduced("max", x, axis, True)
    total = reduced("sum", _unary(lambda a: call("exp", a))(x - highest), axis, keepdims)
    return _library("log")(total) + (highest if keepdims else reduced("max", x, axis))


def _norm(x: Tensor, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    if ord == 1:
        return reduced("sum", _library("abs")(x), axis, keepdims)
    if ord not in (None, 2):
        raise Unsupported(f"a norm of order {ord}")
    return _library("sqrt")(reduced("sum", x * x, axis, keepdims))


def _argmax(x: Tensor, axis: int = -1) -> Tensor:
    return reduced("argmax", x, axis)


def _where(condition: Any, then: Any, other: Any) -> Tensor:
    def chosen(c: Term, a: Term, b: Term) -> Term:
        return select(c if c.kind == "bool" else compare("!=", c, 0), a, b)

    return elementwise(chosen, condition, then, other)


def _transpose(x: Tensor, axes: Sequence[int] | None = None) -> Tensor:
    return x.T if axes is None else x.transposed(axes)


def _arange(*limits: Any, dtype: Any = None) -> Tensor:
    start, stop, step = (0, limits[0], 1) if len(limits) == 1 else (*limits, 1)[:3]
    first, by = term(start), term(step)
    count = (term(stop) - first + by - 1) // by
    convert = terms.to_float if dtype == "float32" else term
    return Tensor((count,), lambda place: convert(first + by * place[0]))


def _stack(arrays: Sequence[Tensor], axis: int = 0) -> Tensor:
    shape = broadcast([one.shape for one in arrays])
    if axis not in (-1, len(shape)) or len(arrays) != 2:
        raise Unsupported("a stack of more than two arrays, or not on the last axis")

    def at(place: Sequence[Term]) -> Term:
        even, odd = (one.at(place[:-1]) for one in arrays)
        return select(compare("==", place[-1], 0), even, odd)

    return Tensor((*shape, term(2)), at)


def _take(x: Tensor, places: Tensor, axis: int = 0) -> Tensor:
    if x.axis(axis) != 0:
        raise Unsupported("a gather along another axis than the first")
    count = places.ndim

    def at(place: Sequence[Term]) -> Term:
        chosen = places.at(place[:count])
        whole = Term("cast", (chosen,), "uint", "int")
        return x.at([whole, *place[count:]])

    return Tensor((*places.shape, *x.shape[1:]), at)


def _cumulative(operation: str) -> Callable[..., Tensor]:
    def scan(x: Tensor, axis: int = -1, *, reverse: bool = False, inclusive: bool = True) -> Tensor:
        return scanned(operation, x, axis, reverse, inclusive)

    return scan


def _convolution(axes: int) -> Callable[..., Tensor]:
    """Channels last, filters (C_out, taps, C_in); no border."""

    def convolve(x: Tensor, w: Tensor, stride: Any = 1, padding: Any = 0, **other: Any) -> Tensor:
        groups = other.pop("groups", 1)
        if other or term(padding).value != 0 or term(groups).value != 1:
            raise Unsupported("a convolution with a border, groups or dilation")
        step = term(stride)
        taps = w.shape[1 : 1 + axes]
        out = [(x.shape[1 + n] - taps[n]) // step + 1 for n in range(axes)]

        def at(place: Sequence[Term]) -> Term:
            batch, *pixel, channel = place

            def inner(met: list[Term]) -> Term:
                if len(met) < axes:
                    return fold("sum", taps[len(met)], lambda tap: inner([*met, tap]))
                from_x = [p * step + tap for p, tap in zip(pixel, met, strict=True)]
                return fold(
                    "sum",
                    w.shape[-1],
                    lambda c: x.at([batch, *from_x, c]) * w.at([channel, *met, c]),
                )

            return inner([])

        return Tensor((x.shape[0], *out, w.shape[0]), at)

    return convolve


def _pool(axes: int, operation: str) -> Callable[..., Callable[[Tensor], Tensor]]:
    """Windows of side k, every stride elements; channels last."""

    def layer(kernel_size: Any, stride: Any = None, padding: Any = 0) -> Callable[[Tensor], Tensor]:
        k, step = term(kernel_size), term(kernel_size if stride is None else stride)
        if term(padding).value != 0:
            raise Unsupported("a pool with a border")

        def pooled(x: Tensor) -> Tensor:
            out = [(x.shape[1 + n] - k) // step + 1 for n in range(axes)]

            def at(place: Sequence[Term]) -> Term:
                batch, *pixel, channel = place

                def inner(met: list[Term]) -> Term:
                    if len(met) < axes:
                        return fold(operation, k, lambda tap: inner([*met, tap]))
                    inside = [p * step + tap for p, tap in zip(pixel, met, strict=True)]
                    return x.at([batch, *inside, channel])

                return inner([])

            windows = Tensor((x.shape[0], *out, x.shape[-1]), at)
            count = terms.product((k,) * axes)
            return windows if operation == "max" else windows / count

        return pooled

    return layer


def _addmm(c: Any, a: Tensor, b: Tensor) -> Tensor:
    return elementwise(lambda product, held: product + held, matmul(a, b), c)


CORE = Namespace(
    "mx",
    float32="float32", int32="int32", int64="int64", uint32="uint32", inf=math.inf, pi=math.pi,
    array=scalar, contiguous=lambda x: x, matmul=matmul, addmm=_addmm, transpose=_transpose,
    abs=_library("abs"), exp=_library("exp"), log=_library("log"), sqrt=_library("sqrt"),
    rsqrt=_library("rsqrt"), sin=_library("sin"), cos=_library("cos"), tanh=_library("tanh"),
    floor=_library("floor"), square=_unary(lambda a: a * a), sigmoid=_unary(_sigmoid),
    logaddexp=_binary(_logaddexp), power=_binary(terms.power),
    maximum=_binary(lambda a, b: call("max", a, b)),
    minimum=_binary(lambda a, b: call("min", a, b)),
    clip=_clip, where=_where, mean=_mean, var=_variance, softmax=_softmax, logsumexp=_logsumexp,
    sum=lambda x, axis=None, keepdims=False: reduced("sum", x, axis, keepdims),
    max=lambda x, axis=None, keepdims=False: reduced("max", x, axis, keepdims),
    min=lambda x, axis=None, keepdims=False: reduced("min", x, axis, keepdims),
    argmax=_argmax, cumsum=_cumulative("sum"), cumprod=_cumulative("prod"), arange=_arange,
    stack=_stack, take=_take, reshape=lambda x, shape: x.reshape(shape),
    outer=lambda x, y: x[:, None] * y[None, :],
    linalg=Namespace("mx.linalg", norm=_norm),
    conv1d=_convolution(1), conv2d=_convolution(2), conv3d=_convolution(3),
)  # fmt: skip
NN = Namespace(
    "nn",
    AvgPool1d=_pool(1, "sum"), AvgPool2d=_pool(2, "sum"), AvgPool3d=_pool(3, "sum"),
    MaxPool1d=_pool(1, "max"), MaxPool2d=_pool(2, "max"), MaxPool3d=_pool(3, "max"),
    relu=_unary(lambda a: call("max", a, 0.0)), sigmoid=_unary(_sigmoid),
    softplus=_unary(_softplus), mish=_unary(lambda a: a * call("tanh", _softplus(a))),
    silu=_unary(lambda a: a * _sigmoid(a)),
)  # fmt: skip


def _sqrt(value: Any) -> Any:
    return call("sqrt", value) if isinstance(value, Term) else math.sqrt(value)


MATH = Namespace("math", sqrt=_sqrt, pi=math.pi, e=math.e, inf=math.inf, log=math.log)
