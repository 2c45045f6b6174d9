package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
	"github.com/urfave/cli/v2"
	torch "github.com/wangkuiyi/gotorch"
	"golang.org/x/sys/cpu"

	"stan/cmd/stan/machine"
	"stan/dataset"
)

type doctorOptions struct {
	device string
	dirs   []string
}

func newDoctorCommand(con *console) *cli.Command {
	var o doctorOptions
	return &cli.Command{
		Name:      "doctor",
		Usage:     "check that this machine, container or job can run stan, and say what to do where it cannot",
		ArgsUsage: "[DIR ...]",
		Description: `Checks libraries, GPU, memory, processors, settings in the environment, and each folder DIR that results are to be written
into (default: the current one), by writing a file there. Scratch files stand beside a result, never elsewhere. Each line is
ok, warn or fail; without a fail the status is 0, else that of a run which would fail by it: 69, 71, 73, or 1.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "device", Value: "auto", Destination: &o.device, Usage: "`auto|cuda|cuda:N|cpu` that is to be there"},
		},
		Action: func(c *cli.Context) error {
			o.dirs = c.Args().Slice()
			if len(o.dirs) == 0 {
				o.dirs = []string{"."}
			}
			return runDoctor(o, con, c.App)
		},
	}
}

// finding is one line of stan doctor.
type finding struct {
	subject string
	found   string
	advice  string // what to do; "" where all is well
	err     error  // why a run will fail; nil for a warning
}

func (f finding) level() string {
	switch {
	case f.err != nil:
		return "fail"
	case f.advice != "":
		return "warn"
	}
	return "ok"
}

// runDoctor prints what it finds and returns an error of the first fail's kind.
func runDoctor(o doctorOptions, con *console, app *cli.App) error {
	proc, err := procfs.NewDefaultFS()
	if err != nil {
		return fmt.Errorf("doctor: /proc: %w", err)
	}
	process, err := proc.Self()
	if err != nil {
		return fmt.Errorf("doctor: /proc: %w", err)
	}
	libraries, err := machine.Libraries(process)
	if err != nil {
		return fmt.Errorf("doctor: loaded libraries: %w", err)
	}
	limits, err := machine.ReadLimits(process, os.DirFS("/sys/fs/cgroup"))
	if err != nil {
		return fmt.Errorf("doctor: control groups: %w", err)
	}
	memory, err := proc.Meminfo()
	if err != nil || memory.MemTotalBytes == nil || memory.MemAvailableBytes == nil {
		return fmt.Errorf("doctor: memory: no figures in /proc/meminfo: %w", errors.Join(err, errors.ErrUnsupported))
	}
	driver, _ := os.ReadFile("/proc/driver/nvidia/version") // absent without a driver
	_, cudaBuild := libraries["libtorch_cuda.so"]

	findings := []finding{
		{subject: "stan", found: fmt.Sprintf("%s, %s %s/%s", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)},
		checkLibtorch(torch.Version(), torch.LoadedVersion(), libraries),
	}
	findings = append(findings, checkGPU(o.device, cudaBuild, machine.DriverVersion(string(driver)))...)
	findings = append(findings,
		checkProcessors(runtime.NumCPU(), limits.Processors, runtime.GOARCH == "amd64" && !cpu.X86.HasAVX2),
		checkMemory(int64(*memory.MemTotalBytes), int64(*memory.MemAvailableBytes), limits))
	mounts, err := proc.GetMounts()
	if err != nil {
		return fmt.Errorf("doctor: mounts: %w", err)
	}
	for _, dir := range o.dirs {
		findings = append(findings, checkFolder(dir, mounts))
	}
	findings = append(findings, checkEnvironment(os.Environ(), app)...)
	return printFindings(con.out, findings)
}

func printFindings(out io.Writer, findings []finding) error {
	var first error
	failed := 0
	for _, f := range findings {
		if _, err := fmt.Fprintf(out, "%-4s  %-12s %s\n", f.level(), f.subject, f.found); err != nil {
			return err
		}
		if f.advice != "" {
			fmt.Fprintf(out, "      %-12s -> %s\n", "", f.advice)
		}
		if f.err != nil {
			failed++
			if first == nil {
				first = fmt.Errorf("%s: %w", f.subject, f.err)
			}
		}
	}
	if first != nil {
		return fmt.Errorf("doctor: %d of %d checks failed: %w", failed, len(findings), first)
	}
	return nil
}

// checkLibtorch says which libtorch runs and where it is from. Another version than that of the build may compute nonsense.
func checkLibtorch(built, loaded string, libraries map[string]string) finding {
	f := finding{subject: "libtorch", found: fmt.Sprintf("%s from %s, shim %s", loaded, libraries["libtorch_cpu.so"], libraries["libstan_shim.so"])}
	if built, _, _ = strings.Cut(built, "+"); loaded != built { // 2.11.0+cpu
		f.err = fmt.Errorf("version %s is loaded, want %s", loaded, built)
		f.advice = "LD_LIBRARY_PATH names another libtorch than stan was built with: unset it, or build with LIBTORCH=DIR of that one"
	}
	return f
}

// oldestDriver is the first that runs CUDA 13, which stan's libtorch is for.
const oldestDriver = 580

func checkGPU(device string, cudaBuild bool, driver string) []finding {
	var findings []finding
	if _, err := chooseDevice(device); err != nil {
		f := finding{subject: "device", found: device + " is asked for", err: err, advice: "see the line of the GPU below; --device cpu needs none"}
		if !cudaBuild {
			f.advice = "make build gives one for CUDA; --device cpu needs none"
		}
		if errors.Is(err, errUsage) {
			f.advice = "give --device auto, cpu, cuda or cuda:N"
		}
		findings = append(findings, f)
	}
	var devices []torch.DeviceInfo
	if err := torch.Try(func() { devices = torch.CUDADevices() }); err != nil {
		return append(findings, finding{subject: "gpu", found: "driver " + driver, err: err, advice: "see what nvidia-smi says"})
	}
	for _, d := range devices {
		findings = append(findings, finding{subject: "gpu", found: fmt.Sprintf("%v, %s, %s of %s free, driver %s",
			d.Device, d.Name, formatSize(d.FreeMemory), formatSize(d.TotalMemory), driver)})
	}
	if len(devices) == 0 {
		findings = append(findings, missingGPU(cudaBuild, driver))
	}
	return findings
}

// missingGPU says why there is no GPU to compute on.
func missingGPU(cudaBuild bool, driver string) finding {
	f := finding{subject: "gpu", found: "none; this build is for the CPU"}
	major, _, _ := strings.Cut(driver, ".")
	number, _ := strconv.Atoi(major)
	switch {
	case !cudaBuild && driver != "":
		f.found = "this build is for the CPU, and the machine has NVIDIA's driver " + driver
		f.advice = "make build, or Dockerfile.cuda, for a stan that uses the GPU"
	case cudaBuild && driver == "":
		f.found = "none: NVIDIA's driver is not loaded"
		f.advice = "load it; in a container start with --gpus all, in Slurm ask with --gres=gpu:1, in Kubernetes with nvidia.com/gpu: 1"
	case cudaBuild && number < oldestDriver:
		f.found = "none: driver " + driver + " is too old for CUDA 13"
		f.advice = fmt.Sprintf("install driver %d or newer", oldestDriver)
	case cudaBuild:
		f.found = "none to be seen, with driver " + driver
		f.advice = "look at CUDA_VISIBLE_DEVICES and NVIDIA_VISIBLE_DEVICES, and at what nvidia-smi lists"
	}
	return f
}

func checkProcessors(cores int, quota float64, old bool) finding {
	f := finding{subject: "processors", found: fmt.Sprintf("%d cores, no quota", cores)}
	if quota > 0 {
		f.found = fmt.Sprintf("%d cores, a quota of %.3g of them: commands take %d threads", cores, quota, runtime.GOMAXPROCS(0))
	}
	switch {
	case old:
		f.advice = "the processor has no AVX2: libtorch runs, and takes several times as long"
	case quota > 0 && quota < 1:
		f.advice = "give the container or job a whole processor at least; --threads 1 until then"
	}
	return f
}

// Memory that commands take: docs/benchmarks.md has 1.41 GB for half an hour of training, 0.34 GB for an ingest.
const (
	memoryOfTraining = 2 << 30
	memoryOfAnything = 512 << 20
)

func checkMemory(total, available int64, limits machine.Limits) finding {
	f := finding{subject: "memory", found: fmt.Sprintf("%s of %s left", formatSize(available), formatSize(total))}
	left := available
	if limits.Memory > 0 && limits.Memory < total {
		f.found += fmt.Sprintf("; a limit of %s, %s of it left", formatSize(limits.Memory), formatSize(limits.MemoryLeft))
		left = min(left, limits.MemoryLeft)
	}
	switch {
	case left < memoryOfAnything:
		f.err = fmt.Errorf("%s left, want %s at least: %w", formatSize(left), formatSize(memoryOfAnything), torch.ErrOutOfMemory)
		f.advice = "end other processes or raise the limit: --mem in Slurm, resources.limits.memory in Kubernetes"
	case left < memoryOfTraining:
		f.advice = "enough to ingest and to generate; train and evaluate want " + formatSize(memoryOfTraining) + ": raise the limit"
	}
	return f
}

const (
	diskOfAnything   = 1 << 30
	inodesOfAnything = 1000
)

// checkFolder says whether results may be written into dir or, where it is not there yet, into the nearest folder around it.
func checkFolder(dir string, mounts []*procfs.MountInfo) finding {
	f := finding{subject: "folder", found: dir}
	there, err := nearestFolder(dir)
	if err == nil {
		err = machine.TryWriting(there)
	}
	if err != nil {
		f.err = fmt.Errorf("%w: %w", dataset.ErrCannotWrite, err)
		f.advice = "look at the owner, the quota and the mount of " + dir + ", or name another folder: " + err.Error()
		return f
	}
	disk, err := machine.ReadDisk(there, mounts)
	if err != nil {
		f.advice = "cannot tell how much room there is: " + err.Error()
		return f
	}
	f.found = fmt.Sprintf("%s can be written; %s free on %s", dir, formatSize(disk.Free), disk.Kind)
	switch {
	case disk.Free < diskOfAnything:
		f.advice = "an ingest takes about twice the room of its result until it is done: free some"
	case disk.Inodes > 0 && disk.FreeInodes < inodesOfAnything:
		f.advice = fmt.Sprintf("only %d more files fit: remove some", disk.FreeInodes)
	case disk.Kind == "tmpfs":
		f.advice = "this is memory: what is written here counts against the limit, and is gone after a restart"
	}
	return f
}

// nearestFolder returns dir or the innermost folder around it that is there.
func nearestFolder(dir string) (string, error) {
	for {
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return "", fmt.Errorf("%s is a file", dir)
		}
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return dir, err
		}
		dir = filepath.Dir(dir)
	}
}

// checkEnvironment warns of every STAN_* that no command reads.
func checkEnvironment(environment []string, app *cli.App) []finding {
	var known []string
	for _, command := range app.Commands {
		for _, flag := range command.Flags {
			known = append(known, variableOf(flag.Names()[0]))
		}
	}
	var findings []finding
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "STAN_") && !slices.Contains(known, name) {
			findings = append(findings, finding{subject: "environment", found: name + " is set",
				advice: "no command has such a setting: it does nothing" + didYouMean(name, known)})
		}
	}
	return findings
}
