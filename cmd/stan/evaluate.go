package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/urfave/cli/v2"

	"stan/dataset"
	"stan/evaluate"
)

type evaluateOptions struct {
	train     string
	real      string
	synthetic string
	internal  string
	json      string
	draws     int
	seed      uint64
	force     bool

	networks []netip.Prefix // what validate makes of internal; empty: those of each folder's manifest
}

func newEvaluateCommand(con *console) *cli.Command {
	var o evaluateOptions
	return &cli.Command{
		Name:  "evaluate",
		Usage: "compare synthetic flows with real ones, beside what real hosts differ among each other",
		Description: `Measures how far the synthetic flows are from real ones: each attribute, rules that flows keep, order in
time, and who talks to whom. Each measure is taken between real and other real hosts too: that is the floor, and a
synthetic set no further away than that is "as real". Other real hosts are those of --train, where given, else real is
split in halves. With --train, copies of training rows are looked for as well. --real should hold hosts that the model
was not trained on. Of tables each column is compared, and how columns hang together in a row and from row to row.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "real", Destination: &o.real, Usage: "folder `DIR` of real flows to compare with"},
			&cli.StringFlag{Name: "synthetic", Destination: &o.synthetic, Usage: "folder `DIR` of flows to judge"},
			&cli.StringFlag{Name: "train", Destination: &o.train,
				Usage: "folder `DIR` of the flows that the model was trained on"},
			&cli.StringFlag{Name: "json", Destination: &o.json,
				Usage: "write the report to `FILE` as JSON too; - writes it to standard output instead of the table"},
			&cli.StringFlag{Name: "internal", Destination: &o.internal,
				Usage: "internal networks of all folders, as `CIDR[,CIDR]`; default: what each folder's manifest says"},
			&cli.IntFlag{Name: "draws", Value: evaluate.DefaultDraws, Destination: &o.draws,
				Usage: "draw other real hosts `N` times for the floor"},
			&cli.Uint64Flag{Name: "seed", Destination: &o.seed, Usage: "`N` of the draws; equal seeds give equal reports"},
			&cli.BoolFlag{Name: "force", Destination: &o.force, Usage: "replace a JSON file that is there already"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("evaluate", "%q stands alone, want folders named by --real, --synthetic, --train",
					c.Args().First())
			}
			if err := o.validate(); err != nil {
				return err
			}
			return runEvaluate(c.Context, o, con)
		},
	}
}

func (o *evaluateOptions) validate() error {
	if o.real == "" {
		return usagef("evaluate", "no --real, want the folder of real flows to compare with")
	}
	if o.synthetic == "" {
		return usagef("evaluate", "no --synthetic, want the folder of flows to judge")
	}
	if o.draws < 1 || o.draws > 10_000 {
		return usagef("evaluate", "--draws %d, want 1 to 10000", o.draws)
	}
	if o.internal != "" {
		networks, err := parsePrefixes(o.internal)
		if err != nil {
			return usagef("evaluate", "--internal: %w", err)
		}
		o.networks = networks
	}
	return nil
}

// runEvaluate writes the table to con.out and the JSON where o says. The output is checked before the long work.
func runEvaluate(ctx context.Context, o evaluateOptions, con *console) error {
	if err := o.checkOutput(); err != nil {
		return err
	}
	isTable, err := dataset.HoldsTable(o.real)
	if err != nil {
		return fmt.Errorf("evaluate: real: %w", err)
	}
	if isTable {
		report, err := compareTables(ctx, o)
		if err != nil {
			return err
		}
		return o.write(report, con)
	}
	open := func(name, dir string) (set evaluate.Set, flows int64, err error) {
		folder, err := dataset.Open(dir)
		if err != nil {
			return set, 0, fmt.Errorf("evaluate: %s: %w", name, err)
		}
		networks := o.networks
		if len(networks) == 0 {
			networks = folder.Internal()
		}
		return evaluate.Set{Name: name, Place: dir, Flows: folder.Batches(ctx), Internal: networks}, folder.Flows(), nil
	}
	real, realFlows, err := open("real", o.real)
	if err != nil {
		return err
	}
	synthetic, syntheticFlows, err := open("synthetic", o.synthetic)
	if err != nil {
		return err
	}
	flows := map[string]int64{real.Name: realFlows, synthetic.Name: syntheticFlows}
	var train *evaluate.Set
	if o.train != "" {
		set, n, err := open("train", o.train)
		if err != nil {
			return err
		}
		train, flows[set.Name] = &set, n
	}
	var reading *stage
	var current string
	report, err := evaluate.Compare(real, synthetic, train, evaluate.Options{
		Seed: o.seed, Draws: o.draws,
		Progress: func(set string, rows int64) {
			if set != current {
				if reading != nil {
					reading.Done()
				}
				current, reading = set, con.Stage("reading "+set, "flows", flows[set])
			}
			reading.Set(rows)
		},
	})
	if err != nil {
		return err
	}
	reading.Done()
	return o.write(report, con)
}

// checkOutput refuses a JSON file that is there already, or cannot be created.
func (o *evaluateOptions) checkOutput() error {
	if o.json == "" || o.json == "-" {
		return nil
	}
	info, err := os.Stat(o.json)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("evaluate: --json %s: %w: it is a folder", o.json, dataset.ErrCannotWrite)
	case err == nil && !o.force:
		return fmt.Errorf("evaluate: --json %s: %w: give --force to replace it", o.json, dataset.ErrExists)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("evaluate: --json: %w: %w", dataset.ErrCannotWrite, err)
	}
	if _, err := os.Stat(filepath.Dir(o.json)); err != nil {
		return fmt.Errorf("evaluate: --json: %w: %w", dataset.ErrCannotWrite, err)
	}
	return nil
}

// report is what an evaluation of flows or of tables found.
type report interface {
	WriteJSON(w io.Writer) error
	WriteTable(w io.Writer) error
}

func (o *evaluateOptions) write(report report, con *console) error {
	if o.json == "-" {
		return report.WriteJSON(con.out)
	}
	if o.json != "" {
		var text bytes.Buffer
		if err := report.WriteJSON(&text); err != nil {
			return err
		}
		if err := renameio.WriteFile(o.json, text.Bytes(), 0o644); err != nil {
			return fmt.Errorf("evaluate: --json: %w: %w", dataset.ErrCannotWrite, err)
		}
	}
	return report.WriteTable(con.out)
}
