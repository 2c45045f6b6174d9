package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestIngestCommand(t *testing.T) {
	const data, malformed = "../../testdata/flows", "../../testdata/malformed/"
	file := write(t, "a-file", "x")
	foreign := filepath.Dir(write(t, "thesis.tex", "x"))
	tests := map[string]struct {
		args []string
		want outcome
	}{
		"real flows":         {[]string{data}, outcome{0, "flows read     63344", `"msg":"writing: done"`}},
		"no input":           {nil, outcome{2, "", "ingest: usage: no input"}},
		"no output":          {[]string{"-o", "", data}, outcome{2, "", "ingest: usage: no output"}},
		"no networks":        {[]string{"--internal", "", data}, outcome{2, "", "no --internal, want the networks"}},
		"a bad network":      {[]string{"--internal", "10.0.0.0/8,home", data}, outcome{2, "", `--internal: \"home\"`}},
		"bits too many":      {[]string{"--internal", "10.0.0.1/8", data}, outcome{2, "", "want 10.0.0.0/8"}},
		"a single address":   {[]string{"--internal", "42.219.157.28", data}, outcome{0, "inside 42.219.157.28/32", ""}},
		"an unknown format":  {[]string{"--format", "xml", data}, outcome{2, "", "--format"}},
		"an unknown zone":    {[]string{"--tz", "Mars/Olympus", data}, outcome{2, "", "--tz"}},
		"a bad limit":        {[]string{"--max-bad-rows", "some", data}, outcome{2, "", "--max-bad-rows"}},
		"too little memory":  {[]string{"--memory", "1kB", data}, outcome{2, "", "--memory"}},
		"negative threads":   {[]string{"--threads", "-1", data}, outcome{2, "", "--threads"}},
		"too many buckets":   {[]string{"--buckets", "1001", data}, outcome{2, "", "--buckets"}},
		"missing":            {[]string{"no-such-file.csv"}, outcome{66, "", "no-such-file.csv"}},
		"empty":              {[]string{malformed + "empty.csv"}, outcome{65, "", "no flows in 1 files"}},
		"one empty file":     {[]string{data, malformed + "empty.csv"}, outcome{0, "63344", "empty.csv: no flows"}},
		"other files":        {[]string{malformed}, outcome{65, "", "bad input"}},
		"a bad line":         {[]string{malformed + "port-70000.csv"}, outcome{65, "", `port-70000.csv: line 3: dp \"70000\": bad port, want 0 to 65535`}},
		"a bad line allowed": {[]string{"--max-bad-rows", "1", malformed + "port-70000.csv"}, outcome{0, "bad port", "line 3"}},
		"cut in half":        {[]string{malformed + "half.csv.gz"}, outcome{65, "", "half.csv.gz: bad input: the compressed stream ends early"}},
		"external flows":     {[]string{malformed + "external.csv"}, outcome{65, "", "none of 1 flows has an address inside"}},
		"output is a file":   {[]string{"-o", file, "--force", data}, outcome{73, "", "a file, want a new folder"}},
		"output below one":   {[]string{"-o", file + "/out", data}, outcome{73, "", "cannot write"}},
		"output is no flows": {[]string{"-o", foreign, "--force", data}, outcome{73, "", "even --force leaves it alone"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			args := append([]string{"ingest", "-o", parent + "/out", "--internal", "42.219.0.0/16"}, tc.args...)
			status, stdout, stderr := stan(t, "", args...)
			tc.want.check(t, status, stdout, stderr)
			entries, err := os.ReadDir(parent)
			if err != nil {
				t.Fatal(err)
			}
			if status != 0 && len(entries) > 0 {
				t.Errorf("failed and left %v", entries)
			}
		})
	}
}

func TestIngestQuotesBadLinesOnce(t *testing.T) {
	text := flows + strings.Repeat(strings.Replace(flows, "TCP", "TCPX", 1), 25)
	status, stdout, stderr := stan(t, text, "ingest", "-o", t.TempDir()+"/out", "--internal", "42.219.0.0/16", "--max-bad-rows", "99%", "-")
	outcome{0, "unknown protocol", "5 more lines refused"}.check(t, status, stdout, stderr)
	if got := strings.Count(stderr, "TCPX"); got != 20 {
		t.Errorf("%d lines quoted, want 20", got)
	}
}

func TestIngestReplacesOnlyByForce(t *testing.T) {
	dir := t.TempDir() + "/out"
	args := []string{"ingest", "-o", dir, "--internal", "42.219.0.0/16"}
	status, stdout, stderr := stan(t, flows, append(args, "-")...)
	outcome{0, "rows           1", ""}.check(t, status, stdout, stderr)
	status, stdout, stderr = stan(t, flows, append(args, "-")...)
	outcome{73, "", "want a new folder, or --force"}.check(t, status, stdout, stderr)
	status, stdout, stderr = stan(t, flows+flows, append(args, "--force", "-")...)
	outcome{0, "rows           2", ""}.check(t, status, stdout, stderr)
	status, stdout, stderr = stan(t, "", "inspect", dir)
	outcome{0, "rows           2", ""}.check(t, status, stdout, stderr)
}

func TestIngestAppends(t *testing.T) {
	dir := t.TempDir() + "/out"
	second := strings.Replace(flows, "2016-04-11", "2016-04-12", 1)
	args := []string{"ingest", "-o", dir, "--internal", "42.219.0.0/16", "--append"}
	for _, run := range []struct {
		capture string
		args    []string
		want    outcome
	}{
		{flows, nil, outcome{0, "rows           1", ""}},
		{second, nil, outcome{0, "in 1 lines of 1 files", ""}},
		{second, nil, outcome{65, "", "standard input: bad input: the same content as standard input, which the folder has already"}},
		{flows + second, []string{"--biflow", "sum"}, outcome{65, "", "records of both directions sum, want those of the folder, split"}},
		{flows + second, []string{"--force"}, outcome{2, "", "--append with --force"}},
	} {
		status, stdout, stderr := stan(t, run.capture, append(append(args, run.args...), "-")...)
		run.want.check(t, status, stdout, stderr)
	}
	status, stdout, stderr := stan(t, "", "inspect", dir)
	outcome{0, "rows           2", ""}.check(t, status, stdout, stderr)
	outcome{0, "in 2 lines of 2 files", ""}.check(t, status, stdout, stderr)
}

// A job that appends a day every night hears of that day's lines, and of no others.
func TestIngestWarnsOfWhatItReads(t *testing.T) {
	dir := t.TempDir() + "/out"
	for _, day := range []string{"2016-04-11", "2016-04-12"} {
		text := strings.ReplaceAll(flows+strings.Repeat(strings.Replace(flows, "TCP", "TCPX", 1), 21), "2016-04-11", day)
		status, stdout, stderr := stan(t, text, "ingest", "-o", dir, "--append", "--internal", "42.219.0.0/16", "--max-bad-rows", "99%", "-")
		outcome{0, "unknown protocol", "1 more lines refused"}.check(t, status, stdout, stderr)
		if got := strings.Count(stderr, "TCPX"); got != 20 {
			t.Errorf("%s: %d of its lines quoted, want 20: %s", day, got, stderr)
		}
	}
}

func TestInspectCommand(t *testing.T) {
	dir := t.TempDir() + "/out"
	status, stdout, stderr := stan(t, "", "ingest", "-o", dir, "--internal", "42.219.0.0/16", "--buckets", "1", "../../testdata/flows")
	outcome{0, "", ""}.check(t, status, stdout, stderr)

	status, stdout, stderr = stan(t, "", "inspect", dir)
	outcome{0, "every file as its manifest says", `"msg":"checking: done"`}.check(t, status, stdout, stderr)
	status, stdout, stderr = stan(t, "", "inspect")
	outcome{2, "", "0 folders, want one"}.check(t, status, stdout, stderr)
	status, stdout, stderr = stan(t, "", "inspect", dir+"/nothing")
	outcome{66, "", "input missing"}.check(t, status, stdout, stderr)
	status, stdout, stderr = stan(t, "", "inspect", "testdata")
	outcome{65, "", "not a folder that stan wrote"}.check(t, status, stdout, stderr)
	unfinished := t.TempDir()
	if err := os.Mkdir(filepath.Join(unfinished, "checkpoint-00000066"), 0o755); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr = stan(t, "", "inspect", unfinished)
	outcome{65, "", "training has not ended"}.check(t, status, stdout, stderr)

	data := filepath.Join(dir, "bucket=000/part-00000.parquet")
	content, err := os.ReadFile(data)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	if err := os.WriteFile(data, content, 0o644); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr = stan(t, "", "inspect", dir)
	outcome{65, "", "part-00000.parquet: bad input: SHA-256"}.check(t, status, stdout, stderr)
	if err := os.Truncate(data, 10); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr = stan(t, "", "inspect", dir)
	outcome{65, "", "10 bytes"}.check(t, status, stdout, stderr)
}

type fullWriter struct{}

func (fullWriter) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// A job whose summary nobody could keep has done its work: it is not to be run again.
func TestIngestWhoseSummaryCannotBeWritten(t *testing.T) {
	dir := t.TempDir() + "/out"
	var stderr bytes.Buffer
	args := []string{"stan", "ingest", "-o", dir, "--internal", "42.219.0.0/16", "-"}
	if status := run(context.Background(), args, strings.NewReader(flows), fullWriter{}, &stderr); status != 0 {
		t.Errorf("status %d, %s, want 0", status, &stderr)
	}
	if !strings.Contains(stderr.String(), "the result is there") {
		t.Errorf("%q, want a warning", &stderr)
	}
	status, stdout, _ := stan(t, "", "inspect", dir)
	outcome{0, "rows           1", ""}.check(t, status, stdout, "")
}

func TestIngestWarnsOfAKeyThatOthersCanRead(t *testing.T) {
	key := write(t, "key", strings.Repeat("0123456789abcdef", 4))
	for mode, warning := range map[os.FileMode]string{0o644: "can be read by others (mode 0644)", 0o600: ""} {
		if err := os.Chmod(key, mode); err != nil {
			t.Fatal(err)
		}
		status, stdout, stderr := stan(t, flows, "ingest", "-o", t.TempDir()+"/out", "--internal", "42.219.0.0/16", "--anonymize", key, "-")
		outcome{0, "pseudonyms", warning}.check(t, status, stdout, stderr)
		if warned := strings.Contains(stderr, "read by others"); warned != (warning != "") {
			t.Errorf("mode %v: %s", mode, stderr)
		}
	}
}
