// Package damage holds readers of files to their promise: whatever a file holds, they refuse it or read it whole, they end,
// and they take no more memory than they may. It is for tests.
package damage

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"regexp"
	"slices"
)

// Copy returns a copy of original that is damaged in one to three places: copy n is the same whenever it is made.
func Copy(original []byte, n uint64) []byte {
	r := rand.New(rand.NewPCG(n, 0))
	b := slices.Clone(original)
	for range 1 + r.IntN(3) {
		if len(b) > 0 {
			b = damages[r.IntN(len(damages))](r, b)
		}
	}
	return b
}

// damages each change something in b, which is not empty.
var damages = []func(r *rand.Rand, b []byte) []byte{
	cutShort, flipBit, setByte, zeroes, drop, repeat, insert, overwrite, binaryNumber, binaryNumber, textNumber, textNumber, exchangeLines,
}

// place draws a place in b, as often as not near an end of it: headers and footers stand there.
func place(r *rand.Rand, b []byte) int {
	n := len(b)
	switch r.IntN(5) {
	case 0:
		return r.IntN(min(n, 64))
	case 1:
		return r.IntN(min(n, 1024))
	case 2:
		return n - 1 - r.IntN(min(n, 64))
	case 3:
		return n - 1 - r.IntN(min(n, 1024))
	}
	return r.IntN(n)
}

// stretch draws a stretch of b, of 1 to most bytes.
func stretch(r *rand.Rand, b []byte, most int) (from, to int) {
	from = place(r, b)
	return from, from + 1 + r.IntN(min(most, len(b)-from))
}

func cutShort(r *rand.Rand, b []byte) []byte { return b[:place(r, b)] }

func flipBit(r *rand.Rand, b []byte) []byte {
	b[place(r, b)] ^= 1 << r.IntN(8)
	return b
}

func setByte(r *rand.Rand, b []byte) []byte {
	b[place(r, b)] = []byte{0, 1, 0x7f, 0x80, 0xff, '"', ',', '\n', '-', byte(r.Uint32())}[r.IntN(10)]
	return b
}

func zeroes(r *rand.Rand, b []byte) []byte {
	from, to := stretch(r, b, 512)
	clear(b[from:to])
	return b
}

func drop(r *rand.Rand, b []byte) []byte {
	from, to := stretch(r, b, 256)
	return slices.Delete(b, from, to)
}

func repeat(r *rand.Rand, b []byte) []byte {
	from, to := stretch(r, b, 64)
	return slices.Insert(b, to, bytes.Repeat(b[from:to], 1+r.IntN(300))...)
}

func insert(r *rand.Rand, b []byte) []byte {
	noise := make([]byte, 1+r.IntN(64))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	return slices.Insert(b, place(r, b), noise...)
}

// overwrite puts a stretch of b over another.
func overwrite(r *rand.Rand, b []byte) []byte {
	from, to := stretch(r, b, 256)
	copy(b[place(r, b):], slices.Clone(b[from:to]))
	return b
}

// binaryNumber writes a number that sizes and counts seldom are.
func binaryNumber(r *rand.Rand, b []byte) []byte {
	numbers := []uint64{0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 1 << 20, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 40, 1<<63 - 1, 1 << 63, 1<<64 - 1}
	number := numbers[r.IntN(len(numbers))]
	var written []byte
	switch r.IntN(6) {
	case 0:
		written = binary.LittleEndian.AppendUint16(nil, uint16(number))
	case 1:
		written = binary.BigEndian.AppendUint16(nil, uint16(number))
	case 2:
		written = binary.LittleEndian.AppendUint32(nil, uint32(number))
	case 3:
		written = binary.BigEndian.AppendUint32(nil, uint32(number))
	case 4:
		written = binary.LittleEndian.AppendUint64(nil, number)
	case 5:
		written = binary.AppendUvarint(nil, number)
	}
	copy(b[place(r, b):], written)
	return b
}

var digits = regexp.MustCompile(`-?[0-9]+(\.[0-9]+)?`)

// textNumber replaces a number that is written as text by another or by something that is none.
func textNumber(r *rand.Rand, b []byte) []byte {
	from := place(r, b)
	at := digits.FindIndex(b[from:])
	if at == nil {
		return b
	}
	others := []string{
		"", "-1", "0", "-0", "1e308", "1e-320", "NaN", "-Inf", "65536", "4294967296", "9223372036854775807", "18446744073709551616",
		"99999999999999999999999999", "0x10", "1.5", "null", `""`, "[]", "{}", "true", "253402300800", "-62135596801",
	}
	return slices.Replace(b, from+at[0], from+at[1], []byte(others[r.IntN(len(others))])...)
}

// exchangeLines lets two lines change places.
func exchangeLines(r *rand.Rand, b []byte) []byte {
	lines := bytes.SplitAfter(b, []byte{'\n'})
	i, j := r.IntN(len(lines)), r.IntN(len(lines))
	lines[i], lines[j] = lines[j], lines[i]
	return bytes.Join(lines, nil)
}
