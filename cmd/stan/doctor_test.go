package main

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	torch "github.com/wangkuiyi/gotorch"

	"stan/cmd/stan/machine"
	"stan/dataset"
)

func TestDoctor(t *testing.T) {
	file := write(t, "file", "")
	tests := map[string]struct {
		args []string
		want outcome
	}{
		"a machine that runs the tests": {[]string{t.TempDir()}, outcome{0, "ok    libtorch     " + torch.Version() + " from /", ""}},
		"a folder to be made":           {[]string{filepath.Join(t.TempDir(), "a", "b")}, outcome{0, "a/b can be written", ""}},
		"a folder of no use":            {[]string{"/proc/out"}, outcome{exitCannotWrite, "fail  folder       /proc/out\n", "doctor: 1 of "}},
		"a file":                        {[]string{file}, outcome{exitCannotWrite, "is a file", "folder: cannot write"}},
		"no such device":                {[]string{"--device", "tpu"}, outcome{exitUsage, "fail  device       tpu", ""}},
	}
	if !torch.IsCUDAAvailable() {
		tests["a GPU that is missing"] = struct {
			args []string
			want outcome
		}{[]string{"--device", "cuda"}, outcome{exitNoGPU, "fail  device       cuda is asked for", "device"}}
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := stan(t, "", append([]string{"doctor"}, tc.args...)...)
			tc.want.check(t, status, stdout, stderr)
		})
	}
}

func TestDoctorWarnsOfSettingsThatDoNothing(t *testing.T) {
	t.Setenv("STAN_MAX_TIMES", "10m")
	t.Setenv("STAN_SEED", "1")
	status, stdout, _ := stan(t, "", "doctor", t.TempDir())
	if status != 0 || !strings.Contains(stdout, "warn  environment  STAN_MAX_TIMES is set") ||
		!strings.Contains(stdout, `did you mean "STAN_MAX_TIME"?`) || strings.Contains(stdout, "STAN_SEED") {
		t.Errorf("status %d:\n%s", status, stdout)
	}
}

func TestFindings(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	torchOf := map[string]string{"libtorch_cpu.so": "/opt/libtorch_cpu.so"}
	tests := map[string]struct {
		got                  finding
		level, found, advice string
		err                  error
	}{
		"the libtorch of the build": {checkLibtorch("2.11.0+cpu", "2.11.0", torchOf), "ok", "2.11.0 from /opt/libtorch_cpu.so", "", nil},
		"another libtorch":          {checkLibtorch("2.11.0", "2.10.0", torchOf), "fail", "2.10.0 from", "LD_LIBRARY_PATH", nil},
		"memory":                    {checkMemory(8*gib, 4*gib, machine.Limits{}), "ok", "4.0 GiB of 8.0 GiB left", "", nil},
		"little memory":             {checkMemory(8*gib, gib, machine.Limits{}), "warn", "1.0 GiB of", "train and evaluate want 2.0 GiB", nil},
		"a limit":                   {checkMemory(8*gib, 4*gib, machine.Limits{Memory: gib, MemoryLeft: 900 * mib}), "warn", "a limit of 1.0 GiB, 900 MiB of it left", "raise the limit", nil},
		"no memory":                 {checkMemory(8*gib, 4*gib, machine.Limits{Memory: gib, MemoryLeft: mib}), "fail", "1 MiB of it left", "--mem in Slurm", torch.ErrOutOfMemory},
		"a limit above the machine": {checkMemory(8*gib, 4*gib, machine.Limits{Memory: 64 * gib, MemoryLeft: mib}), "ok", "4.0 GiB of 8.0 GiB left", "", nil},
		"all processors":            {checkProcessors(8, 0, false), "ok", "8 cores, no quota", "", nil},
		"a quota":                   {checkProcessors(64, 2.5, false), "ok", "64 cores, a quota of 2.5", "", nil},
		"less than a processor":     {checkProcessors(64, 0.5, false), "warn", "a quota of 0.5", "a whole processor", nil},
		"an old processor":          {checkProcessors(4, 0, true), "warn", "4 cores", "no AVX2", nil},
		"no GPU, no need":           {missingGPU(false, ""), "ok", "this build is for the CPU", "", nil},
		"a GPU without the build":   {missingGPU(false, "580.65.06"), "warn", "driver 580.65.06", "Dockerfile.cuda", nil},
		"no driver":                 {missingGPU(true, ""), "warn", "not loaded", "--gres=gpu:1", nil},
		"an old driver":             {missingGPU(true, "550.54.15"), "warn", "too old", "580", nil},
		"a hidden GPU":              {missingGPU(true, "580.65.06"), "warn", "none to be seen", "CUDA_VISIBLE_DEVICES", nil},
		"no folder":                 {checkFolder("/proc/x/y", nil), "fail", "/proc/x/y", "another folder", dataset.ErrCannotWrite},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			f := tc.got
			if f.level() != tc.level || !strings.Contains(f.found, tc.found) || !strings.Contains(f.advice, tc.advice) || !errors.Is(f.err, tc.err) && tc.err != nil {
				t.Errorf("got %s: %+v, want %s with %q, %q, %v", f.level(), f, tc.level, tc.found, tc.advice, tc.err)
			}
			if (f.level() == "ok") != (f.advice == "") {
				t.Errorf("%s with the advice %q", f.level(), f.advice)
			}
		})
	}
}
