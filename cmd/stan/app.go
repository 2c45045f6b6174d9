package main

import (
	"slices"

	"github.com/urfave/cli/v2"
)

const about = `Learns from NetFlow that may not be shared and writes synthetic flows that may.

   stan ingest -> flows/*.parquet -> stan train -> model/ -> stan generate -> synthetic/*.parquet -> stan evaluate`

const aboutSettings = `A flag --some-name may also be given as the environment variable STAN_SOME_NAME or as the key some-name of the
YAML file named by --config; the flag wins over the environment, the environment over the file. Flags stand before files.`

const aboutStatus = `0 done; 1 other failure; 2 usage or configuration; 65 input or model refused; 66 input missing; 69 GPU asked
for and missing; 71 out of memory; 73 cannot write; 74 input/output error; 75 stopped by a signal. Retry 1, 69, 71, 74
and 75; never the others.`

// newApp returns the program with all its commands.
func newApp(con *console) *cli.App {
	app := &cli.App{
		Name:                 "stan",
		Usage:                "synthetic NetFlow from real NetFlow",
		Description:          about + "\n\nSettings. " + aboutSettings + "\n\nExit status. " + aboutStatus,
		HideVersion:          true,
		Reader:               con.in,
		Writer:               con.out,
		ErrWriter:            con.err,
		EnableBashCompletion: true,
		ExitErrHandler:       func(*cli.Context, error) {}, // run.go decides the status
		OnUsageError: func(_ *cli.Context, err error, _ bool) error {
			return usagef("stan", "%w", err)
		},
		Commands: []*cli.Command{
			newIngestCommand(con),
			newAdoptCommand(con),
			newConvertCommand(con),
			newSimulateCommand(con),
			newTrainCommand(con),
			newGenerateCommand(con),
			newEvaluateCommand(con),
			newInspectCommand(con),
			newDoctorCommand(con),
			newCompletionCommand(con),
			newManCommand(con),
			newVersionCommand(con),
		},
	}
	app.Action = func(c *cli.Context) error {
		if name := c.Args().First(); name != "" {
			return usagef("stan", "no command %q%s", name, didYouMean(name, commandNames(app)))
		}
		return cli.ShowAppHelp(c)
	}
	for _, command := range app.Commands {
		if slices.Contains([]string{"ingest", "convert", "train", "generate", "evaluate"}, command.Name) {
			addMetrics(command)
		}
		addSettings(command, con)
		command.HideHelpCommand = true // a file may be named help
	}
	return app
}

func commandNames(app *cli.App) []string {
	var names []string
	for _, command := range app.Commands {
		names = append(names, command.Name)
	}
	return names
}
