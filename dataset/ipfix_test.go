package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// messages keeps what a writer gives out, a message a Write.
type messages [][]byte

func (m *messages) Write(b []byte) (int, error) {
	*m = append(*m, bytes.Clone(b))
	return len(b), nil
}

func ipfixMessages(t *testing.T, flows []Flow) messages {
	t.Helper()
	var sent messages
	w := newIPFIXWriter(&sent, nil)
	if err := errors.Join(w.Write(flows), w.Close()); err != nil {
		t.Fatal(err)
	}
	return sent
}

// Every message is one datagram, counts on from the one before, and is dated by the last flow in it (RFC 7011, section 3.1).
func TestIPFIXHeaders(t *testing.T) {
	flows := randomFlows(5, 3_000)
	var records uint32
	for i, message := range ipfixMessages(t, flows) {
		if len(message) > 1400 || len(message) != int(binary.BigEndian.Uint16(message[2:])) {
			t.Fatalf("message %d: %d bytes, header %x, want its length and at most 1400", i, len(message), message[:16])
		}
		if got := binary.BigEndian.Uint32(message[8:]); got != records {
			t.Fatalf("message %d: sequence number %d, want %d", i, got, records)
		}
		templates := bytes.Contains(message, []byte{1, 0, 0, 11, 0, 152, 0, 8})
		if templates != (i%64 == 0) {
			t.Errorf("message %d: templates %v, want them every 64 messages", i, templates)
		}
		var latest int64
		first := records
		for set := message[16:]; len(set) > 0; set = set[binary.BigEndian.Uint16(set[2:]):] {
			if id := binary.BigEndian.Uint16(set); id >= 256 {
				records += uint32(binary.BigEndian.Uint16(set[2:])-4) / uint32(ipfixRecordBytes(int(id-256)))
			}
		}
		for _, f := range flows[first:records] {
			latest = max(latest, f.End)
		}
		if got := int64(binary.BigEndian.Uint32(message[4:])); got != (latest+999_999)/1_000_000 {
			t.Fatalf("message %d: exported at %d, want its last end, %d µs", i, got, latest)
		}
	}
	if records != uint32(len(flows)) {
		t.Errorf("%d records, want %d", records, len(flows))
	}
}

// A reader that missed the first messages reads on from the next templates, and says how many records it could not read.
func TestIPFIXFromTheMiddle(t *testing.T) {
	sent := ipfixMessages(t, randomFlows(5, 3_000))
	lost := bytes.Join(sent[1:], nil)
	flows, s, err := readFlows(IngestOptions{Inputs: []string{"-"}, Stdin: bytes.NewReader(lost), MaxBad: BadLimit{Share: 1}})
	want := 3_000 - int(binary.BigEndian.Uint32(sent[64][8:]))
	if err != nil || len(flows) != want || s.BadByReason[noTemplate] == 0 {
		t.Errorf("%d flows, refused %v, %v, want the %d after the second templates", len(flows), s.BadByReason, err, want)
	}
}

func TestConvertToACollector(t *testing.T) {
	for name, network := range map[string]string{"IPv4": "127.0.0.1:0", "IPv6": "[::1]:0"} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.ListenPacket("udp", network)
			if name == "IPv6" && errors.Is(err, syscall.EADDRNOTAVAIL) {
				t.Skipf("this machine has no IPv6 loopback: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			received := make(chan messages)
			go func() {
				var got messages
				for b := make([]byte, 1<<16); ; {
					n, _, err := conn.ReadFrom(b)
					if err != nil || n == 1 {
						received <- got
						return
					}
					got.Write(b[:n])
				}
			}()
			source := filepath.Join(t.TempDir(), "flows.csv")
			want := randomFlows(29, 2_000)
			write(t, source, written(t, FormatUGR16, want))
			began := time.Now()
			s, err := Convert(context.Background(), ConvertOptions{
				Read: IngestOptions{Inputs: []string{source}}, Output: "udp://" + conn.LocalAddr().String(), To: FormatIPFIX, Rate: 10_000,
			})
			if err != nil || s.Flows != 2_000 {
				t.Fatalf("Convert: %+v, %v", s, err)
			}
			if took := time.Since(began); took < 190*time.Millisecond {
				t.Errorf("2,000 flows at 10,000 a second took %v, want the collector not flooded", took)
			}
			end, err := net.Dial("udp", conn.LocalAddr().String())
			if err != nil {
				t.Fatal(err)
			}
			end.Write([]byte{0})
			end.Close()
			sent := <-received
			if exported := int64(binary.BigEndian.Uint32(sent[0][4:])); exported < began.Unix() || exported > time.Now().Unix() {
				t.Errorf("exported at %d, want the time it was sent, %d", exported, began.Unix())
			}
			got, _, err := readFlows(IngestOptions{Inputs: []string{"-"}, Stdin: bytes.NewReader(bytes.Join(sent, nil))})
			for i := range want {
				want[i].Host = want[i].SrcAddr
				kept[FormatUGR16](&want[i])
				kept[FormatIPFIX](&want[i])
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%d flows, %v, want all %d as they were", len(got), err, len(want))
			}
		})
	}
}

func TestConvertToNoCollector(t *testing.T) {
	for name, tc := range map[string]struct {
		output, to string
		rate       int
	}{
		"not IPFIX":     {"udp://127.0.0.1:9", "nfdump", 1000},
		"no host":       {"udp://:9", FormatIPFIX, 1000},
		"a path":        {"udp://127.0.0.1:9/x", FormatIPFIX, 1000},
		"a port's name": {"udp://127.0.0.1:x", FormatIPFIX, 1000},
		"no rate":       {"udp://127.0.0.1:9", FormatIPFIX, 0},
	} {
		_, err := Convert(context.Background(), ConvertOptions{
			Read:   IngestOptions{Inputs: []string{"-"}, Stdin: strings.NewReader(ugr16Line + "\n")},
			Output: tc.output, To: tc.to, Rate: tc.rate,
		})
		if !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v, want ErrInput", name, err)
		}
	}
	if address, err := CollectorAddress("udp://[2001:db8::1]"); address != "[2001:db8::1]:4739" || err != nil {
		t.Errorf("no port: %q, %v, want that of IPFIX", address, err)
	}
}
