// Paper writes docs/paper.md from what scripts/paper.sh has left in a folder: the paper's tables, each with how it was made, and
// in words which baseline is worse than the paper's network and which is not.
//
//	go run ./scripts/paper FOLDER
package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// architectures in the order of the tables: ours, the paper's, its baselines.
var architectures = []string{"stan", "paper", "paper-small", "independent", "chain", "wpgan"}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "paper: want one folder, of scripts/paper.sh")
		os.Exit(2)
	}
	text, err := page(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, "paper:", err)
		os.Exit(1)
	}
	fmt.Print(text)
}

const introduction = `# The paper's experiments

Written by ` + "`make paper`" + `; do not edit. STAN is Xu et al., [arXiv 2009.12740](https://arxiv.org/abs/2009.12740). The paper's
claim is that a network which draws a row attribute by attribute, given the rows before, keeps both the dependence over time
and that between the attributes of a row, and that baselines which lack one of them do worse. Below each table stands whether
that is so here.

| | |
|---|---|
| stan | our default network (docs/architecture.md) |
| paper | the paper's: five rows of window, a convolutional network an attribute, mixtures of 10 Gaussians, softmax |
| paper-small | its small mode: no convolutions, 2 Gaussians |
| independent | B1: every attribute drawn by itself |
| chain | B2: a Bayesian chain of counts: an attribute given the one before it in the row and its own value in the row before |
| wpgan | a Wasserstein GAN with gradient penalty, on single rows (Ring et al. 2019) |

`

func page(folder string) (string, error) {
	steps, err := readSteps(folder)
	if err != nil {
		return "", err
	}
	var total float64
	for _, s := range steps {
		total += s.seconds
	}
	var b strings.Builder
	b.WriteString(introduction)
	fmt.Fprintf(&b, "Made in %.0f minutes on %d cores (%s), libtorch on the CPU.\n", total/60, runtime.NumCPU(), processor())
	for _, section := range []func(string, map[string]step) (string, error){simulatedSection, flowsSection} {
		text, err := section(folder, steps)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// step is a command that scripts/paper.sh ran.
type step struct {
	seconds float64
	command string
}

func readSteps(folder string) (map[string]step, error) {
	text, err := os.ReadFile(filepath.Join(folder, "steps.tsv"))
	if err != nil {
		return nil, err
	}
	steps := map[string]step{}
	for line := range strings.Lines(string(text)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(fields) != 3 {
			return nil, fmt.Errorf("steps.tsv: %q, want name, seconds and command", line)
		}
		seconds, err := strconv.ParseFloat(fields[1], 64)
		if err != nil {
			return nil, fmt.Errorf("steps.tsv: %q: %w", line, err)
		}
		steps[fields[0]] = step{seconds, fields[2]}
	}
	return steps, nil
}

// processor is the name that Linux gives it.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "model name\t: "); ok {
			return name
		}
	}
	return runtime.GOARCH
}

// made is the note below a table: how it came about.
func made(b *strings.Builder, steps map[string]step, names ...string) {
	b.WriteString("\nMade by\n\n")
	for _, name := range names {
		if s, ok := steps[name]; ok {
			fmt.Fprintf(b, "    %s    # %.0f s\n", s.command, s.seconds)
		}
	}
}
