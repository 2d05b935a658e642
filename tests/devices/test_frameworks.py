"""Which framework sees what, before and after it is asked, and what is advised for it."""

from types import SimpleNamespace

import pytest

from labkit import devices
from labkit.devices import frameworks

GIB = 2**30
TORCH = {
    "cpu": "__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\nhip: Optional[str] = None\n",
    "cuda": "cuda: Optional[str] = '12.6'\nhip: Optional[str] = None\nxpu: Optional[str] = None\n",
    "rocm": "cuda: Optional[str] = None\nhip: Optional[str] = '6.2.41133'\n",
    "xpu": "cuda = None\nhip = None\nxpu = '20250000'\n",
}
T4 = {
    "/proc/driver/nvidia/gpus/0000:00:04.0/information": "Model: \t\t Tesla T4\nIRQ: \t 10\n",
    "/proc/driver/nvidia/version": "NVRM version: 550",
}


def fake_torch(*, cuda=None, hip=None, xpu=None, mps=False, arch=("sm_75", "sm_80", "sm_90")):
    """A torch whose `cuda` and `xpu` are the properties of its GPUs, if it has any."""
    none = SimpleNamespace(is_available=lambda: False)

    def accelerator(card, **more):
        return SimpleNamespace(
            is_available=lambda: True,
            device_count=lambda: 2,
            get_device_properties=lambda index: card,
            **more,
        )

    bf16 = {"is_bf16_supported": lambda: xpu.bf16}
    return SimpleNamespace(
        cuda=accelerator(cuda, get_arch_list=lambda: list(arch)) if cuda else none,
        xpu=accelerator(xpu, **bf16) if xpu else none,
        backends=SimpleNamespace(mps=SimpleNamespace(is_available=lambda: mps)),
        version=SimpleNamespace(hip=hip),
    )


def card(name="Tesla T4", major=7, minor=5, **more):
    return SimpleNamespace(name=name, major=major, minor=minor, total_memory=16 * GIB, **more)


# Frameworks, not asked: nothing may be imported (the made-up machine refuses)


@pytest.mark.parametrize(
    ("build", "options", "built_for"),
    [
        ("cpu", {}, ()),
        ("cuda", {}, ("cuda",)),
        ("rocm", {}, ("rocm",)),
        ("xpu", {}, ("xpu",)),
        ("cpu", {"platform": "darwin", "architecture": "arm64"}, ("mps",)),
    ],
)
def test_torch_build_is_read_from_its_files(build, options, built_for, machine):
    system = machine(packages={"torch": TORCH[build]}, **options)
    torch = devices.describe(system=system).frameworks[0]
    assert (torch.name, torch.version, torch.built_for) == ("torch", "1.2.3", built_for)
    assert torch.sees is None


def test_torch_without_a_version_file(machine, tmp_path):
    system = machine(package_folder=lambda name: tmp_path / "empty" if name == "torch" else None)
    assert devices.describe(system=system).frameworks[0].built_for == ()


@pytest.mark.parametrize(
    ("packages", "environ", "files", "note"),
    [
        (["keras"], {}, {}, "computes with tensorflow, which is not installed: set KERAS_BACKEND"),
        (["keras", "torch"], {"KERAS_BACKEND": "torch"}, {}, "computes with torch"),
        (
            ["keras", "jax"],
            {"HOME": "/h"},
            {"/h/.keras/keras.json": '{"backend": "jax"}'},
            "computes with jax",
        ),
        (
            ["keras", "jax"],
            {"KERAS_HOME": "/k"},
            {"/k/keras.json": '{"backend": "jax"}'},
            "computes with jax",
        ),
        (
            ["keras", "tensorflow"],
            {"HOME": "/h"},
            {"/h/.keras/keras.json": "{"},
            "computes with tensorflow",
        ),
        (
            ["keras", "tensorflow"],
            {"HOME": "/h"},
            {"/h/.keras/keras.json": "[1]"},
            "computes with tensorflow",
        ),
    ],
)
def test_keras_backend_is_read_from_its_settings(packages, environ, files, note, machine):
    system = machine(files, environ, dict.fromkeys(packages, ""))
    keras = next(one for one in devices.describe(system=system).frameworks if one.name == "keras")
    assert keras.note.startswith(note)
    assert ("not installed" in keras.note) == ("not installed" in note)


@pytest.mark.parametrize(
    ("files", "packages", "options", "device", "words"),
    [
        (T4, {"torch": TORCH["cuda"]}, {}, "cuda", "labkit devices --ask torch"),
        (T4, {"torch": TORCH["cpu"]}, {}, "cpu", "torch 1.2.3 is not built for it: install one"),
        (T4, {}, {}, "cpu", "no framework that could use it is installed"),
        (T4, {"tensorflow": ""}, {}, "cpu", "labkit devices --ask tensorflow"),
        (T4, {"jax": "", "jax_cuda12_plugin": ""}, {}, "cuda", "jax is built for it"),
        (T4, {"jax": ""}, {}, "cpu", "jax 1.2.3 is not built for it"),
        ({"/dev/accel0": ""}, {"jax": "", "libtpu": ""}, {}, "tpu", "jax is built for it"),
        ({"/dev/accel0": ""}, {"torch_xla": ""}, {}, "xla", "torch_xla is built for it"),
        ({"/dev/accel0": ""}, {"torch": TORCH["cpu"]}, {}, "cpu", "is not built for it"),
        (
            {},
            {"torch": TORCH["cpu"]},
            {"platform": "darwin", "architecture": "arm64"},
            "mps",
            "Apple",
        ),
        ({}, {"torch": TORCH["cuda"]}, {}, "cpu", "no sign of an accelerator"),
        ({}, {}, {}, "cpu", "no sign of an accelerator"),
    ],
)
def test_advice_before_anyone_is_asked(files, packages, options, device, words, machine):
    found = devices.describe(system=machine(files, packages=packages, **options))
    assert found.device == device
    assert found.dtype == "float32"  # every device runs it; a shorter one needs an answer
    assert words in found.why


# Frameworks, asked


def asked(machine, torch, *, build="cuda", files=T4, **options):
    system = machine(files, packages={"torch": TORCH[build]}, modules={"torch": torch}, **options)
    return devices.describe(["torch"], system=system)


@pytest.mark.parametrize(
    ("torch", "build", "kind", "device", "dtype"),
    [
        (fake_torch(cuda=card()), "cuda", "cuda", "cuda", "float16"),
        (fake_torch(cuda=card("A100", 8, 0)), "cuda", "cuda", "cuda", "bfloat16"),
        (fake_torch(cuda=card("L4", 8, 9)), "cuda", "cuda", "cuda", "bfloat16"),
        (
            fake_torch(cuda=card("P100", 6, 0), arch=["sm_60", "sm_80"]),
            "cuda",
            "cuda",
            "cuda",
            "float32",
        ),
        (
            fake_torch(cuda=card("MI300X", 9, 4, gcnArchName="gfx942:sramecc+"), hip="6.2"),
            "rocm",
            "rocm",
            "cuda",
            "bfloat16",
        ),
        (
            fake_torch(cuda=card("RX 6800", 10, 3, gcnArchName="gfx1030"), hip="6.2"),
            "rocm",
            "rocm",
            "cuda",
            "float16",
        ),
        (fake_torch(xpu=card("Arc A770", bf16=True)), "xpu", "xpu", "xpu", "bfloat16"),
        (fake_torch(xpu=card("Iris", bf16=False)), "xpu", "xpu", "xpu", "float32"),
        (fake_torch(mps=True), "cpu", "mps", "mps", "float32"),
    ],
)
def test_torch_says_what_to_use(torch, build, kind, device, dtype, machine):
    found = asked(machine, torch, build=build)
    (seen,) = found.frameworks[0].sees
    assert (seen.kind, found.device, found.dtype) == (kind, device, dtype)
    assert found.why.startswith("torch 1.2.3 sees ")
    assert seen.name in found.why
    if dtype != "float32":
        assert dtype in found.why
    if kind == "mps":
        assert "no float64" in found.why
    else:
        assert seen.count == 2
        assert seen.memory == 16 * GIB


def test_old_torch_without_xpu_and_mps(machine):
    torch = fake_torch()
    del torch.xpu, torch.backends.mps
    assert asked(machine, torch).frameworks[0].sees == ()


def test_gpu_that_this_torch_has_no_code_for(machine):
    found = asked(machine, fake_torch(cuda=card("Tesla P100", 6, 0)))
    assert found.device == "cpu"
    assert "Tesla P100, but this torch has no code for its compute capability 6.0" in found.why


def test_driver_that_torch_cannot_use(machine):
    found = asked(machine, fake_torch())
    assert found.device == "cpu"
    assert "torch cannot use it: its driver may be missing or old" in found.why


def test_torch_for_the_cpu_beside_a_gpu(machine):
    found = asked(machine, fake_torch(), build="cpu")
    assert found.device == "cpu"
    assert "the Tesla T4 is here (/proc/driver/nvidia), but torch 1.2.3 is not built" in found.why


@pytest.mark.parametrize(
    ("built", "capability", "expected"),
    [
        # NVIDIA's rule: code for x.y runs on x.z with z >= y; PTX on everything later.
        (["sm_80"], (8, 0), True),
        (["sm_80"], (8, 6), True),
        (["sm_86"], (8, 0), False),
        (["sm_80"], (9, 0), False),
        (["sm_80", "compute_80"], (9, 0), True),
        (["sm_75", "compute_90"], (8, 9), False),
        (["sm_100", "sm_120"], (12, 0), True),
        (["sm_90a"], (9, 0), True),
        (["gibberish"], (8, 0), False),
        ([], (8, 0), True),
    ],
)
def test_kernels(built, capability, expected):
    assert frameworks._has_kernels(built, capability) is expected


def test_framework_that_breaks_when_imported_becomes_a_note(machine):
    def broken(name):
        raise OSError("libcudart.so.12: cannot open shared object file")

    system = machine(T4, packages={"torch": TORCH["cuda"]}, import_module=broken)
    found = devices.describe("torch", system=system)
    assert "it could not be asked: OSError: libcudart.so.12" in found.frameworks[0].note
    assert found.frameworks[0].sees is None


def test_framework_that_is_not_installed_is_not_imported(machine):
    found = devices.describe(devices.ASKABLE, system=machine())
    assert {one.note for one in found.frameworks} == {"asked, but it is not installed"}


def test_torch_xla_on_a_tpu(machine):
    runtime = SimpleNamespace(device_type=lambda: "TPU", global_runtime_device_count=lambda: 8)
    system = machine(
        {"/dev/accel0": ""}, packages={"torch_xla": ""}, modules={"torch_xla.runtime": runtime}
    )
    found = devices.describe(["torch_xla"], system=system)
    assert (found.device, found.dtype) == ("xla", "bfloat16")
    runtime.device_type = lambda: "CPU"
    assert devices.describe(["torch_xla"], system=system).device == "cpu"


def jax_with(*found):
    return SimpleNamespace(devices=lambda: list(found))


JAX_CPU = SimpleNamespace(platform="cpu")


@pytest.mark.parametrize(
    ("devices_seen", "device", "dtype"),
    [
        ([JAX_CPU], "cpu", "float32"),
        ([SimpleNamespace(platform="tpu", device_kind="TPU v5e")], "tpu", "bfloat16"),
        (
            [
                SimpleNamespace(
                    platform="gpu",
                    device_kind="NVIDIA T4",
                    compute_capability="7.5",
                    client=SimpleNamespace(platform_version="PJRT C API cuda 12060"),
                )
            ],
            "cuda",
            "float16",
        ),
        (
            [
                SimpleNamespace(
                    platform="gpu",
                    device_kind="MI250",
                    client=SimpleNamespace(platform_version="ROCm 6.2"),
                )
            ],
            "rocm",
            "float32",
        ),
        (
            [
                SimpleNamespace(
                    platform="gpu",
                    device_kind="GPU",
                    compute_capability="unknown",
                    client=SimpleNamespace(platform_version="cuda"),
                )
            ],
            "cuda",
            "float32",
        ),
    ],
)
def test_jax_says_what_to_use(devices_seen, device, dtype, machine):
    system = machine(packages={"jax": ""}, modules={"jax": jax_with(*devices_seen)})
    found = devices.describe(["jax"], system=system)
    assert (found.device, found.dtype) == (device, dtype)


@pytest.mark.parametrize(
    ("kinds", "details", "rocm", "device", "dtype"),
    [
        ([], {}, False, "cpu", "float32"),
        (
            ["GPU"],
            {"compute_capability": (8, 0), "device_name": "A100"},
            False,
            "GPU:0",
            "bfloat16",
        ),
        (["GPU"], {}, False, "GPU:0", "float32"),
        (["GPU"], {"device_name": "MI250"}, True, "GPU:0", "float32"),
        (["TPU"], {}, False, "TPU:0", "bfloat16"),
    ],
)
def test_tensorflow_says_what_to_use(kinds, details, rocm, device, dtype, machine):
    tf = SimpleNamespace(
        config=SimpleNamespace(
            list_physical_devices=lambda kind: [kind] if kind in kinds else [],
            experimental=SimpleNamespace(get_device_details=lambda one: details),
        ),
        test=SimpleNamespace(is_built_with_rocm=lambda: rocm),
    )
    system = machine(packages={"tensorflow": ""}, modules={"tensorflow": tf})
    found = devices.describe(["tensorflow"], system=system)
    assert (found.device, found.dtype) == (device, dtype)


def test_keras_sees_what_its_backend_sees(machine):
    keras = SimpleNamespace(config=SimpleNamespace(backend=lambda: "torch"))
    modules = {"keras": keras, "torch": fake_torch(cuda=card())}
    system = machine(packages={"keras": "", "torch": TORCH["cuda"]}, modules=modules)
    found = devices.describe(["keras"], system=system)
    seen = next(one for one in found.frameworks if one.name == "keras")
    assert [one.name for one in seen.sees] == ["Tesla T4"]
    keras.config.backend = lambda: "openvino"
    found = devices.describe(["keras"], system=system)
    seen = next(one for one in found.frameworks if one.name == "keras")
    assert (seen.sees, seen.note) == ((), "computes with openvino")


@pytest.mark.parametrize("ask", ["tourch", ["torch", "cuda"]])
def test_unknown_name_to_ask_is_an_error(ask, machine):
    with pytest.raises(ValueError, match=r"ask must name some of torch, .* got '(tourch|cuda)'"):
        devices.describe(ask, system=machine())
