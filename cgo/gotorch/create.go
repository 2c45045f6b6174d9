package gotorch

import "github.com/wangkuiyi/gotorch/libtorch"

func float32Options(requiresGrad bool) libtorch.Options {
	return libtorch.Options{DType: Float, RequiresGrad: requiresGrad}
}

// Empty is a float32 tensor of undefined content.
func Empty(shape []int64, requiresGrad bool) Tensor {
	return Must(libtorch.Create(libtorch.Empty, shape, 0, float32Options(requiresGrad)))
}

// EmptyOn is a tensor of undefined content.
func EmptyOn(shape []int64, dtype int8, device Device) Tensor {
	return Must(libtorch.Create(libtorch.Empty, shape, 0, libtorch.Options{DType: dtype, Device: device.T}))
}

// Zeros is a tensor of zeros.
func Zeros(shape []int64, dtype int8, device Device) Tensor { return FullOn(shape, 0, dtype, device) }

// FullOn is a tensor whose elements are all value.
func FullOn(shape []int64, value float64, dtype int8, device Device) Tensor {
	return Must(libtorch.Create(libtorch.Full, shape, value, libtorch.Options{DType: dtype, Device: device.T}))
}

// Ones is a float32 tensor of ones.
func Ones(shape []int64, requiresGrad bool) Tensor { return Full(shape, 1, requiresGrad) }

// Full is a float32 tensor whose elements are all value.
func Full(shape []int64, value float32, requiresGrad bool) Tensor {
	return Must(libtorch.Create(libtorch.Full, shape, float64(value), float32Options(requiresGrad)))
}

// Rand is a float32 tensor of uniform draws from [0, 1).
func Rand(shape []int64, requireGrad bool) Tensor {
	return Must(libtorch.Create(libtorch.Rand, shape, 0, float32Options(requireGrad)))
}

// RandN is a float32 tensor of standard normal draws.
func RandN(shape []int64, requiresGrad bool) Tensor {
	return Must(libtorch.Create(libtorch.RandN, shape, 0, float32Options(requiresGrad)))
}

// Randint is an int64 tensor of uniform draws from [low, high).
func Randint(low, high int64, shape []int64, device Device) Tensor {
	return Must(libtorch.Randint(low, high, shape, libtorch.Options{DType: Long, Device: device.T}))
}

// Eye is the float32 matrix [n, m] with ones on its diagonal.
func Eye(n, m int64, requiresGrad bool) Tensor {
	return Must(libtorch.Eye(n, m, float32Options(requiresGrad)))
}

// Arange is begin, begin+step, ... below end, in float32.
func Arange(begin, end, step float32, requiresGrad bool) Tensor {
	return Must(libtorch.Arange(float64(begin), float64(end), float64(step), float32Options(requiresGrad)))
}

// ArangeInt is begin, begin+1, ... below end, in int64.
func ArangeInt(begin, end int64, device Device) Tensor {
	return Must(libtorch.Arange(float64(begin), float64(end), 1, libtorch.Options{DType: Long, Device: device.T}))
}

// Linspace is steps evenly spaced float32 values from begin to end.
func Linspace(begin, end float32, steps int64, requiresGrad bool) Tensor {
	return Must(libtorch.Linspace(float64(begin), float64(end), steps, float32Options(requiresGrad)))
}

// Logspace is base to the power of steps evenly spaced float32 values from begin to end.
func Logspace(begin, end float32, steps int64, base float64, requiresGrad bool) Tensor {
	return Must(libtorch.Logspace(float64(begin), float64(end), steps, base, float32Options(requiresGrad)))
}
