package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// twice starts every job twice in one folder, the second at a random time of the first. One must succeed, and the other
// succeed too or be told that the output is in use or there already.
func (c *campaign) twice(jobs []*job) error {
	for _, j := range jobs {
		if !c.wants("two runs on one output", j.name) {
			continue
		}
		r := c.table.row("two runs on one output", j.name, "one gives the output, the other too or is refused")
		for range c.tries(40) {
			if err := c.together(r, j); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *campaign) together(r *row, j *job) error {
	dir, err := c.folder(j)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	type ending struct {
		o   outcome
		err error
	}
	first := make(chan ending)
	go func() {
		o, err := c.start(dir, setting{}, j.args...)
		first <- ending{o, err}
	}()
	later := time.Duration(c.draw.Int64N(int64(j.took.took)))
	time.Sleep(later)
	second, err := c.start(dir, setting{}, j.args...)
	one := <-first
	if err := errors.Join(err, one.err); err != nil {
		return err
	}
	r.count(fmt.Sprintf("second after %v", later), j.shared(dir, one.o, second))
	return nil
}

// shared checks what two runs left.
func (j *job) shared(dir string, outcomes ...outcome) error {
	ended := 0
	for _, o := range outcomes {
		switch o.status {
		case 0:
			ended++
		case 73, j.done:
		default:
			return fmt.Errorf("%v, want status 0, 73 or %d", o, j.done)
		}
	}
	if ended == 0 {
		return fmt.Errorf("neither succeeded: %v", outcomes)
	}
	found, err := read(filepath.Join(dir, "out"))
	if err != nil {
		return err
	}
	if what := found.unlike(j.want); what != "" {
		return errors.New(what)
	}
	if left := j.leftovers(dir); len(left) > 0 {
		return fmt.Errorf("left %q", left)
	}
	return nil
}
