"""llama_attention: grouped-query attention with rotary embedding and both projections, no mask."""

from harness.spec import Array, Cost, Domain, KernelSpec, Scalar, Sizes, rows
from harness.spec_llama import DIMS, QKV, SCALARS, D, attend, attend_in_mlx, rotary_tolerance
from harness.spec_products import weights


def reference(x, W_qkv, W_o, H, H_kv, base):
    return attend_in_mlx(x, W_qkv, W_o, H, H_kv, base, fused=False)


def in_fast(x, W_qkv, W_o, H, H_kv, base):
    return attend_in_mlx(x, W_qkv, W_o, H, H_kv, base, fused=True)


def cost(point):
    s, d = point["S"], point["H_kv"] * point["G"] * point["W"]
    projected = d + 2 * point["H_kv"] * point["W"]
    flops = s * (2 * d * projected + 4 * s * d + 2 * d * d)
    return Cost(flops=flops, bytes=4 * (2 * s * d + d * projected + d * d))


SPEC = KernelSpec(
    summary="y = attention(rotated q, rotated k, v) @ W_o; q, k, v = columns of x @ W_qkv; "
    "D = H_kv * G * W",
    function="llama_attention_f32",
    reference=reference,
    forms={"mx.fast": in_fast},
    oracle=attend,
    inputs={
        # Rows differ in scale: some attend to everything, some to few keys.
        "x": Array("S", D, values=rows(means=0.0, stds=3.0, special=False)),
        "W_qkv": Array(D, QKV, values=weights(D)),
        "W_o": Array(D, D, values=weights(D)),
    },
    outputs={"y": Array("S", D)},
    scalars={**SCALARS, "base": Scalar("float32", "base")},
    domain=Domain(DIMS),
    sizes=Sizes(
        published={"S": 64, "H_kv": 2, "G": 2, "W": 32, "base": 10000.0},
        large={"S": 1280, "H_kv": 4, "G": 2, "W": 64},
        check=[
            {"S": 1, "H_kv": 1, "G": 1, "W": 2},
            {"S": 17, "H_kv": 1, "G": 3, "W": 10},
            {"S": 70, "H_kv": 2, "G": 1, "W": 40, "base": 5e5},
            {"S": 33, "H_kv": 1, "G": 2, "W": 66},
        ],
    ),
    tolerance=rotary_tolerance(),
    cost=cost,
    schedule="grid: 1024 1 1\nthreadgroup: 1024 1 1",
    numpy_form=attend,
    published_tolerance=(1e-2, 1e-2),
    notes="Pairs (2i, 2i + 1) of a head turn by position / base^(2i / W). The published dispatch "
    "is a single threadgroup.",
)
