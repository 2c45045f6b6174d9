package gotorch

import (
	"fmt"
	"reflect"

	"github.com/wangkuiyi/gotorch/libtorch"
	"github.com/wangkuiyi/gotorch/variadic"
)

var kindTypes = map[reflect.Kind]int8{
	reflect.Bool: Bool, reflect.Uint8: Byte, reflect.Int8: Char, reflect.Int16: Short, reflect.Int32: Int,
	reflect.Int64: Long, reflect.Float32: Float, reflect.Float64: Double,
	reflect.Int: Long, // 64 bits wherever libtorch runs
}

// NewTensor copies a number, or a slice or array of any depth of numbers, into a tensor of the same shape on the CPU. Its
// element type is that of the Go numbers; option "dtype" converts, option "requires_grad" makes it a leaf that gathers
// gradients. It panics with ErrShape when the rows differ in length, with ErrDType for other Go types.
func NewTensor(data interface{}, options ...map[string]interface{}) Tensor {
	v := reflect.ValueOf(data)
	if !v.IsValid() {
		fail("new tensor", ErrDType, "nil, want numbers")
	}
	element, shape := v.Type(), []int64{}
	for w := v; element.Kind() == reflect.Slice || element.Kind() == reflect.Array; element = element.Elem() {
		n := 0
		if w.IsValid() {
			n = w.Len()
		}
		shape = append(shape, int64(n))
		if n > 0 {
			w = w.Index(0)
		} else {
			w = reflect.Value{}
		}
	}
	dtype, ok := kindTypes[element.Kind()]
	if !ok {
		fail("new tensor", ErrDType, fmt.Sprintf("%T, want numbers", data))
	}
	want, requiresGrad := tensorOptions(dtype, options)
	flat := flatten(reflect.MakeSlice(reflect.SliceOf(element), 0, 0), v, shape)
	t := Must(libtorch.FromData(flat.UnsafePointer(), shape, libtorch.Options{DType: dtype}))
	if want != dtype {
		made := t
		defer made.Free()
		t = made.CastTo(want)
	}
	return t.SetRequiresGrad(requiresGrad)
}

func tensorOptions(dtype int8, options []map[string]interface{}) (int8, bool) {
	v := variadic.Get(options, "dtype", dtype)
	want, ok := v.(int8)
	if !ok {
		fail("new tensor", ErrDType, fmt.Sprintf("option dtype of type %T, want int8", v))
	}
	return want, asBool("new tensor", variadic.Get(options, "requires_grad", false))
}

func flatten(flat, v reflect.Value, shape []int64) reflect.Value {
	if len(shape) == 0 {
		return reflect.Append(flat, v)
	}
	if int64(v.Len()) != shape[0] {
		fail("new tensor", ErrShape, fmt.Sprintf("rows of %d and %d elements, want equal lengths", shape[0], v.Len()))
	}
	if len(shape) == 1 && v.Kind() == reflect.Slice {
		return reflect.AppendSlice(flat, v)
	}
	for i := range v.Len() {
		flat = flatten(flat, v.Index(i), shape[1:])
	}
	return flat
}
