package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"stan/dataset"
)

// inspector describes one kind of folder that stan writes.
type inspector interface {
	// Owns reports whether dir is such a folder, by the files in it.
	Owns(dir string) bool
	// Inspect checks the folder and writes what it holds to con.out.
	Inspect(ctx context.Context, dir string, con *console) error
}

// inspectors are asked in this order.
func inspectors() []inspector {
	return []inspector{flowsInspector{}}
}

func newInspectCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "check a folder that stan wrote and say what is in it",
		ArgsUsage: "DIR",
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return usagef("inspect", "%d folders, want one", c.NArg())
			}
			return runInspect(c.Context, c.Args().First(), con)
		},
	}
}

func runInspect(ctx context.Context, dir string, con *console) error {
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("inspect: %w: %w", dataset.ErrMissing, err)
	}
	for _, i := range inspectors() {
		if i.Owns(dir) {
			return i.Inspect(ctx, dir, con)
		}
	}
	return fmt.Errorf("inspect: %s: %w: not a folder that stan wrote", dir, dataset.ErrInput)
}

// flowsInspector describes a folder of flows.
type flowsInspector struct{}

func (flowsInspector) Owns(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "_manifest.json"))
	return err == nil
}

func (flowsInspector) Inspect(ctx context.Context, dir string, con *console) error {
	return nil
}
