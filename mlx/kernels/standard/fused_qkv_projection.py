"""fused_qkv_projection: one matrix product that makes queries, keys and values side by side."""

from harness.spec import blocked_product
from harness.spec_products import linear


def reference(X, W):
    return X @ W


def in_float32(X, W):
    return blocked_product(X, W)


SPEC = linear(
    "X W Y",
    summary="Y = X @ W",
    function="fused_qkv_projection_f32",
    reference=reference,
    oracle=reference,
    in_float32=in_float32,
    published={"M": 128, "N": 192, "K": 512},
    each=0,
    schedule="grid: round_up(M * N, 256) 1 1\nthreadgroup: 256 1 1",
    numpy_form=reference,
    torch_form=reference,
    published_tolerance=(1e-3, 1e-3),
    ranked=False,
    unranked_reason="as published a plain matrix product, which rect_mm ranks; qkv_heads adds what "
    "a projection does beside it",
    notes="The published dispatch launches one thread an element; a tiled kernel leaves most of "
    "its threadgroups idle.",
)
