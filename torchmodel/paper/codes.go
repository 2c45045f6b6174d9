package paper

import (
	"math/bits"
	"slices"
)

// codeKind is how the GAN writes a column.
type codeKind int

const (
	number  codeKind = iota // 0 to 1
	oneOf                   // a number for each class
	bitwise                 // the class in bits, the lowest first
)

type code struct {
	kind      codeKind
	at, width int
}

// codes are how the GAN writes a row.
type codes struct {
	columns []Column
	list    []code
	width   int
}

func newCodes(columns []Column) codes {
	out := codes{columns: columns}
	for _, c := range columns {
		k := code{kind: number, at: out.width, width: 1}
		switch {
		case c.oneHot():
			k.kind, k.width = oneOf, c.Classes
		case c.Discrete():
			k.kind, k.width = bitwise, bits.Len(uint(c.Classes-1))
		}
		out.list = append(out.list, k)
		out.width += k.width
	}
	return out
}

// encode writes a row's values to x, which holds zeros.
func (k *codes) encode(x []float32, row []float64) {
	for i, c := range k.list {
		part := x[c.at : c.at+c.width]
		switch c.kind {
		case number:
			part[0] = float32(k.columns[i].scaled(row[i]))
		case oneOf:
			part[int(row[i])] = 1
		case bitwise:
			for b := range part {
				part[b] = float32(int(row[i]) >> b & 1)
			}
		}
	}
}

// decode reads the nearest values of x. A binary number that is no class becomes the last one.
func (k *codes) decode(row []float64, x []float32) {
	for i, c := range k.list {
		part := x[c.at : c.at+c.width]
		switch c.kind {
		case number:
			row[i] = k.columns[i].value(float64(part[0]))
		case oneOf:
			row[i] = float64(slices.Index(part, slices.Max(part)))
		case bitwise:
			class := 0
			for b, v := range part {
				if v > 0.5 {
					class |= 1 << b
				}
			}
			row[i] = float64(min(class, k.columns[i].Classes-1))
		}
	}
}
