package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/urfave/cli/v2"
	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset"
	"stan/evaluate"
)

// metricsInterval is the time between two writes of a metrics file: Prometheus' usual time between two scrapes.
const metricsInterval = 15 * time.Second

// addMetrics gives a command that may run for long its --metrics-file and --metrics-listen.
func addMetrics(command *cli.Command) {
	command.Flags = append(command.Flags,
		&cli.StringFlag{Name: "metrics-file",
			Usage: "write figures of the run to `FILE.prom` for node_exporter's textfile collector, every 15s and at the end"},
		&cli.StringFlag{Name: "metrics-listen",
			Usage: "serve the same figures to Prometheus at http://`HOST:PORT`/metrics while the command runs"},
	)
}

// metrics are the figures of one run for Prometheus. A gauge is there from its first value on, so that a run shows nothing
// that it has not measured. Its methods may be called from several goroutines.
type metrics struct {
	registry *prometheus.Registry

	endTime, exitStatus, lastSuccess   *prometheus.GaugeVec
	stageDone, stagePlanned, stageTime *prometheus.GaugeVec
	loss, validation, best, epoch      *prometheus.GaugeVec
	evaluationFigure, evaluationTally  *prometheus.GaugeVec

	file   string
	server *http.Server
	ended  chan struct{} // closed by end
	writer sync.WaitGroup
}

// newMetrics returns the figures of a command with labels that all of them carry.
func newMetrics(labels prometheus.Labels) *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), ended: make(chan struct{})}
	labelled := prometheus.WrapRegistererWith(labels, m.registry)
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "stan_" + name, Help: help}, labels)
		labelled.MustRegister(vec)
		return vec
	}
	gauge("build_info", "Versions of stan and of libtorch; always 1.", "version", "libtorch").
		WithLabelValues(version, torch.Version()).Set(1)
	gauge("run_start_timestamp_seconds", "When the run began.").WithLabelValues().SetToCurrentTime()
	m.endTime = gauge("run_end_timestamp_seconds", "When the run ended; absent while it runs.")
	m.exitStatus = gauge("run_exit_status", "Exit status of the run; absent while it runs.")
	m.lastSuccess = gauge("run_last_success_timestamp_seconds", "When a run with this file last ended with status 0.")
	m.stageDone = gauge("stage_done", "Units of work done in a stage of the run.", "stage", "unit")
	m.stagePlanned = gauge("stage_planned", "Units of work of the stage, where they are known.", "stage", "unit")
	m.stageTime = gauge("stage_seconds", "Time that the stage has taken so far.", "stage", "unit")
	m.loss = gauge("train_loss_nats", "Loss of the last training steps, in nats a row.")
	m.validation = gauge("train_validation_nats", "Loss of the last validation, in nats a row.")
	m.best = gauge("train_best_validation_nats", "Lowest loss of a validation so far, in nats a row.")
	m.epoch = gauge("train_epoch", "Pass over the training rows, from 1.")
	m.evaluationFigure = gauge("evaluation_figure", "The figure of a measure that --fail-if bounds.", "measure")
	m.evaluationTally = gauge("evaluation_measures", "Measures by verdict.", "verdict")
	labelled.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "stan_run_max_resident_memory_bytes", Help: "Most memory that the run has held at once.",
	}, maxResident))
	return m
}

// maxResident returns the most memory, in bytes, that the process has held.
func maxResident() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return math.NaN()
	}
	return 1024 * float64(usage.Maxrss)
}

// StartMetrics writes the figures of a command to file from now on, and serves them at the address listen; either may be
// empty. Files of one folder are told apart by the label run, the file's name: two jobs of a machine never clash.
func (c *console) StartMetrics(command, file, listen string) error {
	if file == "" && listen == "" {
		return nil
	}
	labels := prometheus.Labels{"command": command}
	if file != "" {
		name, ok := strings.CutSuffix(filepath.Base(file), ".prom")
		if !ok || name == "" {
			return usagef(command, "--metrics-file %q, want a name that ends in .prom: node_exporter reads no other", file)
		}
		labels["run"] = name
	}
	m := newMetrics(labels)
	if listen != "" {
		address, err := m.serve(listen)
		if err != nil {
			return fmt.Errorf("%s: --metrics-listen: %w", command, err)
		}
		c.Info("metrics", "address", "http://"+address+"/metrics")
	}
	if file != "" {
		m.file = file
		if err := m.keepLastSuccess(); err != nil {
			c.Warn("metrics: the time of the last success is lost", "file", file, "error", err.Error())
		}
		if err := m.write(); err != nil {
			return fmt.Errorf("%s: --metrics-file: %w: %w", command, dataset.ErrCannotWrite, err)
		}
		m.writer.Go(func() { m.writeOften(c) })
	}
	c.metrics = m
	return nil
}

// serve answers requests until end; it returns the address, whose port the system has chosen where listen has port 0.
func (m *metrics) serve(listen string) (string, error) {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return "", err
	}
	// node_exporter has figures of these names of its own, so that a file may not hold them.
	process := prometheus.NewRegistry()
	process.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewGoCollector())
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(prometheus.Gatherers{m.registry, process}, promhttp.HandlerOpts{}))
	m.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	go m.server.Serve(listener)
	return listener.Addr().String(), nil
}

// keepLastSuccess takes the time of the last success from the file that an earlier run has left.
func (m *metrics) keepLastSuccess() error {
	earlier, err := os.Open(m.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer earlier.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(earlier)
	if err != nil {
		return err
	}
	for _, metric := range families["stan_run_last_success_timestamp_seconds"].GetMetric() {
		m.lastSuccess.WithLabelValues().Set(metric.GetGauge().GetValue())
	}
	return nil
}

// write replaces the file by a rename, so that a scrape sees all of it or the one before.
func (m *metrics) write() error {
	families, err := m.registry.Gather()
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, family := range families {
		if _, err := expfmt.MetricFamilyToText(&text, family); err != nil {
			return err
		}
	}
	if err := dataset.WriteFile(m.file, text.Bytes()); errors.Is(err, dataset.ErrLocked) {
		return nil // another run writes it at this moment
	} else if err != nil {
		return err
	}
	return os.Chmod(m.file, 0o644) // node_exporter runs as another user
}

// writeOften keeps the file up to date until end. Work does not stop where that fails: the last write tells.
func (m *metrics) writeOften(con *console) {
	ticker := time.NewTicker(metricsInterval)
	defer ticker.Stop()
	warned := false
	for {
		select {
		case <-m.ended:
			return
		case <-ticker.C:
			if err := m.write(); err != nil && !warned {
				warned = true
				con.Warn("metrics: cannot write the file, will try again", "error", err.Error())
			}
		}
	}
}

// end tells how the run ended, and closes file and server.
func (m *metrics) end(status int) error {
	close(m.ended)
	m.writer.Wait()
	m.endTime.WithLabelValues().SetToCurrentTime()
	m.exitStatus.WithLabelValues().Set(float64(status))
	if status == 0 {
		m.lastSuccess.WithLabelValues().SetToCurrentTime()
	}
	if m.server != nil {
		m.server.Close()
	}
	if m.file == "" {
		return nil
	}
	return m.write()
}

// stage tells how far a stage is.
func (m *metrics) stage(s *stage) {
	m.stageDone.WithLabelValues(s.name, s.unit).Set(float64(s.done))
	m.stageTime.WithLabelValues(s.name, s.unit).Set(time.Since(s.began).Seconds())
	if s.total >= 0 {
		m.stagePlanned.WithLabelValues(s.name, s.unit).Set(float64(s.total))
	}
}

// evaluation tells what a report found, measure by measure.
func (m *metrics) evaluation(r *evaluate.Findings) {
	v := r.Verdicts
	for verdict, n := range map[evaluate.Verdict]int{evaluate.AsReal: v.AsReal, evaluate.Near: v.Near, evaluate.Apart: v.Apart} {
		m.evaluationTally.WithLabelValues(string(verdict)).Set(float64(n))
	}
	for _, measure := range r.Measures {
		if figure := float64(measure.Figure); !math.IsNaN(figure) {
			m.evaluationFigure.WithLabelValues(measure.Name).Set(figure)
		}
	}
}
