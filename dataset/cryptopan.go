package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"

	"stan/dataset/internal/aesblocks"
)

// PseudonymKey is a key of CryptoPAn: 16 bytes for AES, 16 that make the pad.
type PseudonymKey [32]byte

// ReadPseudonymKey reads a key file: 32 bytes, or 64 hexadecimal digits with or without 0x. A line feed at the end is
// not part of the key.
func ReadPseudonymKey(path string) (PseudonymKey, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return PseudonymKey{}, readError(err)
	}
	if len(content) == 32 { // of any bytes, also such that end lines
		return PseudonymKey(content), nil
	}
	text := bytes.TrimRight(content, "\r\n")
	if digits := bytes.TrimPrefix(text, []byte("0x")); len(digits) == 64 {
		if _, err := hex.Decode(text[:32], digits); err == nil {
			return PseudonymKey(text[:32]), nil
		}
	}
	if len(text) != 32 {
		return PseudonymKey{}, fmt.Errorf("dataset: %s: %w: %d bytes, want a key of 32 bytes or 64 hexadecimal digits",
			path, ErrInput, len(text))
	}
	return PseudonymKey(text), nil
}

// ID names the key without telling it: sets of one ID have the same pseudonyms.
func (k PseudonymKey) ID() string {
	digest := sha256.Sum256(append([]byte("stan pseudonyms "), k[:]...))
	return hex.EncodeToString(digest[:6])
}

// tableBits is how much of an address is looked up in a table instead of being encrypted bit by bit.
const tableBits = 16

// pseudonymizer replaces addresses by CryptoPAn: whether a bit is flipped is a keyed function of the bits before it, so
// two addresses share as many leading bits afterwards as before, and no two become one. It belongs to one goroutine.
//
// Source: J. Xu, J. Fan, M. Ammar, S. Moon, Prefix-preserving IP address anonymization, ICNP 2002. IPv6 is the same over
// 128 bits, as in nfdump's nfanon.
type pseudonymizer struct {
	cipher       *aesblocks.Cipher
	padHi, padLo uint64
	table        *[1 << tableBits]uint16 // flips of the first bits, those of IPv4 and IPv6 being the same
	known        map[netip.Addr]netip.Addr
	blocks       [64]aesblocks.Block // of flips

	networkFlips map[uint64]uint64 // flips of the upper half of IPv6 addresses, which many hosts share
}

func newPseudonymizer(key PseudonymKey) *pseudonymizer {
	p := &pseudonymizer{cipher: aesblocks.New([16]byte(key[:16])), table: new([1 << tableBits]uint16)}
	pad := []aesblocks.Block{aesblocks.Block(key[16:])}
	p.cipher.Encrypt(pad)
	p.padHi, p.padLo = binary.BigEndian.Uint64(pad[0][:]), binary.BigEndian.Uint64(pad[0][8:])
	for bit := range tableBits {
		for prefix := range 1 << bit {
			flip := p.flips(uint64(prefix)<<(64-bit), 0, bit, bit+1) >> (64 - tableBits)
			first := prefix << (tableBits - bit)
			for i := range 1 << (tableBits - bit) {
				p.table[first+i] |= uint16(flip)
			}
		}
	}
	return p.clone()
}

// clone returns a pseudonymizer of the same key for another goroutine.
func (p *pseudonymizer) clone() *pseudonymizer {
	return &pseudonymizer{
		cipher: p.cipher, padHi: p.padHi, padLo: p.padLo, table: p.table,
		known: make(map[netip.Addr]netip.Addr), networkFlips: make(map[uint64]uint64),
	}
}

// maxKnown bounds each of the maps.
const maxKnown = 1 << 16

// of returns the pseudonym of an address.
func (p *pseudonymizer) of(a netip.Addr) netip.Addr {
	if pseudonym, known := p.known[a]; known {
		return pseudonym
	}
	var pseudonym netip.Addr
	if a.Is4() {
		octets := a.As4()
		hi := uint64(binary.BigEndian.Uint32(octets[:])) << 32
		hi ^= uint64(p.table[hi>>(64-tableBits)])<<(64-tableBits) | p.flips(hi, 0, tableBits, 32)
		binary.BigEndian.PutUint32(octets[:], uint32(hi>>32))
		pseudonym = netip.AddrFrom4(octets)
	} else {
		octets := a.As16()
		hi, lo := binary.BigEndian.Uint64(octets[:]), binary.BigEndian.Uint64(octets[8:])
		binary.BigEndian.PutUint64(octets[:], hi^p.network(hi))
		binary.BigEndian.PutUint64(octets[8:], lo^p.flips(hi, lo, 64, 128))
		pseudonym = netip.AddrFrom16(octets)
	}
	if len(p.known) >= maxKnown {
		clear(p.known)
	}
	p.known[a] = pseudonym
	return pseudonym
}

// network returns the flips of the upper half of an IPv6 address.
func (p *pseudonymizer) network(hi uint64) uint64 {
	if flips, known := p.networkFlips[hi]; known {
		return flips
	}
	flips := uint64(p.table[hi>>(64-tableBits)])<<(64-tableBits) | p.flips(hi, 0, tableBits, 64)
	if len(p.networkFlips) >= maxKnown {
		clear(p.networkFlips)
	}
	p.networkFlips[hi] = flips
	return flips
}

// flips returns the flips of bits from..to-1 of an address, which lie in one half of it, at their places in that half.
func (p *pseudonymizer) flips(hi, lo uint64, from, to int) uint64 {
	blocks := p.blocks[:to-from]
	for i := range blocks {
		bit := from + i
		rest := ^uint64(0) >> (bit % 64) // what the pad stands for
		if bit < 64 {
			binary.BigEndian.PutUint64(blocks[i][:], hi&^rest|p.padHi&rest)
			binary.BigEndian.PutUint64(blocks[i][8:], p.padLo)
		} else {
			binary.BigEndian.PutUint64(blocks[i][:], hi)
			binary.BigEndian.PutUint64(blocks[i][8:], lo&^rest|p.padLo&rest)
		}
	}
	p.cipher.Encrypt(blocks)
	var flips uint64
	for i := range blocks {
		flips |= uint64(blocks[i][0]>>7) << (63 - (from+i)%64)
	}
	return flips
}

// prefix returns the network that the addresses of a network become.
func (p *pseudonymizer) prefix(network netip.Prefix) netip.Prefix {
	return netip.PrefixFrom(p.of(network.Masked().Addr()), network.Bits()).Masked()
}
