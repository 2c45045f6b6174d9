"""Unpacks the part of the wheels that a build of stan needs: unpack_wheels.py KIND OUT WHEEL...

OUT gets the layout of a libtorch or CUDA folder: include/, lib/ and, for nvcc, bin/ and nvvm/.
"""

import os
import re
import sys
import time
import zipfile

HEADERS = (r"torch/include/(.*)", r"include/\1")
CPU_LIBS = (r"torch/lib/(libtorch_cpu|libc10|libgomp)(\.so[.0-9]*)", r"lib/\1\2")
CUDA_LIBS = (r"torch/lib/(libtorch|libtorch_cuda|libtorch_cuda_linalg|libc10_cuda|libtorch_nvshmem)\.so", r"lib/\1.so")
RUNTIME_LIBS = (r"nvidia/cu13/lib/(libcudart|libcupti)(\.so[.0-9]+)", r"lib/\1\2")
NVIDIA_LIBS = (r"nvidia/[a-z0-9]+/lib/(lib[^/]*\.so[.0-9]*)", r"lib/\1")

# Kind: the files to take, each a pattern of its whole name in the wheel and the name it gets.
SELECTIONS = {
    "cpu": [HEADERS, CPU_LIBS, RUNTIME_LIBS],
    "cuda": [HEADERS, CPU_LIBS, CUDA_LIBS, NVIDIA_LIBS],
    "cuda-link": [HEADERS, CPU_LIBS, CUDA_LIBS, RUNTIME_LIBS],
    "nvcc": [(r"nvidia/cu13/((?:bin|include|lib|nvvm)/.*)", r"\1")],
}


def target(name, selection):
    """The name that a wheel's file gets below OUT, or None to leave it out."""
    if name.endswith("/") or ".." in name.split("/"):
        return None
    for pattern, to in selection:
        match = re.fullmatch(pattern, name)
        if match:
            return match.expand(to)
    return None


def main(kind, out, wheels):
    todo = []
    for wheel in wheels:
        archive = zipfile.ZipFile(wheel)
        for info in archive.infolist():
            to = target(info.filename, SELECTIONS[kind])
            if to:
                todo.append((archive, info, os.path.join(out, to)))
    total = sum(info.file_size for _, info, _ in todo)
    done, shown = 0, time.monotonic()
    for archive, info, path in todo:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with archive.open(info) as src, open(path, "wb") as dst:  # zipfile checks each file's CRC at its end
            while block := src.read(1 << 20):
                dst.write(block)
                done += len(block)
                if time.monotonic() - shown > 2:
                    shown = time.monotonic()
                    print(f"libtorch: unpacked {done / 1e6:.0f} of {total / 1e6:.0f} MB", flush=True)
        os.chmod(path, 0o755 if info.external_attr >> 16 & 0o111 else 0o644)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
