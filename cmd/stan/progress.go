package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progressInterval is the time between two progress lines where there is no bar.
const progressInterval = 5 * time.Second

// console is what a command talks to: its input, its result on out, everything else on err. Progress is a bar on a
// terminal and log lines elsewhere. Its methods may be called from several goroutines.
type console struct {
	in       io.Reader
	out, err io.Writer
	metrics  *metrics // nobody's before StartMetrics

	mu    sync.Mutex
	log   *slog.Logger // nil on a terminal: messages are plain lines there
	stage *stage       // the stage whose bar stands on the terminal
}

func newConsole(in io.Reader, out, err io.Writer) *console {
	return &console{in: in, out: out, err: err, metrics: newMetrics(nil)}
}

// width returns the columns of the terminal that out is, or 100 where it is none.
func (c *console) width() int {
	if file, isFile := c.out.(*os.File); isFile {
		if columns, _, err := term.GetSize(int(file.Fd())); err == nil {
			return columns
		}
	}
	return 100
}

// SetFormat chooses how messages and progress look: auto, text or json.
func (c *console) SetFormat(format string) error {
	file, isFile := c.err.(*os.File)
	terminal := isFile && term.IsTerminal(int(file.Fd()))
	switch {
	case format == "json", format == "auto" && !terminal:
		c.log = slog.New(slog.NewJSONHandler(c.err, nil))
	case format == "text" && !terminal:
		c.log = slog.New(slog.NewTextHandler(c.err, nil))
	case format == "text", format == "auto":
		c.log = nil
	default:
		return fmt.Errorf("%q, want auto, text or json", format)
	}
	return nil
}

// Info writes a message; attrs are pairs of key and value as in log/slog.
func (c *console) Info(message string, attrs ...any) { c.message(slog.LevelInfo, message, attrs) }

// Warn writes a message that the user should act on.
func (c *console) Warn(message string, attrs ...any) { c.message(slog.LevelWarn, message, attrs) }

// Told ends a command whose result stands: a summary that could not be written is no failure, which would be run again.
func (c *console) Told(err error) error {
	if err != nil {
		c.Warn("the result is there, its summary could not be written: " + err.Error())
	}
	return nil
}

// Error writes the error that ends the program with an exit status, which a line of the log names too.
func (c *console) Error(err error, status int) {
	if c.log == nil {
		c.message(slog.LevelError, err.Error(), nil)
		return
	}
	c.message(slog.LevelError, err.Error(), []any{"exit_status", status})
}

func (c *console) message(level slog.Level, message string, attrs []any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.log != nil {
		c.log.Log(context.Background(), level, message, attrs...)
		return
	}
	if c.stage != nil {
		c.stage.bar.Clear()
	}
	prefix := ""
	if level == slog.LevelWarn {
		prefix = "warning: "
	}
	fmt.Fprintf(c.err, "%s%s%s\n", prefix, message, pairs(attrs))
}

// Stage begins a stretch of work of total units ("flows", "bytes", "steps"), or of unknown length if total is below 0.
// Done must be called at its end. One stage runs at a time.
func (c *console) Stage(name, unit string, total int64) *stage {
	return &stage{con: c, name: name, unit: unit, total: total, began: time.Now(), reported: time.Now()}
}

// Close removes a bar that an error left behind, and tells the metrics how the run ended.
func (c *console) Close(status int) {
	c.mu.Lock()
	if c.stage != nil {
		c.stage.bar.Clear()
		c.stage = nil
	}
	c.mu.Unlock()
	if err := c.metrics.end(status); err != nil {
		c.Warn("metrics: cannot write the file", "error", err.Error())
	}
}

// stage is the progress of one stretch of work.
type stage struct {
	con      *console
	name     string
	unit     string
	total    int64
	done     int64
	began    time.Time
	reported time.Time
	bar      *progressbar.ProgressBar // nil where progress is log lines, and before the first Set
}

// Set tells how many units are done. attrs, pairs of key and value such as "loss", 1.2, stand beside the progress.
func (s *stage) Set(done int64, attrs ...any) {
	s.con.mu.Lock()
	defer s.con.mu.Unlock()
	s.done = max(s.done, done)
	s.con.metrics.stage(s)
	if s.con.log == nil {
		s.draw(attrs)
		return
	}
	if time.Since(s.reported) >= progressInterval {
		s.reported = time.Now()
		s.con.log.Info(s.name, append(s.figures(), attrs...)...)
	}
}

func (s *stage) draw(attrs []any) {
	if s.bar == nil {
		s.bar = progressbar.NewOptions64(s.total,
			progressbar.OptionSetWriter(s.con.err),
			progressbar.OptionSetDescription(s.name),
			progressbar.OptionSetItsString(s.unit),
			progressbar.OptionShowIts(),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionFullWidth(),
			progressbar.OptionClearOnFinish(),
			progressbar.OptionSetElapsedTime(true))
		s.con.stage = s
	}
	s.bar.Set64(s.done)
	s.bar.Describe(s.name + pairs(attrs))
}

// SetTotal tells the number of units when it becomes known, or a better estimate of it.
func (s *stage) SetTotal(total int64) {
	s.con.mu.Lock()
	defer s.con.mu.Unlock()
	if s.bar != nil && total != s.total {
		s.bar.ChangeMax64(total)
	}
	s.total = total
}

// Done ends the stage with a line that says how long it took.
func (s *stage) Done(attrs ...any) {
	s.con.mu.Lock()
	if s.bar != nil {
		s.bar.Clear()
		s.con.stage = nil
	}
	s.con.metrics.stage(s)
	figures := append([]any{s.unit, s.done}, s.pace()...)
	s.con.mu.Unlock()
	s.con.Info(s.name+": done", append(figures, attrs...)...)
}

// figures returns the state of the stage as pairs of key and value.
func (s *stage) figures() []any {
	figures := []any{s.unit, s.done}
	if s.total >= 0 {
		figures = append(figures, "of", s.total)
	}
	figures = append(figures, s.pace()...)
	if s.total > 0 && s.done > 0 {
		left := time.Since(s.began).Seconds() * float64(s.total-s.done) / float64(s.done)
		figures = append(figures, "eta_s", round3(left))
	}
	return figures
}

// pace returns time and mean rate since the stage began.
func (s *stage) pace() []any {
	elapsed := time.Since(s.began).Seconds()
	return []any{"elapsed_s", round3(elapsed), "per_s", round3(float64(s.done) / max(elapsed, 1e-9))}
}

func round3(x float64) float64 { return float64(int64(x*1000+0.5)) / 1000 }

// pairs formats attributes as ` key=value key=value`.
func pairs(attrs []any) string {
	var b strings.Builder
	for i := 0; i+1 < len(attrs); i += 2 {
		if number, ok := attrs[i+1].(float64); ok {
			attrs[i+1] = strconv.FormatFloat(number, 'f', -1, 64)
		}
		fmt.Fprintf(&b, " %v=%v", attrs[i], attrs[i+1])
	}
	return b.String()
}
