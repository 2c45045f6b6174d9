package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// statusOf runs one command line and returns its exit status and what it wrote.
func statusOf(t *testing.T, stdout *bytes.Buffer, args ...string) (status int, stderr string) {
	t.Helper()
	var errors bytes.Buffer
	status = run(context.Background(), append([]string{"stan"}, args...), strings.NewReader(""), stdout, &errors)
	return status, errors.String()
}

// evaluateFolders ingests the flows of the script's archive into folders real and synthetic below a new folder.
func evaluateFolders(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	const line = "2016-04-11 01:00:01,0.5,10.1.0.1,198.51.100.7,40000,443,TCP,.AP.SF,0,0,10,1200,background\n"
	for _, name := range []string{"real", "synthetic"} {
		csv := filepath.Join(dir, name+".csv")
		if err := os.WriteFile(csv, []byte(line+strings.ReplaceAll(line, "10.1.0.1", "10.1.0.2")), 0o644); err != nil {
			t.Fatal(err)
		}
		status, text := statusOf(t, new(bytes.Buffer), "ingest", "--internal", "10.1.0.0/16", "-o", filepath.Join(dir, name), csv)
		if status != 0 {
			t.Fatalf("ingest: status %d: %s", status, text)
		}
	}
	return dir
}

func TestEvaluateStatus(t *testing.T) {
	dir := evaluateFolders(t)
	real, synthetic := filepath.Join(dir, "real"), filepath.Join(dir, "synthetic")
	cut := filepath.Join(dir, "cut")
	copyCut(t, real, cut)
	taken := filepath.Join(dir, "taken.json")
	if err := os.WriteFile(taken, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	no := filepath.Join(dir, "no")
	both := func(more ...string) []string {
		return append([]string{"--real", real, "--synthetic", synthetic}, more...)
	}
	tests := map[string]struct {
		args []string
		want int
		says string
	}{
		"all is well":                {both(), 0, ""},
		"no real":                    {[]string{"--synthetic", synthetic}, exitUsage, "--real"},
		"no synthetic":               {[]string{"--real", real}, exitUsage, "--synthetic"},
		"a folder without a flag":    {both(real), exitUsage, "stands alone"},
		"no draws":                   {both("--draws", "0"), exitUsage, "--draws 0"},
		"a bad network":              {both("--internal", "10.1"), exitUsage, "10.1"},
		"real is missing":            {both("--real", no), exitMissing, "evaluate: real"},
		"synthetic is missing":       {both("--synthetic", no), exitMissing, "evaluate: synthetic"},
		"train is missing":           {both("--train", no), exitMissing, "evaluate: train"},
		"synthetic is no flows":      {both("--synthetic", dir), exitInput, "evaluate: synthetic"},
		"a data file is damaged":     {both("--synthetic", cut), exitInput, "evaluate: synthetic"},
		"the JSON is there already":  {both("--json", taken), exitCannotWrite, "--force"},
		"the JSON is a folder":       {both("--json", dir), exitCannotWrite, "folder"},
		"the JSON's folder is none":  {both("--json", filepath.Join(no, "r.json")), exitCannotWrite, "--json"},
		"the JSON's path goes wrong": {both("--json", filepath.Join(taken, "r.json")), exitCannotWrite, "--json"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var stdout bytes.Buffer
			status, text := statusOf(t, &stdout, append([]string{"evaluate"}, tc.args...)...)
			if status != tc.want || !strings.Contains(text, tc.says) {
				t.Errorf("status %d, want %d; stderr %q, want it to name %q", status, tc.want, text, tc.says)
			}
			if (stdout.Len() > 0) != (tc.want == 0) {
				t.Errorf("status %d with %d bytes on standard output", status, stdout.Len())
			}
		})
	}
	if content, err := os.ReadFile(taken); err != nil || string(content) != "{}" {
		t.Errorf("the JSON that was there already: %q, %v, want it untouched", content, err)
	}
}

// copyCut copies a folder of flows; one byte in the middle of each data file differs.
func copyCut(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	parts, err := filepath.Glob(filepath.Join(to, "bucket=*", "*.parquet"))
	if err != nil || len(parts) == 0 {
		t.Fatalf("data files of %s: %v, %v", to, parts, err)
	}
	for _, part := range parts {
		content, err := os.ReadFile(part)
		if err != nil {
			t.Fatal(err)
		}
		content[len(content)/2] ^= 1
		if err := os.WriteFile(part, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEvaluateStopsAtASignal(t *testing.T) {
	dir := evaluateFolders(t)
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := stopError{syscall.SIGTERM}
	cancel(stop)
	var stdout, stderr bytes.Buffer
	con := newConsole(strings.NewReader(""), &stdout, &stderr)
	if err := con.SetFormat("json"); err != nil {
		t.Fatal(err)
	}
	err := runEvaluate(ctx, evaluateOptions{real: dir + "/real", synthetic: dir + "/synthetic", draws: 20}, con)
	if !errors.Is(err, stop) || exitStatus(ctx, err) != exitStopped {
		t.Errorf("got error %v, status %d, want %v, %d", err, exitStatus(ctx, err), stop, exitStopped)
	}
}
