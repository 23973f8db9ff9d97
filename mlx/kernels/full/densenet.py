"""densenet: a stem, two dense convolutions, a mean and a classifier, for one image."""

from harness.spec import Array, Cost, Domain, KernelSpec, Sizes
from harness.spec_networks import TOLERANCE, densenet, densenet_in_mlx, filters, images, matrix

SPEC = KernelSpec(
    summary="h = relu(conv(x)); twice h = concat(h, relu(conv(h))); y = mean(h) @ W_fc",
    function="densenet_f32",
    reference=densenet_in_mlx,
    oracle=densenet,
    inputs={
        "x": Array(1, 16, 16, 3, values=images()),
        "W_stem": filters(12, 3, 3),
        "W_d1": filters(12, 3, 12),
        "W_d2": filters(12, 3, 24),
        "W_fc": matrix(36, 10),
    },
    outputs={"y": Array(1, 10)},
    scalars={},
    domain=Domain({}),
    sizes=Sizes(published={}, large={}, check=[{}]),
    tolerance=TOLERANCE,
    cost=lambda point: Cost(flops=2157264, bytes=21400),
    schedule="grid: 256 1 1\nthreadgroup: 256 1 1",
    numpy_form=densenet,
    published_tolerance=(1e-2, 1e-2),
    ranked=False,
    unranked_reason="ten numbers of one image of one size: all sizes are compiled into the kernel; "
    "densenet_batch has scalars for them",
    notes="Convolutions are 3 x 3 with a border of zeros. The published dispatch "
    "is a single threadgroup.",
)
