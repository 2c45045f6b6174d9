package dataset

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"stan/dataset/damage"
)

// wholeCaptures are files of every format that is read, by the name of the format.
func wholeCaptures(t *testing.T) map[string][][]byte {
	t.Helper()
	file := func(name string) []byte {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	all := map[string][][]byte{
		"pcap":          {file(samples + "packets.pcap")},
		"netflow":       {file(samples + "softflowd-netflow5.bin"), file(samples + "softflowd-netflow9.bin")},
		"ipfix":         {file(samples + "softflowd-ipfix.bin")},
		"nfdump sample": {file(samples + "nfdump-1.7.1.csv")},
	}
	for _, format := range []*notation{
		ugr16Format, nfdumpFormat, zeekTSVFormat, zeekJSONFormat, ciddsFormat, argusFormat, nfv3Format, ecsFormat,
	} {
		for _, text := range seeds(format) {
			all[format.name] = append(all[format.name], []byte(text))
		}
	}
	var table bytes.Buffer
	w := newParquetWriter(&table, "test", nil)
	if err := errors.Join(w.Write(randomFlows(4, 50)), w.Close()); err != nil {
		t.Fatal(err)
	}
	all[FormatParquet] = [][]byte{table.Bytes()}
	plain := []byte(written(t, FormatUGR16, randomFlows(4, 50)))
	all["gzip"] = [][]byte{squeezed(t, plain, func(w *bytes.Buffer) (closer, error) { return gzip.NewWriter(w), nil })}
	all["zstd"] = [][]byte{squeezed(t, plain, func(w *bytes.Buffer) (closer, error) { return zstd.NewWriter(w) })}
	all["xz"] = [][]byte{squeezed(t, plain, func(w *bytes.Buffer) (closer, error) { return xz.NewWriter(w) })}
	return all
}

type closer interface {
	Write([]byte) (int, error)
	Close() error
}

func squeezed(t *testing.T, plain []byte, compressor func(*bytes.Buffer) (closer, error)) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := compressor(&out)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write(plain)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What is read of a damaged capture can be written, and reads the same again.
func TestDamagedCaptures(t *testing.T) {
	for name, files := range wholeCaptures(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "capture") // Parquet is not read from a stream
			damage.Each(t, files, func(t *testing.T, content []byte) bool {
				write(t, path, string(content))
				flows, s, err := readFlows(IngestOptions{Inputs: []string{path}, MaxBad: BadLimit{Share: 1}})
				if err != nil {
					if !errors.Is(err, ErrInput) {
						t.Errorf("%v, want %v", err, ErrInput)
					}
					return false
				}
				if s.Lines != s.Records+s.NotIP+s.Bad+s.OtherLines {
					t.Errorf("counts do not add up: %+v", s)
				}
				var again bytes.Buffer
				w := newParquetWriter(&again, "test", nil)
				if err := errors.Join(w.Write(flows), w.Close()); err != nil {
					t.Error(err)
					return false
				}
				second, err := decodeParquet(again.Bytes())
				if err != nil || !slices.Equal(second, flows) {
					t.Errorf("%d flows, written and read again with error %v: %d", len(flows), err, len(second))
				}
				return true
			})
		})
	}
}

func decodeParquet(content []byte) ([]Flow, error) {
	var all []Flow
	err := newParquetReader().read(bytes.NewReader(content), int64(len(content)), func(flows []Flow) error {
		all = append(all, flows...)
		return nil
	})
	return all, err
}

// A data file whose digest was made to fit is refused, or holds rows in order, as many as the manifest says.
func TestDamagedDataFiles(t *testing.T) {
	dir, m := build(t, oneFileFlows(3000), BuildOptions{Internal: internal, Buckets: 1})
	path := dataFile(t, dir)
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	damage.Each(t, [][]byte{original}, func(t *testing.T, content []byte) bool {
		write(t, path, string(content))
		write(t, filepath.Join(dir, manifestName), string(manifest)) // that of an empty copy could not be read to sign the next
		resign(t, dir)
		if err := firstError(dir); err != nil {
			if !errors.Is(err, ErrInput) {
				t.Errorf("%v, want %v", err, ErrInput)
			}
			return false
		}
		flows := readAll(t, dir)
		if int64(len(flows)) != m.Rows {
			t.Errorf("%d rows, manifest says %d", len(flows), m.Rows)
		}
		copied, _ := build(t, flows, BuildOptions{Internal: internal, Buckets: 1})
		if !slices.Equal(readAll(t, copied), flows) {
			t.Error("flows differ after writing and reading")
		}
		return true
	})
}

// A manifest that is read can be written, and reads the same again.
func TestDamagedManifests(t *testing.T) {
	dir, _ := build(t, oneFileFlows(10), BuildOptions{Internal: internal})
	path := filepath.Join(dir, manifestName)
	original, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tablePath := filepath.Join(writeTable(t, weather()), manifestName)
	ofTable, err := os.ReadFile(tablePath)
	if err != nil {
		t.Fatal(err)
	}
	damage.Each(t, [][]byte{original, ofTable}, func(t *testing.T, content []byte) bool {
		write(t, path, string(content))
		first, err := readManifest(dir)
		if err != nil {
			if !errors.Is(err, ErrInput) {
				t.Errorf("%v, want %v", err, ErrInput)
			}
			return false
		}
		if err := firstError(dir); err != nil && !errors.Is(err, ErrInput) {
			t.Errorf("%v, want %v", err, ErrInput)
		}
		text, err := first.encode()
		if err != nil {
			t.Errorf("cannot be written: %v", err)
			return false
		}
		write(t, path, string(text))
		if second, err := readManifest(dir); err != nil || !reflect.DeepEqual(second, first) {
			t.Errorf("written and read again with error %v:\n got %+v\nwant %+v", err, second, first)
		}
		return true
	})
}

// What is read of a damaged table can be written, and reads the same again.
func TestDamagedTables(t *testing.T) {
	text := "station,ts,temperature,wind,sky\nÅre,5,-1.5,0,\"rain, or snow\"\nÅre,1970-01-01,2,3,x\n\"Fa\"\"ro\",2016-04-11T00:00:01Z,1e3,1,\n"
	dir := t.TempDir()
	write(t, dir+"/schema.json", weatherSchema)
	in, err := ReadTableInput(dir + "/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	damage.Each(t, [][]byte{[]byte(text)}, func(t *testing.T, content []byte) bool {
		write(t, dir+"/in", string(content))
		out := dir + "/out"
		defer os.RemoveAll(out)
		m, err := IngestTable(context.Background(), TableIngestOptions{Inputs: []string{dir + "/in"}, Output: out, Input: in, MaxBad: BadLimit{Share: 1}})
		if err != nil {
			if !errors.Is(err, ErrInput) {
				t.Errorf("%v, want %v", err, ErrInput)
			}
			return false
		}
		first, err := readTable(out)
		if err != nil {
			t.Errorf("cannot be read: %v", err)
			return false
		}
		if second, err := readTable(writeTable(t, first)); err != nil || !reflect.DeepEqual(second, first) {
			t.Errorf("%d rows, written and read again with error %v", m.Rows, err)
		}
		return true
	})
}

// A description of a table, a mapping or a schema that is damaged is refused or used, and nothing else happens.
func TestDamagedDescriptions(t *testing.T) {
	dir := t.TempDir()
	damage.Each(t, [][]byte{[]byte(weatherSchema)}, func(t *testing.T, content []byte) bool {
		write(t, dir+"/schema.json", string(content))
		in, err := ReadTableInput(dir + "/schema.json")
		if err != nil {
			if !errors.Is(err, ErrInput) {
				t.Errorf("%v, want %v", err, ErrInput)
			}
			return false
		}
		write(t, dir+"/in", "station,ts,temperature,wind,sky\na,1,2,3,x\n")
		out := dir + "/out"
		defer os.RemoveAll(out)
		_, err = IngestTable(context.Background(), TableIngestOptions{Inputs: []string{dir + "/in"}, Output: out, Input: in})
		if err != nil && !errors.Is(err, ErrInput) {
			t.Errorf("%v, want %v", err, ErrInput)
		}
		return err == nil
	})
}
