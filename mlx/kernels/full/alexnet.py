"""alexnet: three convolutions with max pooling, two connected layers, for one image."""

from harness.spec import Array, Cost, Domain, KernelSpec, Sizes
from harness.spec_networks import TOLERANCE, alexnet, alexnet_in_mlx, filters, images, matrix

SPEC = KernelSpec(
    summary="three times relu(maxpool(convolution)), then relu(flat @ Wfc1) @ Wfc2",
    function="alexnet_f32",
    reference=alexnet_in_mlx,
    oracle=alexnet,
    inputs={
        "x": Array(1, 32, 32, 3, values=images()),
        "Wc1": filters(32, 5, 3),
        "Wc2": filters(64, 3, 32),
        "Wc3": filters(128, 3, 64),
        "Wfc1": matrix(512, 256),
        "Wfc2": matrix(256, 10),
    },
    outputs={"y": Array(1, 10)},
    scalars={},
    domain=Domain({}),
    sizes=Sizes(published={}, large={}, check=[{}]),
    tolerance=TOLERANCE,
    cost=lambda point: Cost(flops=11698176, bytes=925096),
    schedule="grid: 1024 1 1\nthreadgroup: 1024 1 1",
    numpy_form=alexnet,
    published_tolerance=(1e-2, 1e-2),
    ranked=False,
    unranked_reason="ten numbers of one image of one size: all sizes are compiled into the kernel; "
    "alexnet_batch has scalars for them",
    notes="The published dispatch is a single threadgroup.",
)
