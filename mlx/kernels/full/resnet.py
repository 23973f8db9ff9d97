"""resnet: a stem, one residual block, a global mean and a classifier, for one image."""

from harness.spec import Array, Cost, Domain, KernelSpec, Sizes
from harness.spec_networks import TOLERANCE, filters, images, matrix, resnet, resnet_in_mlx

SPEC = KernelSpec(
    summary="h = relu(conv(x)); h = relu(conv(relu(conv(h))) + h); y = mean(h) @ W_fc",
    function="resnet_f32",
    reference=resnet_in_mlx,
    oracle=resnet,
    inputs={
        "x": Array(1, 32, 32, 3, values=images()),
        "W_stem": filters(16, 3, 3),
        "W_a": filters(16, 3, 16),
        "W_b": filters(16, 3, 16),
        "W_fc": matrix(16, 10),
    },
    outputs={"y": Array(1, 10)},
    scalars={},
    domain=Domain({}),
    sizes=Sizes(published={}, large={}, check=[{}]),
    tolerance=TOLERANCE,
    cost=lambda point: Cost(flops=10322240, bytes=33128),
    schedule="grid: 1024 1 1\nthreadgroup: 1024 1 1",
    numpy_form=resnet,
    published_tolerance=(1e-2, 1e-2),
    ranked=False,
    unranked_reason="ten numbers of one image of one size: all sizes are compiled into the kernel; "
    "resnet_batch has scalars for them",
    notes="Convolutions are 3 x 3 with a border of zeros. The published dispatch "
    "is a single threadgroup.",
)
