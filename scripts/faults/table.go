package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// row is a line of the table: one fault on one job.
type row struct {
	fault, job, promise string
	tried, held         int
	note                string // why it was not tried, or of how many operations
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

// print writes the table as Markdown, a line for a fault, a column for a job: how often the promise held of how often the fault was
// tried. It returns an error if a promise was broken.
func (t *table) print(w io.Writer) error {
	var faults, jobs []string
	cells := make(map[[2]string]string)
	promises := make(map[string]string)
	broken := 0
	for _, r := range t.rows {
		if !slices.Contains(faults, r.fault) {
			faults = append(faults, r.fault)
		}
		if !slices.Contains(jobs, r.job) {
			jobs = append(jobs, r.job)
		}
		promises[r.fault] = r.promise
		cells[[2]string{r.fault, r.job}] = r.cell()
		broken += r.tried - r.held
	}
	fmt.Fprintf(w, "| fault | promise | %s |\n", strings.Join(jobs, " | "))
	fmt.Fprintf(w, "|---|---%s|\n", strings.Repeat("|---", len(jobs)))
	for _, fault := range faults {
		line := []string{fault, promises[fault]}
		for _, job := range jobs {
			line = append(line, cells[[2]string{fault, job}])
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(line, " | "))
	}
	if broken > 0 {
		return fmt.Errorf("%d promises broken", broken)
	}
	return nil
}

// cell says how often the promise held, of how often the fault was tried.
func (r *row) cell() string {
	text := fmt.Sprintf("%d/%d", r.held, r.tried)
	if r.tried == 0 {
		text = "not tried"
	}
	if r.note != "" {
		text += " (" + r.note + ")"
	}
	return text
}
