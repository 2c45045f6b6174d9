package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// parseSize reads a number of bytes with a unit: B, KiB, MiB, GiB, or kB, MB, GB.
func parseSize(text string) (int64, error) {
	digits := strings.TrimRight(text, "BKMGikb ")
	units := map[string]float64{
		"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "kB": 1e3, "MB": 1e6, "GB": 1e9,
	}
	unit, known := units[strings.TrimSpace(text[len(digits):])]
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !known || !(n >= 0) || n*unit > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q, want a size such as 512MiB", text)
	}
	return int64(n * unit), nil
}

// parseMemory reads a size that one can work in.
func parseMemory(text string) (int64, error) {
	bytes, err := parseSize(text)
	if err == nil && bytes < 1<<20 {
		err = fmt.Errorf("%q, want at least 1MiB", text)
	}
	return bytes, err
}

// formatSize writes a number of bytes for people.
func formatSize(bytes int64) string {
	if bytes < 1<<30 {
		return fmt.Sprintf("%d MiB", bytes>>20)
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}
