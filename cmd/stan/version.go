package main

import (
	"fmt"
	"runtime"

	"github.com/urfave/cli/v2"
	torch "github.com/wangkuiyi/gotorch"
)

// version is set by the Makefile: -ldflags "-X main.version=...".
var version = "0.1.0"

// fact is one line of `stan version`.
type fact struct{ name, value string }

func newVersionCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version of stan, of its libraries, and the devices it finds",
		Action: func(c *cli.Context) error {
			return runVersion(con)
		},
	}
}

func runVersion(con *console) error {
	facts := []fact{
		{"stan", version},
		{"go", runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH},
	}
	facts = append(facts, libtorchFacts()...)
	for _, f := range facts {
		if _, err := fmt.Fprintf(con.out, "%-10s %s\n", f.name, f.value); err != nil {
			return err
		}
	}
	return nil
}

// libtorchFacts describes the tensor library and the devices it can use.
func libtorchFacts() []fact {
	facts := []fact{{"libtorch", torch.Version()}, {"device", fmt.Sprintf("cpu, %d cores", runtime.NumCPU())}}
	for _, d := range torch.CUDADevices() {
		facts = append(facts, fact{"device", fmt.Sprintf("%s, %s, %d of %d MiB free", d.Device, d.Name, d.FreeMemory>>20, d.TotalMemory>>20)})
	}
	return facts
}

// tool is how manifests and models name what wrote them.
func tool() string { return "stan " + version }
