package main

import (
	"os"
	"testing"
)

// A folder without its manifest is what another program would have written.
func TestAdoptCommand(t *testing.T) {
	dir := smallFlows(t)
	if err := os.Remove(dir + "/_manifest.json"); err != nil {
		t.Fatal(err)
	}
	for _, run := range []struct {
		args []string
		want outcome
	}{
		{[]string{"adopt", dir}, outcome{2, "", "no --internal"}},
		{[]string{"adopt", "--internal", "42.219.0.0/16"}, outcome{2, "", "0 folders, want one"}},
		{[]string{"adopt", "--internal", "10.0.0.0/8", dir}, outcome{65, "", "want one inside [10.0.0.0/8]"}},
		{[]string{"inspect", dir}, outcome{65, "", "not a folder that stan wrote"}},
		{[]string{"adopt", "--internal", "42.219.0.0/16", dir}, outcome{0, "hosts        5 ", `"msg":"checking: done"`}},
		{[]string{"inspect", dir}, outcome{0, "another program, adopted by stan", ""}},
		{[]string{"adopt", "--internal", "42.219.0.0/16", dir}, outcome{73, "", "not yet one of flows"}},
	} {
		status, stdout, stderr := stan(t, "", run.args...)
		run.want.check(t, status, stdout, stderr)
	}
}
