package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"stan/torchmodel"
)

// modelInspector describes a model folder, or a checkpoint inside one.
type modelInspector struct{}

// Owns takes a training that has not ended too, of which Inspect says so.
func (modelInspector) Owns(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "model.json"))
	checkpoints, _ := filepath.Glob(filepath.Join(dir, "checkpoint-*"))
	return err == nil || len(checkpoints) > 0
}

// Inspect loads the model, which checks its digest, and writes what it holds.
func (modelInspector) Inspect(_ context.Context, dir string, con *console) error {
	m, err := torchmodel.Load(dir)
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	if m.Manifest.Table != nil {
		return inspectTableModel(m, con)
	}
	v := m.Manifest.Vocabulary
	w, line := describeModel(m, "flows", "hosts", con)
	line("internal", "%v", v.Internal)
	line("values stored", "those of at least %d hosts: %d sizes, %d durations, %d ports, %d addresses and networks", v.MinHosts,
		len(v.Bytes.Exact), len(v.Duration.Exact), len(v.Ports), len(v.Places)-3)
	if s := m.Manifest.Sweeps; s != nil {
		line("sweeps", "%d flows that many hosts have at once, in %d days", len(s.Events), len(s.Days))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(con.out, "\n%s", likelihoodTable(m.Manifest))
	return err
}

// describeModel begins the list of what a model is, trained on rows of streams as they are called, and returns what adds a
// line to it.
func describeModel(m *torchmodel.Model, rows, streams string, con *console) (w *tabwriter.Writer, line func(name, format string, args ...any)) {
	about := m.Manifest.Training
	w = tabwriter.NewWriter(con.out, 0, 0, 2, ' ', 0)
	line = func(name, format string, args ...any) { fmt.Fprintf(w, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	line("architecture", "%s", m.Manifest.Arch)
	line("digest", "%s", m.Digest())
	line("weights", "%d", m.Weights())
	if c := m.Manifest.Config; c != nil {
		line("sees", "%d rows back", c.ReceptiveField())
		if c.Without != (torchmodel.Without{}) {
			line("without", "%v", c.Without)
		}
	}
	line("trained on", "%d %s of %d %s from %s", about.Flows, rows, about.Hosts, streams,
		time.UnixMicro(about.First).UTC().Format(time.RFC3339))
	line("steps", "%d, seed %d", about.Steps, about.Seed)
	return w, line
}
