package dataset

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ConvertOptions are the settings of Convert.
type ConvertOptions struct {
	Read   IngestOptions // Inputs and how to read them; Output, Internal and Build are not looked at
	Output string        // a file, StandardInput's name for Stdout, or a collector of IPFIX
	Stdout io.Writer
	To     string // one of WriteFormats
	Force  bool   // replace a file that is there already
	Rate   int    // flows a second to a collector, at most
}

// Convert reads captures, or one folder of flows, and writes their flows into one file, in the order of the input. A
// flow between two internal hosts, which is two rows of a folder, is written once. A Parquet file gets each flow's source
// as its host. A file appears whole or not at all.
func Convert(ctx context.Context, o ConvertOptions) (*Summary, error) {
	if !slices.Contains(WriteFormats(), o.To) {
		return nil, fmt.Errorf("dataset: %w: output format %q, want one of %s", ErrInput, o.To, strings.Join(WriteFormats(), ", "))
	}
	if IsCollector(o.Output) {
		return sendTo(ctx, o)
	}
	if o.Output == StandardInput {
		return convert(ctx, o, o.Stdout)
	}
	if ending := filepath.Ext(o.Output); slices.Contains([]string{".gz", ".xz", ".zst"}, ending) {
		return nil, fmt.Errorf("dataset: %s: %w: want a name without %s: nothing is compressed; write to - and pipe that into a compressor",
			o.Output, ErrInput, ending)
	}
	if _, err := os.Lstat(o.Output); err == nil && !o.Force {
		return nil, fmt.Errorf("dataset: %s: %w: want a new file, or --force to replace it", o.Output, ErrExists)
	}
	if info, err := os.Stat(o.Output); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("dataset: %s: %w: not a file, so even --force leaves it alone", o.Output, ErrExists)
	}
	if err := os.MkdirAll(filepath.Dir(o.Output), 0o755); err != nil {
		return nil, writeError(err)
	}
	file, err := createPending(o.Output)
	if err != nil {
		return nil, err
	}
	defer file.abort()
	file.keep = !o.Force
	summary, err := convert(ctx, o, file)
	if err != nil {
		return summary, err
	}
	return summary, file.commit()
}

func convert(ctx context.Context, o ConvertOptions, out io.Writer) (*Summary, error) {
	buffered := bufio.NewWriterSize(out, 1<<20)
	w := newFlowWriter(buffered, o.Output, &Manifest{Format: o.To, Tool: o.Read.Tool})
	summary, err := convertInto(ctx, o.Read, w)
	if err != nil {
		return summary, err
	}
	return summary, errors.Join(w.Close(), writeError(buffered.Flush()))
}

// convertInto gives all flows to w.
func convertInto(ctx context.Context, o IngestOptions, w flowWriter) (*Summary, error) {
	if err := o.Coarsening.Validate(); err != nil {
		return nil, fmt.Errorf("dataset: %w: %w", ErrInput, err)
	}
	if len(o.Inputs) == 1 {
		if _, err := os.Stat(filepath.Join(o.Inputs[0], manifestName)); err == nil {
			return convertSet(ctx, o, w)
		}
	}
	g, err := newIngester(o)
	if err != nil {
		return nil, err
	}
	g.internal, g.threads = nil, 1 // one of each keeps the order
	g.take = func(_ block, rows []Flow) error {
		for i := range rows {
			o.Coarsening.apply(&rows[i])
		}
		return w.Write(rows)
	}
	err = g.run(ctx)
	summary := g.summary()
	if err == nil {
		err = g.verdict(summary)
	}
	return summary, err
}

// convertSet gives the flows of a folder to w.
func convertSet(ctx context.Context, o IngestOptions, w flowWriter) (*Summary, error) {
	set, err := Open(o.Inputs[0])
	if err != nil {
		return nil, err
	}
	internal := newPrefixSet(set.Internal())
	replace := func(a netip.Addr) netip.Addr { return a }
	if o.Key != nil {
		replace = newPseudonymizer(*o.Key).of
	}
	summary := &Summary{Inputs: 1}
	var once []Flow
	for flows, err := range set.Batches(ctx) {
		if err != nil {
			return nil, err
		}
		once = once[:0]
		for i := range flows {
			if f := flows[i]; f.Outbound() || !internal.contains(f.SrcAddr) {
				f.SrcAddr, f.DstAddr = replace(f.SrcAddr), replace(f.DstAddr)
				f.Host = f.SrcAddr
				o.Coarsening.apply(&f)
				once = append(once, f)
			}
		}
		summary.Flows += int64(len(once))
		summary.Kept = summary.Flows
		if o.Progress != nil {
			o.Progress(summary.Flows, set.Flows(), summary.Flows)
		}
		if err := w.Write(once); err != nil {
			return nil, err
		}
	}
	return summary, nil
}
