package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

// jsonLines decodes what a console wrote, one object a line.
func jsonLines(t *testing.T, text string) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for line := range strings.Lines(text) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		lines = append(lines, object)
	}
	return lines
}

func TestConsoleWritesJSONLines(t *testing.T) {
	var out bytes.Buffer
	con := newConsole(nil, nil, &out)
	if err := con.SetFormat("auto"); err != nil { // no terminal here
		t.Fatal(err)
	}
	con.Info("hello", "who", "you")
	con.Warn("careful")
	s := con.Stage("reading", "rows", 100)
	s.Set(10) // too soon after the beginning for a line
	s.reported = time.Now().Add(-progressInterval)
	s.began = time.Now().Add(-10 * time.Second)
	s.Set(25, "loss", 1.5)
	s.SetTotal(50)
	s.reported = time.Now().Add(-progressInterval)
	s.Set(20) // progress never goes back
	s.Done("folder", "out")
	con.Close(1)
	con.Error(errors.New("the end"), 1)

	lines := jsonLines(t, out.String())
	if len(lines) != 6 {
		t.Fatalf("%d lines, want 6:\n%s", len(lines), out.String())
	}
	if lines[0]["msg"] != "hello" || lines[0]["who"] != "you" || lines[1]["level"] != "WARN" || lines[5]["level"] != "ERROR" || lines[5]["exit_status"] != 1.0 {
		t.Errorf("messages %v", lines)
	}
	first, second, done := lines[2], lines[3], lines[4]
	if first["rows"] != 25.0 || first["of"] != 100.0 || first["loss"] != 1.5 {
		t.Errorf("progress %v, want 25 of 100 rows, loss 1.5", first)
	}
	if rate := first["per_s"].(float64); rate < 2.4 || rate > 2.5 { // 25 rows in a little over 10 s
		t.Errorf("rate %v, want 2.5", rate)
	}
	if eta := first["eta_s"].(float64); eta < 30 || eta > 31 { // 75 rows are left
		t.Errorf("eta %v s, want 30", eta)
	}
	if second["rows"] != 25.0 || second["of"] != 50.0 {
		t.Errorf("progress %v, want 25 of 50 rows", second)
	}
	if done["msg"] != "reading: done" || done["folder"] != "out" {
		t.Errorf("last line %v", done)
	}
}

func TestConsoleWritesText(t *testing.T) {
	var out bytes.Buffer
	con := newConsole(nil, nil, &out)
	if err := con.SetFormat("text"); err != nil {
		t.Fatal(err)
	}
	con.Info("hello", "who", "you")
	if got := out.String(); !strings.Contains(got, "msg=hello who=you") {
		t.Errorf("text line %q", got)
	}
	if err := con.SetFormat("xml"); err == nil {
		t.Error("format xml was taken")
	}
}

// Before SetFormat a console is as on a terminal.
func TestConsoleDrawsABar(t *testing.T) {
	var out bytes.Buffer
	con := newConsole(nil, nil, &out)
	s := con.Stage("training", "rows", -1)
	s.SetTotal(200)
	s.Set(50, "loss", 0.25)
	con.Info("saved", "at", 50)
	s.SetTotal(100)
	time.Sleep(110 * time.Millisecond) // the bar is drawn ten times a second at most
	s.Set(60)
	s.Done()
	con.Warn("careful")
	con.Error(errors.New("the end"), 1)
	for _, part := range []string{"training loss=0.25", "50/200", "60/100", "saved at=50\n", "training: done rows=60", "warning: careful\n", "the end\n"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("no %q in %q", part, out.String())
		}
	}
	left := con.Stage("interrupted", "rows", 10)
	left.Set(1)
	con.Close(1)
	if con.stage != nil {
		t.Error("Close left a bar")
	}
}
