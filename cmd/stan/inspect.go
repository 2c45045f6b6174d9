package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

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
	return []inspector{flowsInspector{}, modelInspector{}}
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
	return fmt.Errorf("inspect: %s: %w: not a folder that stan wrote; captures go through stan ingest first", dir, dataset.ErrInput)
}

// flowsInspector describes a folder of flows or of a table.
type flowsInspector struct{}

func (flowsInspector) Owns(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "_manifest.json"))
	return err == nil
}

// Inspect reads every row, so that a changed byte anywhere is found.
func (flowsInspector) Inspect(ctx context.Context, dir string, con *console) error {
	isTable, err := dataset.HoldsTable(dir)
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	if isTable {
		return inspectTable(ctx, dir, con)
	}
	set, err := dataset.Open(dir)
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	checking := con.Stage("checking", "rows", set.Flows())
	var done int64
	rows := make(map[netip.Addr]int64)
	for flows, err := range set.Batches(ctx) {
		if err != nil {
			return fmt.Errorf("inspect: %w", err)
		}
		for i := range flows {
			rows[flows[i].Host]++
		}
		done += int64(len(flows))
		checking.Set(done)
	}
	checking.Done()
	manifest := set.Manifest()
	if err := printSummary(con.out, &manifest); err != nil {
		return err
	}
	counts := slices.Sorted(maps.Values(rows))
	fmt.Fprintf(con.out, "rows a host    %d least, %d median, %d most\n", counts[0], counts[len(counts)/2], counts[len(counts)-1])
	return printOrigin(con.out, &manifest)
}

// printOrigin says where a folder, checked, comes from.
func printOrigin(out io.Writer, m *dataset.Manifest) error {
	fmt.Fprintf(out, "written by     %s\n", m.Tool)
	for _, key := range slices.Sorted(maps.Keys(m.Metadata)) {
		fmt.Fprintf(out, "%-14s %s\n", key, m.Metadata[key])
	}
	_, err := fmt.Fprintln(out, "every file as its manifest says")
	return err
}
