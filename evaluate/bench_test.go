package evaluate

import "testing"

func BenchmarkCompare(b *testing.B) {
	const hosts, rows = 40, 2500
	real, synthetic, train := office(1, 1, hosts, rows), office(1, 2, hosts, rows), office(1, 3, hosts, rows)
	trained := setOf("train", train)
	for b.Loop() {
		if _, err := Compare(setOf("real", real), setOf("synthetic", synthetic), &trained, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(3*hosts*rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkCount is the pass alone, without the comparison that follows.
func BenchmarkCount(b *testing.B) {
	const hosts, rows = 40, 2500
	set := setOf("real", office(1, 1, hosts, rows))
	for b.Loop() {
		if _, err := count(set, nil, nil, Options{Sample: DefaultSample}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(hosts*rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}
