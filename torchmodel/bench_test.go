package torchmodel

import (
	"fmt"
	"iter"
	"runtime"
	"testing"

	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset"
	"stan/dataset/encode"
)

// devices are the CPU and the first CUDA device, if there is one.
func devices() map[string]torch.Device {
	out := map[string]torch.Device{"cpu": {}}
	if torch.IsCUDAAvailable() {
		out["cuda"] = torch.CUDADevices()[0].Device
	}
	return out
}

// benchNetwork is a network of the default shape on the vocabulary of some flows.
func benchNetwork(b *testing.B, device torch.Device) (*Network, *encode.Vocabulary) {
	b.Helper()
	v, err := encode.Fit(oneBatch(madeFlows(6, 400)), encode.FitOptions{MinHosts: 2, Internal: networks, First: sampledStart})
	if err != nil {
		b.Fatal(err)
	}
	torch.SetNumThreads(1)
	n := newNetwork(DefaultConfig(), v)
	n.To(device)
	n.Train(false)
	b.Cleanup(n.Free)
	return n, v
}

// BenchmarkStep trains on one batch of the default size again and again.
func BenchmarkStep(b *testing.B) {
	for name, device := range devices() {
		threads := []int{1, runtime.GOMAXPROCS(0)}
		if device.IsCUDA() {
			threads = threads[:1]
		}
		for _, n := range threads {
			b.Run(fmt.Sprintf("%s/threads=%d", name, n), func(b *testing.B) { benchStep(b, device, n) })
		}
	}
}

func benchStep(b *testing.B, device torch.Device, threads int) {
	o := DefaultTrainOptions()
	o.Device, o.Internal, o.Threads = device, networks, threads
	flows := madeFlows(6, 2000)
	read := func() iter.Seq2[[]dataset.Flow, error] { return oneBatch(flows) }
	s := &sets{train: read, valid: read, about: Training{First: sampledStart}}
	var err error
	if s.vocabulary, err = encode.Fit(s.train(), encode.FitOptions{MinHosts: 2, Internal: networks, First: sampledStart}); err != nil {
		b.Fatal(err)
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	torch.SetNumThreads(int32(threads))
	tr, err := newTrainer(s, b.TempDir(), o, &watcher{})
	if err != nil {
		b.Fatal(err)
	}
	defer tr.free()
	var rows int64
	epoch := tr.subject.cut(0)
	for i := 0; b.Loop(); i++ {
		item := feedItem{scope: torch.NewScope()}
		if item.parts, item.err = epoch.make(item.scope, i%(epoch.n-1)); item.err != nil {
			b.Fatal(item.err)
		}
		step, err := tr.step(item)
		if err != nil {
			b.Fatal(err)
		}
		rows += step.Rows
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkBlock draws blocks of all lanes.
func BenchmarkBlock(b *testing.B) {
	for name, device := range devices() {
		b.Run(name, func(b *testing.B) {
			n, v := benchNetwork(b, device)
			tables, err := newTables(v, newLayout(v), Without{}, device)
			if err != nil {
				b.Fatal(err)
			}
			defer tables.Free()
			width := cpuLanes
			if device.IsCUDA() {
				width = mostCUDALanes
			}
			hosts, err := addresses(networks, width, 1)
			if err != nil {
				b.Fatal(err)
			}
			s, err := newSampler(n, tables, device, width, 1, encode.Words(hosts), 1)
			if err != nil {
				b.Fatal(err)
			}
			defer s.free()
			var list []assignment
			for lane := range width {
				j := job{host: lane, plans: []plan{evenPlan(1000)}, quota: 1 << 40}
				list = append(list, j.in(lane, sampledStart, 1<<62))
			}
			if err := s.assign(list); err != nil {
				b.Fatal(err)
			}
			rows := 0
			torch.NoGrad(func() {
				for b.Loop() {
					s.begin()
					if err := s.collect(); err != nil {
						b.Fatal(err)
					}
					rows += s.drawn * width
				}
			})
			b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
