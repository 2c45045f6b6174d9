// Command stan learns from NetFlow that may not be shared and writes synthetic flows that may.
//
// Each command is one file: options, constructor, validate, run. main and run.go alone know of exit codes and signals.
package main

import (
	"context"
	"os"
)

func main() {
	os.Exit(run(context.Background(), os.Args, os.Stdin, os.Stdout, os.Stderr))
}
