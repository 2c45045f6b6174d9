package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"stan/dataset"
)

func TestCommandLines(t *testing.T) {
	tests := map[string]struct {
		args []string
		want outcome
	}{
		"none":                    {nil, outcome{0, "COMMANDS:", ""}},
		"help":                    {[]string{"--help"}, outcome{0, "65 input or model refused", ""}},
		"help of a command":       {[]string{"ingest", "--help"}, outcome{0, "--max-bad-rows", ""}},
		"a command mistyped":      {[]string{"ingets"}, outcome{2, "", `no command \"ingets\", did you mean \"ingest\"?`}},
		"nothing like a command":  {[]string{"qqqqqqqq"}, outcome{2, "", `no command \"qqqqqqqq\""`}},
		"no such flag":            {[]string{"--verbose"}, outcome{2, "", "stan: usage: flag provided but not defined: -verbose"}},
		"no such flag of command": {[]string{"ingest", "--outptu", "x"}, outcome{2, "", "ingest: usage: no flag --outptu, did you mean"}},
		"a flag without value":    {[]string{"ingest", "-o"}, outcome{2, "", "flag needs an argument"}},
		"a value of another type": {[]string{"ingest", "--threads", "many"}, outcome{2, "", "ingest: usage"}},
		"a flag after a file":     {[]string{"ingest", "flows.csv", "-o", "out"}, outcome{2, "", `flag \"-o\" stands after a file`}},
		"version":                 {[]string{"version"}, outcome{0, "stan       " + version, ""}},
		"every line is JSON":      {[]string{"ingest", "--no-such"}, outcome{2, "", `{"time":"`}},
		"a log format":            {[]string{"version", "--log-format", "xml"}, outcome{2, "", `--log-format: \"xml\", want auto, text or json`}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := stan(t, "", tc.args...)
			tc.want.check(t, status, stdout, stderr)
		})
	}
}

func TestExitStatus(t *testing.T) {
	stopped, cancel := context.WithCancelCause(context.Background())
	cancel(stopError{syscall.SIGTERM})
	cancelled, cancelOther := context.WithCancel(context.Background())
	cancelOther()
	tests := map[string]struct {
		ctx  context.Context
		err  error
		want int
	}{
		"usage":                        {context.Background(), usagef("train", "--rows %d", 0), exitUsage},
		"input":                        {context.Background(), fmt.Errorf("x: %w", dataset.ErrInput), exitInput},
		"missing":                      {context.Background(), fmt.Errorf("x: %w", dataset.ErrMissing), exitMissing},
		"exists":                       {context.Background(), fmt.Errorf("x: %w", dataset.ErrExists), exitCannotWrite},
		"locked":                       {context.Background(), fmt.Errorf("x: %w", dataset.ErrLocked), exitCannotWrite},
		"cannot write":                 {context.Background(), fmt.Errorf("x: %w", dataset.ErrCannotWrite), exitCannotWrite},
		"I/O":                          {context.Background(), fmt.Errorf("x: %w", dataset.ErrIO), exitIO},
		"other":                        {context.Background(), fs.ErrInvalid, exitOther},
		"signal":                       {stopped, fmt.Errorf("x: %w", context.Cause(stopped)), exitStopped},
		"signal, seen as cancellation": {stopped, fmt.Errorf("x: %w", context.Canceled), exitStopped},
		"signal, another error first":  {stopped, fmt.Errorf("x: %w", dataset.ErrInput), exitInput},
		"cancelled without a signal":   {cancelled, context.Canceled, exitOther},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			if got := exitStatus(tc.ctx, tc.err); got != tc.want {
				t.Errorf("exitStatus(%v) = %d, want %d", tc.err, got, tc.want)
			}
		})
	}
}

func TestErrorsReadWell(t *testing.T) {
	err := usagef("generate", "--rows %d, want at least 1", 0)
	if got, want := err.Error(), "generate: usage: --rows 0, want at least 1"; got != want || !errors.Is(err, errUsage) {
		t.Errorf("usagef: %q, want %q", got, want)
	}
	if got := (stopError{syscall.SIGINT}).Error(); !strings.Contains(got, "interrupt") {
		t.Errorf("stopError: %q, want the signal named", got)
	}
}
