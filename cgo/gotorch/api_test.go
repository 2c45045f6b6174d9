package gotorch_test

import (
	"unsafe"

	torch "github.com/wangkuiyi/gotorch"
)

// The names and signatures of github.com/wangkuiyi/gotorch at its last commit, 9afed2f of 2020, except MustNil and
// SetTensorFinalizer, whose arguments had types of C. That this compiles is the test.
var (
	_ func(torch.CUDAStream) bool                                               = torch.CUDAStream.Query
	_ func(torch.CUDAStream)                                                    = torch.CUDAStream.Synchronize
	_ func(torch.Device) torch.CUDAStream                                       = torch.GetCurrentCUDAStream
	_ func(torch.CUDAStream)                                                    = torch.SetCurrentCUDAStream
	_ func(torch.Device) torch.CUDAStream                                       = torch.NewCUDAStream
	_ func(string) torch.Device                                                 = torch.NewDevice
	_ func() bool                                                               = torch.IsCUDAAvailable
	_ func() bool                                                               = torch.IsCUDNNAvailable
	_ func(int32)                                                               = torch.SetNumThreads
	_ func(interface{}, ...map[string]interface{}) torch.Tensor                 = torch.NewTensor
	_ func(float64, float64, float64, float64, bool) torch.Optimizer            = torch.SGD
	_ func(float64, float64, float64, float64) torch.Optimizer                  = torch.Adam
	_ func(torch.Optimizer, []torch.Tensor)                                     = torch.Optimizer.AddParameters
	_ func(torch.Optimizer)                                                     = torch.Optimizer.ZeroGrad
	_ func(torch.Optimizer)                                                     = torch.Optimizer.Step
	_ func(torch.Optimizer, float64)                                            = torch.Optimizer.SetLR
	_ func(torch.Optimizer)                                                     = torch.Optimizer.Close
	_ func(*torch.Tensor) torch.Tensor                                          = (*torch.Tensor).Detach
	_ func(torch.Tensor) string                                                 = torch.Tensor.String
	_ func(torch.Tensor)                                                        = torch.Tensor.Print
	_ func(torch.Tensor, string)                                                = torch.Tensor.Save
	_ func(string) torch.Tensor                                                 = torch.Load
	_ func(torch.Tensor) int64                                                  = torch.Tensor.Dim
	_ func(torch.Tensor) []int64                                                = torch.Tensor.Shape
	_ func(torch.Tensor) int8                                                   = torch.Tensor.Dtype
	_ func(torch.Tensor)                                                        = torch.Tensor.Backward
	_ func(torch.Tensor) torch.Tensor                                           = torch.Tensor.Grad
	_ func(torch.Tensor, torch.Device, ...int8) torch.Tensor                    = torch.Tensor.To
	_ func(torch.Tensor, torch.Device, bool) torch.Tensor                       = torch.Tensor.CUDA
	_ func(torch.Tensor, int8) torch.Tensor                                     = torch.Tensor.CastTo
	_ func(torch.Tensor, torch.Device) torch.Tensor                             = torch.Tensor.CopyTo
	_ func(torch.Tensor) torch.Tensor                                           = torch.Tensor.PinMemory
	_ func(torch.Tensor, torch.Tensor)                                          = torch.Tensor.SetData
	_ func(torch.Tensor, torch.Device, int8) torch.Tensor                       = torch.To
	_ func(unsafe.Pointer, int8, []int64) torch.Tensor                          = torch.FromBlob
	_ func(torch.Tensor, ...int64) torch.Tensor                                 = torch.Tensor.Index
	_ func([]int64, bool) torch.Tensor                                          = torch.RandN
	_ func([]int64, bool) torch.Tensor                                          = torch.Rand
	_ func([]int64, bool) torch.Tensor                                          = torch.Empty
	_ func([]int64, bool) torch.Tensor                                          = torch.Ones
	_ func(int64, int64, bool) torch.Tensor                                     = torch.Eye
	_ func([]int64, float32, bool) torch.Tensor                                 = torch.Full
	_ func(float32, float32, float32, bool) torch.Tensor                        = torch.Arange
	_ func(float32, float32, int64, bool) torch.Tensor                          = torch.Linspace
	_ func(float32, float32, int64, float64, bool) torch.Tensor                 = torch.Logspace
	_ func()                                                                    = torch.FinishGC
	_ func()                                                                    = torch.GC
	_ func(torch.Tensor) ([]byte, error)                                        = torch.Tensor.GobEncode
	_ func(*torch.Tensor, []byte) error                                         = (*torch.Tensor).GobDecode
	_ func(torch.Tensor, torch.Tensor, float32) torch.Tensor                    = torch.Add
	_ func(*torch.Tensor, torch.Tensor, float32) torch.Tensor                   = (*torch.Tensor).Add
	_ func(*torch.Tensor, torch.Tensor, float32) torch.Tensor                   = (*torch.Tensor).AddI
	_ func(torch.Tensor, torch.Tensor, float32) torch.Tensor                    = torch.Sub
	_ func(*torch.Tensor, torch.Tensor, float32) torch.Tensor                   = (*torch.Tensor).Sub
	_ func(*torch.Tensor, torch.Tensor, float32) torch.Tensor                   = (*torch.Tensor).SubI
	_ func(torch.Tensor, torch.Tensor) torch.Tensor                             = torch.Mul
	_ func(*torch.Tensor, torch.Tensor) torch.Tensor                            = (*torch.Tensor).Mul
	_ func(*torch.Tensor, torch.Tensor) torch.Tensor                            = (*torch.Tensor).MulI
	_ func(torch.Tensor, torch.Tensor) torch.Tensor                             = torch.Div
	_ func(*torch.Tensor, torch.Tensor) torch.Tensor                            = (*torch.Tensor).Div
	_ func(*torch.Tensor, torch.Tensor) torch.Tensor                            = (*torch.Tensor).DivI
	_ func(*torch.Tensor, []int64) torch.Tensor                                 = (*torch.Tensor).Permute
	_ func(torch.Tensor, torch.Tensor) torch.Tensor                             = torch.Eq
	_ func(torch.Tensor, torch.Tensor) torch.Tensor                             = torch.Tensor.Eq
	_ func(torch.Tensor, torch.Tensor) bool                                     = torch.Equal
	_ func(torch.Tensor, torch.Tensor) bool                                     = torch.AllClose
	_ func(torch.Tensor, torch.Tensor) torch.Tensor                             = torch.ExpandAs
	_ func(torch.Tensor, torch.Tensor) torch.Tensor                             = torch.Tensor.ExpandAs
	_ func(torch.Tensor, int64, int64) torch.Tensor                             = torch.Flatten
	_ func(torch.Tensor, int64, torch.Tensor) torch.Tensor                      = torch.IndexSelect
	_ func(torch.Tensor, int64, torch.Tensor) torch.Tensor                      = torch.Tensor.IndexSelect
	_ func(torch.Tensor) interface{}                                            = torch.Tensor.Item
	_ func(torch.Tensor, float64) torch.Tensor                                  = torch.LeakyRelu
	_ func(*torch.Tensor, float64) torch.Tensor                                 = (*torch.Tensor).LeakyRelu
	_ func(torch.Tensor, int64) torch.Tensor                                    = torch.LogSoftmax
	_ func(torch.Tensor, int64) torch.Tensor                                    = torch.Tensor.LogSoftmax
	_ func(torch.Tensor) torch.Tensor                                           = torch.Mean
	_ func(torch.Tensor) torch.Tensor                                           = torch.Tensor.Mean
	_ func(torch.Tensor, torch.Tensor) torch.Tensor                             = torch.MM
	_ func(*torch.Tensor) torch.Tensor                                          = (*torch.Tensor).Relu
	_ func(torch.Tensor) torch.Tensor                                           = torch.Relu
	_ func(torch.Tensor) torch.Tensor                                           = torch.Sigmoid
	_ func(torch.Tensor) torch.Tensor                                           = torch.Tensor.Sigmoid
	_ func([]torch.Tensor, int64) torch.Tensor                                  = torch.Stack
	_ func(torch.Tensor, ...int64) torch.Tensor                                 = torch.Squeeze
	_ func(torch.Tensor, ...int64) torch.Tensor                                 = torch.Tensor.Squeeze
	_ func(torch.Tensor, ...map[string]interface{}) torch.Tensor                = torch.Sum
	_ func(torch.Tensor, ...map[string]interface{}) torch.Tensor                = torch.Tensor.Sum
	_ func(torch.Tensor) torch.Tensor                                           = torch.Tanh
	_ func(torch.Tensor) torch.Tensor                                           = torch.Tensor.Tanh
	_ func(torch.Tensor, int64, int64, bool, bool) (torch.Tensor, torch.Tensor) = torch.TopK
	_ func(torch.Tensor, int64, int64) torch.Tensor                             = torch.Transpose
	_ func(torch.Tensor, int64, int64) torch.Tensor                             = torch.Tensor.Transpose
	_ func(torch.Tensor, ...int64) torch.Tensor                                 = torch.View
	_ func(torch.Tensor, ...int64) torch.Tensor                                 = torch.Tensor.View
	_ func(torch.Tensor, ...interface{}) torch.Tensor                           = torch.Tensor.Argmin
	_ func(torch.Tensor, ...interface{}) torch.Tensor                           = torch.Tensor.Argmax
)
