package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// longest is how long after an operation a signal comes at most.
const longest = 30 * time.Millisecond

// mainJobs are tried with every moment and clock; the others are short.
var mainJobs = []string{"ingest", "ingest --force", "ingest --append", "train", "generate"}

// signals ends jobs at random moments: a random operation, and a random time after it.
func (c *campaign) signals(jobs []*job) error {
	for _, j := range jobs {
		if !slices.Contains(mainJobs, j.name) {
			continue
		}
		if c.wants("SIGKILL at a random moment", j.name) {
			r := c.table.row("SIGKILL at a random moment", j.name, killPromise)
			for range c.tries(200) {
				if err := c.signal(r, j, syscall.SIGKILL, killed, nil); err != nil {
					return err
				}
			}
		}
		if c.wants("SIGTERM at a random moment", j.name) {
			r := c.table.row("SIGTERM at a random moment", j.name, "status 75, nothing left but a checkpoint; run again, same bytes")
			for range c.tries(100) {
				if err := c.signal(r, j, syscall.SIGTERM, 75, nil); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// clocks ends jobs and makes what they leave a hundred years younger than the run that comes after.
func (c *campaign) clocks(jobs []*job) error {
	for _, j := range jobs {
		if !slices.Contains(mainJobs, j.name) || !c.wants("files of 2100", j.name) {
			continue
		}
		r := c.table.row("files of 2100 after a SIGKILL, for a clock set back", j.name, killPromise)
		for range c.tries(20) {
			if err := c.signal(r, j, syscall.SIGKILL, killed, dateAhead); err != nil {
				return err
			}
		}
	}
	return nil
}

func dateAhead(dir string) error {
	then := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	return filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(path, then, then)
	})
}

// signal sends a signal to a run of j at a random moment; afterwards, if not nil, is done to the folder before it is checked. A run
// that came to its end first must be whole like any other.
func (c *campaign) signal(r *row, j *job, s syscall.Signal, status int, afterwards func(dir string) error) error {
	dir, err := c.folder(j)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	n := c.draw.IntN(len(j.calls))
	later := time.Duration(c.draw.Int64N(int64(longest)))
	seen := 0
	decide := func(o operation) verdict {
		if seen++; seen == n+1 {
			return verdict{signal: s, later: later}
		}
		return verdict{}
	}
	o, err := c.start(dir, setting{effects: changes | removes | reads, decide: decide}, j.args...)
	if err == nil && afterwards != nil {
		err = afterwards(dir)
	}
	if err != nil {
		return err
	}
	at := fmt.Sprintf("%v after operation %d, %v", later, n+1, j.calls[n])
	if o.status != status && o.status != 0 {
		r.count(at, fmt.Errorf("%v, want status %d", o, status))
		return nil
	}
	r.count(at, c.promise(j, dir, o))
	return nil
}
