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
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"stan/dataset"
	"stan/evaluate"
	"stan/evaluate/page"
	"stan/torchmodel"
)

type evaluateOptions struct {
	train     string
	model     string
	real      string
	synthetic string
	internal  string
	json      string
	html      string
	showReal  bool
	failIf    []string
	sample    int
	draws     int
	seed      uint64
	force     bool

	bounds   []evaluate.Bound // what validate makes of failIf
	networks []netip.Prefix   // what validate makes of internal; empty: those of each folder's manifest
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
was not trained on. Of tables each column is compared, how columns hang together in a row and from row to row, and with
--train what shows of its rows; --sample is for flows only.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "real", Destination: &o.real, Usage: "folder `DIR` of real flows to compare with"},
			&cli.StringFlag{Name: "synthetic", Destination: &o.synthetic, Usage: "folder `DIR` of flows to judge"},
			&cli.StringFlag{Name: "train", Destination: &o.train,
				Usage: "folder `DIR` of the flows that the model was trained on"},
			&cli.StringFlag{Name: "model", Destination: &o.model,
				Usage: "folder `DIR` of the model: report how likely the real flows are under it, and with --train whether that tells training hosts from others"},
			&cli.StringFlag{Name: "json", Destination: &o.json,
				Usage: "write the report to `FILE` as JSON too; - writes it to standard output instead of the table"},
			&cli.StringFlag{Name: "html", Destination: &o.html,
				Usage: "write the report to `FILE` as a page for a browser too"},
			&cli.BoolFlag{Name: "show-real", Destination: &o.showReal,
				Usage: "put a dozen real flows or rows beside the synthetic ones into JSON and page: only if those may be seen"},
			&cli.StringSliceFlag{Name: "fail-if",
				Usage: "end with status 1 where a measure meets this `CONDITION`, such as 'window_auc>0.8'; may stand " +
					"several times; 'copy_share.difference>0.01' for another figure of a measure than its own"},
			&cli.IntFlag{Name: "sample", Value: evaluate.DefaultSample, Destination: &o.sample,
				Usage: "`N` flows of each set for the measures that look at rows: classifiers, task models, privacy"},
			&cli.StringFlag{Name: "internal", Destination: &o.internal,
				Usage: "internal networks of all folders, as `CIDR[,CIDR]`; default: what each folder's manifest says"},
			&cli.IntFlag{Name: "draws", Value: evaluate.DefaultDraws, Destination: &o.draws,
				Usage: "draw other real hosts `N` times for the floor"},
			&cli.Uint64Flag{Name: "seed", Destination: &o.seed, Usage: "`N` of the draws; equal seeds give equal reports"},
			&cli.BoolFlag{Name: "force", Destination: &o.force, Usage: "replace a report that is there already"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("evaluate", "%q stands alone, want folders named by --real, --synthetic, --train",
					c.Args().First())
			}
			o.failIf = c.StringSlice("fail-if")
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
	if o.sample < 1 {
		return usagef("evaluate", "--sample %d, want 1 or more", o.sample)
	}
	if o.html != "" && o.html == o.json {
		return usagef("evaluate", "--html and --json are both %s, want two files", o.html)
	}
	for _, text := range o.failIf {
		bound, err := evaluate.ParseBound(text)
		if err != nil {
			return usagef("evaluate", "--fail-if: %w", err)
		}
		o.bounds = append(o.bounds, bound)
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

// runEvaluate compares what o names. The output is checked before the long work.
func runEvaluate(ctx context.Context, o evaluateOptions, con *console) error {
	if err := o.checkOutput(); err != nil {
		return err
	}
	isTable, err := dataset.HoldsTable(o.real)
	if err != nil {
		return fmt.Errorf("evaluate: real: %w", err)
	}
	if isTable {
		return evaluateTables(ctx, o, con)
	}
	return evaluateFlows(ctx, o, con)
}

// checkNames refuses a bound of a measure that is not among names. Those of a model's attributes have its names.
func (o *evaluateOptions) checkNames(names []string) error {
	for _, b := range o.bounds {
		if !strings.HasPrefix(b.Measure, evaluate.NLLPrefix) && !slices.Contains(names, b.Measure) {
			return usagef("evaluate", "--fail-if: no measure %q%s", b.Measure, didYouMean(b.Measure, names))
		}
	}
	return nil
}

// evaluateFlows compares the folders of flows that o names.
func evaluateFlows(ctx context.Context, o evaluateOptions, con *console) error {
	if err := o.checkNames(evaluate.Names()); err != nil {
		return err
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
	var likelihood evaluate.Likelihood
	if o.model != "" {
		scorer, err := openScorer(o.model)
		if err != nil {
			return err
		}
		defer scorer.Close()
		likelihood = scorer
	}
	var reading *stage
	var current string
	report, err := evaluate.Compare(real, synthetic, train, evaluate.Options{
		Seed: o.seed, Draws: o.draws, Sample: o.sample, ShowReal: o.showReal, Likelihood: likelihood,
		Progress: func(set string, rows int64) {
			if set != current {
				if reading != nil {
					reading.Done()
				}
				current, reading = set, con.Stage("reading "+set, "flows", flows[set])
			}
			reading.Set(rows)
			if set == synthetic.Name && rows == flows[set] { // the last one
				reading.Done()
				con.Info("measuring")
			}
		},
	})
	if err != nil {
		return err
	}
	con.metrics.evaluation(&report.Findings)
	return o.finish(report, func(w io.Writer) error { return page.Write(w, report) }, con)
}

func openScorer(dir string) (torchmodel.Scorer, error) {
	model, err := torchmodel.Load(dir)
	if err != nil {
		return nil, fmt.Errorf("evaluate: --model: %w", err)
	}
	device, err := chooseDevice("auto")
	if err != nil {
		return nil, fmt.Errorf("evaluate: --model: %w", err)
	}
	scorer, err := model.NewScorer(device)
	if err != nil {
		return nil, fmt.Errorf("evaluate: --model: %w", err)
	}
	return scorer, nil
}

// checkOutput refuses a report file that is there already, or cannot be created.
func (o *evaluateOptions) checkOutput() error {
	for _, output := range [][2]string{{"--json", o.json}, {"--html", o.html}} {
		flag, path := output[0], output[1]
		if path == "" || flag == "--json" && path == "-" {
			continue
		}
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			return fmt.Errorf("evaluate: %s %s: %w: it is a folder", flag, path, dataset.ErrCannotWrite)
		case err == nil && !o.force:
			return fmt.Errorf("evaluate: %s %s: %w: give --force to replace it", flag, path, dataset.ErrExists)
		case err != nil && !errors.Is(err, fs.ErrNotExist):
			return fmt.Errorf("evaluate: %s: %w: %w", flag, dataset.ErrCannotWrite, err)
		}
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return fmt.Errorf("evaluate: %s: %w: %w", flag, dataset.ErrCannotWrite, err)
		}
	}
	return nil
}

// report is what an evaluation of flows or of tables found.
type report interface {
	WriteJSON(w io.Writer) error
	WriteTable(w io.Writer, width int) error
	Check(b evaluate.Bound) error
}

// finish writes the report and its page where o says, and then fails if a bound is met.
func (o *evaluateOptions) finish(report report, page func(io.Writer) error, con *console) error {
	if o.html != "" {
		if err := writeReport("--html", o.html, page); err != nil {
			return err
		}
	}
	if err := o.write(report, con); err != nil {
		return err
	}
	return o.checkBounds(report)
}

func (o *evaluateOptions) write(report report, con *console) error {
	if o.json == "-" {
		return report.WriteJSON(con.out)
	}
	if o.json != "" {
		if err := writeReport("--json", o.json, report.WriteJSON); err != nil {
			return err
		}
	}
	return report.WriteTable(con.out, con.width())
}

// writeReport puts what write writes into a file, whole or not at all.
func writeReport(flag, path string, write func(io.Writer) error) error {
	var content bytes.Buffer
	if err := write(&content); err != nil {
		return err
	}
	if err := dataset.WriteFile(path, content.Bytes()); err != nil {
		return fmt.Errorf("evaluate: %s: %w", flag, err)
	}
	return nil
}

// checkBounds returns an error for every bound of --fail-if that the report meets.
func (o *evaluateOptions) checkBounds(report report) error {
	var met []error
	for _, bound := range o.bounds {
		if err := report.Check(bound); err != nil {
			met = append(met, fmt.Errorf("evaluate: --fail-if %w", err))
		}
	}
	return errors.Join(met...)
}
