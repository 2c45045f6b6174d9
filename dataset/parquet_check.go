package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// The Parquet library allocates what a file says that it holds: the length of the footer, of each list in it, of each
// page. The checks here come first and hold these numbers against the bytes that are there, so that a damaged or hostile
// file costs an error and not all memory. Footers and page headers are structures of Thrift's compact protocol.

const (
	maxFooterBytes  = 64 << 20
	maxHeaderBytes  = 64 << 10 // of a page; writers store minima and maxima there
	maxPageBytes    = 64 << 20
	maxThriftList   = 1 << 20
	maxThriftNested = 32
)

// checkFooter checks the end of the file: footer, its length in 4 bytes, PAR1.
func checkFooter(file io.ReaderAt, size int64) error {
	const tail = 8
	if size < tail+4 {
		return fmt.Errorf("%d bytes, want a Parquet file", size)
	}
	var end [tail]byte
	if _, err := file.ReadAt(end[:], size-tail); err != nil && err != io.EOF {
		return err
	}
	length := int64(binary.LittleEndian.Uint32(end[:]))
	if string(end[4:]) != "PAR1" || length > min(size-tail-4, maxFooterBytes) {
		return fmt.Errorf("end of file %x, want the length of a footer and PAR1", end)
	}
	footer := make([]byte, length)
	if _, err := file.ReadAt(footer, size-tail-length); err != nil {
		return err
	}
	if _, err := walkThrift(footer, nil); err != nil {
		return fmt.Errorf("footer: %w", err)
	}
	return nil
}

// checkPages checks the header of every page of one column of one row group.
func checkPages(file io.ReaderAt, size int64, chunk *format.ColumnMetaData, rows int64) error {
	at := chunk.DataPageOffset
	if chunk.DictionaryPageOffset != 0 {
		at = chunk.DictionaryPageOffset
	}
	if at < 0 || chunk.TotalCompressedSize < 0 || at > size-chunk.TotalCompressedSize {
		return fmt.Errorf("pages from byte %d, %d bytes long, of a file of %d", at, chunk.TotalCompressedSize, size)
	}
	buffer := make([]byte, maxHeaderBytes)
	for end := at + chunk.TotalCompressedSize; at < end; {
		head := buffer[:min(end-at, maxHeaderBytes)]
		if _, err := file.ReadAt(head, at); err != nil && err != io.EOF {
			return err
		}
		page, err := readPageHeader(head)
		if err != nil {
			return fmt.Errorf("page at byte %d: %w", at, err)
		}
		at += int64(page.header)
		if page.compressed < 0 || page.compressed > end-at || page.uncompressed < 0 || page.uncompressed > maxPageBytes ||
			page.values < 0 || page.values > rows {
			return fmt.Errorf("page at byte %d: %d values in %d bytes, %d uncompressed; %d rows and %d bytes are left",
				at, page.values, page.compressed, page.uncompressed, rows, end-at)
		}
		data := io.NewSectionReader(file, at, page.compressed)
		if held := head[page.header:]; page.compressed <= int64(len(held)) { // and need not be read again
			data = io.NewSectionReader(bytes.NewReader(held), 0, page.compressed)
		}
		if err := checkCompressed(chunk.Codec, data, page); err != nil {
			return fmt.Errorf("page at byte %d: %w", at, err)
		}
		at += page.compressed
	}
	return nil
}

// pageHeader is what matters of a page's header.
type pageHeader struct {
	header       int // bytes of the header itself
	uncompressed int64
	compressed   int64
	levels       int64 // bytes before the compressed ones in a page of version 2
	values       int64
}

func readPageHeader(b []byte) (pageHeader, error) {
	var p pageHeader
	var err error
	p.header, err = walkThrift(b, func(parent, field int, value int64) {
		switch [2]int{parent, field} {
		case [2]int{0, 2}:
			p.uncompressed = value
		case [2]int{0, 3}:
			p.compressed = value
		case [2]int{5, 1}, [2]int{7, 1}, [2]int{8, 1}: // data page, dictionary page, data page version 2
			p.values = value
		case [2]int{8, 5}, [2]int{8, 6}:
			p.levels += value
		}
	})
	return p, err
}

// checkCompressed holds the size that a compressed page gives itself against its header.
func checkCompressed(codec format.CompressionCodec, data *io.SectionReader, page pageHeader) error {
	if page.levels < 0 || page.levels > page.compressed {
		return fmt.Errorf("%d bytes of levels in a page of %d", page.levels, page.compressed)
	}
	if page.levels == page.compressed {
		return nil
	}
	data = io.NewSectionReader(data, page.levels, page.compressed-page.levels)
	switch codec {
	case format.Uncompressed:
		return nil
	case format.Snappy:
		head, err := headOf(data, 0, binary.MaxVarintLen64)
		if err != nil {
			return err
		}
		if n, err := snappy.DecodedLen(head); err != nil || int64(n) > page.uncompressed {
			return fmt.Errorf("snappy data of %d bytes, header says %d", n, page.uncompressed)
		}
		return nil
	case format.Zstd:
		return checkZstd(data, page.uncompressed)
	}
	return fmt.Errorf("compression %v, want %v, %v or none", codec, &parquet.Zstd, &parquet.Snappy)
}

// checkZstd walks the frames of a page and their blocks (RFC 8878): the decoder unpacks them all. Frames that do not tell
// their size, as streaming writers make them, are as large as their blocks can be.
func checkZstd(data *io.SectionReader, uncompressed int64) error {
	var told, most int64
	for at := int64(0); at < data.Size(); {
		head, err := headOf(data, at, zstd.HeaderMaxSize)
		if err != nil {
			return err
		}
		var frame zstd.Header
		if err := frame.Decode(head); err != nil {
			return fmt.Errorf("zstd: %w", err)
		}
		at += int64(frame.HeaderSize)
		if frame.Skippable {
			at += int64(frame.SkippableSize)
			continue
		}
		block := int64(maxZstdBlock)
		if !frame.SingleSegment {
			block = int64(min(frame.WindowSize, maxZstdBlock))
		}
		size, end, err := walkZstdBlocks(data, at, block)
		if err != nil {
			return err
		}
		if at = end; frame.HasCheckSum {
			at += 4
		}
		if frame.HasFCS {
			told += int64(min(frame.FrameContentSize, maxPageBytes+1))
		} else {
			most += size
		}
		if told > uncompressed || told+most > maxPageBytes+maxZstdBlock {
			return fmt.Errorf("zstd data of %d bytes and up to %d more, header says %d", told, most, uncompressed)
		}
	}
	return nil
}

// maxZstdBlock is what a block unpacks to at most.
const maxZstdBlock = 128 << 10

// walkZstdBlocks returns how much the blocks of a frame, of which each has at most so many bytes, unpack to at most, and where
// they end.
func walkZstdBlocks(data *io.SectionReader, at, largest int64) (most, end int64, err error) {
	for last := false; !last; {
		head, err := headOf(data, at, 3)
		if err != nil {
			return 0, 0, err
		}
		if len(head) < 3 {
			return 0, 0, fmt.Errorf("zstd: %w", io.ErrUnexpectedEOF)
		}
		block := int64(head[0]) | int64(head[1])<<8 | int64(head[2])<<16
		size := block >> 3
		last = block&1 != 0
		at += 3
		switch block >> 1 & 3 {
		case 0: // as it is
			most += size
			at += size
		case 1: // one byte, repeated
			most += size
			at++
		default:
			most += largest
			at += size
		}
	}
	return most, at, nil
}

// headOf returns up to n bytes from at on, fewer at the end.
func headOf(data *io.SectionReader, at int64, n int) ([]byte, error) {
	head := make([]byte, n)
	read, err := data.ReadAt(head, at)
	if err == io.EOF {
		err = nil
	}
	return head[:read], err
}

// walkThrift walks one structure at the beginning of b and returns its length. visit, if not nil, gets every integer in
// it and in the structures directly below: the parent's field number, 0 for the structure itself, and the field's own.
func walkThrift(b []byte, visit func(parent, field int, value int64)) (length int, err error) {
	t := thriftWalker{rest: b, visit: visit}
	if err := t.structure(0, 1); err != nil {
		return 0, err
	}
	return len(b) - len(t.rest), nil
}

type thriftWalker struct {
	rest  []byte
	visit func(parent, field int, value int64)
}

var errThrift = errors.New("no structure of Thrift's compact protocol")

// Types of the compact protocol.
const (
	thriftStop = iota
	thriftTrue
	thriftFalse
	thriftByte
	thriftI16
	thriftI32
	thriftI64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
	thriftUUID
)

func (t *thriftWalker) take(n int64) ([]byte, error) {
	if n < 0 || n > int64(len(t.rest)) {
		return nil, errThrift
	}
	taken := t.rest[:n]
	t.rest = t.rest[n:]
	return taken, nil
}

func (t *thriftWalker) unsigned() (int64, error) {
	value, n := binary.Uvarint(t.rest)
	if n <= 0 {
		return 0, errThrift
	}
	t.rest = t.rest[n:]
	return int64(value), nil
}

func (t *thriftWalker) signed() (int64, error) {
	value, n := binary.Varint(t.rest) // zigzag
	if n <= 0 {
		return 0, errThrift
	}
	t.rest = t.rest[n:]
	return value, nil
}

func (t *thriftWalker) structure(parent, depth int) error {
	if depth > maxThriftNested {
		return errThrift
	}
	for field := 0; ; {
		head, err := t.take(1)
		if err != nil {
			return err
		}
		kind := head[0] & 15
		if kind == thriftStop {
			return nil
		}
		if delta := int(head[0] >> 4); delta > 0 {
			field += delta
		} else if number, err := t.signed(); err == nil {
			field = int(number)
		} else {
			return err
		}
		if err := t.value(kind, parent, field, depth); err != nil {
			return err
		}
	}
}

func (t *thriftWalker) value(kind byte, parent, field, depth int) error {
	switch kind {
	case thriftTrue, thriftFalse: // the type is the value
		return nil
	case thriftByte:
		_, err := t.take(1)
		return err
	case thriftI16, thriftI32, thriftI64:
		value, err := t.signed()
		if t.visit != nil && depth <= 2 {
			t.visit(parent, field, value)
		}
		return err
	case thriftDouble:
		_, err := t.take(8)
		return err
	case thriftBinary:
		n, err := t.unsigned()
		if err == nil {
			_, err = t.take(n)
		}
		return err
	case thriftList, thriftSet:
		return t.list(depth)
	case thriftMap:
		return t.pairs(depth)
	case thriftStruct:
		return t.structure(field, depth+1)
	case thriftUUID:
		_, err := t.take(16)
		return err
	}
	return errThrift
}

// list walks a list or set: size and type of the elements in one byte, or the size in a number of its own.
func (t *thriftWalker) list(depth int) error {
	head, err := t.take(1)
	if err != nil {
		return err
	}
	size := int64(head[0] >> 4)
	if size == 15 {
		if size, err = t.unsigned(); err != nil {
			return err
		}
	}
	return t.elements(size, depth, head[0]&15)
}

// pairs walks a map: its size and, unless that is 0, the types of keys and values in one byte.
func (t *thriftWalker) pairs(depth int) error {
	size, err := t.unsigned()
	if err != nil || size == 0 {
		return err
	}
	kinds, err := t.take(1)
	if err != nil {
		return err
	}
	return t.elements(size, depth, kinds[0]>>4, kinds[0]&15)
}

// elements walks size groups of elements of these types. A true or false takes a byte here.
func (t *thriftWalker) elements(size int64, depth int, kinds ...byte) error {
	if size < 0 || size > min(int64(len(t.rest)), maxThriftList) {
		return errThrift
	}
	for range size {
		for _, kind := range kinds {
			if kind == thriftTrue || kind == thriftFalse {
				kind = thriftByte
			}
			if err := t.value(kind, -1, -1, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
