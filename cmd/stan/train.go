package main

import (
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset"
	"stan/torchmodel"
)

type trainOptions struct {
	data, valid string
	output      string
	internal    string
	device      string
	memory      string
	without     string
	decaySet    bool // the weight decay is not the default

	model torchmodel.TrainOptions
}

func newTrainCommand(con *console) *cli.Command {
	o := trainOptions{model: torchmodel.DefaultTrainOptions()}
	d := o.model
	return &cli.Command{
		Name:  "train",
		Usage: "learn a model from a folder of flows or of a table",
		Description: `Writes the model folder whole or, stopped by SIGINT or SIGTERM, a checkpoint that --resume goes on from.
With --epochs alone, the same data, seed, processor kind and number of threads give the same weights, also when the
training was stopped and resumed. With --max-time the learning rate follows the clock, and no two trainings are equal.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "data", Destination: &o.data, Usage: "folder `DIR`, written by stan ingest or stan simulate"},
			&cli.StringFlag{Name: "valid", Destination: &o.valid,
				Usage: "folder of flows `DIR` of other hosts to choose the best weights by; without it about one host in eight is held out"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Destination: &o.output, Usage: "write the model to folder `MODEL`"},
			&cli.StringFlag{Name: "arch", Value: d.Arch, Destination: &o.model.Arch,
				Usage: torchmodel.ArchUsage()},
			&cli.IntFlag{Name: "layers", Value: d.Config.Layers, Destination: &o.model.Config.Layers,
				Usage: "layers `N` of the trunk of arch stan, 1 to 12: 2^N rows are seen"},
			&cli.StringFlag{Name: "without", Destination: &o.without,
				Usage: "leave `conversations|profile|atoms|sweeps` out of arch stan on flows, comma separated, to measure what they are worth. " +
					"conversations: every flow is drawn as one with a new peer, on ports of its own, nothing but sizes copied from flows before; " +
					"profile: of a host's plan the flows an hour alone are told, and nothing is steered to; " +
					"atoms: gaps, durations, packets and bytes have no exact values and are not copied; " +
					"sweeps: what scanners send to many hosts at once is learnt like any other flow, and not drawn by itself"},
			&cli.StringFlag{Name: "internal", Destination: &o.internal,
				Usage: "networks of the hosts, as `CIDR[,CIDR]`; those of the ingest by default"},
			&cli.IntFlag{Name: "min-hosts", Value: d.MinHosts, Destination: &o.model.MinHosts,
				Usage: "store a value (address, port, size) only if at least `N` hosts have shown it"},
			&cli.StringFlag{Name: "device", Value: "auto", Destination: &o.device, Usage: "`auto|cuda|cuda:N|cpu`"},
			&cli.IntFlag{Name: "threads", Destination: &o.model.Threads, Usage: "`N`, 0 for one a core"},
			&cli.StringFlag{Name: "memory", Value: "1GiB", Destination: &o.memory,
				Usage: "for the rows of flows; those beyond lie in a scratch file in MODEL. The result is the same. `SIZE` with unit KiB, MiB or GiB"},
			&cli.Int64Flag{Name: "seed", Value: d.Seed, Destination: &o.model.Seed, Usage: "`S`"},
			&cli.IntFlag{Name: "epochs", Value: d.Epochs, Destination: &o.model.Epochs,
				Usage: "at most `N` epochs; one has all flows of most hosts, and a part of those of hosts with many more; with --max-time 0 for no bound"},
			&cli.DurationFlag{Name: "max-time", Destination: &o.model.MaxTime, Usage: "end after `TIME`, such as 10m"},
			&cli.IntFlag{Name: "patience", Value: d.Patience, Destination: &o.model.Patience,
				Usage: "end after `N` validations without a better one, 0 for never"},
			&cli.IntFlag{Name: "batch", Value: d.Batch, Destination: &o.model.Batch, Usage: "windows a step `N`, of 256 rows each"},
			&cli.Float64Flag{Name: "learning-rate", Value: d.LearningRate, Destination: &o.model.LearningRate, Usage: "`X` at its peak"},
			&cli.Float64Flag{Name: "dropout", Value: d.Config.Dropout, Destination: &o.model.Config.Dropout,
				Usage: "share `X` of what the heads of arch stan know of the past that a step leaves out: more, and the weights tell less of the training flows"},
			&cli.Float64Flag{Name: "weight-decay", Value: d.WeightDecay, Destination: &o.model.WeightDecay,
				Usage: fmt.Sprintf("`X` of AdamW, to the same end; of a table %g by default", torchmodel.TableWeightDecay)},
			&cli.DurationFlag{Name: "checkpoint", Value: d.Checkpoint, Destination: &o.model.Checkpoint, Usage: "`TIME` between checkpoints"},
			&cli.BoolFlag{Name: "resume", Destination: &o.model.Resume,
				Usage: "go on from the last checkpoint in MODEL; a model that is finished stays as it is"},
			&cli.BoolFlag{Name: "force", Destination: &o.model.Force, Usage: "replace a model that is there already"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("train", "argument %q, want none", c.Args().First())
			}
			// A time alone is the bound: the default number of epochs must not end the training first.
			if o.model.MaxTime > 0 && !c.IsSet("epochs") {
				o.model.Epochs = 0
			}
			o.decaySet = c.IsSet("weight-decay")
			if c.IsSet("layers") && o.model.Arch != torchmodel.ArchStan {
				return usagef("train", "--layers %d, want --arch %s", o.model.Config.Layers, torchmodel.ArchStan)
			}
			if err := o.validate(); err != nil {
				return err
			}
			return runTrain(c.Context, o, con)
		},
	}
}

func (o *trainOptions) validate() error {
	if o.data == "" {
		return usagef("train", "no --data, want a folder of flows")
	}
	if o.output == "" {
		return usagef("train", "no output, want -o MODEL")
	}
	if o.model.Resume && o.model.Force {
		return usagef("train", "--resume and --force, want one of them")
	}
	var err error
	if o.model.Memory, err = parseMemory(o.memory); err != nil {
		return usagef("train", "--memory: %w", err)
	}
	if o.without != "" {
		if o.model.Config.Without, err = torchmodel.ParseWithout(o.without); err != nil {
			return usagef("train", "--without: %w", err)
		}
	}
	if o.internal != "" {
		if o.model.Internal, err = parsePrefixes(o.internal); err != nil {
			return usagef("train", "--internal: %w", err)
		}
	}
	return nil
}

func runTrain(ctx context.Context, o trainOptions, con *console) error {
	device, err := chooseDevice(o.device)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	o.model.Device = device
	isTable, err := dataset.HoldsTable(o.data)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if isTable {
		return trainTable(ctx, o, con)
	}
	data, err := dataset.Open(o.data)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	var valid torchmodel.Flows
	if o.valid != "" {
		if valid, err = dataset.Open(o.valid); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	if len(o.model.Internal) == 0 {
		o.model.Internal = data.Internal()
	}
	watch := &trainWatch{con: con, stage: con.Stage("train", "rows", -1)}
	m, err := torchmodel.Train(ctx, data, valid, o.output, o.model, watch)
	if err != nil {
		return err
	}
	watch.stage.Done()
	return con.Told(printTrained(con.out, m, o.output))
}

// printTrained writes what a model has learnt, and where it is.
func printTrained(out io.Writer, m *torchmodel.Model, dir string) error {
	_, err := fmt.Fprintf(out, "%s\nmodel %s in %s\n", likelihoodTable(m.Manifest), m.Digest()[:12], dir)
	return err
}

// trainWatch shows how a training goes.
type trainWatch struct {
	con   *console
	stage *stage
	loss  float64 // mean of the last steps
}

func (w *trainWatch) Step(s torchmodel.Step) {
	if w.loss == 0 {
		w.loss = s.Loss
	}
	w.loss += 0.02 * (s.Loss - w.loss)
	if s.Progress > s.Before {
		w.stage.SetTotal(int64(float64(s.Rows) * (1 - s.Before) / (s.Progress - s.Before)))
	}
	w.stage.Set(s.Rows, "epoch", s.Epoch+1, "loss", round3(w.loss))
	w.con.metrics.epoch.WithLabelValues().Set(float64(s.Epoch + 1))
	w.con.metrics.loss.WithLabelValues().Set(w.loss)
}

func (w *trainWatch) Valid(v torchmodel.Validation) {
	if v.Best {
		w.con.metrics.best.WithLabelValues().Set(v.NLL)
	}
	w.con.metrics.validation.WithLabelValues().Set(v.NLL)
	w.con.Info("train: validation", "step", v.Step, "nats_a_row", round3(v.NLL), "best", v.Best)
}

func (w *trainWatch) Note(message string, attrs ...any) { w.con.Info("train: "+message, attrs...) }

// chooseDevice reads a --device flag: auto takes a GPU if there is one.
func chooseDevice(name string) (torch.Device, error) {
	if name == "auto" {
		if torch.IsCUDAAvailable() {
			return torch.NewDevice("cuda:0"), nil
		}
		return torch.Device{}, nil
	}
	d, err := torch.ParseDevice(name)
	if err != nil {
		return d, fmt.Errorf("%w: --device %q, want auto, cpu, cuda or cuda:N", errUsage, name)
	}
	if d.IsCUDA() && !torch.IsCUDAAvailable() {
		return d, fmt.Errorf("--device %s: %w: this build or this machine has none, want --device cpu", name, torch.ErrNoCUDA)
	}
	return d, nil
}
