package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// ingest runs Ingest into a new folder with the test networks.
func ingest(t testing.TB, o IngestOptions) (dir string, m Manifest, err error) {
	t.Helper()
	o.Output = filepath.Join(t.TempDir(), "flows")
	if o.Internal == nil {
		o.Internal = internal
	}
	m, read, err := Ingest(context.Background(), o)
	m.Ingest = read // of a failed one too
	if left := names(t, filepath.Dir(o.Output)); err != nil && len(left) > 0 {
		t.Errorf("Ingest failed and left %q", left)
	}
	return o.Output, m, err
}

const malformed = "../testdata/malformed/"

// Each of these files has a good line, one bad line, its third, and a good line.
func TestIngestRefusesLines(t *testing.T) {
	tests := map[string]struct {
		reason Reason
		column string
		value  string
	}{
		"columns-12":              {badColumns, "", "2016-04-11 00:06:22,0.0,176.116.195.149,42.219.152.127,5185,5074,UDP,.A....,0,40..."},
		"columns-14":              {badColumns, "", "2016-04-11 00:06:22,0.0,176.116.195.149,42.219.152.127,5185,5074,UDP,.A....,0,40..."},
		"time-text":               {badTime, "te", "yesterday"},
		"time-no-leap-day":        {badTime, "te", "2015-02-29 00:00:00"},
		"time-none":               {badTime, "te", "0000-00-00 00:00:00"},
		"time-starts-before-1970": {badTime, "te", "1970-01-01 00:00:01"},
		"duration-negative":       {badDuration, "td", "-1.0"},
		"duration-nan":            {badDuration, "td", "nan"},
		"duration-inf":            {badDuration, "td", "inf"},
		"duration-1e300":          {badDuration, "td", "1e300"},
		"address-text":            {badAddress, "sa", "example.org"},
		"address-256":             {badAddress, "da", "42.219.152.256"},
		"address-zone":            {badAddress, "sa", "fe80::1%eth0"},
		"port-70000":              {badPort, "dp", "70000"},
		"port-negative":           {badPort, "sp", "-1"},
		"port-fraction":           {badPort, "sp", "80.5"},
		"protocol-unknown":        {badProtocol, "pr", "TCPX"},
		"protocol-256":            {badProtocol, "pr", "256"},
		"flags-text":              {badFlags, "flg", "SYN"},
		"forwarding-text":         {badForwarding, "fwd", "x"},
		"tos-256":                 {badToS, "stos", "256"},
		"packets-0":               {badPackets, "pkt", "0"},
		"packets-text":            {badPackets, "pkt", "many"},
		"bytes-negative":          {badBytes, "byt", "-441"},
		"bytes-1e300":             {badBytes, "byt", "1e300"},
		"bytes-too-few":           {tooFewBytes, "byt", "59"},
		"bytes-too-many":          {tooManyBytes, "byt", "65536"},
		"label-quotes":            {badLabel, "lable", `"background"`},
		"label-latin1":            {badLabel, "lable", "ca\xf1a"},
		"nul":                     {badBytes, "byt", "4\x001"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			file := malformed + name + ".csv"
			_, m, err := ingest(t, IngestOptions{Inputs: []string{file}})
			if !errors.Is(err, ErrInput) {
				t.Fatalf("without leave for bad lines: %v, want ErrInput", err)
			}
			want := BadLine{File: file, Line: 3, Column: tc.column, Value: tc.value, Reason: tc.reason}
			want.place = place(0, 3)
			if !strings.Contains(err.Error(), "line 3") || !slices.Equal(m.Ingest.BadLines, []BadLine{want}) {
				t.Errorf("%v\n got %v\nwant %v", err, m.Ingest.BadLines, want)
			}
			_, m, err = ingest(t, IngestOptions{Inputs: []string{file}, MaxBad: BadLimit{Lines: 1}})
			if err != nil {
				t.Fatalf("with leave for one bad line: %v", err)
			}
			if s := m.Ingest; s.Flows != 2 || s.Kept != 2 || s.Bad != 1 || s.BadByReason[tc.reason] != 1 || m.Rows != 2 {
				t.Errorf("summary %+v, want 2 flows and 1 line refused", s)
			}
		})
	}
}

func TestIngestAcceptsVariants(t *testing.T) {
	tests := map[string]struct{ flows, other int64 }{
		"crlf":               {2, 1},
		"bom":                {2, 1},
		"no-header":          {2, 0},
		"no-last-line-feed":  {2, 1},
		"blank-lines":        {2, 6},
		"header-again":       {2, 2},
		"label-spelt-right":  {2, 1},
		"ipv6":               {2, 1},
		"numbers-and-blanks": {2, 1},
		"backwards":          {2, 1},
		"duplicate":          {2, 1}, // real captures have exact repetitions: both are kept
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir, m, err := ingest(t, IngestOptions{Inputs: []string{malformed + "ok-" + name + ".csv"}})
			if err != nil {
				t.Fatal(err)
			}
			s := m.Ingest
			if s.Flows != tc.flows || s.Kept != tc.flows || s.OtherLines != tc.other || s.Lines != tc.flows+tc.other {
				t.Errorf("summary %+v, want %d flows and %d other lines", s, tc.flows, tc.other)
			}
			flows := readAll(t, dir)
			if int64(len(flows)) != m.Rows || !slices.IsSortedFunc(flows, func(a, b Flow) int { return int(a.End - b.End) }) && name != "ipv6" {
				t.Errorf("rows %v", flows)
			}
		})
	}
	t.Run("ipv6 addresses", func(t *testing.T) {
		dir, m, err := ingest(t, IngestOptions{Inputs: []string{malformed + "ok-ipv6.csv"}})
		if err != nil {
			t.Fatal(err)
		}
		if m.Ingest.BothInternal != 2 || m.Rows != 4 || m.Hosts != 3 {
			t.Errorf("manifest %+v, want 4 rows of 3 hosts", m)
		}
		for _, f := range readAll(t, dir) {
			if f.SrcAddr.Is4In6() || f.DstAddr.Is4In6() {
				t.Errorf("IPv4 inside IPv6 left in %+v", f)
			}
		}
	})
	t.Run("numbers and blanks", func(t *testing.T) {
		dir, _, err := ingest(t, IngestOptions{Inputs: []string{malformed + "ok-numbers-and-blanks.csv"}})
		if err != nil {
			t.Fatal(err)
		}
		flows := readAll(t, dir)
		if f := flows[0]; f.Proto != 17 || f.TCPFlags != 0xc2 || f.Duration() != 5*time.Second {
			t.Errorf("first flow %+v", f)
		}
		if f := flows[1]; f.Proto != 6 || f.TCPFlags != 0b10100011 || f.Duration() != 128*time.Millisecond {
			t.Errorf("second flow %+v", f)
		}
	})
}

func TestIngestRefusesFiles(t *testing.T) {
	content, err := os.ReadFile(malformed + "ok-crlf.csv")
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copied.csv")
	write(t, copied, string(content))
	tests := map[string]struct {
		inputs  []string
		want    error
		message string // a part of it
	}{
		"no files":             {nil, ErrMissing, "no files"},
		"missing":              {[]string{"no-such-file.csv"}, ErrMissing, "no-such-file.csv"},
		"empty":                {[]string{malformed + "empty.csv"}, ErrInput, "no flows in 1 files"},
		"header only":          {[]string{malformed + "header-only.csv"}, ErrInput, "no flows in 1 files, 1 lines"},
		"text":                 {[]string{malformed + "not-a-capture.txt"}, ErrInput, `not-a-capture.txt: bad input: no capture: the first line is "Dear reader,"`},
		"columns of another":   {[]string{malformed + "other-columns.csv"}, ErrInput, "no capture: the first line is"},
		"outside all networks": {[]string{malformed + "external.csv"}, ErrInput, "176.116.195.149 to 8.8.8.8 in line 2"},
		"gzip cut in half":     {[]string{malformed + "half.csv.gz"}, ErrInput, "half.csv.gz: bad input: the compressed stream ends early"},
		"gzip checksum":        {[]string{malformed + "checksum.csv.gz"}, ErrInput, "checksum.csv.gz: bad input: broken after 61 lines"},
		"gzip magic only":      {[]string{malformed + "magic-only.csv.gz"}, ErrInput, "magic-only.csv.gz"},
		"zstd magic only":      {[]string{malformed + "magic-only.csv.zst"}, ErrInput, "magic-only.csv.zst"},
		"a folder of others":   {[]string{"../testdata/malformed"}, ErrInput, "malformed"},
		"twice the same":       {[]string{malformed + "ok-crlf.csv", "../testdata/./malformed/ok-crlf.csv"}, ErrInput, "the same file as"},
		"twice the content":    {[]string{malformed + "ok-crlf.csv", copied}, ErrInput, copied + ": bad input: the same content as " + malformed + "ok-crlf.csv"},
		"twice standard input": {[]string{"-", "-"}, ErrInput, "named twice"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, err := ingest(t, IngestOptions{Inputs: tc.inputs, Stdin: strings.NewReader("")})
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("Ingest: %v, want %v with %q", err, tc.want, tc.message)
			}
		})
	}
}

func TestIngestReadsFoldersAndStandardInput(t *testing.T) {
	plain := ugr16Header + "\n" + ugr16Line + "\n"
	var gz, zst, xzed bytes.Buffer
	g := gzip.NewWriter(&gz)
	io.WriteString(g, plain)
	g.Close()
	x, err := xz.NewWriter(&xzed)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(x, plain)
	x.Close()
	z, err := zstd.NewWriter(&zst)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(z, plain)
	z.Close()

	dir := t.TempDir()
	write(t, dir+"/b/plain.txt", plain)
	write(t, dir+"/a/zipped", gz.String()) // found by content, not by name
	write(t, dir+"/c.zstd", zst.String())
	write(t, dir+"/d.csv", xzed.String())
	write(t, dir+"/_SUCCESS", "not data")
	stdin := gz.String()[:9] + "\x03" + gz.String()[10:] // another operating system in gzip's header: not the same capture
	write(t, dir+"/.hidden/x", "not data")
	_, m, err := ingest(t, IngestOptions{Inputs: []string{dir, StandardInput}, Stdin: strings.NewReader(stdin)})
	if err != nil {
		t.Fatal(err)
	}
	if m.Ingest.Inputs != 5 || m.Ingest.Flows != 5 || m.Rows != 5 {
		t.Errorf("summary %+v, want 5 flows of 5 inputs", m.Ingest)
	}

	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if _, m, err = ingest(t, IngestOptions{Inputs: []string{link}}); err != nil || m.Ingest.Inputs != 4 {
		t.Errorf("a link to the folder: %v, summary %+v, want 4 inputs", err, m.Ingest)
	}

	empty := t.TempDir()
	if _, _, err := ingest(t, IngestOptions{Inputs: []string{empty}}); !errors.Is(err, ErrMissing) {
		t.Errorf("an empty folder: %v, want ErrMissing", err)
	}
	if err := os.Symlink("/dev/null", empty+"/device"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ingest(t, IngestOptions{Inputs: []string{empty}}); !errors.Is(err, ErrInput) {
		t.Errorf("a folder with a device: %v, want ErrInput", err)
	}
}

func TestIngestCountsFlowsOfTwoHostsOnce(t *testing.T) {
	line := func(source, destination string) string {
		return fmt.Sprintf("2016-04-11 00:07:24,9.016,%s,%s,54941,23,TCP,....S.,0,72,3,180,background\n", source, destination)
	}
	text := line("42.219.0.1", "42.219.0.2") + line("42.219.0.1", "8.8.8.8") + line("8.8.8.8", "9.9.9.9") +
		line("8.8.8.8", "42.219.0.2") + line("42.219.0.3", "42.219.0.3")
	dir, m, err := ingest(t, IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
	s := m.Ingest
	if s.Flows != 5 || s.Kept != 4 || s.External != 1 || s.BothInternal != 1 || s.Protocols["TCP"] != 4 {
		t.Errorf("summary %+v, want 5 flows, 4 kept, 1 external, 1 of two hosts", s)
	}
	check := func(dir string) {
		t.Helper()
		rows := byHost(readAll(t, dir))
		for host, want := range map[string]int{"42.219.0.1": 2, "42.219.0.2": 2, "42.219.0.3": 1} {
			if got := len(rows[netip.MustParseAddr(host)]); got != want {
				t.Errorf("host %s: %d rows, want %d", host, got, want)
			}
		}
	}
	check(dir)

	// Capture formats have no column for the host: each flow is one line, of which ingest makes the same rows again.
	for _, format := range WriteFormats()[1:] {
		lines, m := build(t, readAll(t, dir), BuildOptions{Format: format, Internal: internal})
		if m.Rows != 4 {
			t.Errorf("as %s %d lines, want 4", format, m.Rows)
		}
		back, _, err := ingest(t, IngestOptions{Inputs: []string{lines}})
		if err != nil {
			t.Fatal(err)
		}
		check(back)
	}
}

func TestIngestReadsTheZone(t *testing.T) {
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	_, m, err := ingest(t, IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(ugr16Line), Zone: madrid})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := m.Last.Format(time.RFC3339), "2016-04-10T22:07:24Z"; got != want {
		t.Errorf("last end %s, want %s", got, want)
	}
}

func TestIngestSkipsLongLines(t *testing.T) {
	for name, length := range map[string]int{"in a block": 70_000, "longer than a block": 3 << 20} {
		t.Run(name, func(t *testing.T) {
			text := ugr16Line + "\n" + strings.Repeat("x", length) + "\n" + ugr16Line + "\n" + strings.Repeat("y", length)
			dir, m, err := ingest(t, IngestOptions{
				Inputs: []string{"-"}, Stdin: strings.NewReader(text), MaxBad: BadLimit{Lines: 2},
			})
			if err != nil {
				t.Fatal(err)
			}
			if s := m.Ingest; s.Flows != 2 || s.BadByReason[tooLong] != 2 || s.BadLines[0].Line != 2 || s.BadLines[1].Line != 4 {
				t.Errorf("summary %+v, want lines 2 and 4 too long", s)
			}
			if rows := readAll(t, dir); len(rows) != 2 {
				t.Errorf("%d rows, want 2", len(rows))
			}
		})
	}
	t.Run("a decompression bomb", func(t *testing.T) {
		var bomb bytes.Buffer
		z := gzip.NewWriter(&bomb)
		io.WriteString(z, ugr16Line+"\n")
		zeros := make([]byte, 1<<20)
		for range 64 {
			z.Write(zeros)
		}
		z.Close()
		_, _, err := ingest(t, IngestOptions{Inputs: []string{"-"}, Stdin: &bomb, MaxBad: BadLimit{Share: 1}})
		if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "line 2 is longer than 16 MiB") {
			t.Errorf("Ingest: %v, want line 2 refused", err)
		}
	})
}

func TestIngestQuotesTheFirstBadLines(t *testing.T) {
	var text strings.Builder
	for range 30_000 {
		text.WriteString(ugr16Line + "\n" + strings.Replace(ugr16Line, "TCP", "TCPX", 1) + "\n")
	}
	_, m, err := ingest(t, IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(text.String()), MaxBad: BadLimit{Share: 0.6}})
	if err != nil {
		t.Fatal(err)
	}
	s := m.Ingest
	if s.Bad != 30_000 || len(s.BadLines) != maxBadLines {
		t.Fatalf("%d lines refused and %d quoted, want 30000 and %d", s.Bad, len(s.BadLines), maxBadLines)
	}
	for i, line := range s.BadLines {
		if line.Line != int64(2*i+2) {
			t.Errorf("quoted line %d, want %d", line.Line, 2*i+2)
		}
	}
	_, m, err = ingest(t, IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(text.String()), MaxBad: BadLimit{Share: 0.4}})
	if !errors.Is(err, ErrInput) || m.Ingest.Bad != 30_000 {
		t.Errorf("Ingest: %v, want 60000 lines read and refused", err)
	}
}

func TestBadLimit(t *testing.T) {
	for text, want := range map[string]BadLimit{
		"0": {}, "100": {Lines: 100}, "0.1%": {Share: 0.001}, "0%": {}, "100%": {Share: 1},
	} {
		got, err := ParseBadLimit(text)
		if err != nil || got != want {
			t.Errorf("ParseBadLimit(%q) = %+v, %v, want %+v", text, got, err, want)
		}
		again, err := ParseBadLimit(got.String())
		if err != nil || again != got {
			t.Errorf("ParseBadLimit(%q) = %+v, %v, want %+v", got, again, err, got)
		}
	}
	for _, text := range []string{"", "-1", "%", "-1%", "101%", "NaN%", "1.5", "few"} {
		if got, err := ParseBadLimit(text); err == nil {
			t.Errorf("ParseBadLimit(%q) = %+v, want an error", text, got)
		}
	}
}

// The folder depends neither on how many goroutines read nor on how the work fell to them.
func TestIngestOfRealFlows(t *testing.T) {
	o := IngestOptions{Inputs: []string{"../testdata/flows"}, Tool: "test"}
	o.Build.Threads = 1
	first, m, err := ingest(t, o)
	if err != nil {
		t.Fatal(err)
	}
	if s := m.Ingest; s.Flows != 63_344 || s.Kept != s.Flows || s.Bad != 0 || s.Inputs != 8 || s.Protocols["TCP"]+s.Protocols["UDP"] < 60_000 {
		t.Errorf("summary %+v", s)
	}
	if m.Rows != m.Ingest.Kept+m.Ingest.BothInternal {
		t.Errorf("%d rows, want one a flow and two for %d flows of two hosts", m.Rows, m.Ingest.BothInternal)
	}
	want := tree(t, first)
	for _, threads := range []int{2, 7} {
		o.Build.Threads = threads
		o.Build.MemoryBytes = 1 << 20
		dir, _, err := ingest(t, o)
		if err != nil {
			t.Fatal(err)
		}
		got := tree(t, dir)
		if len(got) != len(want) {
			t.Errorf("%d threads: %d files, want %d", threads, len(got), len(want))
		}
		for path := range want {
			if got[path] != want[path] {
				t.Errorf("%d threads: %s differs", threads, path)
			}
		}
	}
	rows := 0
	for _, flows := range byHost(readAll(t, first)) {
		rows += len(flows)
	}
	if int64(rows) != m.Rows {
		t.Errorf("%d rows read, want %d", rows, m.Rows)
	}
}

func TestIngestStopsWhenCancelled(t *testing.T) {
	why := errors.New("a reason")
	ctx, cancel := context.WithCancelCause(context.Background())
	parent := t.TempDir()
	// Standard input that never ends, and stays silent after its first flows.
	in, out := io.Pipe()
	defer out.Close()
	go io.WriteString(out, strings.Repeat(ugr16Line+"\n", 10_000))
	o := IngestOptions{Inputs: []string{"-"}, Stdin: in, Output: parent + "/flows", Internal: internal}
	o.Progress = func(_, total, lines int64) {
		if total != -1 {
			t.Errorf("total %d, want -1 for standard input", total)
		}
		cancel(why)
	}
	if _, _, err := Ingest(ctx, o); !errors.Is(err, why) {
		t.Errorf("Ingest: %v, want the cause", err)
	}
	if left := names(t, parent); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}

func TestPrefixSet(t *testing.T) {
	few := []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("192.0.2.7/32"),
		netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("10.1.2.0/24"), netip.MustParsePrefix("11.0.0.0/8"),
	}
	many := slices.Clone(few)
	for i := range 20 {
		many = append(many, netip.PrefixFrom(netip.AddrFrom4([4]byte{172, 16, byte(2 * i), 0}), 24))
	}
	for want, networks := range map[int][]netip.Prefix{4: few, 24: many} {
		set := newPrefixSet(networks)
		if len(set) != want {
			t.Errorf("set %v, want %d networks", set, want)
		}
		for text, inside := range map[string]bool{
			"10.0.0.0": true, "10.255.255.255": true, "11.1.2.3": true, "9.255.255.255": false, "12.0.0.0": false,
			"192.0.2.7": true, "192.0.2.6": false, "192.0.2.8": false, "2001:db8::1": true, "2001:db9::": false, "::1": false,
			"172.16.1.1": false, "0.0.0.0": false,
		} {
			if got := set.contains(netip.MustParseAddr(text)); got != inside {
				t.Errorf("of %d networks, contains(%s) = %v, want %v", want, text, got, inside)
			}
		}
	}
	if set := newPrefixSet(many); !set.contains(netip.MustParseAddr("172.16.38.255")) {
		t.Errorf("%v does not contain 172.16.38.255", set)
	}
}

// untilOver gives the first part of its text at once, and the rest when the run that reads it has been cancelled and is over.
type untilOver struct {
	first, rest io.Reader
	cancel      func()
	over        chan struct{}
}

func (r *untilOver) Read(b []byte) (int, error) {
	if n, err := r.first.Read(b); err == nil {
		return n, nil
	}
	r.cancel()
	<-r.over
	return r.rest.Read(b)
}

// A run does not wait for its readers when it is cancelled; what they read afterwards is neither counted nor handed over.
func TestReaderOutlivesACancelledRun(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	stdin := &untilOver{
		first:  strings.NewReader(ugr16Line + "\n" + strings.Repeat("x", blockBytes-len(ugr16Line)-1)),
		rest:   strings.NewReader(strings.Repeat("x", blockBytes)), // a line that is too long
		cancel: cancel, over: make(chan struct{}),
	}
	over := false
	g, err := newIngester(IngestOptions{Inputs: []string{"-"}, Stdin: stdin, MaxBad: BadLimit{Share: 1}, Progress: func(_, _, _ int64) {
		if over {
			t.Error("Progress was called after the run")
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	g.threads = 1
	g.take = func(b block, rows []Flow) error {
		if over {
			t.Errorf("%d rows of line %d after the run", len(rows), b.firstLine)
		}
		return nil
	}
	if err := g.run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("run: %v, want that it was cancelled", err)
	}
	over = true
	before := g.summary()
	close(stdin.over)
	for range g.blocks { // until the reader has ended
	}
	if after := g.summary(); after.Lines != before.Lines || after.Bad != before.Bad {
		t.Errorf("%d lines, %d bad after the run, want %d, %d as at its end", after.Lines, after.Bad, before.Lines, before.Bad)
	}
}

func BenchmarkIngest(b *testing.B) {
	rows := int64(0)
	parent := b.TempDir()
	for b.Loop() {
		o := IngestOptions{Inputs: []string{"../testdata/flows"}, Output: parent + "/flows", Internal: internal}
		o.Build.Force = true
		m, _, err := Ingest(context.Background(), o)
		if err != nil {
			b.Fatal(err)
		}
		rows += m.Rows
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
