package gotorch

import "fmt"

// The element types, as libtorch numbers them.
const (
	Byte   int8 = iota // uint8
	Char               // int8
	Short              // int16
	Int                // int32
	Long               // int64
	Half               // float16
	Float              // float32
	Double             // float64
	ComplexHalf
	ComplexFloat
	ComplexDouble
	Bool
	QInt8
	QUInt8
	QInt32
	BFloat16

	Invalid = -1
)

var dtypeNames = [...]string{
	Byte: "uint8", Char: "int8", Short: "int16", Int: "int32", Long: "int64", Half: "float16", Float: "float32",
	Double: "float64", ComplexHalf: "complex32", ComplexFloat: "complex64", ComplexDouble: "complex128", Bool: "bool",
	QInt8: "qint8", QUInt8: "quint8", QInt32: "qint32", BFloat16: "bfloat16",
}

// DTypeName spells an element type as NumPy and PyTorch do.
func DTypeName(dtype int8) string {
	if dtype < 0 || int(dtype) >= len(dtypeNames) {
		return fmt.Sprintf("dtype(%d)", dtype)
	}
	return dtypeNames[dtype]
}
