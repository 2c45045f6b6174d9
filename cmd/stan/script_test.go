package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts call this program as stan.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"stan": main})
}

// TestScripts runs the command lines of testdata/script as a user would, each script in a folder of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}
