package aesblocks

import (
	"crypto/aes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"
)

// The example of FIPS 197, appendix C.1, in every place of a batch.
func TestEncryptFIPS197(t *testing.T) {
	key, _ := hex.DecodeString("000102030405060708090a0b0c0d0e0f")
	plain, _ := hex.DecodeString("00112233445566778899aabbccddeeff")
	c := New([16]byte(key))
	blocks := slices.Repeat([]Block{Block(plain)}, 2*side+1)
	c.Encrypt(blocks)
	for i, b := range blocks {
		if got := hex.EncodeToString(b[:]); got != "69c4e0d86a7b0430d8cdb78070b4c55a" {
			t.Errorf("block %d: %s, want that of the standard", i, got)
		}
	}
}

// Any number of blocks is encrypted as crypto/aes does it, with the processor's instructions and without.
func TestEncryptIsCryptoAES(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	random := func() (b Block) {
		binary.LittleEndian.PutUint64(b[:], r.Uint64())
		binary.LittleEndian.PutUint64(b[8:], r.Uint64())
		return b
	}
	for n := range 200 {
		key := random()
		block, err := aes.NewCipher(key[:])
		if err != nil {
			t.Fatal(err)
		}
		plain := make([]Block, n%(3*side))
		want := make([]Block, len(plain))
		for i := range plain {
			plain[i] = random()
			block.Encrypt(want[i][:], plain[i][:])
		}
		c := New(key)
		for _, c := range []*Cipher{c, {one: c.one}} {
			got := slices.Clone(plain)
			if c.Encrypt(got); !slices.Equal(got, want) {
				t.Fatalf("key %x: %x, want %x", key, got, want)
			}
		}
	}
}
