package main

import (
	"strings"
	"testing"
)

// flows is standard input for a small ingest.
const flows = "2016-04-11 00:07:24,9.016,84.181.34.175,42.219.152.127,54941,23,TCP,....S.,0,72,3,180,background\n"

// Flag, then environment, then file, then default: --internal decides here how many hosts there are.
func TestSettingsPrecedence(t *testing.T) {
	const neither, one, other, both = "127.0.0.0/8", "84.0.0.0/8", "42.219.0.0/16", "84.0.0.0/8,42.219.0.0/16"
	tests := map[string]struct {
		flag, environment, file string
		want                    outcome
	}{
		"flag alone":            {one, "", "", outcome{0, "84.0.0.0/8", ""}},
		"environment alone":     {"", other, "", outcome{0, "42.219.0.0/16", ""}},
		"file alone":            {"", "", "internal: " + one, outcome{0, "84.0.0.0/8", ""}},
		"a list in the file":    {"", "", "internal: [84.0.0.0/8, 42.219.0.0/16]", outcome{0, "84.0.0.0/8, 42.219.0.0/16", ""}},
		"flag over environment": {both, neither, "", outcome{0, "hosts          2", ""}},
		"flag over file":        {both, "", "internal: " + neither, outcome{0, "hosts          2", ""}},
		"environment over file": {"", both, "internal: " + neither, outcome{0, "hosts          2", ""}},
		"none":                  {"", "", "buckets: 3", outcome{2, "", "no --internal"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			args := []string{"ingest", "-o", t.TempDir() + "/out"}
			if tc.flag != "" {
				args = append(args, "--internal", tc.flag)
			}
			if tc.environment != "" {
				t.Setenv("STAN_INTERNAL", tc.environment)
			}
			if tc.file != "" {
				t.Setenv("STAN_CONFIG", write(t, "stan.yaml", tc.file))
			}
			status, stdout, stderr := stan(t, flows, append(args, "-")...)
			tc.want.check(t, status, stdout, stderr)
		})
	}
}

func TestSettingsFileFaults(t *testing.T) {
	tests := map[string]struct{ file, stderr string }{
		"unknown key":     {"internal: 10.0.0.0/8\nmax-bad-row: 3", `line 2: key \"max-bad-row\" is no setting of ingest, did you mean \"max-bad-rows\"?`},
		"key twice":       {"threads: 1\ninternal: 10.0.0.0/8\nthreads: 2", `line 3: key \"threads\" stands twice, first in line 1`},
		"wrong type":      {"\nthreads: many", `line 2: key \"threads\", value \"many\"`},
		"a mapping":       {"internal:\n  a: b", `key \"internal\": want a value or a list`},
		"a list of lists": {"internal: [[a]]", "want a list of plain values"},
		"nothing given":   {"internal:", `key \"internal\": want a value`},
		"a list at top":   {"- internal", "want a mapping"},
		"no YAML":         {"internal: [", "yaml"},
		"empty":           {"", "the file holds no settings"},
		"two documents":   {"threads: 1\n---\nthreads: 2", "line 2: a second document begins, want one"},
		"a config in it":  {"config: other.yaml", `key \"config\" is no setting`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := stan(t, flows, "ingest", "-o", t.TempDir()+"/out", "--config", write(t, "stan.yaml", tc.file), "-")
			outcome{2, "", tc.stderr}.check(t, status, stdout, stderr)
		})
	}
	status, stdout, stderr := stan(t, "", "ingest", "--config", "no-such-file.yaml")
	outcome{2, "", "no-such-file.yaml"}.check(t, status, stdout, stderr)
	t.Setenv("STAN_THREADS", "many")
	status, stdout, stderr = stan(t, "", "ingest")
	outcome{2, "", `environment STAN_THREADS=\"many\"`}.check(t, status, stdout, stderr)
}

func TestDidYouMean(t *testing.T) {
	names := []string{"ingest", "inspect", "train", "max-bad-rows"}
	for word, want := range map[string]string{
		"inget": "ingest", "inspekt": "inspect", "trian": "train", "max-bad-row": "max-bad-rows", "xyz": "", "": "",
	} {
		got := didYouMean(word, names)
		if want == "" && got != "" || want != "" && !strings.Contains(got, `"`+want+`"`) {
			t.Errorf("didYouMean(%q) = %q, want %q", word, got, want)
		}
	}
	for _, tc := range []struct {
		a, b string
		want int
	}{{"", "abc", 3}, {"abc", "abc", 0}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}} {
		if got := editDistance(tc.a, tc.b); got != tc.want {
			t.Errorf("editDistance(%q, %q) = %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"1": 1, "5B": 5, "96MiB": 96 << 20, "1.5GiB": 3 << 29, "2 KiB": 2048, "3MB": 3e6, "4kB": 4000, "1GB": 1e9,
	} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "MiB", "-1MiB", "5TiB", "1e30GiB", "NaN", "much"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("parseSize(%q) = %d, want an error", text, got)
		}
	}
}
