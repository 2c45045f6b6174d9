package main

import (
	"fmt"
	"os"
	"slices"
	"syscall"
)

// operationFault is what befalls a job at its n-th operation.
type operationFault struct {
	name    string
	promise string
	effects effect // of the operations that count
	errno   syscall.Errno
	signal  syscall.Signal // in place of an error
	on      bool           // all later ones fail too
	status  int
}

const (
	killPromise  = "nothing in part; run again, same bytes"
	writePromise = "status 73, nothing left; run again, same bytes"
	ioPromise    = "status 74, nothing left; run again, same bytes"
)

var operationFaults = []operationFault{
	{name: "SIGKILL before the n-th operation", promise: killPromise, effects: changes | removes, signal: syscall.SIGKILL, status: killed},
	{name: "no space from the n-th operation on", promise: writePromise, effects: creates | writes, errno: syscall.ENOSPC, on: true, status: 73},
	{name: "I/O error at the n-th operation", promise: ioPromise, effects: changes, errno: syscall.EIO, status: 74},
	{name: "I/O error at the n-th read", promise: ioPromise, effects: reads, errno: syscall.EIO, status: 74},
	{name: "interrupted at the n-th read or write", promise: "goes on, same bytes", effects: reads | writes, errno: syscall.EINTR},
}

// operations lets the n-th operation fail, for n = 1, 2, 3 ... until a run has fewer. A process killed before an operation
// is one killed after the operation before it: nothing else changes files in between.
func (c *campaign) operations(jobs []*job) error {
	for _, f := range operationFaults {
		for _, j := range jobs {
			if !c.wants(f.name, j.name) {
				continue
			}
			if err := c.sweep(f, j); err != nil {
				return err
			}
		}
	}
	return nil
}

// sweep tries one fault at the operations of one job.
func (c *campaign) sweep(f operationFault, j *job) error {
	r := c.table.row(f.name, j.name, f.promise)
	most := j.callsOf(f.effects)
	tried := []int{1 + c.draw.IntN(most)} // in any case
	if f.errno == syscall.EIO {
		tried = append(tried, most) // the last one finds the output in place
	}
	r.note = fmt.Sprintf("of %d", most)
	for n := 1; (c.share == 1 || n <= most) && !c.over(); n++ {
		if !slices.Contains(tried, n) && !c.picked() {
			continue
		}
		fired, err := c.failOperation(f, j, n, r)
		if err != nil {
			return err
		}
		if !fired {
			break
		}
	}
	return nil
}

// failOperation runs j with the fault at operation n. It reports whether the run had so many.
func (c *campaign) failOperation(f operationFault, j *job, n int, r *row) (bool, error) {
	dir, err := c.folder(j)
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	seen := 0
	var hit operation
	decide := func(o operation) verdict {
		if o.effect&f.effects == 0 {
			return verdict{}
		}
		seen++
		if seen == n {
			hit = o
		}
		if seen < n || seen > n && !f.on {
			return verdict{}
		}
		return verdict{errno: f.errno, signal: f.signal}
	}
	o, err := c.start(dir, setting{effects: f.effects, decide: decide}, j.args...)
	if err != nil {
		return false, err
	}
	if seen < n {
		return false, nil
	}
	at := fmt.Sprintf("operation %d, %v", n, hit)
	if o.status != f.status {
		r.count(at, fmt.Errorf("%v, want status %d", o, f.status))
		return true, nil
	}
	r.count(at, c.promise(j, dir, o))
	return true, nil
}

// callsOf counts the operations of an unbroken run that have one of the effects.
func (j *job) callsOf(e effect) int {
	n := 0
	for _, o := range j.calls {
		if o.effect&e != 0 {
			n++
		}
	}
	return n
}
