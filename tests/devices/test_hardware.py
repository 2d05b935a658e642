"""The place, the cores, the memory and the accelerators, from files and variables alone."""

import pytest

from labkit import devices
from labkit.devices import hardware

GIB = 2**30
BUILT_FOR_CUDA = "cuda: Optional[str] = '12.6'\n"
T4 = {
    "/proc/driver/nvidia/gpus/0000:00:04.0/information": "Model: \t\t Tesla T4\nIRQ: \t 10\n",
    "/proc/driver/nvidia/version": "NVRM version: 550",
}


# Where we are


@pytest.mark.parametrize(
    ("environ", "files", "name"),
    [
        ({"COLAB_RELEASE_TAG": "release-colab_2026"}, {}, "Google Colab"),
        ({"COLAB_GPU": "1"}, {"/.dockerenv": ""}, "Google Colab"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}, {}, "Kaggle"),
        ({"KAGGLE_KERNEL_RUN_TYPE": "Batch", "COLAB_GPU": "1"}, {}, "Kaggle"),
        ({"BINDER_SERVICE_HOST": "10.3.2.1", "JUPYTERHUB_USER": "x"}, {}, "Binder"),
        ({"CODESPACES": "true"}, {"/.dockerenv": ""}, "GitHub Codespaces"),
        ({"GITHUB_ACTIONS": "true"}, {}, "GitHub Actions"),
        ({"SLURM_JOB_ID": "17"}, {}, "a Slurm cluster"),
        ({"JUPYTERHUB_USER": "ada"}, {}, "JupyterHub"),
        ({}, {"/.dockerenv": ""}, "a container"),
        ({}, {"/run/.containerenv": ""}, "a container"),
        ({}, {"/sys/class/dmi/id/chassis_type": "10\n"}, "a laptop"),
        ({}, {"/sys/class/power_supply/BAT0/status": "Full"}, "a laptop"),
        ({}, {"/sys/class/dmi/id/chassis_type": "23"}, "a server"),
        ({}, {"/sys/class/dmi/id/chassis_type": "3"}, "a plain computer"),
        ({"COLAB_GPU": ""}, {}, "a plain computer"),
    ],
)
def test_place(environ, files, name, machine):
    found = devices.describe(system=machine(files, environ))
    assert found.place.name == name
    assert found.place.evidence


def test_place_in_a_browser(machine):
    system = machine(platform="emscripten", architecture="wasm32")
    assert devices.describe(system=system).place.name == "a web browser"


def test_colab_without_a_gpu_says_how_to_get_one(machine):
    text = str(devices.describe(system=machine(environ={"COLAB_RELEASE_TAG": "1"})))
    assert "Runtime > Change runtime type" in text


# Cores and memory


CGROUP2 = "/sys/fs/cgroup"


@pytest.mark.parametrize(
    ("files", "affinity", "usable", "limit"),
    [
        ({}, None, 8, ""),
        ({}, 8, 8, ""),
        ({}, 3, 3, "affinity"),
        ({f"{CGROUP2}/cpu.max": "max 100000"}, None, 8, ""),
        ({f"{CGROUP2}/cpu.max": "150000 100000"}, None, 1.5, "control group"),
        ({f"{CGROUP2}/cpu.max": "150000 100000"}, 1, 1, "affinity"),
        ({f"{CGROUP2}/cpu.max": "1600000 100000"}, None, 8, ""),
        (
            {
                "/proc/self/cgroup": "0::/user/job",
                f"{CGROUP2}/user/cpu.max": "200000 100000",
                f"{CGROUP2}/user/job/cpu.max": "max 100000",
            },
            None,
            2,
            "control group",
        ),
        (
            {
                "/proc/self/cgroup": "0::/user/job",
                f"{CGROUP2}/user/cpu.max": "200000 100000",
                f"{CGROUP2}/user/job/cpu.max": "300000 100000",
            },
            None,
            2,
            "control group",
        ),
        (
            {
                "/proc/self/cgroup": "9:name=systemd:/\n4:cpu,cpuacct:/docker/abc",
                f"{CGROUP2}/cpu/cpu.cfs_quota_us": "50000",
                f"{CGROUP2}/cpu/cpu.cfs_period_us": "100000",
            },
            None,
            0.5,
            "control group",
        ),
        (
            {
                "/proc/self/cgroup": "4:cpu:/",
                f"{CGROUP2}/cpu/cpu.cfs_quota_us": "-1",
                f"{CGROUP2}/cpu/cpu.cfs_period_us": "100000",
            },
            None,
            8,
            "",
        ),
        # A limit of another controller's tree is none of the processor's.
        ({"/proc/self/cgroup": "4:memory:/", f"{CGROUP2}/cpu.max": "100000 100000"}, None, 8, ""),
        ({"/proc/self/cgroup": "nonsense", f"{CGROUP2}/cpu.max": "x y z"}, None, 8, ""),
        ({f"{CGROUP2}/cpu.max": "0 0"}, None, 8, ""),
    ],
)
def test_cores(files, affinity, usable, limit, machine):
    cpu = hardware.cpu(machine(files, affinity=affinity))
    assert (cpu.total, cpu.usable, cpu.limit) == (8, usable, limit)


def test_cpu_model(machine):
    files = {"/proc/cpuinfo": "processor\t: 0\nmodel name\t: AMD EPYC 7763\nmodel name\t: B\n"}
    assert hardware.cpu(machine(files)).model == "AMD EPYC 7763"


MEMINFO = {"/proc/meminfo": "MemTotal:       16777216 kB\nMemFree:  1024 kB\n"}


@pytest.mark.parametrize(
    ("files", "total", "usable", "limit"),
    [
        (MEMINFO, 16, 16, ""),
        ({**MEMINFO, f"{CGROUP2}/memory.max": "max"}, 16, 16, ""),
        ({**MEMINFO, f"{CGROUP2}/memory.max": str(4 * GIB)}, 16, 4, "control group"),
        ({**MEMINFO, f"{CGROUP2}/memory.max": str(64 * GIB)}, 16, 16, ""),
        (
            {
                **MEMINFO,
                "/proc/self/cgroup": "4:memory:/job",
                f"{CGROUP2}/memory/job/memory.limit_in_bytes": str(2 * GIB),
                f"{CGROUP2}/memory/memory.limit_in_bytes": "9223372036854771712",
            },
            16,
            2,
            "control group",
        ),
    ],
)
def test_memory(files, total, usable, limit, machine):
    assert hardware.memory(machine(files)) == hardware.Memory(total * GIB, usable * GIB, limit)


def test_memory_without_proc(machine):
    assert hardware.memory(machine(installed_memory=lambda: 3 * GIB)).usable == 3 * GIB
    assert hardware.memory(machine()) == hardware.Memory(None, None, "")
    unlimited = "9223372036854771712"
    first = {"/proc/self/cgroup": "4:memory:/"}
    first[f"{CGROUP2}/memory/memory.limit_in_bytes"] = unlimited
    assert hardware.memory(machine(first)) == hardware.Memory(None, None, "")


def test_memory_without_proc_but_with_a_limit(machine):
    limited = machine({f"{CGROUP2}/memory.max": str(GIB)})
    assert hardware.memory(limited) == hardware.Memory(None, GIB, "control group")


# Accelerators, from files alone


@pytest.mark.parametrize(
    ("files", "options", "expected"),
    [
        (T4, {}, ("cuda", "Tesla T4", 1)),
        (
            {"/dev/nvidia0": "", "/dev/nvidia1": "", "/dev/nvidiactl": ""},
            {},
            ("cuda", "NVIDIA GPU", 2),
        ),
        ({"/usr/lib/wsl/lib/nvidia-smi": ""}, {}, ("cuda", "NVIDIA GPU", 1)),
        ({}, {"platform": "win32", "programs": {"nvidia-smi": None}}, ("cuda", "NVIDIA GPU", 1)),
        (
            {
                "/dev/kfd": "",
                "/sys/class/kfd/kfd/topology/nodes/0/gpu_id": "0",
                "/sys/class/kfd/kfd/topology/nodes/1/gpu_id": "51099",
                "/sys/class/kfd/kfd/topology/nodes/2/gpu_id": "51100",
            },
            {},
            ("rocm", "AMD GPU", 2),
        ),
        ({f"/dev/accel{i}": "" for i in range(4)}, {}, ("tpu", "Google TPU", 4)),
        ({}, {"environ": {"COLAB_TPU_ADDR": "10.0.0.2:8470"}}, ("tpu", "Google TPU", 1)),
        ({}, {"environ": {"TPU_ACCELERATOR_TYPE": "v5e-8"}}, ("tpu", "Google TPU v5e-8", 1)),
        ({"/sys/class/drm/card1/device/vendor": "0x8086"}, {}, ("xpu", "Intel graphics", 1)),
        ({}, {"platform": "darwin", "architecture": "arm64"}, ("mps", "Apple GPU", 1)),
    ],
)
def test_accelerator_is_found_by_its_files(files, options, expected, machine):
    (found,) = hardware.accelerators(machine(files, **options))
    assert (found.kind, found.name, found.count) == expected
    assert found.evidence


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ({}, {}),
        ({}, {"programs": {"nvidia-smi": None}}),  # the program without a driver, as in an image
        ({"/dev/nvidiactl": ""}, {}),
        ({"/dev/kfd": "", "/sys/class/kfd/kfd/topology/nodes/0/gpu_id": "0"}, {}),
        ({"/dev/accel/accel0": ""}, {}),  # an NPU, not a TPU
        ({"/sys/class/drm/card0/device/vendor": "0x1234"}, {}),
        ({}, {"platform": "darwin", "architecture": "x86_64"}),
        ({}, {"platform": "win32", "architecture": "amd64"}),
    ],
)
def test_no_accelerator_is_imagined(files, options, machine):
    system = machine(files, **options)
    assert hardware.accelerators(system) == ()
    assert devices.describe(system=system).device == "cpu"


@pytest.mark.parametrize("value", ["", "-1"])
def test_hidden_gpu(value, machine):
    system = machine(T4, {"CUDA_VISIBLE_DEVICES": value}, {"torch": BUILT_FOR_CUDA})
    found = devices.describe(system=system)
    assert found.device == "cpu"
    assert f"hidden by CUDA_VISIBLE_DEVICES={value!r}" in found.why
    visible = machine(T4, {"CUDA_VISIBLE_DEVICES": "0"}, {"torch": BUILT_FOR_CUDA})
    assert devices.describe(system=visible).device == "cuda"


def test_nvidia_smi_is_run_only_when_asked(machine):
    calls = []

    def smi(*arguments):
        calls.append(arguments)
        return "NVIDIA A100-SXM4-40GB, 40960\nNVIDIA A100-SXM4-40GB, 40960\n"

    system = machine(T4, programs={"nvidia-smi": smi})
    assert devices.describe(system=system).accelerators[0].name == "Tesla T4"
    assert calls == []
    (found,) = devices.describe(["nvidia-smi"], system=system).accelerators
    assert (found.name, found.count, found.memory) == ("NVIDIA A100-SXM4-40GB", 2, 40 * GIB)


@pytest.mark.parametrize(
    "answer",
    [lambda *_: "", lambda *_: "No devices were found", lambda *_: 1 / 0, lambda *_: "a\nb"],
)
def test_nvidia_smi_that_fails_leaves_the_files_word(answer, machine):
    system = machine(T4, programs={"nvidia-smi": answer})
    (found,) = devices.describe(["nvidia-smi"], system=system).accelerators
    assert found.evidence == "/proc/driver/nvidia"
