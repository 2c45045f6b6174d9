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
		ArgsUsage: "IN... OUT|udp://HOST:PORT",
		Description: `Reads what stan ingest reads, or a folder of flows, and writes every flow once, in the order of the input, into the
file OUT, or to standard output for -. IPFIX goes to a collector too, over UDP, if OUT is udp://HOST:PORT. What a format has no
room for is lost: docs/format/captures.md says what that is.`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "to", Destination: &o.to, Usage: "`FORMAT` of OUT: " + strings.Join(dataset.WriteFormats(), ", ")},
			&cli.BoolFlag{Name: "force", Destination: &o.settings.Force, Usage: "replace a file that is there already"},
			&cli.IntFlag{Name: "rate", Value: 10_000, Destination: &o.settings.Rate,
				Usage: "send a collector at most `N` flows a second"},
		}, o.read.flags()...),
		Action: func(c *cli.Context) error {
			if err := o.validate(c.Args().Slice()); err != nil {
				return err
			}
			o.read.warnOfKey(con)
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
	out := args[len(args)-1]
	if dataset.IsCollector(out) {
		if _, err := dataset.CollectorAddress(out); err != nil {
			return usagef("convert", "%w", err)
		}
		if o.to != dataset.FormatIPFIX {
			return usagef("convert", "--to %q for a collector, want %s", o.to, dataset.FormatIPFIX)
		}
	}
	if o.settings.Rate < 1 {
		return usagef("convert", "--rate %d, want at least 1", o.settings.Rate)
	}
	read, err := o.read.options("convert")
	if err != nil {
		return err
	}
	read.Inputs = args[:len(args)-1]
	o.settings.Read, o.settings.To, o.settings.Output = read, o.to, out
	return nil
}

func runConvert(ctx context.Context, o dataset.ConvertOptions, con *console) error {
	var converting *stage
	unit := "bytes"
	if len(o.Read.Inputs) == 1 && (flowsInspector{}).Owns(o.Read.Inputs[0]) {
		unit = "flows"
	}
	o.Read.Progress = func(done, total, flows int64) {
		if converting == nil {
			converting = con.Stage("converting", unit, total)
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
	if lost := dataset.LostIn(o.To); lost != "" {
		con.Info(o.To + " has no place for: " + lost)
	}
	return nil
}
