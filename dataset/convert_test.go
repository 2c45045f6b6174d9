package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// From UGR'16 to each format and back: what comes out is what the poorer of the two keeps.
func TestConvertBetweenFormats(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "flows.csv")
	flows := randomFlows(21, 2_000)
	write(t, source, written(t, FormatUGR16, flows))
	for _, to := range WriteFormats() {
		t.Run(to, func(t *testing.T) {
			out, back := filepath.Join(dir, to), filepath.Join(dir, to+".ndjson")
			for _, step := range []ConvertOptions{
				{Read: IngestOptions{Inputs: []string{source}}, Output: out, To: to},
				{Read: IngestOptions{Inputs: []string{out}}, Output: back, To: "ecs-ndjson"},
			} {
				if s, err := Convert(context.Background(), step); err != nil || s.Flows != int64(len(flows)) {
					t.Fatalf("%s to %s: %+v, %v", step.Read.Inputs, step.To, s, err)
				}
			}
			content, err := os.ReadFile(back)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := parseText(t, string(content), BiflowSplit)
			for i, want := range flows {
				want.Host = want.SrcAddr
				kept[FormatUGR16](&want)
				if keep := kept[to]; keep != nil {
					keep(&want)
				}
				if got[i] != want {
					t.Fatalf("flow %d:\n got %+v\nwant %+v", i, got[i], want)
				}
			}
		})
	}
}

// A folder's Parquet is sorted and says so; that of convert keeps the order of its input and must not.
func TestConvertedParquetClaimsNoOrder(t *testing.T) {
	folder, _ := build(t, randomFlows(22, 100), BuildOptions{Internal: internal, Buckets: 1})
	out := filepath.Join(t.TempDir(), "flows.parquet")
	if _, err := Convert(context.Background(), ConvertOptions{
		Read: IngestOptions{Inputs: []string{folder}}, Output: out, To: FormatParquet,
	}); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{dataFile(t, folder): "[host end]", out: "[]"} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		f, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range f.Metadata().RowGroups {
			names := []string{}
			for _, column := range group.SortingColumns {
				names = append(names, f.Schema().Columns()[column.ColumnIdx][0])
			}
			if got := fmt.Sprint(names); got != want {
				t.Errorf("%s: sorted by %s, want %s", path, got, want)
			}
		}
	}
}

// A flow between two hosts is two rows of a folder, and one flow of a capture.
func TestConvertWritesEveryFlowOfAFolderOnce(t *testing.T) {
	line := func(source, destination string) string {
		return strings.Replace(strings.Replace(ugr16Line, "84.181.34.175", source, 1), "42.219.152.127", destination, 1) + "\n"
	}
	text := line("42.219.0.1", "42.219.0.2") + line("42.219.0.3", "42.219.0.3") + line("8.8.8.8", "42.219.0.2") + line("42.219.0.1", "8.8.8.8")
	folder, _, err := ingest(t, IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	_, err = Convert(context.Background(), ConvertOptions{
		Read: IngestOptions{Inputs: []string{folder}}, Output: StandardInput, Stdout: &out, To: FormatUGR16,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := strings.SplitAfter(strings.TrimPrefix(out.String(), ugr16Header+"\n"), "\n")
	want := strings.SplitAfter(text, "\n")
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestConvertLeavesNothingHalf(t *testing.T) {
	dir := t.TempDir()
	good, bad, out := filepath.Join(dir, "good"), filepath.Join(dir, "bad"), filepath.Join(dir, "out")
	write(t, good, ugr16Line+"\n")
	write(t, bad, ugr16Line+"\n"+strings.Repeat("x\n", 1000))
	convert := func(in string, force bool) error {
		_, err := Convert(context.Background(), ConvertOptions{
			Read: IngestOptions{Inputs: []string{in}}, Output: out, To: "zeek-tsv", Force: force,
		})
		return err
	}
	if err := convert(bad, false); !errors.Is(err, ErrInput) {
		t.Errorf("a bad capture: %v, want ErrInput", err)
	}
	if err := convert(good, false); err != nil {
		t.Fatal(err)
	}
	whole := tree(t, dir)
	if err := convert(good, false); !errors.Is(err, ErrExists) {
		t.Errorf("a file in the way: %v, want ErrExists", err)
	}
	if err := convert(bad, true); !errors.Is(err, ErrInput) {
		t.Errorf("a bad capture by force: %v, want ErrInput", err)
	}
	if got := tree(t, dir); len(got) != len(whole) || got["/out"] != whole["/out"] {
		t.Errorf("left %d files, want %d and the old one unchanged", len(got), len(whole))
	}
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(out, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := convert(good, true); !errors.Is(err, ErrExists) {
		t.Errorf("a folder in the way: %v, want ErrExists", err)
	}
}

func TestConvertCompressesNothing(t *testing.T) {
	out := filepath.Join(t.TempDir(), "flows.csv.gz")
	_, err := Convert(context.Background(), ConvertOptions{
		Read: IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(ugr16Line + "\n")}, Output: out, To: FormatUGR16})
	if !errors.Is(err, ErrInput) {
		t.Errorf("%v, want ErrInput: the file would be none of gzip", err)
	}
}

// A folder of flows has a row for each host of a flow, so that reading it as captures would double some.
func TestIngestOfAFolderOfFlows(t *testing.T) {
	dir, _ := build(t, randomFlows(1, 100), BuildOptions{})
	if _, _, err := readFlows(IngestOptions{Inputs: []string{dir}}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "stands twice") {
		t.Errorf("%v, want it refused", err)
	}
}

// What LostIn names is what a flow loses on its way through a format, and no more.
func TestLostIn(t *testing.T) {
	for _, name := range WriteFormats() {
		f := testFlow()
		f.Start, f.End = 1_700_000_000_000_000, 1_700_000_001_000_000
		f.Proto, f.TCPFlags, f.ToS, f.Label = protoTCP, flagSYN, 8, "scan"
		path := filepath.Join(t.TempDir(), "f")
		write(t, path, written(t, name, []Flow{f}))
		got, _, err := readFlows(IngestOptions{Inputs: []string{path}})
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %d flows, %v", name, len(got), err)
		}
		for what, lost := range map[string]bool{"TCP flags,": got[0].TCPFlags != f.TCPFlags, "ToS": got[0].ToS != f.ToS, "label": got[0].Label != f.Label} {
			if said := strings.Contains(LostIn(name), what); said != lost {
				t.Errorf("%s: lost %s: %v, and LostIn says %q", name, what, lost, LostIn(name))
			}
		}
	}
}

// What both directions count together must be a count, as --biflow sum writes it.
func TestSumsOfBothDirections(t *testing.T) {
	for _, n := range []uint64{maxCount / 2, maxCount/2 + 1} {
		b := biflow{Flow: Flow{Packets: maxCount / 40, Bytes: n}, reverse: counters{packets: maxCount / 40, bytes: n}}
		want := Reason("")
		if 2*n > maxCount {
			want = badBytes
		}
		if reason, _ := b.check(); reason != want {
			t.Errorf("%d bytes each way: %q, want %q", n, reason, want)
		}
	}
}

// Text is parsed beside its reader, and what is no text by its reader: the order is that of the input all the same.
func TestConvertKeepsTheOrderOfItsInputs(t *testing.T) {
	dir := t.TempDir()
	var inputs []string
	var want []Flow
	for i, format := range []string{FormatUGR16, FormatIPFIX, FormatUGR16, FormatParquet, FormatUGR16} {
		flows := randomFlows(uint64(i), 20_000)
		for j := range flows {
			flows[j].Host = flows[j].SrcAddr
			kept[FormatUGR16](&flows[j])
			kept[FormatIPFIX](&flows[j])
		}
		inputs = append(inputs, filepath.Join(dir, fmt.Sprint(i)))
		write(t, inputs[i], written(t, format, flows))
		want = append(want, flows...)
	}
	packets := samples + "packets.pcap"
	inputs = append(inputs, packets)
	last, _, err := readFlows(IngestOptions{Inputs: []string{packets}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range last {
		kept[FormatUGR16](&last[i])
	}
	out := filepath.Join(dir, "out")
	if _, err := Convert(context.Background(), ConvertOptions{Read: IngestOptions{Inputs: inputs}, Output: out, To: FormatUGR16}); err != nil {
		t.Fatal(err)
	}
	got, _, err := readFlows(IngestOptions{Inputs: []string{out}})
	if err != nil || !slices.Equal(got, append(want, last...)) {
		t.Errorf("%d flows, %v, want all %d in the order of the inputs", len(got), err, len(want)+len(last))
	}
}

// What a file says after its first header must be under the same columns.
func TestIngestRefusesASecondHeader(t *testing.T) {
	line := "2024-01-02 03:04:05.678,1.500,TCP,42.219.0.1,40000,198.51.100.7,443,10,1200,1\n"
	for name, header := range map[string]string{
		"another order":  "firstSeen,duration,proto,dstAddr,dstPort,srcAddr,srcPort,packets,bytes,flows\n",
		"another format": argusHeader,
	} {
		in := strings.NewReader(nfdumpHeader + line + header + line)
		_, _, err := ingest(t, IngestOptions{Inputs: []string{"-"}, Stdin: in, MaxBad: BadLimit{Share: 1}})
		if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "line 3") || !strings.Contains(err.Error(), "other columns") {
			t.Errorf("%s: %v, want line 3 named", name, err)
		}
	}
	_, m, err := ingest(t, IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(nfdumpHeader + line + nfdumpHeader + line)})
	if err != nil || m.Rows != 2 || m.Ingest.OtherLines != 2 {
		t.Errorf("the same header again: %d rows, %v", m.Rows, err)
	}
}

// Captures of one run may have different formats, and each record of both directions becomes what --biflow says.
func TestIngestOfSeveralFormats(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a", ugr16Line+"\n")
	write(t, dir+"/b", argusHeader+"2016/04/11 00:00:00.5,1.5,tcp,42.219.0.1,443,<->,8.8.8.8,51790,FPA_FRPA,0,2,10,1000,600,x\n")
	for mode, want := range map[Biflow][3]int64{ // flows, packets and bytes of 42.219.0.1
		"": {2, 10, 1000}, BiflowSplit: {2, 10, 1000}, BiflowForward: {1, 5, 600}, BiflowSum: {1, 10, 1000},
	} {
		out, m, err := ingest(t, IngestOptions{Inputs: []string{dir}, Biflow: mode})
		if err != nil {
			t.Fatal(err)
		}
		var got [3]int64
		for _, f := range readAll(t, out) {
			if f.Host.String() == "42.219.0.1" {
				got = [3]int64{got[0] + 1, got[1] + int64(f.Packets), got[2] + int64(f.Bytes)}
			}
		}
		if got != want || m.Ingest.Records != 2 || m.Ingest.Flows != want[0]+1 || m.Ingest.Biflow == "" {
			t.Errorf("%q: %d flows, packets and bytes, summary %+v, want %d", mode, got, m.Ingest, want)
		}
	}
	if _, _, err := ingest(t, IngestOptions{Inputs: []string{dir}, Format: FormatUGR16}); !errors.Is(err, ErrInput) {
		t.Errorf("one format demanded: %v, want ErrInput", err)
	}
}

func TestNFv2HasNoTimes(t *testing.T) {
	text := "IPV4_SRC_ADDR,L4_SRC_PORT,IPV4_DST_ADDR,L4_DST_PORT,PROTOCOL,L7_PROTO,IN_BYTES,IN_PKTS,OUT_BYTES,OUT_PKTS,Label,Attack\n"
	_, _, err := ingest(t, IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(text)})
	if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "NF-v3, but not two columns of start, end and duration") {
		t.Errorf("Ingest: %v, want that times are missing", err)
	}
}
