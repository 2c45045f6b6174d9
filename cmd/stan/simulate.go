package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"stan/dataset"
	"stan/dataset/table"
)

type simulateOptions struct {
	rows   int
	seed   uint64
	output string
	force  bool
}

func newSimulateCommand(con *console) *cli.Command {
	var o simulateOptions
	return &cli.Command{
		Name:  "simulate",
		Usage: "write the paper's simulated data, a table of two columns",
		Description: `x_t = 0.9 x_{t-1} + 0.1 e and y_t = 0.9 x_t + 0.1 e, each e standard normal: the truth that a generator should find is
known. The rows are dealt to series of 1,000 that each begin from the process's own distribution.`,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "rows", Value: 100_000, Destination: &o.rows, Usage: "`N` rows in total"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Destination: &o.seed, Usage: "`S`"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Destination: &o.output, Usage: "write the table to the new folder `DIR`"},
			&cli.BoolFlag{Name: "force", Destination: &o.force, Usage: "replace a folder that is there already"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("simulate", "argument %q, want none", c.Args().First())
			}
			if err := o.validate(); err != nil {
				return err
			}
			return runSimulate(o, con)
		},
	}
}

// mostSimulated keeps the table, which is made in memory, below 3 GiB.
const mostSimulated = 100_000_000

func (o *simulateOptions) validate() error {
	if o.output == "" {
		return usagef("simulate", "no output, want -o DIR")
	}
	if o.rows < 1 || o.rows > mostSimulated {
		return usagef("simulate", "--rows %d, want 1 to %d", o.rows, mostSimulated)
	}
	return nil
}

func runSimulate(o simulateOptions, con *console) error {
	t := table.Simulate(o.rows, o.seed)
	w, err := dataset.NewTableWriter(o.output, t.Schema(), o.force)
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	defer w.Abort()
	if err := w.Write(t); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	meta := dataset.TableMeta{Tool: tool(), Metadata: map[string]string{"simulated": "x, y of the paper", "seed": fmt.Sprint(o.seed)}}
	if _, err := w.Finish(meta); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	_, err = fmt.Fprintf(con.out, "%d rows of %d series in %s\n", t.Rows(), len(t.Entities), o.output)
	return con.Told(err)
}
