// Package aesblocks encrypts many independent blocks with AES-128. crypto/aes takes them one by one, each waiting for the
// ten rounds of its own; here eight go through the rounds together, where the processor has AES instructions.
package aesblocks

import (
	"crypto/aes"
	"crypto/cipher"
)

// Block is a block of AES.
type Block = [aes.BlockSize]byte

// side is how many blocks are encrypted side by side.
const side = 8

// Cipher encrypts under one key. It may be used by several goroutines.
type Cipher struct {
	one       cipher.Block
	roundKeys *[11]Block // nil where blocks are encrypted one by one
}

// New returns the cipher of a key.
func New(key [16]byte) *Cipher {
	one, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the length is right
	}
	return &Cipher{one, expand(&key)}
}

// Encrypt replaces every block by what it is encrypted.
func (c *Cipher) Encrypt(blocks []Block) {
	if c.roundKeys != nil {
		for ; len(blocks) >= side; blocks = blocks[side:] {
			encryptBlocks(c.roundKeys, (*[side]Block)(blocks))
		}
	}
	for i := range blocks {
		c.one.Encrypt(blocks[i][:], blocks[i][:])
	}
}
