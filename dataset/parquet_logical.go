package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// logical is what the logical type of a column says of its numbers.
type logical struct {
	unit     timeUnit // of a timestamp
	local    bool     // a timestamp on a clock that names no zone
	scale    int      // of a decimal: the numbers are 10^scale times what they mean
	unsigned bool
}

// timeUnit is a Parquet timestamp's, as the format spells it.
type timeUnit string

const (
	noTime timeUnit = "" // no timestamp
	millis timeUnit = "MILLIS"
	micros timeUnit = "MICROS"
	nanos  timeUnit = "NANOS"
)

const maxScale = 18 // of an INT64's decimals

// logicalOf returns what a column's type says of its numbers; types whose values no reader here knows are errors.
func logicalOf(t parquet.Type) (l logical, err error) {
	if t.Kind() == parquet.Int96 {
		return l, errors.New("type INT96, want a TIMESTAMP of INT64")
	}
	if t.LogicalType() == nil {
		return l, nil
	}
	switch of := t.LogicalType().Value.(type) {
	case *format.TimestampType:
		if l.unit, l.local = timeUnit(of.Unit.String()), !of.IsAdjustedToUTC; l.unit == noTime {
			return l, fmt.Errorf("type %v, want a timestamp in %s", t, []timeUnit{millis, micros, nanos})
		}
	case *format.DecimalType:
		if kind := t.Kind(); kind != parquet.Int32 && kind != parquet.Int64 || of.Scale < 0 || of.Scale > maxScale {
			return l, fmt.Errorf("type %v of %v, want a DECIMAL of INT32 or INT64 with 0 to %d decimals, or a DOUBLE", t, kind, maxScale)
		}
		l.scale = int(of.Scale)
	case *format.IntType:
		l.unsigned = !of.IsSigned
	case *format.DateType, *format.TimeType:
		return l, fmt.Errorf("type %v, want a TIMESTAMP, a number or text", t)
	}
	return l, nil
}

// appendText appends a value as text, nothing for a null; a timestamp as µs.
func (l logical) appendText(b []byte, v parquet.Value) []byte {
	switch v.Kind() {
	case parquet.Int32:
		return appendDecimal(b, int64(v.Int32()), l.scale)
	case parquet.Int64:
		if l.unsigned {
			return strconv.AppendUint(b, v.Uint64(), 10)
		}
		return appendDecimal(b, inMicros(v.Int64(), l.unit), l.scale)
	case parquet.Float:
		return strconv.AppendFloat(b, float64(v.Float()), 'f', -1, 32)
	case parquet.Double:
		return strconv.AppendFloat(b, v.Double(), 'f', -1, 64)
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return append(b, v.ByteArray()...)
	}
	return b
}

// number returns a value of a column of numbers.
func (l logical) number(v parquet.Value) float64 {
	switch v.Kind() {
	case parquet.Double:
		return v.Double()
	case parquet.Float:
		return float64(v.Float())
	case parquet.Int32:
		return float64(v.Int32()) / math.Pow10(l.scale)
	}
	if l.unsigned {
		return float64(v.Uint64())
	}
	return float64(v.Int64()) / math.Pow10(l.scale)
}

// appendDecimal appends n / 10^scale, without zeros at the end of its decimals.
func appendDecimal(b []byte, n int64, scale int) []byte {
	if scale == 0 {
		return strconv.AppendInt(b, n, 10)
	}
	size, one := uint64(n), uint64(math.Pow10(scale))
	if n < 0 {
		b, size = append(b, '-'), -size
	}
	b = strconv.AppendUint(b, size/one, 10)
	if size%one == 0 {
		return b
	}
	point := len(b)
	b = strconv.AppendUint(b, one+size%one, 10) // a 1 and the decimals
	b[point] = '.'
	return bytes.TrimRight(b, "0")
}

// inMicros returns t in µs where it is a time; what lies outside the times of flows stays outside.
func inMicros(t int64, unit timeUnit) int64 {
	switch unit {
	case millis:
		return max(min(t, maxTime/1000+1), minTime/1000-1) * 1000
	case nanos:
		return t / 1000
	}
	return t
}
