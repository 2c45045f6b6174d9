package machine

import (
	"path/filepath"
	"regexp"
	"strings"

	"github.com/prometheus/procfs"
)

// Libraries maps the names of the shared libraries that the process has loaded to their files: libtorch_cpu.so to its path.
func Libraries(process procfs.Proc) (map[string]string, error) {
	maps, err := process.ProcMaps()
	if err != nil {
		return nil, err
	}
	libraries := make(map[string]string)
	for _, m := range maps {
		if name := filepath.Base(m.Pathname); strings.Contains(name, ".so") {
			libraries[name] = m.Pathname
		}
	}
	return libraries, nil
}

var driverVersion = regexp.MustCompile(`NVRM version:.*?\s(\d+\.\d[\d.]*)\s`)

// DriverVersion finds the version in /proc/driver/nvidia/version; "" is that of no driver.
func DriverVersion(file string) string {
	if match := driverVersion.FindStringSubmatch(file); match != nil {
		return match[1]
	}
	return ""
}
