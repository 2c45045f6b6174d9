package main

import (
	"fmt"
	"io"
	"os"
)

// row is a line of the table: one fault on one job.
type row struct {
	fault, job, promise string
	tried, held         int
	note                string // why it was not tried, or what it stands for
}

type table struct{ rows []*row }

// row adds a line.
func (t *table) row(fault, job, promise string) *row {
	r := &row{fault: fault, job: job, promise: promise}
	t.rows = append(t.rows, r)
	fmt.Fprintf(os.Stderr, "faults: %s: %s\n", fault, job)
	return r
}

// count counts a try; err says which promise it broke, at says which try it was.
func (r *row) count(at string, err error) {
	r.tried++
	if err == nil {
		r.held++
		return
	}
	fmt.Fprintf(os.Stderr, "faults: BROKEN: %s: %s: %s: %v\n", r.fault, r.job, at, err)
}

// print writes the table as Markdown and returns an error if a promise was broken.
func (t *table) print(w io.Writer) error {
	fmt.Fprintln(w, "| fault | job | tried | held | promise |")
	fmt.Fprintln(w, "|---|---|---|---|---|")
	broken := 0
	for _, r := range t.rows {
		broken += r.tried - r.held
		tried := fmt.Sprint(r.tried)
		if r.tried == 0 && r.note == "" {
			r.note = "no time"
		}
		if r.note != "" {
			tried += " (" + r.note + ")"
		}
		fmt.Fprintf(w, "| %s | %s | %s | %d | %s |\n", r.fault, r.job, tried, r.held, r.promise)
	}
	if broken > 0 {
		return fmt.Errorf("%d promises broken", broken)
	}
	return nil
}
