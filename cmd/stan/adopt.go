package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"stan/dataset"
)

type adoptOptions struct {
	dirs     []string
	internal string

	settings dataset.AdoptOptions // what validate makes of the above
}

func newAdoptCommand(con *console) *cli.Command {
	var o adoptOptions
	return &cli.Command{
		Name:      "adopt",
		Usage:     "make a folder of flows of Parquet files that another program laid out",
		ArgsUsage: "DIR",
		Description: `Reads every row of the Parquet files in DIR, as DuckDB or Spark wrote them by docs/scale.md, verifies that each host's
rows stand together in one file, in the order of their end, and adds the manifest that stan's other commands demand. The
data files stay as they are.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "internal", Destination: &o.internal,
				Usage: "networks whose addresses are hosts, as `CIDR[,CIDR]`"},
		},
		Action: func(c *cli.Context) error {
			o.dirs = c.Args().Slice()
			if err := o.validate(); err != nil {
				return err
			}
			return runAdopt(c.Context, o.settings, con)
		},
	}
}

func (o *adoptOptions) validate() error {
	if len(o.dirs) != 1 {
		return usagef("adopt", "%d folders, want one", len(o.dirs))
	}
	if o.internal == "" {
		return usagef("adopt", "no --internal, want the networks whose addresses are hosts")
	}
	internal, err := parsePrefixes(o.internal)
	if err != nil {
		return usagef("adopt", "--internal: %w", err)
	}
	o.settings = dataset.AdoptOptions{Dir: o.dirs[0], Internal: internal, Tool: "another program, adopted by " + tool()}
	return nil
}

func runAdopt(ctx context.Context, o dataset.AdoptOptions, con *console) error {
	var checking *stage
	o.Progress = func(done, total int64) {
		if checking == nil {
			checking = con.Stage("checking", "bytes", total)
		}
		checking.Set(done)
	}
	manifest, err := dataset.Adopt(ctx, o)
	if err != nil {
		return fmt.Errorf("adopt: %w", err)
	}
	checking.Done()
	return con.Told(printSummary(con.out, &manifest))
}
