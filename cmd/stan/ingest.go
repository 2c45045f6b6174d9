package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v2"

	"stan/dataset"
)

type ingestOptions struct {
	read     captureFlags
	inputs   []string
	output   string
	internal string
	memory   string
	threads  int
	buckets  int
	force    bool
	add      bool
	table    string

	settings dataset.IngestOptions // what validate makes of the above
	input    dataset.TableInput    // with table
}

func newIngestCommand(con *console) *cli.Command {
	var o ingestOptions
	return &cli.Command{
		Name:      "ingest",
		Usage:     "read captures and write the flows of every internal host as a folder of flows; or any table",
		ArgsUsage: "FILE|FOLDER|- ...",
		Description: `Reads captures, plain or compressed by gzip, xz or zstd, from files, folders and, as -, standard input. A
file's format is found by its content; --format admits one alone. Every host inside --internal gets the flows that it
sent or received; a flow between two internal hosts belongs to both. A line that is no flow is counted by reason, and the
first ones are shown. A capture counts once: one with the content of another is refused.
--append adds to a folder that stan ingest wrote with the same --internal, --biflow, --anonymize, --coarse-ports and
--coarse-time, and makes it if it is not there. The folder is written anew beside the old one, which stays as it is until
the new one is whole; the result is that of one run over all captures, but for the order of rows whose times --coarse-time
made equal. What is printed of lines is of those read now; stan inspect tells of all.
With --table the inputs are no captures but CSV and Parquet files whose columns a schema describes (docs/format/tables.md);
of the other flags only --output, --max-bad-rows and --force count then.`,
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Destination: &o.output,
				Usage: "write the flows to the new folder `DIR`"},
			&cli.StringFlag{Name: "internal", Destination: &o.internal,
				Usage: "networks whose addresses are hosts, as `CIDR[,CIDR]`"},
			&cli.StringFlag{Name: "table", Destination: &o.table, Usage: "read a table with the columns of `SCHEMA.json`"},
			&cli.StringFlag{Name: "memory", Value: "96MiB", Destination: &o.memory,
				Usage: "for sorting; `SIZE` with unit KiB, MiB or GiB"},
			&cli.IntFlag{Name: "threads", Destination: &o.threads, Usage: "`N`, 0 for one a core; the result is the same"},
			&cli.IntFlag{Name: "buckets", Destination: &o.buckets,
				Usage: "data files `N` to spread the hosts over; 0 for 16, or for those of the folder that is appended to"},
			&cli.BoolFlag{Name: "force", Destination: &o.force, Usage: "replace a folder of flows that is there already"},
			&cli.BoolFlag{Name: "append", Destination: &o.add,
				Usage: "add to the flows of a folder that is there already, read with the same settings"},
		}, o.read.flags()...),
		Action: func(c *cli.Context) error {
			o.inputs = c.Args().Slice()
			if err := o.validate(); err != nil {
				return err
			}
			o.read.warnOfKey(con)
			if o.table != "" {
				return ingestTable(c.Context, dataset.TableIngestOptions{
					Inputs: o.inputs, Output: o.output, Input: o.input, MaxBad: o.settings.MaxBad, Tool: tool(), Force: o.force,
				}, con)
			}
			return runIngest(c.Context, o.settings, con)
		},
	}
}

// validate checks the options and fills settings.
func (o *ingestOptions) validate() error {
	if len(o.inputs) == 0 {
		return usagef("ingest", "no input, want files, folders or -")
	}
	if o.output == "" {
		return usagef("ingest", "no output, want -o DIR")
	}
	if o.add && (o.force || o.table != "") {
		return usagef("ingest", "--append with --force or --table, want it alone: it keeps what is there, and reads flows")
	}
	if o.table != "" {
		return o.validateTable()
	}
	if o.internal == "" {
		return usagef("ingest", "no --internal, want the networks whose addresses are hosts, such as --internal 10.0.0.0/8,2001:db8::/32")
	}
	internal, err := parsePrefixes(o.internal)
	if err != nil {
		return usagef("ingest", "--internal: %w", err)
	}
	settings, err := o.read.options("ingest")
	if err != nil {
		return err
	}
	memory, err := parseMemory(o.memory)
	if err != nil {
		return usagef("ingest", "--memory: %w", err)
	}
	if o.threads < 0 || o.threads > 256 {
		return usagef("ingest", "--threads %d, want 0 to 256", o.threads)
	}
	if o.buckets < 0 || o.buckets > 1000 {
		return usagef("ingest", "--buckets %d, want 1 to 1000, or 0", o.buckets)
	}
	settings.Inputs, settings.Output, settings.Internal = o.inputs, o.output, internal
	settings.Build = dataset.BuildOptions{MemoryBytes: memory, Buckets: o.buckets, Threads: o.threads, Force: o.force, Append: o.add}
	o.settings = settings
	return nil
}

// validateTable checks the options of a table, and fills input and the limit of settings.
func (o *ingestOptions) validateTable() (err error) {
	if o.internal != "" {
		return usagef("ingest", "--internal with --table, want one of them: a table has no networks")
	}
	if o.settings.MaxBad, err = dataset.ParseBadLimit(o.read.maxBad); err != nil {
		return usagef("ingest", "--max-bad-rows: %w", err)
	}
	if o.input, err = dataset.ReadTableInput(o.table); err != nil {
		return fmt.Errorf("ingest: --table: %w", err)
	}
	return nil
}

// parsePrefixes reads networks separated by commas; an address alone is a network of one.
func parsePrefixes(text string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for item := range strings.SplitSeq(text, ",") {
		item = strings.TrimSpace(item)
		prefix, err := netip.ParsePrefix(item)
		if err != nil {
			address, addressErr := netip.ParseAddr(item)
			if addressErr != nil || address.Zone() != "" {
				return nil, fmt.Errorf("%q, want networks such as 10.0.0.0/8 or 2001:db8::/32", item)
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		if prefix.Masked() != prefix {
			return nil, fmt.Errorf("%q has bits set behind its length, want %v", item, prefix.Masked())
		}
		prefixes = append(prefixes, prefix)
	}
	return prefixes, nil
}

// runIngest shows progress, reads, and prints the summary, also that of an input that was refused.
func runIngest(ctx context.Context, o dataset.IngestOptions, con *console) error {
	var reading, writing *stage
	var lines int64
	o.Progress = func(bytes, total, read int64) {
		if reading == nil {
			reading = con.Stage("reading", "bytes", total)
		}
		lines = read
		reading.Set(bytes, "lines", lines)
	}
	o.Build.Progress = func(done, total int64) {
		if writing == nil {
			reading.Done("lines", lines)
			writing = con.Stage("writing", "rows", total)
		}
		writing.Set(done)
	}
	o.Stdin = con.in
	manifest, read, err := dataset.Ingest(ctx, o)
	if err == nil {
		writing.Done("folder", o.Output)
	}
	if read != nil {
		reportBadLines(con, read)
	}
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	for _, name := range read.EmptyInputs {
		con.Warn(name + ": no flows")
	}
	manifest.Ingest = read // of this run alone, where flows were appended
	return con.Told(printSummary(con.out, &manifest))
}

func reportBadLines(con *console, s *dataset.Summary) {
	for _, line := range s.BadLines {
		con.Warn(line.String())
	}
	if more := s.Bad - int64(len(s.BadLines)); more > 0 {
		con.Warn(fmt.Sprintf("%d more lines refused", more))
	}
}

// printSummary writes what a folder of flows holds and, after ingest, what became of every line.
func printSummary(out io.Writer, m *dataset.Manifest) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if s := m.Ingest; s != nil {
		fmt.Fprintf(t, "flows read\t%d\tin %d lines of %d files\n", s.Flows, s.Lines, s.Inputs)
		if s.Pseudonyms != "" {
			fmt.Fprintf(t, "pseudonyms\t\t%s\n", s.Pseudonyms)
		}
		if s.Coarsening != "" {
			fmt.Fprintf(t, "coarse\t\t%s\n", s.Coarsening)
		}
		if s.NotIP > 0 {
			fmt.Fprintf(t, "not about IP\t%d\t\n", s.NotIP)
		}
		if s.Records != s.Flows {
			fmt.Fprintf(t, "records\t%d\tof both directions: %s\n", s.Records, s.Biflow)
		}
		fmt.Fprintf(t, "kept\t%d\t\n", s.Kept)
		fmt.Fprintf(t, "dropped\t%d\tneither address internal\n", s.External)
		fmt.Fprintf(t, "both internal\t%d\t%.2f %% of the kept: a row for each host\n", s.BothInternal, percent(s.BothInternal, s.Kept))
		fmt.Fprintf(t, "lines refused\t%d\t\n", s.Bad)
		for _, reason := range slices.Sorted(maps.Keys(s.BadByReason)) {
			fmt.Fprintf(t, "\t%d\t%s\n", s.BadByReason[reason], reason)
		}
		names := slices.SortedFunc(maps.Keys(s.Protocols), func(a, b string) int { return int(s.Protocols[b] - s.Protocols[a]) })
		for _, name := range names {
			fmt.Fprintf(t, "%s\t%d\t%.2f %%\n", name, s.Protocols[name], percent(s.Protocols[name], s.Kept))
		}
	}
	fmt.Fprintf(t, "rows\t%d\tin %d data files\n", m.Rows, len(m.Files))
	fmt.Fprintf(t, "hosts\t%d\tinside %s\n", m.Hosts, joinPrefixes(m.Internal))
	fmt.Fprintf(t, "first start\t%s\t\n", m.First.Format(time.RFC3339Nano))
	fmt.Fprintf(t, "last end\t%s\t\n", m.Last.Format(time.RFC3339Nano))
	return t.Flush()
}

func percent(part, whole int64) float64 { return 100 * float64(part) / float64(max(whole, 1)) }

func joinPrefixes(prefixes []netip.Prefix) string {
	texts := make([]string, len(prefixes))
	for i, p := range prefixes {
		texts[i] = p.String()
	}
	return strings.Join(texts, ", ")
}
