package dataset

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
)

// notation is one way to write flows down. A capture's format is found by its content, never by its name.
type notation struct {
	name      string // as --format and --to take it
	title     string // as messages call it
	extension string // of files

	// detect returns how to read a file, given one of its first lines, or nil if the line is no sign of this format. An
	// error says why a file that is of this format cannot be read. It is nil where the format is not one of lines.
	detect func(line []byte) (*layout, error)

	// magic reports whether a file that begins so is of this format, and read gives all its flows to the ingester. Both are
	// nil where the format is one of lines.
	magic func(head []byte) bool
	read  func(g *ingester, ctx context.Context, in *input, index int) error

	// lacks names what a format that is written has no place for, "" where nothing is lost but precision.
	lacks string

	// newWriter returns a writer of this format, or is nil where it is only read.
	newWriter func(out io.Writer) flowWriter
}

// Names of formats that others ask for by name.
const (
	FormatParquet = "parquet"
	FormatUGR16   = "ugr16"
	FormatIPFIX   = "ipfix"
)

// formats are tried in this order; UGR'16, which may lack a header, comes last.
var formats = []*notation{
	parquetFormat, pcapFormat, netflowFormat, zeekTSVFormat, zeekJSONFormat, ecsFormat, ciddsFormat, argusFormat, nfv3Format,
	nfdumpFormat, nfdump16Format, ipfixFormat, ugr16Format,
}

// ReadFormats returns the names of the capture formats that Ingest reads.
func ReadFormats() []string {
	return formatNames(func(f *notation) bool { return f.readable() || readAs[f.name] != "" })
}

func (f *notation) readable() bool { return f.detect != nil || f.read != nil }

// WriteFormats returns the names of the formats that can be written, FormatParquet first.
func WriteFormats() []string {
	return append([]string{FormatParquet}, formatNames(func(f *notation) bool { return f.newWriter != nil })...)
}

func formatNames(has func(*notation) bool) []string {
	var names []string
	for _, f := range formats {
		if has(f) {
			names = append(names, f.name)
		}
	}
	return names
}

// LostIn names what flows lose that are written in a format, "" for nothing but precision.
func LostIn(format string) string {
	if f := findFormat(format); f != nil {
		return f.lacks
	}
	return ""
}

// findFormat returns the format of that name, or nil.
func findFormat(name string) *notation {
	for _, f := range formats {
		if f.name == name {
			return f
		}
	}
	return nil
}

// detectLayout finds out from the first lines of a file how to read it. It returns nil if all of them are blank.
func detectLayout(text []byte, among []*notation) (*layout, error) {
	var first []byte
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		if len(bytes.TrimSpace(line)) == 0 || len(line) > maxLineBytes {
			continue
		}
		if first == nil {
			first = line
		}
		for _, f := range among {
			if f.detect == nil {
				continue
			}
			if l, err := f.detect(line); err != nil {
				return nil, fmt.Errorf("%s, but %w", f.title, err)
			} else if l != nil {
				return l, nil
			}
		}
	}
	if first == nil {
		return nil, nil
	}
	names := make([]string, len(among))
	for i, f := range among {
		names[i] = f.name
	}
	return nil, fmt.Errorf("no capture: the first line is %.80q, want a format among %s", first, strings.Join(names, ", "))
}

// readAs names the formats that read what others write.
var readAs = map[string]string{FormatIPFIX: "netflow", "nfdump-1.6": "nfdump"}

// readable returns the formats of captures with that name, all for "" and "auto".
func readable(name string) ([]*notation, error) {
	var among []*notation
	if as, written := readAs[name]; written {
		name = as
	}
	for _, f := range formats {
		if f.readable() && (name == "" || name == "auto" || name == f.name) {
			among = append(among, f)
		}
	}
	if among == nil {
		return nil, fmt.Errorf("dataset: %w: input format %q, want auto or one of %s",
			ErrInput, name, strings.Join(ReadFormats(), ", "))
	}
	return among, nil
}
