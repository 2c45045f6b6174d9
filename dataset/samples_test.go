package dataset

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

// nfdump's own tables of the same packets: in UTC, on Madrid's clock, and with both directions in one record. The sums
// are those that nfdump itself printed below them.
func TestReadsWhatNfdumpWrote(t *testing.T) {
	madrid, err := time.LoadLocation("Europe/Madrid")
	if err != nil {
		t.Fatal(err)
	}
	everything := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
	flowsOf := func(name string, zone *time.Location, records int64) []Flow {
		dir, m, err := ingest(t, IngestOptions{
			Inputs: []string{"../testdata/captures/" + name}, Internal: everything, Zone: zone,
		})
		if err != nil {
			t.Fatal(err)
		}
		if s := m.Ingest; s.Records != records || s.Flows != 10 || s.Bad != 0 || s.OtherLines != 4 {
			t.Errorf("%s: summary %+v, want %d records, 10 flows, header and three lines of sums", name, s, records)
		}
		var flows []Flow
		var packets, bytes uint64
		for _, f := range readAll(t, dir) {
			if f.Outbound() {
				flows = append(flows, f)
				packets += f.Packets
				bytes += f.Bytes
			}
		}
		if len(flows) != 10 || packets != 15 || bytes != 2618 {
			t.Errorf("%s: %d flows, %d packets, %d bytes, want 10, 15 and 2618", name, len(flows), packets, bytes)
		}
		slices.SortFunc(flows, func(a, b Flow) int { return strings.Compare(key(&a), key(&b)) })
		return flows
	}
	want := flowsOf("nfdump-1.7.1.csv", nil, 10)
	if got := flowsOf("nfdump-1.7.1-madrid.csv", madrid, 10); !slices.Equal(got, want) {
		t.Errorf("Madrid:\n got %+v\nwant %+v", got, want)
	}
	got := flowsOf("nfdump-1.7.1-biflow.csv", nil, 7)
	for i := range got {
		// nfdump -B has one time and one set of flags for both directions.
		if key(&got[i]) != key(&want[i]) || got[i].Packets != want[i].Packets || got[i].Bytes != want[i].Bytes {
			t.Errorf("both directions in one record: got %+v, want %+v", got[i], want[i])
		}
	}
}

// key identifies a flow of the samples.
func key(f *Flow) string {
	return strings.Join([]string{
		ProtocolName(f.Proto), netip.AddrPortFrom(f.SrcAddr, f.SrcPort).String(), netip.AddrPortFrom(f.DstAddr, f.DstPort).String(),
	}, " ")
}
