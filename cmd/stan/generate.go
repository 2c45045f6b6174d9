package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"stan/dataset"
	"stan/torchmodel"
)

type generateOptions struct {
	model    string
	output   string
	start    string
	shard    string
	internal string
	device   string
	format   string
	memory   string
	force    bool

	what  torchmodel.GenerateOptions
	bytes int64
}

func newGenerateCommand(con *console) *cli.Command {
	var o generateOptions
	return &cli.Command{
		Name:  "generate",
		Usage: "write synthetic flows of new hosts, or rows of new entities of a table",
		Description: `Draws new hosts with addresses inside the internal networks, and their flows for the whole span or until --rows.
The same model, seed and kind of device give the same flows, whatever the threads and shards.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "model", Destination: &o.model, Usage: "folder `MODEL`, written by stan train"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Destination: &o.output, Usage: "write the flows to the new folder `DIR`"},
			&cli.IntFlag{Name: "hosts", Destination: &o.what.Hosts, Usage: "`N` hosts, or entities of a table"},
			&cli.DurationFlag{Name: "duration", Value: 24 * time.Hour, Destination: &o.what.Duration, Usage: "`TIME` that every host is seen for"},
			&cli.Int64Flag{Name: "rows", Destination: &o.what.Rows,
				Usage: "`N` rows in total, in as many days as they take; without --hosts the hosts of about one day"},
			&cli.StringFlag{Name: "start", Value: "2026-01-01T00:00:00Z", Destination: &o.start,
				Usage: "begin of the span, `TIME` as 2006-01-02, or with a clock as 2006-01-02T15:04:05Z"},
			&cli.StringFlag{Name: "internal", Destination: &o.internal,
				Usage: "networks of the new hosts, as `CIDR[,CIDR]`; those of the training by default"},
			&cli.Uint64Flag{Name: "seed", Value: 1, Destination: &o.what.Seed, Usage: "`S`"},
			&cli.StringFlag{Name: "shard", Value: "1/1", Destination: &o.shard,
				Usage: "generate part `I/N` of the hosts; all N together are the set without --shard"},
			&cli.StringFlag{Name: "format", Value: dataset.FormatParquet, Destination: &o.format,
				Usage: "`FORMAT` of the flows: " + strings.Join(dataset.WriteFormats(), ", ") +
					"; all but parquet name no host, and a flow between two of them is its source's line alone"},
			&cli.StringFlag{Name: "device", Value: "auto", Destination: &o.device, Usage: "`auto|cuda|cuda:N|cpu`"},
			&cli.IntFlag{Name: "threads", Destination: &o.what.Threads, Usage: "`N`, 0 for one a core; the flows are the same"},
			&cli.StringFlag{Name: "memory", Value: "256MiB", Destination: &o.memory, Usage: "for sorting; `SIZE` with unit KiB, MiB or GiB"},
			&cli.BoolFlag{Name: "force", Destination: &o.force, Usage: "replace a folder of flows that is there already"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("generate", "argument %q, want none", c.Args().First())
			}
			if c.IsSet("rows") && c.IsSet("duration") {
				return usagef("generate", "--rows and --duration, want one of them")
			}
			if c.IsSet("rows") && o.what.Rows < 1 {
				return usagef("generate", "--rows %d, want at least 1", o.what.Rows)
			}
			if err := o.validate(); err != nil {
				return err
			}
			return runGenerate(c.Context, o, con)
		},
	}
}

func (o *generateOptions) validate() (err error) {
	switch {
	case o.model == "":
		return usagef("generate", "no --model, want a folder written by stan train")
	case o.output == "":
		return usagef("generate", "no output, want -o DIR")
	case o.what.Hosts == 0 && o.what.Rows == 0:
		return usagef("generate", "neither --hosts nor --rows, want how much to generate")
	case !slices.Contains(dataset.WriteFormats(), o.format):
		return usagef("generate", "--format %q, want one of %s", o.format, strings.Join(dataset.WriteFormats(), ", "))
	}
	if o.what.Start, err = parseStart(o.start); err != nil {
		return usagef("generate", "--start: %w", err)
	}
	if o.what.Shard, o.what.Shards, err = parseShard(o.shard); err != nil {
		return usagef("generate", "--shard: %w", err)
	}
	if o.bytes, err = parseMemory(o.memory); err != nil {
		return usagef("generate", "--memory: %w", err)
	}
	if o.internal != "" {
		if o.what.Internal, err = parsePrefixes(o.internal); err != nil {
			return usagef("generate", "--internal: %w", err)
		}
	}
	if err := o.what.Validate(); err != nil {
		return usagef("generate", "%w", err)
	}
	return nil
}

// parseStart reads a day or a day with a clock; without a zone the time is UTC.
func parseStart(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			if t.Year() < 1970 || t.Year() > 2200 {
				return t, fmt.Errorf("%q, want a year from 1970 to 2200", text)
			}
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q, want a time as 2006-01-02 or 2006-01-02T15:04:05Z", text)
}

func parseShard(text string) (shard, shards int, err error) {
	i, n, ok := strings.Cut(text, "/")
	if ok {
		shard, err = strconv.Atoi(i)
		if err == nil {
			shards, err = strconv.Atoi(n)
		}
	}
	if !ok || err != nil || shard < 1 || shard > shards {
		return 0, 0, fmt.Errorf("%q, want I/N with I from 1 to N", text)
	}
	return shard, shards, nil
}

func runGenerate(ctx context.Context, o generateOptions, con *console) (err error) {
	if o.what.Device, err = chooseDevice(o.device); err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	m, err := torchmodel.Load(o.model)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if m.Manifest.Table != nil {
		return generateTable(ctx, o, m, con)
	}
	if len(o.what.Internal) == 0 {
		o.what.Internal = m.Manifest.Vocabulary.Internal
	}
	var write *stage
	b, err := dataset.NewBuilder(o.output, dataset.BuildOptions{
		Format: o.format, Internal: o.what.Internal, MemoryBytes: o.bytes, Threads: o.what.Threads, Force: o.force,
		Progress: func(done, total int64) {
			if write == nil {
				write = con.Stage("write", "rows", total)
			}
			write.Set(done)
		},
	})
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	defer b.Abort()
	stage := con.Stage("generate", "rows", -1)
	_, err = m.Generate(ctx, o.what, b.Add, func(done, planned int64) { stage.SetTotal(planned); stage.Set(done) })
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	stage.Done()
	meta := dataset.Meta{Tool: tool(), Metadata: map[string]string{
		"model": m.Digest(), "arch": m.Manifest.Arch, "seed": strconv.FormatUint(o.what.Seed, 10), "shard": o.shard,
	}}
	manifest, err := b.Finish(ctx, meta)
	if err != nil {
		return fmt.Errorf("generate: %w", err)
	}
	if write != nil {
		write.Done()
	}
	_, err = fmt.Fprintf(con.out, "%d flows in %s\n", manifest.Rows, o.output)
	return con.Told(err)
}
