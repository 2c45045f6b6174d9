package machine

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/prometheus/procfs"
)

// process is one whose file of that name in /proc/PID has the content.
func process(t *testing.T, name, content string) procfs.Proc {
	t.Helper()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "7"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "7", name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	proc, err := procfs.NewFS(root)
	if err != nil {
		t.Fatal(err)
	}
	p, err := proc.Proc(7)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestReadLimits(t *testing.T) {
	const mib = 1 << 20
	tests := map[string]struct {
		cgroup string
		files  map[string]string
		want   Limits
	}{
		"none": {"0::/user.slice\n", map[string]string{"user.slice/memory.max": "max\n", "user.slice/cpu.max": "max 100000\n"}, Limits{}},
		"a container's own root": {"0::/\n", map[string]string{"memory.max": "1073741824\n", "memory.current": "536870912\n",
			"memory.stat": "anon 1\ninactive_file 268435456\n", "cpu.max": "150000 100000\n"},
			Limits{1024 * mib, 768 * mib, 1.5}},
		"the host's path seen from inside": {"0::/kubepods/pod1/x\n", map[string]string{"memory.max": "1048576\n", "memory.current": "0\n"},
			Limits{mib, mib, 0}},
		"a group around it is tighter": {"0::/slurm/job/step\n", map[string]string{
			"slurm/job/step/memory.max": "max\n", "slurm/job/step/cpu.max": "800000 100000\n",
			"slurm/job/memory.max": "2097152\n", "slurm/job/memory.current": "1048576\n", "slurm/job/cpu.max": "200000 100000\n",
			"slurm/memory.max": "8388608\n", "slurm/memory.current": "1048576\n"},
			Limits{2 * mib, mib, 2}},
		"version 1": {"4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n0::/\n", map[string]string{
			"memory/docker/x/memory.limit_in_bytes": "1048576\n", "memory/docker/x/memory.usage_in_bytes": "1048576\n",
			"memory/memory.limit_in_bytes":   "9223372036854771712\n",
			"cpu/docker/x/cpu.cfs_quota_us":  "50000\n",
			"cpu/docker/x/cpu.cfs_period_us": "100000\n",
			"cpu/cpu.cfs_quota_us":           "-1\n",
			"cpu/cpu.cfs_period_us":          "100000\n"},
			Limits{mib, 0, 0.5}},
		"nonsense": {"0::/\n", map[string]string{"memory.max": "much", "cpu.max": "1"}, Limits{}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{}
			for name, content := range tc.files {
				files[name] = &fstest.MapFile{Data: []byte(content)}
			}
			got, err := ReadLimits(process(t, "cgroup", tc.cgroup), files)
			if err != nil || got != tc.want {
				t.Errorf("got %+v, %v, want %+v", got, err, tc.want)
			}
		})
	}
	if _, err := ReadLimits(procfs.Proc{PID: -1}, fstest.MapFS{}); err == nil {
		t.Error("a process that is not there has limits")
	}
}
