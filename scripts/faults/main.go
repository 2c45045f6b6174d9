// Faults runs stan while its machine fails, and checks what docs/reliability.md promises of every fault: no output is
// visible in part, the exit status is that of the table, and the same command run again gives the same bytes.
//
//	faults [-stan bin/stan] [-testdata testdata] [-share 1] [-seed 1] [-only REGEXP] [-for DURATION] [-scratch DIR]
//
// It prints a row of a table for every fault and job. -share is how much of the campaign is run: the n-th operations and the
// moments that are left out follow from the seed. Once -for has passed, or at SIGINT or SIGTERM, no more is tried; the table tells what was.
// Status 1 says that a promise was broken, and standard error which; status 98 that nothing was tried, as no seccomp filter can be set.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
)

// campaign is what all faults share.
type campaign struct {
	stan    string // the program under test
	scratch string // an empty folder for this campaign alone
	share   float64
	draw    *rand.Rand
	only    *regexp.Regexp
	time    context.Context // nothing new is tried once it is done
	table   table
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == confinedCommand {
		err := confined(os.Args[2:]) // does not return if all went well
		fmt.Fprintln(os.Stderr, "faults:", err)
		if errors.Is(err, errNoFilter) {
			os.Exit(noFilter)
		}
		os.Exit(confinedFailed)
	}
	switch err := run(); {
	case errors.Is(err, errNoFilter):
		fmt.Fprintln(os.Stderr, "faults: nothing was tried:", err)
		os.Exit(noFilter)
	case err != nil:
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
}

func run() error {
	stan := flag.String("stan", "bin/stan", "the `PROGRAM` under test")
	testdata := flag.String("testdata", "testdata", "the repository's `DIR` of captures")
	share := flag.Float64("share", 1, "`X` of the campaign, more than 0 to 1")
	seed := flag.Uint64("seed", 1, "`S` of what is drawn")
	only := flag.String("only", "", "faults and jobs that match `REGEXP`, written as fault/job")
	limit := flag.Duration("for", 0, "try nothing new after `DURATION`, 0 for no limit")
	scratch := flag.String("scratch", os.TempDir(), "`DIR` to work in")
	flag.Parse()
	if !(*share > 0 && *share <= 1) || flag.NArg() > 0 {
		return fmt.Errorf("-share %g and arguments %q, want more than 0 to 1 and none", *share, flag.Args())
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	program, err := filepath.Abs(*stan)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(*scratch, "faults-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if *limit > 0 {
		ctx, cancel = context.WithTimeout(ctx, *limit)
		defer cancel()
	}
	c := &campaign{stan: program, scratch: dir, share: *share, draw: rand.New(rand.NewPCG(*seed, 0)), only: pattern, time: ctx}
	jobs, err := c.prepare(*testdata)
	if err != nil {
		return err
	}
	for _, part := range []func([]*job) error{c.operations, c.signals, c.disks, c.refusals, c.twice, c.clocks} {
		if err := part(jobs); err != nil {
			return errors.Join(err, c.table.print(os.Stdout))
		}
	}
	return c.table.print(os.Stdout)
}

// wants tells whether -only asks for a fault on a job.
func (c *campaign) wants(fault, job string) bool { return c.only.MatchString(fault + "/" + job) }

// over tells whether the time is up.
func (c *campaign) over() bool { return c.time.Err() != nil }

// tries yields as many times as this campaign's share of full, at least once if there is time.
func (c *campaign) tries(full int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range max(1, int(float64(full)*c.share)) {
			if c.over() || !yield(i) {
				return
			}
		}
	}
}

// picked draws whether one of many is tried.
func (c *campaign) picked() bool { return c.share == 1 || c.draw.Float64() < c.share }
