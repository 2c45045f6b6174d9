package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// stan runs a command line in this process.
func stan(t *testing.T, stdin string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(context.Background(), append([]string{"stan"}, args...), strings.NewReader(stdin), &out, &err)
	return status, out.String(), err.String()
}

// smallFlows makes a folder of five real hosts with 120 flows each.
func smallFlows(t *testing.T) string {
	t.Helper()
	var capture strings.Builder
	for _, host := range []string{"153.187", "153.214", "153.241", "155.25", "157.28"} {
		file, err := os.Open("../../testdata/flows/42.219." + host + ".csv.gz")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		text, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(text)
		for range 121 { // with the header
			lines.Scan()
			capture.WriteString(lines.Text() + "\n")
		}
	}
	dir := filepath.Join(t.TempDir(), "flows")
	if status, _, stderr := stan(t, capture.String(), "ingest", "--internal", "42.219.0.0/16", "-o", dir, "-"); status != 0 {
		t.Fatal(stderr)
	}
	return dir
}

// smallModel is a model that has seen them once.
func smallModel(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "model")
	args := []string{"train", "--data", smallFlows(t), "-o", dir, "--epochs", "1", "--batch", "1", "--threads", "1"}
	if status, _, stderr := stan(t, "", args...); status != 0 {
		t.Fatal(stderr)
	}
	return dir
}

// write makes a file below a new folder and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// outcome is what a command line should come to: exit status, and parts of what it prints.
type outcome struct {
	status         int
	stdout, stderr string
}

func (want outcome) check(t *testing.T, status int, stdout, stderr string) {
	t.Helper()
	if status != want.status || !strings.Contains(stdout, want.stdout) || !strings.Contains(stderr, want.stderr) {
		t.Errorf("status %d\nstdout %s\nstderr %s\nwant status %d, stdout with %q, stderr with %q",
			status, stdout, stderr, want.status, want.stdout, want.stderr)
	}
}
