package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const (
	smallest = 64 << 10  // bytes of a disk on which a job is tried
	enough   = 256 << 20 // bytes for any job
)

// disks runs jobs on file systems that fill up or cannot be written.
func (c *campaign) disks(jobs []*job) error {
	for _, j := range jobs {
		if c.wants("disk full", j.name) {
			r := c.table.row("disk full", j.name, writePromise)
			if err := c.onDisk(r, j, 40, c.fill); err != nil {
				return err
			}
		}
		if c.wants("file system read-only", j.name) {
			r := c.table.row("file system read-only", j.name, writePromise)
			if err := c.onDisk(r, j, 1, c.protect); err != nil {
				return err
			}
		}
	}
	return nil
}

// onDisk gives try a fresh file system for its share of full times. Where none can be mounted, the row says so.
func (c *campaign) onDisk(r *row, j *job, full int, try func(r *row, j *job, dir string) error) error {
	for range c.tries(full) {
		dir, err := os.MkdirTemp(c.scratch, "disk-")
		if err != nil {
			return err
		}
		if err := mount(dir, enough, 0); err != nil {
			r.note = fmt.Sprintf("not tried: mounting a tmpfs: %v", err)
			fmt.Fprintf(os.Stderr, "faults: %s: %s: %s\n", r.fault, r.job, r.note)
			return os.Remove(dir)
		}
		if j.setUp != nil {
			err = j.setUp(dir)
		}
		if err == nil {
			err = try(r, j, dir)
		}
		if unmounted := unix.Unmount(dir, unix.MNT_DETACH); err == nil {
			err = unmounted
		}
		if err != nil {
			return err
		}
		if err := os.Remove(dir); err != nil {
			return err
		}
	}
	return nil
}

func mount(dir string, size int64, flags uintptr) error {
	return unix.Mount("faults", dir, "tmpfs", flags, fmt.Sprintf("size=%d,mode=0755", size))
}

// fill runs j with room for a part of its files: which may just be enough.
func (c *campaign) fill(r *row, j *job, dir string) error {
	var used unix.Statfs_t
	if err := unix.Statfs(dir, &used); err != nil {
		return err
	}
	before := int64(used.Blocks-used.Bfree) * used.Bsize
	size := before + smallest + c.draw.Int64N(2*j.bytes)
	if err := mount(dir, size, unix.MS_REMOUNT); err != nil {
		return err
	}
	o, err := c.start(dir, setting{}, j.args...)
	if err != nil {
		return err
	}
	if err := mount(dir, enough, unix.MS_REMOUNT); err != nil {
		return err
	}
	at := fmt.Sprintf("%d bytes", size)
	if o.status != 73 && o.status != 0 { // there may have been just enough room
		r.count(at, fmt.Errorf("%v, want status 73", o))
		return nil
	}
	r.count(at, c.promise(j, dir, o))
	return nil
}

// protect runs j on a file system that cannot be written.
func (c *campaign) protect(r *row, j *job, dir string) error {
	if err := mount(dir, enough, unix.MS_REMOUNT|unix.MS_RDONLY); err != nil {
		return err
	}
	o, err := c.start(dir, setting{}, j.args...)
	if err != nil {
		return err
	}
	if err := mount(dir, enough, unix.MS_REMOUNT); err != nil {
		return err
	}
	if o.status != 73 {
		r.count("read-only", fmt.Errorf("%v, want status 73", o))
		return nil
	}
	r.count("read-only", c.promise(j, dir, o))
	return nil
}
