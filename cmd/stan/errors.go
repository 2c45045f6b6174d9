package main

import (
	"errors"
	"fmt"
	"os"
)

// errUsage marks an error in flags, environment, configuration file or arguments: exit code 2.
var errUsage = errors.New("usage")

// usagef returns an error that wraps errUsage: `command: usage: what is wrong, value got, value wanted`.
func usagef(command, format string, args ...any) error {
	return fmt.Errorf("%s: %w: %w", command, errUsage, fmt.Errorf(format, args...))
}

// stopError is the cause of the context that a signal cancelled.
type stopError struct{ signal os.Signal }

func (e stopError) Error() string { return "stopped by signal: " + e.signal.String() }
