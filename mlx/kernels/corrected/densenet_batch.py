"""densenet_batch: a stem, two dense convolutions, a mean and a classifier, for many images."""

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Sizes
from harness.spec_networks import TOLERANCE, densenet, densenet_in_mlx, filters, images, matrix


def cost(point):
    b, pixels, g = point["B"], point["side"] * point["side"], point["G"]
    weights = 27 * g + 27 * g * g + 3 * g * point["classes"]
    flops = 2 * b * (pixels * (27 * g + 27 * g * g) + 3 * g * point["classes"])
    return Cost(flops=flops, bytes=4 * (b * (3 * pixels + point["classes"]) + weights))


SPEC = KernelSpec(
    summary="h = relu(conv(x)); twice h = concat(h, relu(conv(h))); y = mean(h) @ W_fc",
    function="densenet_batch_f32",
    reference=densenet_in_mlx,
    oracle=densenet,
    inputs={
        "x": Array("B", "side", "side", 3, values=images()),
        "W_stem": filters("G", 3, 3),
        "W_d1": filters("G", 3, "G"),
        "W_d2": filters("G", 3, "2 * G"),
        "W_fc": matrix("3 * G", "classes"),
    },
    outputs={"y": Array("B", "classes")},
    scalars={name: Scalar("uint32", name) for name in ("B", "side", "G", "classes")},
    domain=Domain(
        {
            "B": Range(1, 1024),
            "side": Range(1, 64),
            "G": Range(8, 64),
            "classes": Range(4, 100),
        }
    ),
    sizes=Sizes(
        published={"B": 128, "side": 16, "G": 12, "classes": 10},
        large={"B": 1024},
        check=[
            {"B": 1, "side": 1, "G": 8, "classes": 4},
            {"B": 3, "side": 7, "G": 9, "classes": 11},
            {"B": 2, "side": 13, "G": 33, "classes": 10},
            {"B": 5, "side": 16, "G": 8},
        ],
    ),
    tolerance=TOLERANCE,
    cost=cost,
    schedule="grid: 256 B 1\nthreadgroup: 256 1 1",
    numpy_form=densenet,
    chunked=("x",),
    corrects="densenet",
    notes="Convolutions are 3 x 3 with a border of zeros.",
)
