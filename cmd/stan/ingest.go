package main

import (
	"context"

	"github.com/urfave/cli/v2"
)

type ingestOptions struct {
	output string
	inputs []string
}

func newIngestCommand(con *console) *cli.Command {
	var o ingestOptions
	return &cli.Command{
		Name:      "ingest",
		Usage:     "read captures and write the flows of every internal host as bucketed Parquet",
		ArgsUsage: "FILE|FOLDER|- ...",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the flows to folder `DIR`", Destination: &o.output},
		},
		Action: func(c *cli.Context) error {
			o.inputs = c.Args().Slice()
			if err := o.validate(); err != nil {
				return err
			}
			return runIngest(c.Context, o, con)
		},
	}
}

func (o *ingestOptions) validate() error {
	if o.output == "" {
		return usagef("ingest", "no output folder, want -o DIR")
	}
	return nil
}

func runIngest(ctx context.Context, o ingestOptions, con *console) error {
	return nil
}
