package machine

import "testing"

func TestLibraries(t *testing.T) {
	const maps = `7f3a10000000-7f3a10100000 r--p 00000000 08:01 11 /opt/stan/lib/libtorch_cpu.so
7f3a10100000-7f3a10200000 r-xp 00100000 08:01 11 /opt/stan/lib/libtorch_cpu.so
7f3a20000000-7f3a20100000 rw-p 00000000 00:00 0
7f3a30000000-7f3a30100000 r-xp 00000000 08:01 12 /usr/lib/libc.so.6
7ffc00000000-7ffc00100000 rw-p 00000000 00:00 0 [stack]
`
	got, err := Libraries(process(t, "maps", maps))
	if err != nil || len(got) != 2 || got["libtorch_cpu.so"] != "/opt/stan/lib/libtorch_cpu.so" || got["libc.so.6"] != "/usr/lib/libc.so.6" {
		t.Errorf("Libraries = %v, %v", got, err)
	}
}

func TestDriverVersion(t *testing.T) {
	for file, want := range map[string]string{
		"NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 22:23:56 UTC 2024\nGCC version: gcc 12.2.0\n": "550.54.15",
		"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (root@x)\nGCC version:  gcc\n":   "580.65.06",
		"": "", "something else 1.2.3 ": "",
	} {
		if got := DriverVersion(file); got != want {
			t.Errorf("DriverVersion(%q) = %q, want %q", file, got, want)
		}
	}
}
