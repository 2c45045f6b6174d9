package main

import (
	_ "embed"
	"fmt"

	"github.com/urfave/cli/v2"
)

// Both ask stan itself what fits: urfave/cli answers --generate-bash-completion.
var (
	//go:embed shell/stan.bash
	bashCompletion string
	//go:embed shell/stan.zsh
	zshCompletion string
)

func newCompletionCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print a script that completes commands and flags in a shell",
		ArgsUsage: "bash|zsh|fish",
		Description: `bash: . <(stan completion bash) in ~/.bashrc, or the output as the file stan in /usr/share/bash-completion/completions
zsh:  . <(stan completion zsh) in ~/.zshrc after compinit, or the output as the file _stan in a folder of fpath
fish: stan completion fish > ~/.config/fish/completions/stan.fish`,
		Action: func(c *cli.Context) error {
			if c.NArg() != 1 {
				return usagef("completion", "%d arguments, want bash, zsh or fish", c.NArg())
			}
			return runCompletion(c.Args().First(), con, c.App)
		},
	}
}

func runCompletion(shell string, con *console, app *cli.App) error {
	script := ""
	switch shell {
	case "bash":
		script = bashCompletion
	case "zsh":
		script = zshCompletion
	case "fish":
		var err error
		if script, err = app.ToFishCompletion(); err != nil {
			return fmt.Errorf("completion: %w", err)
		}
	default:
		return usagef("completion", "%q, want bash, zsh or fish", shell)
	}
	_, err := fmt.Fprint(con.out, script)
	return err
}
