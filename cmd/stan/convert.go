package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"stan/dataset"
)

type convertOptions struct {
	read captureFlags
	to   string

	settings dataset.ConvertOptions // what validate makes of the above
}

func newConvertCommand(con *console) *cli.Command {
	var o convertOptions
	return &cli.Command{
		Name:      "convert",
		Usage:     "write captures, or a folder of flows, as one file of another format",
		ArgsUsage: "IN... OUT",
		Description: `Reads what stan ingest reads, or a folder of flows, and writes every flow once, in the order of the input, into the
file OUT, or to standard output for -. What a format has no room for is lost: docs/format/captures.md says what that is.`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "to", Destination: &o.to, Usage: "`FORMAT` of OUT: " + strings.Join(dataset.WriteFormats(), ", ")},
			&cli.BoolFlag{Name: "force", Destination: &o.settings.Force, Usage: "replace a file that is there already"},
		}, o.read.flags()...),
		Action: func(c *cli.Context) error {
			if err := o.validate(c.Args().Slice()); err != nil {
				return err
			}
			return runConvert(c.Context, o.settings, con)
		},
	}
}

func (o *convertOptions) validate(args []string) error {
	if len(args) < 2 {
		return usagef("convert", "%d files, want IN... OUT", len(args))
	}
	if !slices.Contains(dataset.WriteFormats(), o.to) {
		return usagef("convert", "--to %q, want one of %s", o.to, strings.Join(dataset.WriteFormats(), ", "))
	}
	read, err := o.read.options("convert")
	if err != nil {
		return err
	}
	read.Inputs = args[:len(args)-1]
	o.settings.Read, o.settings.To, o.settings.Output = read, o.to, args[len(args)-1]
	return nil
}

func runConvert(ctx context.Context, o dataset.ConvertOptions, con *console) error {
	var converting *stage
	o.Read.Progress = func(done, total, flows int64) {
		if converting == nil {
			converting = con.Stage("converting", "bytes", total)
		}
		converting.Set(done, "lines", flows)
	}
	o.Read.Stdin, o.Stdout = con.in, con.out
	summary, err := dataset.Convert(ctx, o)
	if summary != nil {
		reportBadLines(con, summary)
	}
	if err != nil {
		return fmt.Errorf("convert: %w", err)
	}
	converting.Done("flows", summary.Flows, "file", o.Output)
	return nil
}
