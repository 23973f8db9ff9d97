"""Hamiltonian Monte Carlo on a Gaussian target, one thread a chain, judged by its statistics."""

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from harness.spec import (
    Array,
    Bound,
    Cost,
    Domain,
    KernelSpec,
    Range,
    Scalar,
    Tolerance,
    Work,
    constant,
)
from harness.spec_science import mix32, series, unit_floats

GOLDEN = 0x9E3779B9
#: Chains whose acceptance hangs on less are not compared: a fast sine may decide them otherwise.
MARGIN = 1e-3
#: Up to so many steps every chain is compared; after more, what all chains show together.
SHORT = 5
LEAST_CHAINS = 512
#: A fast sine misses by 1.2e-4 at most; half precision would miss by 4e-4 on average.
TYPICAL = 2.5e-4
#: Larger products are spread over threads by the library, which costs more than it saves.
PRODUCT = 1 << 18


@dataclass(frozen=True)
class Chains:
    """The state after a run, and how near each chain ever came to the other decision."""

    q: np.ndarray
    accepted: np.ndarray
    margin: np.ndarray


def _uniforms(start, counters):
    """Uniforms of every chain at each counter, one column a counter."""
    columns = np.asarray(counters, dtype=np.uint64).astype(np.uint32)
    return unit_floats(mix32(mix32(start[:, None] ^ columns[None, :]))).astype(np.float64)


def _momenta(u):
    """Box and Muller's normals from d uniforms."""
    radius = np.sqrt(-2.0 * np.log(np.maximum(u[:, 0::2], np.float64(np.float32(1e-7)))))
    angle = 2.0 * np.pi * u[:, 1::2]
    p = np.empty_like(u)
    p[:, 0::2], p[:, 1::2] = radius * np.cos(angle), radius * np.sin(angle)
    return p


def _run(q, A, L, eps, first_step, seed, steps):
    """The run of all chains, in blocks that are small enough to be multiplied on one core."""
    chains, d = q.shape
    size = max(64, PRODUCT // (d * d))
    starts = np.uint32(int(seed)) + np.arange(chains, dtype=np.uint32) * np.uint32(GOLDEN)
    numbers = range(int(first_step), int(first_step + steps))

    def block(first):
        part = slice(first, first + size)
        return _run_block(q[part], A, int(L), eps, numbers, starts[part])

    with ThreadPoolExecutor(os.cpu_count() or 1) as workers:
        blocks = list(workers.map(block, range(0, chains, size)))
    return Chains(
        np.concatenate([one.q for one in blocks]),
        np.concatenate([one.accepted for one in blocks]),
        np.concatenate([one.margin for one in blocks]),
    )


def _run_block(q, A, L, eps, numbers, start):
    chains, d = q.shape
    accepted, margin = np.zeros(chains, dtype=np.uint32), np.full(chains, np.inf)
    for step in numbers:
        base = (step * (d + 1)) & 0xFFFFFFFF
        u = _uniforms(start, (base + np.arange(d + 1, dtype=np.uint64)) & np.uint64(0xFFFFFFFF))
        p, new = _momenta(u[:, :d]), q.copy()
        f = new @ A.T
        before = 0.5 * (new * f).sum(axis=1) + 0.5 * (p * p).sum(axis=1)
        p -= (0.5 * eps) * f
        for leap in range(L):
            new += eps * p
            f = new @ A.T
            p -= ((0.5 if leap == L - 1 else 1.0) * eps) * f
        change = 0.5 * (new * f).sum(axis=1) + 0.5 * (p * p).sum(axis=1) - before
        slack = -change - np.log(np.maximum(u[:, d], 1e-30))
        margin = np.minimum(margin, np.abs(slack))
        good = np.isfinite(change) & (slack > 0)
        q = np.where(good[:, None], new, q)
        accepted += good.astype(np.uint32)
    return Chains(q, accepted, margin)


_latest: dict[bytes, Chains] = {}


def _chains(q_in, A, L, eps, first_step, seed, steps):
    """The run, kept until another is asked for: oracle and tolerance need the same one."""
    q, A = np.asarray(q_in, dtype=np.float64), np.asarray(A, dtype=np.float64)
    asked = repr((q.shape, L, eps, first_step, seed, steps)).encode()
    key = hashlib.sha256(asked + q.tobytes() + A.tobytes()).digest()
    found = _latest.get(key)
    if found is None:
        found = _run(q, A, L, eps, first_step, seed, steps)
        _latest.clear()
        _latest[key] = found
    return found


def oracle(q_in, accept_cnt, A, L, eps, first_step, seed, steps):
    found = _chains(q_in, A, L, eps, first_step, seed, steps)
    return found.q, accept_cnt + found.accepted


def reference(q_in, accept_cnt, A, L, eps, first_step, seed, steps):
    import mlx.core as mx

    words = [mx.array(w, mx.uint32) for w in (0x85EBCA6B, 0xC2B2AE35)]

    def mixed(x):
        x = (x ^ (x >> 16)) * words[0]
        x = (x ^ (x >> 13)) * words[1]
        return x ^ (x >> 16)

    chains, d = q_in.shape
    start = mx.array(int(seed), mx.uint32) + mx.arange(chains, dtype=mx.uint32) * mx.array(
        GOLDEN, mx.uint32
    )
    q, count = q_in, accept_cnt
    for step in range(int(first_step), int(first_step + steps)):
        counters = (step * (d + 1) + np.arange(d + 1, dtype=np.uint64)) & np.uint64(0xFFFFFFFF)
        columns = mx.array(counters.astype(np.uint32))
        u = (mixed(mixed(start[:, None] ^ columns)) >> 8).astype(mx.float32) * 2.0**-24
        radius = mx.sqrt(-2.0 * mx.log(mx.maximum(u[:, 0:d:2], 1e-7)))
        angle = (2.0 * np.pi) * u[:, 1:d:2]
        p = mx.stack([radius * mx.cos(angle), radius * mx.sin(angle)], axis=2).reshape(chains, d)
        new, f = q, q @ A
        before = 0.5 * (q * f).sum(axis=1) + 0.5 * (p * p).sum(axis=1)
        p = p - (0.5 * eps) * f
        for leap in range(int(L)):
            new = new + eps * p
            f = new @ A
            p = p - ((0.5 if leap == L - 1 else 1.0) * eps) * f
        change = 0.5 * (new * f).sum(axis=1) + 0.5 * (p * p).sum(axis=1) - before
        good = mx.log(mx.maximum(u[:, d], 1e-30)) < -change
        q = mx.where(good[:, None], new, q)
        count = count + good.astype(mx.uint32)
    return q, count


def statistics(q, A):
    """The errors of mean and covariance, in the public board's limits for them."""
    covariance = np.linalg.inv(A.astype(np.float64))
    mean = np.abs(q.mean(axis=0)) / np.sqrt(np.diag(covariance))
    found = np.atleast_2d(np.cov(q, rowvar=False, ddof=1))
    apart = np.linalg.norm(found - covariance) / np.linalg.norm(covariance)
    return float(mean.max()) / 0.15, float(apart) / 0.30


def _strict(inputs, expected, point):
    names = ("L", "eps", "first_step", "seed", "steps")
    found = _chains(inputs["q_in"], inputs["A"], *(point[name] for name in names))
    skipped = found.margin < MARGIN
    steps, chains = point["steps"], len(found.q)
    if steps <= SHORT:

        def even(got, due):
            missed = got[~skipped] - due[~skipped]
            typical = float(np.sqrt(np.mean(np.square(missed)))) if missed.size else 0.0
            return "" if typical <= TYPICAL else f"states miss by {typical:.3g} on average"

        limit = 2e-3 if steps == 1 else 5e-3
        states = Bound(limit, skipped=skipped[:, None], whole=even)
        return states, Bound(0.0, skipped=skipped)
    allowed = 0.02 + 8 / chains

    def same_statistics(got, due):
        if not np.isfinite(got).all():
            return "a state is not finite"
        pairs = zip(statistics(got, inputs["A"]), statistics(due, inputs["A"]), strict=True)
        for name, (value, should) in zip(("mean", "covariance"), pairs, strict=True):
            if chains >= LEAST_CHAINS and abs(value - should) > allowed:
                return f"error of the {name} {value:.4f} of its limit, expected {should:.4f}"
        return ""

    def same_rate(got, due):
        rate, should = (float(np.sum(n)) / (chains * steps) for n in (got, due))
        apart = abs(rate - should)
        return "" if apart <= 0.002 + 2 / chains else f"accepts {rate:.4f}, expected {should:.4f}"

    states = Bound(2e-2, skipped=skipped[:, None], missing_rows=0.2, whole=same_statistics)
    return states, Bound(whole=same_rate)


def _published(inputs, expected, point):
    enough = point["steps"] > 50 and len(expected[0]) >= LEAST_CHAINS

    def converged(got, due):
        if not enough:
            return ""
        mean, covariance = statistics(got, inputs["A"])
        return "" if max(mean, covariance) <= 1 else f"mean {mean:.3f}, covariance {covariance:.3f}"

    def accepting(got, due):
        rate = float(np.sum(got)) / (len(got) * point["steps"])
        return "" if not enough or 0.45 <= rate <= 0.999 else f"accepts {rate:.4f}"

    return Bound(whole=converged), Bound(whole=accepting)


def _target(rng, d):
    """Covariance and precision with eigenvalues from 0.5 to 2, turned at random."""
    turn, _ = np.linalg.qr(rng.standard_normal((d, d)))
    values = np.geomspace(0.5, 2.0, d)
    covariance, precision = (turn * values) @ turn.T, (turn / values) @ turn.T
    return tuple((0.5 * (m + m.T)).astype(np.float32) for m in (covariance, precision))


def published_inputs(point):
    chains, d = point["K"], point["d"]
    covariance, precision = _target(np.random.default_rng(0xC0FFEE), d)
    z = np.random.default_rng(0xBADC0DE).standard_normal((chains, d)).astype(np.float32)
    q = np.float32(2) * (z @ np.linalg.cholesky(covariance).T)
    none = np.zeros(chains, dtype=np.uint32)
    return {"q_in": q.astype(np.float32), "accept_cnt": none, "A": precision}


def wide(rng, shape, point):
    return np.float32(2) * rng.standard_normal(shape, dtype=np.float32)


def precision(rng, shape, point):
    return _target(rng, shape[0])[1]


def work(point):
    d = point["d"]
    return point["K"] * point["steps"] * (point["L"] + 1) * (2 * d * d - d)


def cost(point):
    state = 4 * point["K"] * (point["d"] + 1)
    return Cost(
        flops=work(point),
        bytes=2 * state * point["steps"],
        working_set=2 * state,
        least_bytes=2 * state,
    )


def size(d, chains):
    start = {"seed": 0xCAFEBEEF, "first_step": 0}
    return {"d": d, "K": chains, "steps": 200, "L": 10, "eps": 0.2, **start}


_WIDTH = "min(max_threads(hmc_step), 64)"

SPEC = KernelSpec(
    summary="`steps` Hamiltonian Monte Carlo steps of K chains in d dimensions",
    function="hmc_step",
    reference=reference,
    oracle=oracle,
    inputs={
        "q_in": Array("K", "d", values=wide),
        "accept_cnt": Array("K", dtype="uint32", values=constant(0, "uint32")),
        "A": Array("d", "d", values=precision),
    },
    outputs={"q_out": Array("K", "d"), "accept_cnt": Array("K", dtype="uint32")},
    scalars={
        "K": Scalar("uint32", "K"),
        "d": Scalar("uint32", "d"),
        "L": Scalar("uint32", "L"),
        "eps": Scalar("float32", "eps"),
        "hmc_step_idx": Scalar("uint32", "first_step + step"),
        "seed": Scalar("uint32", "seed"),
    },
    domain=Domain(
        {
            "d": Range(2, 32, multiple=2),
            "K": Range(1, 16384),
            "steps": Range(1, 200),
            "L": Range(1, 10),
            "eps": Range(0.1, 0.3),
            "seed": Range(0, 0xFFFFFFFF),
            "first_step": Range(0, 1 << 20),
        }
    ),
    sizes=series(
        {
            "d8_K16384": size(8, 16384),
            "d16_K4096": size(16, 4096),
            "d32_K1024": size(32, 1024),
        },
        {"d24_K2048": size(24, 2048)},
        # The dims of the series: what others do is for the gate to ask.
        check=[
            {"d": 8, "K": 65, "steps": 1},
            {"d": 16, "K": 33, "steps": 2},
            {"d": 32, "K": 20, "steps": 1},
        ],
    ),
    tolerance=Tolerance("every chain after few steps, else the statistics of all", _strict),
    cost=cost,
    schedule=f"dispatch hmc_step grid: round_up(K, {_WIDTH}) threadgroup: {_WIDTH}"
    " repeat: steps swap: q_in,q_out",
    consumed=("q_in",),
    order=("q_in", "q_out", "accept_cnt", "A"),
    published_tolerance=Tolerance("the public board's statistics", _published),
    published_inputs=published_inputs,
    work=Work("flops", work),
)
