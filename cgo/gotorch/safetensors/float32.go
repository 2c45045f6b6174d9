package safetensors

import (
	"encoding/binary"
	"math"
)

// Float32Tensor is a tensor of type F32 with such values.
func Float32Tensor(name string, values []float32, shape ...int64) Tensor {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	return Tensor{Name: name, DType: F32, Shape: shape, Data: data}
}

// Float32s are the values of a tensor of type F32.
func (t Tensor) Float32s() []float32 {
	values := make([]float32, len(t.Data)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
	}
	return values
}
