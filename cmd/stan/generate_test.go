package main

import (
	"os"
	"path/filepath"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

func TestGenerateCommand(t *testing.T) {
	model, data := smallModel(t), smallFlows(t)
	file := write(t, "a-file", "x")
	foreign := filepath.Dir(write(t, "thesis.tex", "x"))
	tests := map[string]struct {
		args []string
		want outcome
	}{
		"hosts":                   {[]string{"--hosts", "2", "--duration", "2h"}, outcome{0, "flows in ", `"msg":"write: done"`}},
		"one row":                 {[]string{"--rows", "1"}, outcome{0, "1 flows in ", ""}},
		"rows of hosts":           {[]string{"--rows", "30", "--hosts", "3"}, outcome{0, "30 flows in ", ""}},
		"UGR'16":                  {[]string{"--rows", "5", "--format", "ugr16"}, outcome{0, "5 flows in ", ""}},
		"networks, one IPv6":      {[]string{"--rows", "30", "--hosts", "3", "--internal", "10.0.0.0/8,2001:db8::/64"}, outcome{0, "30 flows in ", ""}},
		"a start with a zone":     {[]string{"--rows", "5", "--start", "2026-03-01T12:00:00+01:00"}, outcome{0, "5 flows in ", ""}},
		"a start far in the past": {[]string{"--rows", "5", "--start", "1970-01-01"}, outcome{0, "5 flows in ", ""}},
		"a start far from now":    {[]string{"--rows", "5", "--start", "2200-12-31 23:59:59"}, outcome{0, "5 flows in ", ""}},

		"no model":             {[]string{"--hosts", "2", "--model", ""}, outcome{2, "", "generate: usage: no --model"}},
		"no output":            {[]string{"--hosts", "2", "-o", ""}, outcome{2, "", "generate: usage: no output"}},
		"nothing asked for":    {nil, outcome{2, "", "neither --hosts nor --rows"}},
		"an argument":          {[]string{"--hosts", "2", "flows"}, outcome{2, "", `argument \"flows\", want none`}},
		"rows and duration":    {[]string{"--rows", "2", "--duration", "1h"}, outcome{2, "", "--rows and --duration"}},
		"no row":               {[]string{"--rows", "0"}, outcome{2, "", "--rows 0, want at least 1"}},
		"hosts below 0":        {[]string{"--hosts", "-1"}, outcome{2, "", "hosts -1, want at least 1"}},
		"no duration":          {[]string{"--hosts", "1", "--duration", "0s"}, outcome{2, "", "duration 0s, want 1s to"}},
		"no date":              {[]string{"--hosts", "1", "--start", "today"}, outcome{2, "", `--start: \"today\", want a time as`}},
		"before the epoch":     {[]string{"--hosts", "1", "--start", "1969-12-31"}, outcome{2, "", "want a year from 1970 to 2200"}},
		"no shard":             {[]string{"--hosts", "1", "--shard", "0/3"}, outcome{2, "", `--shard: \"0/3\", want I/N`}},
		"half a shard":         {[]string{"--hosts", "1", "--shard", "2"}, outcome{2, "", `--shard: \"2\", want I/N`}},
		"a shard without host": {[]string{"--hosts", "1", "--shard", "1/2"}, outcome{2, "", "no flow of 0 hosts"}},
		"too little memory":    {[]string{"--hosts", "1", "--memory", "1kB"}, outcome{2, "", `--memory: \"1kB\", want at least 1MiB`}},
		"no size":              {[]string{"--hosts", "1", "--memory", "much"}, outcome{2, "", `--memory: \"much\"`}},
		"an unknown format":    {[]string{"--hosts", "1", "--format", "pcap"}, outcome{2, "", "want one of parquet, zeek-tsv"}},
		"an unknown device":    {[]string{"--hosts", "1", "--device", "tpu"}, outcome{2, "", "want auto, cpu, cuda or cuda:N"}},
		"a bad network":        {[]string{"--hosts", "1", "--internal", "home"}, outcome{2, "", `--internal: \"home\"`}},
		"a small network":      {[]string{"--hosts", "9", "--internal", "10.0.0.0/30"}, outcome{2, "", "want at most the 4 addresses"}},
		"model missing":        {[]string{"--hosts", "1", "--model", "no-such-folder"}, outcome{66, "", "no-such-folder"}},
		"model is flows":       {[]string{"--hosts", "1", "--model", data}, outcome{65, "", "want a folder that stan train has finished"}},
		"output is there":      {[]string{"--hosts", "1", "-o", data}, outcome{73, "", "want a new folder, or --force"}},
		"output is a file":     {[]string{"--hosts", "1", "-o", file, "--force"}, outcome{73, "", "a file, want a new folder"}},
		"output is no flows":   {[]string{"--hosts", "1", "-o", foreign, "--force"}, outcome{73, "", "even --force leaves it alone"}},
		"output is the model":  {[]string{"--hosts", "1", "-o", model, "--force"}, outcome{73, "", "even --force leaves it alone"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			args := append([]string{"generate", "--model", model, "-o", parent + "/out", "--threads", "1"}, tc.args...)
			status, stdout, stderr := stan(t, "", args...)
			tc.want.check(t, status, stdout, stderr)
			entries, err := os.ReadDir(parent)
			if err != nil {
				t.Fatal(err)
			}
			if status != 0 && len(entries) > 0 {
				t.Errorf("failed and left %v", entries)
			}
		})
	}
	t.Run("a GPU", func(t *testing.T) {
		status, stdout, stderr := stan(t, "", "generate", "--model", model, "-o", t.TempDir()+"/out", "--rows", "5", "--device", "cuda")
		want := outcome{exitNoGPU, "", "want --device cpu"}
		if torch.IsCUDAAvailable() {
			want = outcome{0, "5 flows in ", ""}
		}
		want.check(t, status, stdout, stderr)
	})
}

func TestDamagedModelIsRefusedByName(t *testing.T) {
	model := smallModel(t)
	weights := filepath.Join(model, "model.safetensors")
	text, err := os.ReadFile(weights)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{"cut in half": text[:len(text)/2], "empty": nil, "another file": []byte("PK\x03\x04")} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(weights, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{
				{"generate", "--model", model, "--rows", "5", "-o", t.TempDir() + "/out"}, {"inspect", model},
			} {
				status, stdout, stderr := stan(t, "", args...)
				outcome{exitInput, "", "model.safetensors"}.check(t, status, stdout, stderr)
			}
		})
	}
}
