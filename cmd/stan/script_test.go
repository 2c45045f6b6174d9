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

// TestScripts runs the command lines of testdata/script as a user would, each script in a folder of its own. TESTDATA names
// the folder of real and of damaged files, FLOWS the real flows in it.
func TestScripts(t *testing.T) {
	testdata, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Setup: func(env *testscript.Env) error {
		env.Setenv("TESTDATA", testdata)
		env.Setenv("FLOWS", filepath.Join(testdata, "flows"))
		return nil
	}})
}
