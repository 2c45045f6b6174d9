package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // --tz works on machines without zone files

	"github.com/urfave/cli/v2"

	"stan/dataset"
)

// captureFlags say how captures are read, the same for every command that reads them.
type captureFlags struct {
	format  string
	mapping string
	zone    string
	biflow  string
	keyFile string
	coarse  dataset.Coarsening
	maxBad  string
	idle    time.Duration
	active  time.Duration
}

func (o *captureFlags) flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "format", Value: "auto", Destination: &o.format,
			Usage: "`FORMAT` of the input: auto, " + strings.Join(dataset.ReadFormats(), ", ")},
		&cli.StringFlag{Name: "map", Destination: &o.mapping,
			Usage: "read tables of any shape, CSV or Parquet, as the YAML `FILE` says: which column holds what, in which unit"},
		&cli.StringFlag{Name: "tz", Value: "UTC", Destination: &o.zone,
			Usage: "time `ZONE` of the input's clock, such as Europe/Madrid, where the format has local times"},
		&cli.StringFlag{Name: "biflow", Value: string(dataset.BiflowSplit), Destination: &o.biflow,
			Usage: "make of a record of both directions `split|forward|sum`: two flows, the one from the source, or one with the sums"},
		&cli.DurationFlag{Name: "idle-timeout", Value: 15 * time.Second, Destination: &o.idle,
			Usage: "end a flow of captured packets after `TIME` without one"},
		&cli.DurationFlag{Name: "active-timeout", Value: 30 * time.Minute, Destination: &o.active,
			Usage: "end a flow of captured packets `TIME` after its first"},
		&cli.StringFlag{Name: "anonymize", Destination: &o.keyFile,
			Usage: "replace addresses by pseudonyms (CryptoPAn) of the key in `KEYFILE`: 32 bytes or 64 hexadecimal digits"},
		&cli.IntFlag{Name: "coarse-ports", Destination: &o.coarse.PortsFrom,
			Usage: "make ports of `N` and above N, such as 1024 or 32768"},
		&cli.DurationFlag{Name: "coarse-time", Destination: &o.coarse.Time,
			Usage: "make the end of a flow a multiple of `TIME`, such as 1m, and move its start as much"},
		&cli.StringFlag{Name: "max-bad-rows", Value: "0.1%", Destination: &o.maxBad,
			Usage: "refuse the input when more than `N|P%` of its lines are no flows"},
	}
}

// warnOfKey warns of a key that others can read: it opens every set made with it.
func (o *captureFlags) warnOfKey(con *console) {
	if info, err := os.Stat(o.keyFile); err == nil && info.Mode().Perm()&0o077 != 0 {
		con.Warn(fmt.Sprintf("%s can be read by others (mode %04o), want chmod 600: it opens every set made with it", o.keyFile, info.Mode().Perm()))
	}
}

// options returns what the flags say; command is for messages.
func (o *captureFlags) options(command string) (dataset.IngestOptions, error) {
	var options dataset.IngestOptions
	if o.format != "auto" && !slices.Contains(dataset.ReadFormats(), o.format) {
		return options, usagef(command, "--format %q, want auto or one of %s", o.format, strings.Join(dataset.ReadFormats(), ", "))
	}
	options.Format, options.Tool = o.format, tool()
	var err error
	if o.mapping != "" {
		if o.format != "auto" {
			return options, usagef(command, "--map and --format, want one of them")
		}
		if options.Mapping, err = dataset.ReadMapping(o.mapping); err != nil {
			return options, usagef(command, "--map: %w", err)
		}
	}
	if options.Zone, err = time.LoadLocation(o.zone); err != nil {
		return options, usagef(command, "--tz: %w", err)
	}
	if options.Biflow, err = dataset.ParseBiflow(o.biflow); err != nil {
		return options, usagef(command, "--biflow: %w", err)
	}
	if options.MaxBad, err = dataset.ParseBadLimit(o.maxBad); err != nil {
		return options, usagef(command, "--max-bad-rows: %w", err)
	}
	if o.idle < time.Millisecond || o.active < o.idle {
		return options, usagef(command, "--idle-timeout %v, --active-timeout %v, want at least 1ms, and the second not below the first",
			o.idle, o.active)
	}
	if err := o.coarse.Validate(); err != nil {
		return options, usagef(command, "--coarse-ports, --coarse-time: %w", err)
	}
	options.Coarsening = o.coarse
	options.Timeouts = dataset.Timeouts{Idle: o.idle, Active: o.active}
	if o.keyFile != "" {
		key, err := dataset.ReadPseudonymKey(o.keyFile)
		if err != nil {
			return options, fmt.Errorf("%s: --anonymize: %w", command, err)
		}
		options.Key = &key
	}
	return options, nil
}
