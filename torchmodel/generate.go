package torchmodel

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"time"

	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset"
	"stan/dataset/encode"
)

// GenerateOptions say what is generated.
type GenerateOptions struct {
	Hosts    int            // number of hosts; with Rows, 0 for as many as the rows need
	Rows     int64          // rows in total, by as many days as they take; 0 for all of the span
	Duration time.Duration  // span of every host, without Rows
	Start    time.Time      // of the span
	Internal []netip.Prefix // networks of the new hosts; the model's if empty
	Seed     uint64
	Shard    int // 1 to Shards: which part of the hosts this call generates
	Shards   int
	Device   torch.Device
	Threads  int // generators that run side by side on the CPU, what turns rows into flows on CUDA; 0 for all cores
}

// Validate tells the first option that is out of range.
func (o *GenerateOptions) Validate() error {
	switch {
	case o.Hosts < 0 || (o.Hosts == 0 && o.Rows == 0):
		return fmt.Errorf("%w: hosts %d, want at least 1", ErrConfig, o.Hosts)
	case o.Hosts > 1<<24:
		return fmt.Errorf("%w: hosts %d, want at most %d", ErrConfig, o.Hosts, 1<<24)
	case o.Threads < 0 || o.Threads > mostThreads:
		return fmt.Errorf("%w: threads %d, want 1 to %d, or 0 for one a core", ErrConfig, o.Threads, mostThreads)
	case o.Rows < 0:
		return fmt.Errorf("%w: rows %d, want at least 1", ErrConfig, o.Rows)
	case o.Rows == 0 && (o.Duration < time.Second || o.Duration > 366*24*time.Hour):
		return fmt.Errorf("%w: duration %v, want 1s to 8784h", ErrConfig, o.Duration)
	case o.Shards < 1 || o.Shard < 1 || o.Shard > o.Shards:
		return fmt.Errorf("%w: shard %d/%d, want 1/N to N/N", ErrConfig, o.Shard, o.Shards)
	}
	return nil
}

// Sink takes the flows of one host, a part of its stream at a time and in order. It is called from several goroutines, for
// different hosts.
type Sink func(flows []dataset.Flow) error

// hostSeed makes the random numbers of a host's own draws, those outside the kernels.
func hostSeed(seed uint64, host int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(host)+1<<32))
}

// addresses draws n distinct addresses inside the networks, the same for one seed whatever the shard. Network and broadcast
// addresses of IPv4 are left out.
func addresses(networks []netip.Prefix, n int, seed uint64) ([]netip.Addr, error) {
	networks = apart(networks)
	room := 0.0
	for _, p := range networks {
		room += size(p)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	if room <= 1<<16 {
		all := every(networks)
		if n > len(all) {
			return nil, fmt.Errorf("%w: %d hosts, want at most the %d addresses of the internal networks", ErrConfig, n, len(all))
		}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all[:n], nil
	}
	if float64(n) > room/2 {
		return nil, fmt.Errorf("%w: %d hosts, want at most half of the %.0f addresses of the internal networks", ErrConfig, n, room)
	}
	seen := make(map[netip.Addr]bool, n)
	out := make([]netip.Addr, 0, n)
	for len(out) < n {
		// Networks are hit in proportion to their size.
		x := r.Float64() * room
		p := networks[len(networks)-1]
		for _, q := range networks {
			if x < size(q) {
				p = q
				break
			}
			x -= size(q)
		}
		if a := inside(p, r); !seen[a] && usable(a, p) {
			seen[a] = true
			out = append(out, a)
		}
	}
	return out, nil
}

// hostAddresses gives every host an address of the IP version that its plan has.
func hostAddresses(networks []netip.Prefix, jobs []job, seed uint64) ([]netip.Addr, error) {
	out := make([]netip.Addr, len(jobs))
	for _, six := range []bool{false, true} {
		var hosts []int
		for i := range jobs {
			if jobs[i].plans[0].onIPv6() == six {
				hosts = append(hosts, i)
			}
		}
		drawn, err := addresses(ofVersion(networks, six), len(hosts), seed)
		if err != nil {
			return nil, err
		}
		for i, h := range hosts {
			out[h] = drawn[i]
		}
	}
	return out, nil
}

// apart leaves out networks that lie inside others.
func apart(networks []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for i, p := range networks {
		if !slices.ContainsFunc(networks, func(q netip.Prefix) bool { return q.Bits() < p.Bits() && q.Contains(p.Addr()) }) &&
			!slices.Contains(networks[:i], p) {
			out = append(out, p)
		}
	}
	return out
}

// size is the number of addresses of a network.
func size(p netip.Prefix) float64 { return math.Exp2(float64(p.Addr().BitLen() - p.Bits())) }

// every lists the usable addresses of networks.
func every(networks []netip.Prefix) []netip.Addr {
	var out []netip.Addr
	for _, p := range networks {
		for a := p.Addr(); p.Contains(a); a = a.Next() {
			if usable(a, p) {
				out = append(out, a)
			}
		}
	}
	return out
}

// usable tells whether a host of network p may have the address: not those that are the networks' own as a rule.
func usable(a netip.Addr, p netip.Prefix) bool {
	return !a.Is4() || p.Bits() > 24 || (a.As4()[3] != 0 && a.As4()[3] != 255)
}

// inside draws an address of a network.
func inside(p netip.Prefix, r *rand.Rand) netip.Addr {
	b := p.Masked().Addr().As16()
	fixed := p.Bits()
	if p.Addr().Is4() {
		fixed += 96
	}
	var free [16]byte
	binary.BigEndian.PutUint64(free[:8], r.Uint64())
	binary.BigEndian.PutUint64(free[8:], r.Uint64())
	for i := range b {
		known := min(max(fixed-8*i, 0), 8)
		b[i] |= free[i] & byte(0xff>>known)
	}
	return netip.AddrFrom16(b).Unmap()
}

// job is a host to generate.
type job struct {
	host  int
	plans []plan
	quota int64 // rows, below 0 for those of the span
}

func (j *job) planned() int64 {
	if j.quota >= 0 {
		return j.quota
	}
	var rows int64
	for _, p := range j.plans {
		rows += int64(p.Rows)
	}
	return rows
}

// in is the job in a lane.
func (j *job) in(lane int, start, end int64) assignment {
	return assignment{Lane: lane, Host: j.host, Plans: j.plans, Start: start, End: end, Quota: j.quota}
}

// generation is what all workers of one call share.
type generation struct {
	o          GenerateOptions
	m          *Model
	addrs      []netip.Addr
	start, end int64
	jobs       []job // the longest first, so that none is left alone at the end
	each       int   // hosts that a worker runs at once, at most
	decoders   int   // goroutines that turn a worker's rows into flows
	sink       Sink
	progress   func(rows, planned int64)

	mu      sync.Mutex
	next    int
	done    int64
	planned int64
}

// Generate draws hosts from the model and hands their flows to sink. progress may be nil. It returns the number of rows.
func (m *Model) Generate(ctx context.Context, o GenerateOptions, sink Sink, progress func(rows, planned int64)) (int64, error) {
	g, err := m.newGeneration(o, sink, progress)
	if err != nil {
		return 0, err
	}
	return g.generate(ctx)
}

// newGeneration plans all hosts.
func (m *Model) newGeneration(o GenerateOptions, sink Sink, progress func(rows, planned int64)) (*generation, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if len(o.Internal) == 0 {
		o.Internal = m.Manifest.Vocabulary.Internal
	}
	g := &generation{o: o, m: m, sink: sink, progress: progress, decoders: 1}
	if o.Device.IsCUDA() {
		g.decoders = cmp.Or(o.Threads, runtime.GOMAXPROCS(0))
	}
	g.start = o.Start.UnixMicro()
	g.end = g.start + o.Duration.Microseconds()
	if o.Rows > 0 {
		g.end = math.MaxInt64 / 2
	}
	return g, g.plan()
}

// generate draws this shard's hosts.
func (g *generation) generate(ctx context.Context) (int64, error) {
	arch, err := findArch(g.m.Manifest.Arch)
	if err != nil {
		return 0, err
	}
	workers := 1
	g.each = len(g.jobs)
	if arch.flows.parallel && !g.o.Device.IsCUDA() {
		workers = min(cmp.Or(g.o.Threads, runtime.GOMAXPROCS(0)), max(1, len(g.jobs)))
		g.each = (len(g.jobs) + workers - 1) / workers
		torch.SetNumThreads(1) // each worker computes on its own core
	}
	rows, err := g.run(ctx, workers, arch.flows.work(g))
	if rows == 0 && err == nil {
		err = fmt.Errorf("%w: no flow of %d hosts in the span, want more hosts, fewer shards or a longer duration", ErrConfig, len(g.jobs))
	}
	return rows, err
}

// mostHosts bounds the hosts that are planned for a number of rows.
const mostHosts = 1 << 20

// plan draws the profile and the days of every host, and picks this shard's.
func (g *generation) plan() error {
	if err := g.m.profiles.checkVersions(g.o.Internal); err != nil {
		return err
	}
	var jobs []job
	var total int64
	for h := 0; h < g.o.Hosts || (g.o.Hosts == 0 && total < g.o.Rows && h < mostHosts); h++ {
		j := job{host: h, plans: g.days(h), quota: -1}
		total += j.planned()
		jobs = append(jobs, j)
	}
	if g.o.Rows > 0 {
		share(jobs, g.o.Rows, total)
	}
	var err error
	if g.addrs, err = hostAddresses(g.o.Internal, jobs, g.o.Seed); err != nil {
		return err
	}
	g.jobs = jobs[len(jobs)*(g.o.Shard-1)/g.o.Shards : len(jobs)*g.o.Shard/g.o.Shards]
	slices.SortStableFunc(g.jobs, func(a, b job) int { return cmp.Compare(b.planned(), a.planned()) })
	for _, j := range g.jobs {
		g.planned += j.planned()
	}
	g.planned += int64(g.expectedVisits() * float64(len(g.jobs)))
	return nil
}

// days are the plans of a host, one for each UTC day of the span; for a number of rows one day, which is repeated.
func (g *generation) days(host int) []plan {
	const day = 24 * 3600 * 1_000_000
	r := hostSeed(g.o.Seed, host)
	p := g.m.profiles.draw(r, hostAt(g.o.Seed, host))
	p.limitVersion(g.o.Internal)
	p.matchServices(g.m.Manifest.Vocabulary.ServicePort)
	if g.o.Rows > 0 {
		one := p.day(r, encode.Midnight(g.start)/day, 0, day, true)
		if one.Rows == 0 {
			one.Rows, one.HourRows[12] = 1, 1
		}
		return []plan{one}
	}
	var out []plan
	for midnight := encode.Midnight(g.start); midnight < g.end; midnight += day {
		out = append(out, p.day(r, midnight/day, g.start-midnight, g.end-midnight, midnight <= g.start))
	}
	return out
}

// share deals rows to hosts in proportion to the total that they planned.
func share(jobs []job, rows, total int64) {
	var before, dealt int64
	for i := range jobs {
		before += jobs[i].planned()
		upTo := int64(math.Round(float64(rows) * float64(before) / float64(total)))
		jobs[i].quota, dealt = upTo-dealt, upTo
	}
}

// take hands out the next host, nil after the last one.
func (g *generation) take() *job {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.next < len(g.jobs) {
		j := &g.jobs[g.next]
		g.next++
		if j.planned() > 0 {
			return j
		}
	}
	return nil
}

// deliver hands flows of one host to the sink.
func (g *generation) deliver(flows []dataset.Flow) error {
	if len(flows) == 0 {
		return nil
	}
	if err := g.sink(flows); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.done += int64(len(flows))
	if g.progress != nil {
		g.progress(g.done, g.planned)
	}
	return nil
}

// run runs workers side by side until the hosts are done, one fails or ctx ends.
func (g *generation) run(ctx context.Context, workers int, work func(context.Context) error) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			runtime.LockOSThread() // grad mode and the current stream belong to an OS thread
			defer runtime.UnlockOSThread()
			var err error
			if e := torch.Try(func() { err = work(ctx) }); e != nil {
				err = fmt.Errorf("generate: %w", e)
			}
			if err != nil {
				cancel(err)
			}
		})
	}
	all.Wait()
	return g.done, context.Cause(ctx)
}
