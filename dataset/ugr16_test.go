package dataset

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

const ugr16Line = "2016-04-11 00:07:24,9.016,84.181.34.175,42.219.152.127,54941,23,TCP,....S.,0,72,3,180,background"

func TestUGR16ParsesALine(t *testing.T) {
	var record biflow
	if reason, column := newRowParser(ugr16Layout, nil).parse([]byte(ugr16Line), &record); reason != "" {
		t.Fatalf("parse: %s in column %d", reason, column)
	}
	got := record.Flow
	end := time.Date(2016, 4, 11, 0, 7, 24, 0, time.UTC).UnixMicro()
	want := Flow{
		Start: end - 9_016_000, End: end, // te is the end
		SrcAddr: netip.MustParseAddr("84.181.34.175"), DstAddr: netip.MustParseAddr("42.219.152.127"),
		SrcPort: 54941, DstPort: 23, Proto: 6, TCPFlags: 2, ToS: 72, Packets: 3, Bytes: 180, Label: "background",
	}
	if got != want {
		t.Errorf("parse:\n got %+v\nwant %+v", got, want)
	}
}

func TestParseTime(t *testing.T) {
	tests := map[string]struct {
		want string // RFC 3339, "" for refused
	}{
		"2016-02-29 23:59:59":         {"2016-02-29T23:59:59Z"},
		"2000-02-29 00:00:00":         {"2000-02-29T00:00:00Z"},
		"1970-01-01 00:00:00":         {"1970-01-01T00:00:00Z"},
		"9999-12-31 23:59:59":         {"9999-12-31T23:59:59Z"},
		"2016-04-11 00:06:22.5":       {"2016-04-11T00:06:22.5Z"},
		"2016-04-11 00:06:22.123456":  {"2016-04-11T00:06:22.123456Z"},
		"2016-04-11 00:06:22.":        {},
		"2016-04-11 00:06:22,5":       {},
		"2016-04-11 00:06:22.1.2":     {},
		"2016-04-11 00:06:22.1234567": {},
		"2015-02-29 00:00:00":         {},
		"2100-02-29 00:00:00":         {},
		"2016-04-31 00:00:00":         {},
		"2016-00-01 00:00:00":         {},
		"2016-01-00 00:00:00":         {},
		"2016-13-01 00:00:00":         {},
		"2016-01-01 24:00:00":         {},
		"2016-01-01 00:60:00":         {},
		"2016-01-01 00:00:60":         {},
		"1969-12-31 23:59:59":         {},
		"2016-04-11T00:06:22":         {},
		"2016/04/11 00:06:22":         {},
		"16-4-11 0:6:22":              {},
		"":                            {},
	}
	for text, tc := range tests {
		got, ok := parseTime([]byte(text))
		if tc.want == "" {
			if ok {
				t.Errorf("parseTime(%q) = %d, want refused", text, got)
			}
			continue
		}
		want, err := time.Parse(time.RFC3339, tc.want)
		if err != nil {
			t.Fatal(err)
		}
		if !ok || got != want.UnixMicro() {
			t.Errorf("parseTime(%q) = %d, %v, want %d", text, got, ok, want.UnixMicro())
		}
	}
}

// Every day of four centuries: the calendar is hand-written.
func TestDaysSince1970(t *testing.T) {
	for day := range int64(400 * 366) {
		date := time.Unix(day*86400, 0).UTC()
		if got := daysSince1970(uint64(date.Year()), uint64(date.Month()), uint64(date.Day())); got != day {
			t.Fatalf("daysSince1970(%s) = %d, want %d", date.Format(time.DateOnly), got, day)
		}
		if uint64(date.Day()) > daysIn(uint64(date.Month()), uint64(date.Year())) {
			t.Fatalf("daysIn(%d, %d) is below %d", date.Month(), date.Year(), date.Day())
		}
	}
}

func TestParseDuration(t *testing.T) {
	tests := map[string]int64{ // µs, -1 for refused
		"0": 0, "0.0": 0, "9.016": 9_016_000, "15.0": 15_000_000, "0.08": 80_000, "5.": 5_000_000,
		"0.12800000000000011": 128_000, "0.31999999999999995": 320_000, "0.0005": 1_000, "0.00049": 0,
		"1e-05": 0, "1.5e3": 1_500_000_000, "99999999999": 99_999_999_999_000_000,
		"": -1, ".": -1, ".5": -1, "-1.0": -1, "-0.0": -1, "+1": -1, "nan": -1, "NaN": -1, "inf": -1, "1e300": -1, "1e400": -1,
		"-1e3": -1, "e": -1, "1.0x": -1, "1.x": -1, "1.00000x": -1, "1,5": -1, "999999999999": -1,
	}
	for text, want := range tests {
		got, ok := parseDuration([]byte(text))
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("parseDuration(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestParseAddr(t *testing.T) {
	tests := map[string]string{ // "" for refused
		"0.0.0.0": "0.0.0.0", "255.255.255.255": "255.255.255.255", "42.219.152.127": "42.219.152.127",
		"2001:db8::1": "2001:db8::1", "::ffff:1.2.3.4": "1.2.3.4", "::1.2.3.4": "::102:304",
		"2001:0DB8:0:0:0:0:0:1": "2001:db8::1",
		"":                      "", "1.2.3": "", "1.2.3.4.5": "", "1.2.3.": "", ".1.2.3": "", "1..2.3": "", "256.1.1.1": "",
		"1.1.1.1111": "", "1111.1.1.1": "", "1.1.1.256": "", "01.1.1.1": "", "1.1.1.00": "", "1.1.1.010": "", "1.1.1.1.": "", "1.1.1.1 ": "", "fe80::1%eth0": "", "example.org": "", "1.2.3.x": "", ":::": "",
	}
	for text, want := range tests {
		got, ok := parseAddr([]byte(text))
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("parseAddr(%q) = %v, %v, want %q", text, got, ok, want)
		}
	}
}

func TestParseFlags(t *testing.T) {
	tests := map[string]int{ // -1 for refused
		"......": 0, "UAPRSF": 63, "....S.": 2, ".A..SF": 19, "CEUAPRSF": 255, "C......F": 129, "0xc2": 0xc2, "0x0": 0,
		"": -1, "SYN": -1, "FSRPAU": -1, ".......": -1, "0x": -1, "0x100": -1, "0xg": -1, "uaprsf": -1,
	}
	for text, want := range tests {
		got, ok := parseFlags([]byte(text))
		if ok != (want >= 0) || ok && int(got) != want {
			t.Errorf("parseFlags(%q) = %d, %v, want %d", text, got, ok, want)
		}
	}
	for flags := range 256 {
		text := appendFlags(nil, uint8(flags))
		if got, ok := parseFlags(text); !ok || got != uint8(flags) {
			t.Errorf("flags %#x written as %q are read as %#x", flags, text, got)
		}
	}
}

func TestProtocols(t *testing.T) {
	for name, want := range map[string]uint8{
		"TCP": 6, "udp": 17, "IPIP": 4, "ipv4": 4, "IPv6": 41, "GRE": 47, "ESP": 50, "IPv6-ICMP": 58, "255": 255, "0": 0, "61": 61,
		"Frag6": 44, "NOHE6": 59, "UDP-L": 136, "MHEAD": 135, "0hop": 114, "IDPR": 35, // nfdump's
	} {
		if got, ok := ParseProtocol(name); !ok || got != want {
			t.Errorf("ParseProtocol(%q) = %d, %v, want %d", name, got, ok, want)
		}
	}
	for _, name := range []string{"", "TCPX", "256", "-1", "6.0", "tcp "} {
		if got, ok := ParseProtocol(name); ok {
			t.Errorf("ParseProtocol(%q) = %d, want refused", name, got)
		}
	}
	for number := range 256 {
		name := ProtocolName(uint8(number))
		if got, ok := parseProtocol([]byte(name)); !ok || int(got) != number {
			t.Errorf("protocol %d written as %q is read as %d", number, name, got)
		}
	}
}

func TestZoneCache(t *testing.T) {
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ wall, utc string }{ // in an order that an old cache entry would spoil
		{"2016-04-11 00:06:22", "2016-04-10T22:06:22Z"},
		{"2016-03-27 01:59:59", "2016-03-27T00:59:59Z"},
		{"2016-03-27 03:00:00", "2016-03-27T01:00:00Z"},
		{"2016-01-01 00:00:00", "2015-12-31T23:00:00Z"},
		{"2016-10-30 01:59:59", "2016-10-29T23:59:59Z"},
		{"2016-10-30 02:30:00", "2016-10-30T00:30:00Z"}, // shown twice: the earlier
		{"2016-10-30 03:00:00", "2016-10-30T02:00:00Z"},
	}
	cache := zoneCache{zone: madrid}
	for _, tc := range tests {
		wall, ok := parseTime([]byte(tc.wall))
		if !ok {
			t.Fatal(tc.wall)
		}
		if got := time.UnixMicro(cache.toUTC(wall)).UTC().Format(time.RFC3339); got != tc.utc {
			t.Errorf("%s in Madrid is %s, want %s", tc.wall, got, tc.utc)
		}
	}
}

// Whatever the zone, a time it shows once is read back as itself, and one it shows twice as the earlier.
func TestZoneCacheInvertsEveryZone(t *testing.T) {
	for _, name := range []string{"America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Europe/London"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		cache := zoneCache{zone: zone}
		last := make(map[int64]time.Time)
		start := time.Date(2016, 1, 1, 0, 0, 0, 0, time.UTC)
		for at := start; at.Year() == 2016; at = at.Add(15 * time.Minute) {
			_, offset := at.In(zone).Zone()
			wall := at.UnixMicro() + int64(offset)*1e6
			want := at
			if first, twice := last[wall]; twice {
				want = first
			}
			last[wall] = want
			if got := time.UnixMicro(cache.toUTC(wall)).UTC(); !got.Equal(want) {
				t.Fatalf("%s: wall clock of %v read as %v", name, want, got)
			}
		}
	}
}

// published returns the text of a file of testdata/flows.
func published(t testing.TB, name string) []byte {
	file, err := os.Open(filepath.Join("../testdata/flows", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestUGR16WritesThePublishedLines(t *testing.T) {
	capture := published(t, "42.219.157.28.csv.gz")
	var written bytes.Buffer
	w := newUGR16Writer(&written)
	p := newRowParser(ugr16Layout, nil)
	var want []string
	for line := range strings.Lines(string(capture)) {
		line = strings.TrimSuffix(line, "\n")
		want = append(want, line)
		if isUGR16Header([]byte(line)) {
			continue
		}
		var record biflow
		if reason, column := p.parse([]byte(line), &record); reason != "" {
			t.Fatalf("%s: %s in column %d", line, reason, column)
		}
		if err := w.Write([]Flow{record.Flow}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSuffix(written.String(), "\n"), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d", len(got), len(want))
	}
	noise := 0
	for i := range want {
		if got[i] == want[i] {
			continue
		}
		// Some durations of the published file went through binary floating point: 0.1279999999999859.
		if len(got[i]) >= len(want[i]) {
			t.Fatalf("line %d:\n got %s\nwant %s", i+1, got[i], want[i])
		}
		noise++
	}
	if noise > len(want)/4 {
		t.Errorf("%d of %d lines differ in the noise of their duration", noise, len(want))
	}
}

// Reading what was written gives the same flows, to the resolution of the format.
func TestUGR16RoundTrip(t *testing.T) {
	flows := randomFlows(8, 20_000)
	for i := range flows { // sub-second ends, sub-millisecond durations
		flows[i].End += int64(i % 1_000_000)
	}
	var text bytes.Buffer
	w := newUGR16Writer(&text)
	if err := w.Write(flows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")[1:]
	if len(lines) != len(flows) {
		t.Fatalf("%d lines, want %d", len(lines), len(flows))
	}
	p := newRowParser(ugr16Layout, nil)
	for i, line := range lines {
		var record biflow
		if reason, column := p.parse([]byte(line), &record); reason != "" {
			t.Fatalf("%s: %s in column %d", line, reason, column)
		}
		got := record.Flow
		want := flows[i]
		duration := (want.End - want.Start + 500) / 1000 * 1000
		want.Host = netip.Addr{}
		want.End -= want.End % 1_000_000
		want.Start = want.End - duration
		if got != want {
			t.Fatalf("%s:\n got %+v\nwant %+v", line, got, want)
		}
	}
}

// What is read from any line can be written, and reads the same again.
func FuzzUGR16(f *testing.F) {
	files, err := filepath.Glob("../testdata/malformed/*.csv")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for line := range bytes.Lines(content) {
			f.Add(bytes.TrimRight(line, "\r\n"))
		}
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.ContainsAny(line, "\n") {
			return
		}
		p := newRowParser(ugr16Layout, nil)
		var record biflow
		if reason, _ := p.parse(line, &record); reason != "" {
			if wanted[reason] == "" {
				t.Errorf("%q: reason %q has no explanation", line, reason)
			}
			return
		}
		first := record.Flow
		first.Host = first.SrcAddr
		if err := first.check(); err != nil {
			t.Fatalf("%q gave a flow that cannot be kept: %v", line, err)
		}
		// The format has whole seconds: the sub-second part of an end that a line may carry is not written.
		first.Start -= first.End % 1_000_000
		first.End -= first.End % 1_000_000
		if first.Start < 0 {
			return
		}
		var text bytes.Buffer
		w := newUGR16Writer(&text)
		if err := w.Write([]Flow{first}); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		written := strings.TrimSuffix(strings.TrimPrefix(text.String(), ugr16Header+"\n"), "\n")
		if reason, column := p.parse([]byte(written), &record); reason != "" {
			t.Fatalf("%q was written as %q: %s in column %d", line, written, reason, column)
		}
		second := record.Flow
		second.Host = second.SrcAddr
		if first != second {
			t.Fatalf("%q was written as %q:\n got %+v\nwant %+v", line, written, second, first)
		}
	})
}

// BenchmarkUGR16Parse reads many lines: a processor learns a single one by heart.
func BenchmarkUGR16Parse(b *testing.B) {
	text := published(b, "42.219.158.163.csv.gz")
	p := blockParser{internal: newPrefixSet(internal)}
	rows := 0
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		flows, _ := p.parse(block{layout: ugr16Layout, firstLine: 1, text: text})
		rows += len(flows)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkUGR16Write(b *testing.B) {
	flows := randomFlows(9, 10_000)
	rows := 0
	for b.Loop() {
		var text bytes.Buffer
		w := newUGR16Writer(&text)
		if err := w.Write(flows); err != nil {
			b.Fatal(err)
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		rows += len(flows)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// A table with the columns of UGR'16 under other names may have them in another order.
func TestUGR16HeaderOfOtherNames(t *testing.T) {
	_, _, err := readFlows(IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader("time,dur,src,dst,sp,dp,pr,flg,fwd,stos,pkt,byt,class\n" + ugr16Line + "\n")})
	if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "its header is") {
		t.Errorf("%v, want the header refused", err)
	}
	quoted := `"` + strings.ReplaceAll(ugr16Header, ",", `", "`) + `"`
	for _, header := range []string{ugr16Header + " ", "#" + ugr16Header, quoted} {
		flows, s, err := readFlows(IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(header + "\n" + ugr16Line + "\n")})
		if err != nil || len(flows) != 1 || s.Bad != 0 {
			t.Errorf("%s: %d flows, %v, want it read as the header that it is", header, len(flows), err)
		}
	}
}
