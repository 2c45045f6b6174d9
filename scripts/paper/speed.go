package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// speed is a table of the rates that the commands have logged.
func (f *flows) speed(b *strings.Builder) error {
	b.WriteString("\n### Speed\n\nRows a second; each is learned by all of a model's networks. What counts takes no training steps.\n")
	g := grid{head: append([]string{""}, architectures...)}
	for _, line := range []struct{ name, data, step, message string }{
		{"simulated rows trained", "simulated", "train", "train: done"},
		{"simulated rows generated", "simulated", "generate", "generate: done"},
		{"flows trained", "flows", "train", "train: done"},
		{"flows generated", "flows", "generate", "generate: done"},
	} {
		var cells []string
		for _, arch := range architectures {
			rate, err := logged(filepath.Join(f.folder, "log", line.data+"-"+arch+"-"+line.step+".err"), line.message)
			if err != nil {
				return err
			}
			if rate == 0 {
				cells = append(cells, "-")
			} else {
				cells = append(cells, fmt.Sprintf("%.0f", rate))
			}
		}
		g.add(line.name, cells...)
	}
	g.write(b)
	return nil
}

// logged is the rate of the stage that a log says is done, 0 if it says none.
func logged(path, message string) (float64, error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	rate := 0.0
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var l struct {
			Msg  string  `json:"msg"`
			Rate float64 `json:"per_s"`
		}
		if json.Unmarshal(lines.Bytes(), &l) == nil && l.Msg == message {
			rate = l.Rate
		}
	}
	return rate, lines.Err()
}
