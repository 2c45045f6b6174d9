package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestConvertCommand(t *testing.T) {
	key := write(t, "key", "32-char-str-for-AES-key-and-pad.")
	mapping := write(t, "map.yaml", "columns: {end: te, duration: td, src_addr: sa, dst_addr: da, proto: pr, packets: pkt, bytes: byt}")
	taken := write(t, "taken", "x")
	tests := map[string]struct {
		args []string
		want outcome
	}{
		"to standard output":       {[]string{"--to", "zeek-json", "-", "-"}, outcome{0, `"id.orig_h":"84.181.34.175"`, "converting: done"}},
		"nfdump":                   {[]string{"--to", "nfdump", "-", "-"}, outcome{0, "2016-04-11 00:07:14.984,9.016,TCP,84.181.34.175,54941", ""}},
		"pseudonyms":               {[]string{"--to", "ugr16", "--anonymize", key, "-", "-"}, outcome{0, "87.85.61.32,42.168.98.64", ""}},
		"coarse":                   {[]string{"--to", "ugr16", "--coarse-ports", "1024", "--coarse-time", "1m", "-", "-"}, outcome{0, "2016-04-11 00:07:00,9.016,84.181.34.175,42.219.152.127,1024,", ""}},
		"coarse beyond ports":      {[]string{"--to", "ugr16", "--coarse-ports", "70000", "-", "-"}, outcome{2, "", "coarse ports from 70000 on, want 1 to 65535"}},
		"coarse beyond a day":      {[]string{"--to", "ugr16", "--coarse-time", "25h", "-", "-"}, outcome{2, "", "times coarse to 25h0m0s"}},
		"nfdump to a collector":    {[]string{"--to", "nfdump", "-", "udp://127.0.0.1:4739"}, outcome{2, "", "for a collector, want ipfix"}},
		"a collector without host": {[]string{"--to", "ipfix", "-", "udp://"}, outcome{2, "", "want udp://HOST:PORT"}},
		"no rate":                  {[]string{"--to", "ipfix", "--rate", "0", "-", "udp://127.0.0.1:4739"}, outcome{2, "", "--rate 0, want at least 1"}},
		"no format":                {[]string{"-", "-"}, outcome{2, "", "--to"}},
		"an unknown format":        {[]string{"--to", "xml", "-", "-"}, outcome{2, "", `--to \"xml\", want one of parquet`}},
		"one file":                 {[]string{"--to", "nfdump", "-"}, outcome{2, "", "want IN... OUT"}},
		"no such input":            {[]string{"--to", "nfdump", "no-such-file", "-"}, outcome{66, "", "no-such-file"}},
		"a file in the way":        {[]string{"--to", "nfdump", "-", taken}, outcome{73, "", "--force to replace it"}},
		"a bad biflow":             {[]string{"--to", "nfdump", "--biflow", "both", "-", "-"}, outcome{2, "", "--biflow"}},
		"no such key":              {[]string{"--to", "nfdump", "--anonymize", "no-such-key", "-", "-"}, outcome{66, "", "no-such-key"}},
		"a bad key":                {[]string{"--to", "nfdump", "--anonymize", taken, "-", "-"}, outcome{65, "", "want a key of 32 bytes"}},
		"a map and a format":       {[]string{"--to", "nfdump", "--map", mapping, "--format", "ugr16", "-", "-"}, outcome{2, "", "--map and --format"}},
		"a map that is none":       {[]string{"--to", "nfdump", "--map", taken, "-", "-"}, outcome{2, "", "--map"}},
		"time-outs crossed":        {[]string{"--to", "nfdump", "--active-timeout", "1s", "-", "-"}, outcome{2, "", "--active-timeout 1s"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := stan(t, flows, append([]string{"convert"}, tc.args...)...)
			tc.want.check(t, status, stdout, stderr)
		})
	}
}

// From a folder of flows to nfdump's table, and from that to a folder again.
func TestConvertAFolder(t *testing.T) {
	dir := t.TempDir()
	first, table, second := filepath.Join(dir, "first"), filepath.Join(dir, "flows.csv"), filepath.Join(dir, "second")
	for _, args := range [][]string{
		{"ingest", "--internal", "42.219.0.0/16", "-o", first, "../../testdata/flows"},
		{"convert", "--to", "nfdump-1.6", first, table},
		{"ingest", "--internal", "42.219.0.0/16", "-o", second, table},
	} {
		if status, _, stderr := stan(t, "", args...); status != 0 {
			t.Fatalf("%v: status %d: %s", args, status, stderr)
		}
	}
	content, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(content), "\n"); lines != 63_344+1 {
		t.Errorf("%d lines, want a header and 63344 flows", lines)
	}
	status, stdout, stderr := stan(t, "", "inspect", second)
	outcome{0, "flows read     63344", ""}.check(t, status, stdout, stderr)
}
