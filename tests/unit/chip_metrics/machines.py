"""What the tools print on machines of each kind, written from their documented forms."""

from __future__ import annotations

import json

from chip_metrics import Recorded


def recorded(
    name: str,
    cores: int | None,
    *,
    model: str = "Mac15,6",
    memory: int = 16 << 30,
    architecture: str = "",
    device: str | None = None,
    display_cores: int | None = None,
) -> Recorded:
    """A machine on which all tools agree, unless told otherwise."""
    accelerator = ""
    if cores is not None:
        accelerator = (
            "+-o AGXAcceleratorX  <class AGXAcceleratorX, registered, matched, active>\n"
            f'    "gpu-core-count" = {cores}\n    "IOClass" = "AGXAcceleratorX"\n'
        )
    gpu = {"sppci_model": name, "sppci_device_type": "spdisplays_gpu"}
    if cores is not None or display_cores is not None:
        gpu["sppci_cores"] = str(display_cores if display_cores is not None else cores)
    return Recorded(
        brand=name + "\n",
        model=model + "\n",
        memsize=f"{memory}\n",
        accelerator=accelerator,
        displays=json.dumps({"SPDisplaysDataType": [gpu]}),
        device={"name": name if device is None else device, "architecture": architecture},
    )


#: (record, chip id, cores, whether the table has a row)
REAL = {
    "m1": (recorded("Apple M1", 8, architecture="applegpu_g13g"), "apple-m1", 8, True),
    "m1 max": (
        recorded("Apple M1 Max", 32, architecture="applegpu_g13s"),
        "apple-m1-max",
        32,
        True,
    ),
    "m1 ultra": (recorded("Apple M1 Ultra", 64), "apple-m1-ultra", 64, True),
    "m2": (recorded("Apple M2", 10, architecture="applegpu_g14g"), "apple-m2", 10, True),
    "m2 pro": (recorded("Apple M2 Pro", 19), "apple-m2-pro", 19, True),
    "m2 ultra": (recorded("Apple M2 Ultra", 76), "apple-m2-ultra", 76, True),
    "m3 pro": (
        recorded("Apple M3 Pro", 18, architecture="applegpu_g15s"),
        "apple-m3-pro",
        18,
        True,
    ),
    "m3 max": (recorded("Apple M3 Max", 40), "apple-m3-max", 40, True),
    "m4 pro": (
        recorded("Apple M4 Pro", 20, architecture="applegpu_g16s"),
        "apple-m4-pro",
        20,
        True,
    ),
    "m4 max": (
        recorded("Apple M4 Max", 40, architecture="applegpu_g16s"),
        "apple-m4-max",
        40,
        True,
    ),
    "m5": (recorded("Apple M5", 10, architecture="applegpu_g17g"), "apple-m5", 10, True),
    "m5 max": (
        recorded("Apple M5 Max", 40, architecture="applegpu_g17s"),
        "apple-m5-max",
        40,
        True,
    ),
    "a count nobody sells": (recorded("Apple M4 Max", 36), "apple-m4-max", 36, False),
    "a chip to come": (recorded("Apple M9 Ultra", 96), "apple-m9-ultra", 96, False),
    "only sysctl speaks": (Recorded(brand="Apple M4\n"), "apple-m4", None, False),
}
RUNNER = recorded(
    "Apple M1 (Virtual)",
    None,
    model="VirtualMac2,1",
    memory=7516192768,
    architecture="air64_v27",
    device="Apple Paravirtual device",
)
GUEST = recorded(
    "Apple M2 Pro (Virtual)", None, model="VirtualMac2,1", device="Apple Paravirtual device"
)
