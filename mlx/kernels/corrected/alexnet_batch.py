"""alexnet_batch: three convolutions with max pooling, two connected layers, for many images."""

from harness.spec import Array, Cost, Domain, KernelSpec, Range, Scalar, Sizes
from harness.spec_networks import TOLERANCE, alexnet, alexnet_in_mlx, filters, images, matrix

# The side after three convolutions and poolings; its square times C3 is what is flattened.
_SIDE = "((side - 16) / 8)"
FLAT = f"C3 * {_SIDE} * {_SIDE}"


def cost(point):
    side, channels, per_image = point["side"], 3, 0
    held = channels * side * side * point["B"] + point["B"] * point["classes"]
    for filters_out, taps in ((point["C1"], 5), (point["C2"], 3), (point["C3"], 3)):
        side = side - taps + 1
        per_image += side * side * filters_out * taps * taps * channels
        held += filters_out * taps * taps * channels
        side, channels = side // 2, filters_out
    connected = channels * side * side * point["F"] + point["F"] * point["classes"]
    return Cost(flops=2 * point["B"] * (per_image + connected), bytes=4 * (held + connected))


SPEC = KernelSpec(
    summary="three times relu(maxpool(convolution)), then relu(flat @ Wfc1) @ Wfc2",
    function="alexnet_batch_f32",
    reference=alexnet_in_mlx,
    oracle=alexnet,
    inputs={
        "x": Array("B", "side", "side", 3, values=images()),
        "Wc1": filters("C1", 5, 3),
        "Wc2": filters("C2", 3, "C1"),
        "Wc3": filters("C3", 3, "C2"),
        "Wfc1": matrix(FLAT, "F"),
        "Wfc2": matrix("F", "classes"),
    },
    outputs={"y": Array("B", "classes")},
    scalars={
        name: Scalar("uint32", name) for name in ("B", "side", "C1", "C2", "C3", "F", "classes")
    },
    domain=Domain(
        {
            "B": Range(1, 512),
            "side": Range(24, 64),
            "C1": Range(8, 64),
            "C2": Range(8, 128),
            "C3": Range(8, 256),
            "F": Range(32, 1024),
            "classes": Range(4, 100),
        }
    ),
    sizes=Sizes(
        published={"B": 128, "side": 32, "C1": 32, "C2": 64, "C3": 128, "F": 256, "classes": 10},
        large={"B": 256},
        check=[
            {"B": 1, "side": 24, "C1": 8, "C2": 8, "C3": 8, "F": 32, "classes": 4},
            {"B": 3, "side": 27, "C1": 13, "C2": 11, "C3": 33, "F": 65, "classes": 7},
            {"B": 2, "side": 33, "C1": 36, "C2": 20, "C3": 9, "F": 34, "classes": 17},
            {"B": 5},
        ],
    ),
    tolerance=TOLERANCE,
    cost=cost,
    schedule="grid: 1024 B 1\nthreadgroup: 1024 1 1",
    numpy_form=alexnet,
    chunked=("x",),
    corrects="alexnet",
)
