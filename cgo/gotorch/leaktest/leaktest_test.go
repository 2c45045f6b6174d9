package leaktest_test

import (
	"runtime"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

// recorder is a testing.TB that notes failures and runs its cleanups on demand.
type recorder struct {
	testing.TB
	failures int
	cleanups []func()
}

func (r *recorder) Helper()               {}
func (r *recorder) Cleanup(f func())      { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(string, ...any) { r.failures++ }

var kept torch.Tensor

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		body func()
		want int
	}{
		"a freed tensor passes":             {func() { torch.Ones([]int64{1}, false).Free() }, 0},
		"a scoped tensor passes":            {func() { torch.With(func(s *torch.Scope) { s.Adopt(torch.Ones([]int64{1}, false)) }) }, 0},
		"a tensor that stays alive fails":   {func() { kept = torch.Ones([]int64{1}, false) }, 1},
		"a tensor that was forgotten fails": {func() { torch.Ones([]int64{1}, false); torch.FinishGC() }, 1},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := &recorder{TB: t}
			leaktest.Check(r)
			tc.body()
			for _, f := range r.cleanups {
				f()
			}
			if r.failures != tc.want {
				t.Errorf("%d failures, want %d", r.failures, tc.want)
			}
			kept.Free()
			runtime.KeepAlive(kept)
		})
	}
}
