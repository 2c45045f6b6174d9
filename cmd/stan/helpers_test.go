package main

import (
	"bytes"
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
