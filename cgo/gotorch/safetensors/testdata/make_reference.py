"""Writes reference.safetensors with the format's reference implementation (pip install safetensors ml_dtypes numpy).

Run in this folder: python3 make_reference.py. Last made with safetensors 0.8.0, numpy 2.4.6, ml_dtypes 0.6.0.
"""
import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

tensors = {
    "trunk.weight": np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
    "trunk.bias": np.array([-1.5, np.inf, 3.0e-39], dtype=np.float32),
    "head.scalar": np.array(2.718281828459045, dtype=np.float64),
    "head.empty": np.zeros((0, 7), dtype=np.float32),
    "counts": np.array([-(2**63), 2**63 - 1], dtype=np.int64),
    "ids": np.array([[1], [2]], dtype=np.int32),
    "mask": np.array([True, False, True]),
    "bytes": np.array([0, 255, 7], dtype=np.uint8),
    "half": np.array([0.5, -2.0], dtype=np.float16),
    "brain": np.array([1.0, -0.25, 3.0], dtype=ml_dtypes.bfloat16),
    'näme "quoted" <&>\\': np.array([9], dtype=np.int16),
}
save_file(tensors, "reference.safetensors", metadata={"format": "np"})
