package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// neverAgain are the statuses that a scheduler must not retry.
var neverAgain = []int{exitUsage, exitInput, exitMissing, exitCannotWrite}

// job is what of a Kubernetes Job matters here.
type job struct {
	PodFailurePolicy struct {
		Rules []struct {
			Action      string
			OnExitCodes struct {
				Operator string
				Values   []int
			} `yaml:"onExitCodes"`
		}
	} `yaml:"podFailurePolicy"`
	Template struct {
		Spec struct {
			RestartPolicy  string `yaml:"restartPolicy"`
			InitContainers []container
			Containers     []container
		}
	}
}

type container struct{ Command, Args []string }

func TestKubernetesJobsRetryWhatMayBeRetried(t *testing.T) {
	files, err := filepath.Glob("../../scripts/jobs/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v, want the examples", files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			var object struct {
				APIVersion string `yaml:"apiVersion"`
				Kind       string
				Spec       struct {
					job         `yaml:",inline"`
					JobTemplate struct{ Spec job } `yaml:"jobTemplate"`
				}
			}
			if err := yaml.Unmarshal([]byte(read(t, file)), &object); err != nil {
				t.Fatal(err)
			}
			j := object.Spec.job
			if object.Kind == "CronJob" {
				j = object.Spec.JobTemplate.Spec
			}
			var never []int
			for _, rule := range j.PodFailurePolicy.Rules {
				if rule.Action == "FailJob" || rule.Action == "FailIndex" {
					if rule.OnExitCodes.Operator != "In" {
						t.Errorf("operator %q, want In", rule.OnExitCodes.Operator)
					}
					never = append(never, rule.OnExitCodes.Values...)
				}
			}
			if object.APIVersion != "batch/v1" || !slices.Equal(never, neverAgain) {
				t.Errorf("%s fails for good at %v, want batch/v1 and %v", object.APIVersion, never, neverAgain)
			}
			if j.Template.Spec.RestartPolicy != "Never" || len(j.Template.Spec.Containers) != 1 { // podFailurePolicy demands Never
				t.Errorf("pods %+v, want one container that is not restarted", j.Template.Spec)
			}
			for _, c := range slices.Concat(j.Template.Spec.Containers, j.Template.Spec.InitContainers) {
				// A shell as the first process would keep the signal to itself.
				if len(c.Command) > 0 && !strings.Contains(c.Command[len(c.Command)-1], "exec stan ") {
					t.Errorf("command %q, want one that ends as stan", c.Command)
				}
			}
		})
	}
}

// Every flag of the examples is one of stan's.
func TestJobsUseFlagsThatExist(t *testing.T) {
	known := make(map[string]bool)
	for _, command := range newApp(newConsole(nil, nil, nil)).Commands {
		for _, flag := range command.Flags {
			known["--"+flag.Names()[0]] = true
		}
	}
	files, err := filepath.Glob("../../scripts/jobs/*")
	if err != nil || len(files) < 5 {
		t.Fatalf("%v, %v, want the examples", files, err)
	}
	for _, file := range files {
		used := 0
		for line := range strings.Lines(read(t, file)) {
			if strings.HasPrefix(strings.TrimSpace(line), "#") {
				continue
			}
			for _, flag := range regexp.MustCompile(`--[a-z][a-z-]*`).FindAllString(line, -1) {
				used++
				if !known[flag] {
					t.Errorf("%s: stan has no flag %s", file, flag)
				}
			}
		}
		if used == 0 {
			t.Errorf("%s: no flag found", file)
		}
	}
}

// slurm prepares a job script with a scontrol that notes its arguments in a file, and a stan that is a line of shell.
func slurm(t *testing.T, script, program string, args ...string) (command *exec.Cmd, noted string) {
	t.Helper()
	bin := t.TempDir()
	noted = filepath.Join(bin, "noted")
	for name, text := range map[string]string{"stan": program, "scontrol": `echo "$@" >>` + noted} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	command = exec.Command("bash", append([]string{"../../scripts/jobs/" + script}, args...)...)
	command.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "SLURM_JOB_ID=77", "SLURM_ARRAY_TASK_ID=2", "SLURM_ARRAY_TASK_COUNT=8")
	return command, noted
}

func status(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if exit == nil {
		return 0
	}
	return exit.ExitCode()
}

func TestSlurmJobsRequeueWhatMayBeRetried(t *testing.T) {
	for _, script := range []string{"slurm-train.sh", "slurm-generate.sh"} {
		for code, again := range map[int]bool{
			0: false, exitOther: true, exitUsage: false, exitInput: false, exitMissing: false, exitNoGPU: true,
			exitOutOfMemory: true, exitCannotWrite: false, exitIO: true, exitStopped: true, 137: false, 143: script == "slurm-train.sh",
		} {
			t.Run(fmt.Sprint(script, " ", code), func(t *testing.T) {
				command, noted := slurm(t, script, fmt.Sprint("exit ", code), "in", t.TempDir())
				out, err := command.CombinedOutput()
				if got := status(t, err); got != code {
					t.Errorf("status %d, want %d: %s", got, code, out)
				}
				requeued, _ := os.ReadFile(noted)
				if want := map[bool]string{true: "requeue 77\n"}[again]; string(requeued) != want {
					t.Errorf("scontrol was given %q, want %q", requeued, want)
				}
			})
		}
	}
	t.Run("failed often enough", func(t *testing.T) {
		command, noted := slurm(t, "slurm-train.sh", "exit 74", "in", "out")
		command.Env = append(command.Env, "SLURM_RESTART_COUNT=10")
		command.Run()
		if requeued, err := os.ReadFile(noted); err == nil {
			t.Errorf("scontrol was given %q", requeued)
		}
	})
}

// Slurm signals the script alone; the training must hear of it, and the script wait for its checkpoint.
func TestSlurmTrainingHearsTheSignal(t *testing.T) {
	command, noted := slurm(t, "slurm-train.sh", `trap 'sleep 0.2; echo saved; exit 75' TERM; echo ready; while :; do sleep 0.05; done`, "in", "out")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	stop := time.AfterFunc(5*time.Minute, func() { syscall.Kill(-command.Process.Pid, syscall.SIGKILL) })
	defer stop.Stop()
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil || string(line[:n]) != "ready\n" {
		t.Fatalf("%q, %v", line[:n], err)
	}
	if err := command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	n, err = out.Read(line)
	if err != nil || string(line[:n]) != "saved\n" {
		t.Errorf("%q, %v, want the checkpoint saved", line[:n], err)
	}
	if got := status(t, command.Wait()); got != exitStopped {
		t.Errorf("status %d, want %d", got, exitStopped)
	}
	if got := read(t, noted); got != "requeue 77\n" {
		t.Errorf("scontrol was given %q, want the job queued again", got)
	}
}

// A part that an earlier job has made is left alone.
func TestSlurmGenerateLeavesAPartThatIsThere(t *testing.T) {
	out := t.TempDir()
	if err := os.MkdirAll(filepath.Join(out, "part-2"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(out, "part-2", "_SUCCESS"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	command, _ := slurm(t, "slurm-generate.sh", "exit 1", "model", out)
	if err := command.Run(); err != nil {
		t.Error(err)
	}
	command, _ = slurm(t, "slurm-generate.sh", `echo "$@"`, "model", filepath.Join(out, "new"), "--seed", "5")
	text, err := command.Output()
	want := "generate --model model -o " + filepath.Join(out, "new", "part-2") + " --shard 2/8 --threads 0 --seed 5\n"
	if err != nil || string(text) != want {
		t.Errorf("stan was given %q, %v, want %q", text, err, want)
	}
}
