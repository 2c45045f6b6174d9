package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"stan/dataset"
	"stan/dataset/table"
	"stan/torchmodel"
)

// Tables beside flows: which of the two a folder or a model holds, its manifest says; the same commands take both.

// readTable reads the table of a folder.
func readTable(ctx context.Context, dir string) (*table.Table, error) {
	set, err := dataset.OpenTable(dir)
	if err != nil {
		return nil, err
	}
	return set.Read(ctx)
}

// ingestTable reads the inputs as a table and prints what became of their rows.
func ingestTable(ctx context.Context, o dataset.TableIngestOptions, con *console) error {
	reading := con.Stage("reading", "rows", -1)
	o.Stdin, o.Progress = con.in, func(rows int64) { reading.Set(rows) }
	m, err := dataset.IngestTable(ctx, o)
	if m.TableIngest != nil {
		for _, line := range m.TableIngest.BadLines {
			con.Warn(line.String())
		}
		if more := m.TableIngest.Bad - int64(len(m.TableIngest.BadLines)); more > 0 {
			con.Warn(fmt.Sprintf("%d more rows refused", more))
		}
	}
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	reading.Done("folder", o.Output)
	return con.Told(printTableSummary(con.out, &m))
}

// printTableSummary writes what a folder of a table holds and, after ingest, what became of every row.
func printTableSummary(out io.Writer, m *dataset.Manifest) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if s := m.TableIngest; s != nil {
		fmt.Fprintf(t, "rows read\t%d\tin %d files\n", s.Rows, s.Inputs)
		fmt.Fprintf(t, "rows refused\t%d\t\n", s.Bad)
		for _, reason := range slices.Sorted(maps.Keys(s.BadByReason)) {
			fmt.Fprintf(t, "\t%d\t%s\n", s.BadByReason[reason], reason)
		}
	}
	fmt.Fprintf(t, "rows\t%d\tin %d data files\n", m.Rows, len(m.Files))
	fmt.Fprintf(t, "entities\t%d\tby %s\n", m.Hosts, m.Table.Entity)
	fmt.Fprintf(t, "first %s\t%s\t\n", m.Table.Time, m.First.Format(time.RFC3339Nano))
	fmt.Fprintf(t, "last %s\t%s\t\n", m.Table.Time, m.Last.Format(time.RFC3339Nano))
	for _, c := range m.Table.Columns {
		fmt.Fprintf(t, "column\t%s\t%s\n", c.Name, kindOf(c))
	}
	return t.Flush()
}

func kindOf(c table.Column) string {
	switch {
	case !c.Discrete():
		return "continuous"
	case len(c.ClassNames) > 0 && c.Classes <= 8:
		return "of " + strings.Join(c.ClassNames, ", ")
	}
	return fmt.Sprintf("of %d classes", c.Classes)
}

// trainTable learns from a folder of a table.
func trainTable(ctx context.Context, o trainOptions, con *console) error {
	if o.internal != "" {
		return usagef("train", "--internal %s, want none: %s holds a table", o.internal, o.data)
	}
	data, err := readTable(ctx, o.data)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	var valid *table.Table
	if o.valid != "" {
		if valid, err = readTable(ctx, o.valid); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	if !o.decaySet {
		o.model.WeightDecay = torchmodel.TableWeightDecay
	}
	watch := &trainWatch{con: con, stage: con.Stage("train", "rows", -1)}
	m, err := torchmodel.TrainTable(ctx, data, valid, o.output, o.model, watch)
	if err != nil {
		return err
	}
	watch.stage.Done()
	return con.Told(printTrained(con.out, m, o.output))
}

// generateTable draws a table from the model m.
func generateTable(ctx context.Context, o generateOptions, m *torchmodel.Model, con *console) error {
	switch {
	case o.format != dataset.FormatParquet:
		return usagef("generate", "--format %s, want parquet: the model is of a table", o.format)
	case o.internal != "":
		return usagef("generate", "--internal %s, want none: the model is of a table", o.internal)
	}
	w, err := dataset.NewTableWriter(o.output, m.Manifest.Table.Schema(), o.force)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	defer w.Abort()
	stage := con.Stage("generate", "rows", -1)
	rows, err := m.GenerateTable(ctx, o.what, w.Write, func(done, planned int64) { stage.SetTotal(planned); stage.Set(done) })
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	meta := dataset.TableMeta{Tool: tool(), Metadata: map[string]string{
		"model": m.Digest(), "arch": m.Manifest.Arch, "seed": strconv.FormatUint(o.what.Seed, 10), "shard": o.shard,
	}}
	if _, err := w.Finish(meta); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	stage.Done()
	_, err = fmt.Fprintf(con.out, "%d rows in %s\n", rows, o.output)
	return con.Told(err)
}

// inspectTable reads every row of a folder of a table, so that a changed byte anywhere is found, and says what is in it.
func inspectTable(ctx context.Context, dir string, con *console) error {
	set, err := dataset.OpenTable(dir)
	if err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	if _, err := set.Read(ctx); err != nil {
		return fmt.Errorf("inspect: %w", err)
	}
	m := set.Manifest()
	if err := printTableSummary(con.out, &m); err != nil {
		return err
	}
	return printOrigin(con.out, &m)
}

// inspectTableModel says what a model of a table holds.
func inspectTableModel(m *torchmodel.Model, con *console) error {
	s := m.Manifest.Table
	w, line := describeModel(m, "rows", "entities", con)
	if s.Step > 0 {
		line("rows apart", "%v", time.Duration(s.Step)*time.Microsecond)
	}
	for _, c := range s.Columns {
		if c.Discrete() {
			line("column", "%s, %s", c.Name, kindOf(c.Column))
		} else {
			line("column", "%s, %g to %g, %d exact values", c.Name, c.Low, c.High, len(c.Atoms))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(con.out, "\n%s", likelihoodTable(m.Manifest))
	return err
}
