package main

import (
	"fmt"
	"os"
)

// refusals runs jobs that may not write their folder, or files as large as they need.
func (c *campaign) refusals(jobs []*job) error {
	for _, j := range jobs {
		if c.wants("folder read-only", j.name) {
			r := c.table.row("folder read-only", j.name, writePromise)
			if err := c.refuse(r, j, "read-only", 0o555, setting{obey: true}); err != nil {
				return err
			}
		}
		if !c.wants("file size limit", j.name) {
			continue
		}
		r := c.table.row("file size limit, for a quota", j.name, writePromise)
		for range c.tries(20) {
			size := 1 + c.draw.Int64N(j.largest-1)
			if err := c.refuse(r, j, fmt.Sprintf("%d bytes", size), 0o755, setting{fileSize: uint64(size)}); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuse runs j under a setting in a folder with the given permissions; it must not succeed.
func (c *campaign) refuse(r *row, j *job, at string, mode os.FileMode, s setting) error {
	dir, err := c.folder(j)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, mode); err != nil {
		return err
	}
	o, err := c.start(dir, s, j.args...)
	if err == nil {
		err = os.Chmod(dir, 0o755)
	}
	if err != nil {
		return err
	}
	if o.status != 73 {
		r.count(at, fmt.Errorf("%v, want status 73", o))
		return nil
	}
	r.count(at, c.promise(j, dir, o))
	return nil
}
