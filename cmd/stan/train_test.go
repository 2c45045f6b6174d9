package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	torch "github.com/wangkuiyi/gotorch"

	"stan/torchmodel"
)

func TestTrainCommand(t *testing.T) {
	data, model := smallFlows(t), smallModel(t)
	file := write(t, "a-file", "x")
	foreign := filepath.Dir(write(t, "thesis.tex", "x"))
	tests := map[string]struct {
		args []string
		want outcome
	}{
		"flows":                  {nil, outcome{0, "all   ", `"msg":"train: validation"`}},
		"the baseline":           {[]string{"--arch", "independent"}, outcome{0, "all   ", ""}},
		"other hosts to test by": {[]string{"--valid", data}, outcome{0, "all   ", ""}},
		"two threads":            {[]string{"--threads", "2"}, outcome{0, "all   ", ""}},
		"parts left out":         {[]string{"--without", "atoms,profile", "--layers", "1"}, outcome{0, "all   ", ""}},
		"little memory":          {[]string{"--memory", "1MiB"}, outcome{0, "all   ", ""}},
		"resume, nothing there":  {[]string{"--resume"}, outcome{0, "all   ", "no checkpoint to resume from"}},

		"no data":             {[]string{"--data", ""}, outcome{2, "", "train: usage: no --data"}},
		"no output":           {[]string{"-o", ""}, outcome{2, "", "train: usage: no output"}},
		"an argument":         {[]string{"flows"}, outcome{2, "", `argument \"flows\", want none`}},
		"resume and force":    {[]string{"--resume", "--force"}, outcome{2, "", "--resume and --force"}},
		"a bad memory":        {[]string{"--memory", "much"}, outcome{2, "", `--memory: \"much\", want a size such as 512MiB`}},
		"a bad network":       {[]string{"--internal", "home"}, outcome{2, "", `--internal: \"home\"`}},
		"an unknown arch":     {[]string{"--arch", "gan"}, outcome{2, "", `arch \"gan\", want stan, independent, `}},
		"an unknown device":   {[]string{"--device", "tpu"}, outcome{2, "", `--device \"tpu\", want auto, cpu, cuda or cuda:N`}},
		"an unknown part":     {[]string{"--without", "atoms,memory"}, outcome{2, "", `--without: \"memory\", want conversations, profile, atoms, sweeps`}},
		"without, no network": {[]string{"--without", "atoms", "--arch", "independent"}, outcome{2, "", "without atoms, want arch stan"}},
		"layers, no network":  {[]string{"--layers", "3", "--arch", "paper"}, outcome{2, "", "--layers 3, want --arch stan"}},
		"too many layers":     {[]string{"--layers", "13"}, outcome{2, "", "layers 13, want 1 to 12"}},
		"no epoch":            {[]string{"--epochs", "0"}, outcome{2, "", "epochs 0, want at least 1"}},
		"no time":             {[]string{"--max-time", "1ns"}, outcome{2, "", "max-time 1ns, want enough for one step"}},
		"an endless rate":     {[]string{"--learning-rate", "Inf"}, outcome{2, "", "learning-rate +Inf"}},
		"dropout of all":      {[]string{"--dropout", "1"}, outcome{2, "", "dropout 1, want 0 to less than 1"}},
		"a wild rate":         {[]string{"--epochs", "9", "--learning-rate", "1e6"}, outcome{1, "", "training diverged"}},
		"missing":             {[]string{"--data", "no-such-folder"}, outcome{66, "", "no-such-folder"}},
		"valid missing":       {[]string{"--valid", "no-such-folder"}, outcome{66, "", "no-such-folder"}},
		"data are a file":     {[]string{"--data", file}, outcome{65, "", "a-file: bad input"}},
		"data are no flows":   {[]string{"--data", foreign}, outcome{65, "", "so no folder of flows"}},
		"data are captures":   {[]string{"--data", "../../testdata/flows"}, outcome{65, "", "so no folder of flows"}},
		"data are a model":    {[]string{"--data", model}, outcome{65, "", "so no folder of flows"}},
		"too few hosts":       {[]string{"--min-hosts", "9"}, outcome{65, "", "4 hosts to learn from, want the 9 of min-hosts"}},
		"other networks":      {[]string{"--internal", "10.0.0.0/8"}, outcome{65, "", "outside the internal networks [10.0.0.0/8]"}},
		"output is a model":   {[]string{"-o", model}, outcome{73, "", "it holds a model, want --force"}},
		"output is a file":    {[]string{"-o", file}, outcome{73, "", "a-file: not a directory"}},
		"output below a file": {[]string{"-o", file + "/model"}, outcome{73, "", "a-file"}},
		"output is flows":     {[]string{"-o", data, "--force"}, outcome{73, "", "no part of a model"}},
		"output is no model":  {[]string{"-o", foreign, "--force"}, outcome{73, "", `\"thesis.tex\", which is no part of a model`}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			args := append([]string{"train", "--data", data, "-o", parent + "/model", "--epochs", "1", "--batch", "1", "--threads", "1"}, tc.args...)
			status, stdout, stderr := stan(t, "", args...)
			tc.want.check(t, status, stdout, stderr)
			if _, err := os.Stat(parent + "/model/model.json"); (err == nil) != (status == 0) {
				t.Errorf("status %d, and of a model: %v", status, err)
			}
		})
	}
	t.Run("a GPU", func(t *testing.T) {
		status, stdout, stderr := stan(t, "", "train", "--data", data, "-o", t.TempDir(), "--epochs", "1", "--device", "cuda")
		want := outcome{exitNoGPU, "", "want --device cpu"}
		if torch.IsCUDAAvailable() {
			want = outcome{0, "all   ", ""}
		}
		want.check(t, status, stdout, stderr)
	})
}

// What earlier runs did counts neither as rows of this one nor as their time.
func TestRowsToComeOfAResumedTraining(t *testing.T) {
	con := newConsole(nil, io.Discard, io.Discard)
	watch := &trainWatch{con: con, stage: con.Stage("train", "rows", -1)}
	watch.Step(torchmodel.Step{Rows: 100, Progress: 0.6, Before: 0.5})
	if watch.stage.total != 500 {
		t.Errorf("%d rows planned, want 500: 100 were a tenth of the training, and half of it was to be done", watch.stage.total)
	}
	con.Close(0)
}

func TestTrainNamesTheAlteredFile(t *testing.T) {
	data := smallFlows(t)
	files, err := filepath.Glob(data + "/bucket=*/*")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(files[0], text, 0o644); err != nil {
		t.Fatal(err)
	}
	status, stdout, stderr := stan(t, "", "train", "--data", data, "-o", t.TempDir()+"/model", "--epochs", "1")
	outcome{exitInput, "", files[0]}.check(t, status, stdout, stderr)
}
