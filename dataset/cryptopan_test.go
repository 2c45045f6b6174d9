package dataset

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/bits"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// yawningKey is the key of the vectors in the reference implementations for IPv6.
const yawningKey = "32-char-str-for-AES-key-and-pad."

// classicKey is that of the vectors that the authors' own code comes with.
var classicKey = PseudonymKey{
	21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16,
	216, 152, 143, 131, 121, 121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2,
}

func TestCryptoPAnVectors(t *testing.T) {
	tests := []struct {
		key           PseudonymKey
		address, want string
	}{
		{PseudonymKey([]byte(yawningKey)), "192.0.2.1", "192.0.125.244"},
		{PseudonymKey([]byte(yawningKey)), "2001:db8::1", "27fe:8bc7:fee:1e:1e1f:f0fe:f0e1:83fd"},
		// What nfanon of nfdump 1.7.1 made of testdata/captures; its IPv6 was wrong until 2026.
		{PseudonymKey([]byte(yawningKey)), "203.0.113.53", "203.3.162.202"},
		{PseudonymKey([]byte(yawningKey)), "198.51.100.7", "196.48.251.231"},
		{classicKey, "128.11.68.132", "135.242.180.132"},
	}
	for _, tc := range tests {
		p := newPseudonymizer(tc.key)
		for range 2 { // the second time from the cache
			if got := p.of(netip.MustParseAddr(tc.address)).String(); got != tc.want {
				t.Errorf("%s: %s, want %s", tc.address, got, tc.want)
			}
		}
	}
}

// Two addresses share as many leading bits afterwards as before, so none become one, whatever was cached meanwhile.
func TestCryptoPAnKeepsPrefixes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	p := newPseudonymizer(classicKey)
	for range 20_000 {
		var a, b [16]byte
		binary.BigEndian.PutUint64(a[:], r.Uint64())
		binary.BigEndian.PutUint64(a[8:], r.Uint64())
		b = a
		bit := r.IntN(128)
		b[bit/8] ^= 128 >> (bit % 8)
		for i := bit/8 + 1; i < 16; i++ {
			b[i] = byte(r.Uint32())
		}
		checkPrefix(t, p, netip.AddrFrom16(a), netip.AddrFrom16(b))
		checkPrefix(t, p, netip.AddrFrom4([4]byte(a[:])), netip.AddrFrom4([4]byte(b[:])))
	}
}

func checkPrefix(t *testing.T, p *pseudonymizer, a, b netip.Addr) {
	t.Helper()
	if before, after := commonBits(a, b), commonBits(p.of(a), p.of(b)); before != after {
		t.Fatalf("%v and %v share %d bits, %v and %v share %d", a, b, before, p.of(a), p.of(b), after)
	}
	if p.of(a).Is4() != a.Is4() {
		t.Fatalf("%v becomes %v, want the same family", a, p.of(a))
	}
}

func commonBits(a, b netip.Addr) int {
	x, y := a.AsSlice(), b.AsSlice()
	for i := range x {
		if d := x[i] ^ y[i]; d != 0 {
			return i*8 + bits.LeadingZeros8(d)
		}
	}
	return len(x) * 8
}

func TestReadPseudonymKey(t *testing.T) {
	dir := t.TempDir()
	tests := map[string]struct {
		content string
		want    PseudonymKey
		err     error
	}{
		"32 characters":          {yawningKey, PseudonymKey([]byte(yawningKey)), nil},
		"with a line feed":       {yawningKey + "\n", PseudonymKey([]byte(yawningKey)), nil},
		"hexadecimal":            {hex.EncodeToString(classicKey[:]) + "\r\n", classicKey, nil},
		"hexadecimal with 0x":    {"0x" + strings.ToUpper(hex.EncodeToString(classicKey[:])), classicKey, nil},
		"bytes that end a line":  {yawningKey[:31] + "\n", PseudonymKey([]byte(yawningKey[:31] + "\n")), nil},
		"too short":              {yawningKey[1:], PseudonymKey{}, ErrInput},
		"empty":                  {"", PseudonymKey{}, ErrInput},
		"64 letters, one no hex": {strings.Repeat("0", 63) + "g", PseudonymKey{}, ErrInput},
	}
	for name, tc := range tests {
		path := filepath.Join(dir, "key")
		if err := os.WriteFile(path, []byte(tc.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadPseudonymKey(path)
		if got != tc.want || !errors.Is(err, tc.err) {
			t.Errorf("%s: %x, %v, want %x, %v", name, got, err, tc.want, tc.err)
		}
	}
	if _, err := ReadPseudonymKey(filepath.Join(dir, "no-such-key")); !errors.Is(err, ErrMissing) {
		t.Errorf("no such file: %v, want ErrMissing", err)
	}
}

// Addresses that differ each time: IPv4 at random, IPv6 hosts of one network.
func BenchmarkCryptoPAn(b *testing.B) {
	families := map[string]func(n uint64) netip.Addr{
		"IPv4": func(n uint64) netip.Addr { return addr4(uint32(n * 2654435761)) },
		"IPv6": func(n uint64) netip.Addr {
			octets := [16]byte{0x20, 1, 0xd, 0xb8}
			binary.BigEndian.PutUint64(octets[8:], n*0x9e3779b97f4a7c15)
			return netip.AddrFrom16(octets)
		},
	}
	for name, address := range families {
		b.Run(name, func(b *testing.B) {
			shared := newPseudonymizer(classicKey)
			before := processorTime(b)
			b.RunParallel(func(pb *testing.PB) {
				p := shared.clone()
				for n := rand.Uint64(); pb.Next(); n++ {
					p.of(address(n))
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "addresses/s")
			b.ReportMetric(float64(b.N)/(processorTime(b)-before).Seconds(), "addresses/CPU-s")
		})
	}
}

// processorTime is what this process has used of all cores, which other programs on the machine hardly change.
func processorTime(b *testing.B) time.Duration {
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Nothing that is written tells an address of the input; the pseudonyms are those of the key, and the networks' too.
func TestIngestAnonymizes(t *testing.T) {
	text := ugr16Line + "\n" + strings.Replace(ugr16Line, "54941", "84.181.34.175", 1) + "\n"
	in := filepath.Join(t.TempDir(), "42.219.152.127.csv")
	write(t, in, text)
	key := classicKey
	dir, m, err := ingest(t, IngestOptions{Inputs: []string{in}, Key: &key, MaxBad: BadLimit{Lines: 1}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range tree(t, dir) {
		for _, address := range []string{"84.181.34.175", "42.219.152.127", "42.219.0.0"} {
			if strings.Contains(content, address) {
				t.Errorf("%s tells %s", name, address)
			}
		}
	}
	p := newPseudonymizer(key)
	got := readAll(t, dir)
	want := []netip.Addr{p.of(netip.MustParseAddr("84.181.34.175")), p.of(netip.MustParseAddr("42.219.152.127"))}
	if len(got) != 1 || got[0].SrcAddr != want[0] || got[0].DstAddr != want[1] || got[0].Host != want[1] {
		t.Errorf("rows %+v, want one from %v to %v", got, want[0], want[1])
	}
	if m.Internal[0].Bits() != 16 || !m.Internal[0].Contains(got[0].Host) {
		t.Errorf("networks %v do not hold host %v", m.Internal, got[0].Host)
	}
	if bad := m.Ingest.BadLines; len(bad) != 1 || bad[0].Line != 2 || bad[0].Column != "sp" || bad[0].File != "input 1 of 1" {
		t.Errorf("bad lines %v, want line 2 of input 1", bad)
	}
	if !strings.Contains(m.Ingest.Pseudonyms, key.ID()) || strings.Contains(key.ID(), hex.EncodeToString(key[:4])) {
		t.Errorf("pseudonyms %q, want the key's ID", m.Ingest.Pseudonyms)
	}
}
