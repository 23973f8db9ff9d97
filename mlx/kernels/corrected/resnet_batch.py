"""resnet_batch: a stem, one residual block, a global mean and a classifier, for many images."""

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Sizes
from harness.spec_networks import TOLERANCE, filters, images, matrix, resnet, resnet_in_mlx


def cost(point):
    b, pixels, c = point["B"], point["side"] * point["side"], point["C"]
    weights = 27 * c + 18 * c * c + c * point["classes"]
    flops = 2 * b * (pixels * (27 * c + 18 * c * c) + c * point["classes"])
    return Cost(flops=flops, bytes=4 * (b * (3 * pixels + point["classes"]) + weights))


SPEC = KernelSpec(
    summary="h = relu(conv(x)); h = relu(conv(relu(conv(h))) + h); y = mean(h) @ W_fc",
    function="resnet_batch_f32",
    reference=resnet_in_mlx,
    oracle=resnet,
    inputs={
        "x": Array("B", "side", "side", 3, values=images()),
        "W_stem": filters("C", 3, 3),
        "W_a": filters("C", 3, "C"),
        "W_b": filters("C", 3, "C"),
        "W_fc": matrix("C", "classes"),
    },
    outputs={"y": Array("B", "classes")},
    scalars={name: Scalar("uint32", name) for name in ("B", "side", "C", "classes")},
    domain=Domain(
        {
            "B": Range(1, 512),
            "side": Range(1, 64),
            "C": Range(8, 64),
            "classes": Range(4, 100),
        }
    ),
    sizes=Sizes(
        published={"B": 128, "side": 32, "C": 16, "classes": 10},
        large={"B": 256},
        check=[
            {"B": 1, "side": 1, "C": 8, "classes": 4},
            {"B": 3, "side": 7, "C": 13, "classes": 11},
            {"B": 2, "side": 13, "C": 33, "classes": 10},
            {"B": 5, "side": 16},
        ],
    ),
    tolerance=TOLERANCE,
    cost=cost,
    schedule="grid: 1024 B 1\nthreadgroup: 1024 1 1",
    numpy_form=resnet,
    chunked=("x",),
    corrects="resnet",
    notes="Convolutions are 3 x 3 with a border of zeros.",
)
