package gotorch

import "github.com/wangkuiyi/gotorch/libtorch"

// SetNumThreads sets the number of threads that one operation uses on the CPU, for all goroutines. libtorch keeps a team
// of so many for each thread of the system that computes: compute on few goroutines, locked to their threads.
func SetNumThreads(n int32) { Check(libtorch.SetNumThreads(n)) }

// WithNumThreads calls f, whose operations use n threads each, whatever those of other goroutines use. It does not nest.
func WithNumThreads(n int32, f func()) {
	locked(func() {
		Check(libtorch.SetNumThreadsHere(n))
		defer func() { Check(libtorch.SetNumThreadsHere(0)) }()
		f()
	})
}

// NumThreads is the number of threads that one operation of the caller uses on the CPU.
func NumThreads() int32 { return libtorch.NumThreads() }

// SetDeterministic makes operations without a deterministic form panic instead of varying from run to run.
func SetDeterministic(on bool) { Check(libtorch.SetDeterministic(on)) }

// Version is that of the libtorch that this build was made with.
func Version() string { return libtorch.Version() }

// LoadedVersion is that of the libtorch that the process runs with; LD_LIBRARY_PATH may name another than Version.
func LoadedVersion() string { return libtorch.LoadedVersion() }
