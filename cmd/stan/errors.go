package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/urfave/cli/v2"
)

// errUsage marks an error in flags, environment, configuration file or arguments: exit code 2.
var errUsage = errors.New("usage")

// usagef returns an error that wraps errUsage: `command: usage: what is wrong, value got, value wanted`.
func usagef(command, format string, args ...any) error {
	return fmt.Errorf("%s: %w: %w", command, errUsage, fmt.Errorf(format, args...))
}

// explained says of an error of flags which one was meant, or what its value should be.
func explained(err error, flags []cli.Flag) error {
	text := err.Error()
	if name, unknown := strings.CutPrefix(text, "flag provided but not defined: -"); unknown {
		var names []string
		for _, flag := range flags {
			names = append(names, flag.Names()...)
		}
		name = strings.TrimPrefix(name, "-")
		return fmt.Errorf("no flag --%s%s", name, didYouMean(name, names))
	}
	for _, flag := range flags {
		what, wrong := strings.CutSuffix(text, fmt.Sprintf(" for flag -%s: parse error", flag.Names()[0]))
		if !wrong {
			continue
		}
		wanted := "a number"
		switch flag.(type) {
		case *cli.DurationFlag:
			wanted = "a time such as 30s, 10m or 24h"
		case *cli.IntFlag, *cli.Int64Flag:
			wanted = "a whole number"
		case *cli.Uint64Flag:
			wanted = "a whole number from 0 on"
		case *cli.BoolFlag:
			wanted = "true or false"
		}
		return fmt.Errorf("--%s: %s, want %s", flag.Names()[0], what, wanted)
	}
	return err
}

// stopError is the cause of the context that a signal cancelled.
type stopError struct{ signal os.Signal }

func (e stopError) Error() string { return "stopped by signal: " + e.signal.String() }
