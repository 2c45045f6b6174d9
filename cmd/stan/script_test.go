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

// TestScripts runs the command lines of testdata/script as a user would, each script in a folder of its own; MALFORMED is
// the folder of damaged files.
func TestScripts(t *testing.T) {
	malformed, err := filepath.Abs("../../testdata/malformed")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: func(env *testscript.Env) error {
		env.Setenv("MALFORMED", malformed)
		return nil
	}})
}
