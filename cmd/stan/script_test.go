package main

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets scripts call this program as stan.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"stan": main})
}

// TestScripts runs the command lines of testdata/script as a user would, each script in a folder of its own. FLOWS names the
// real flows of testdata.
func TestScripts(t *testing.T) {
	flows, err := filepath.Abs("../../testdata/flows")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: func(env *testscript.Env) error {
		env.Setenv("FLOWS", flows)
		return nil
	}})
}
