package aesblocks

import "golang.org/x/sys/cpu"

// expand returns the round keys of FIPS 197, or nil if the processor has no AES instructions.
func expand(key *[16]byte) *[11]Block {
	if !cpu.X86.HasAES {
		return nil
	}
	keys := new([11]Block)
	expandKey(keys, key)
	return keys
}

//go:noescape
func expandKey(keys *[11]Block, key *[16]byte)

//go:noescape
func encryptBlocks(keys *[11]Block, blocks *[side]Block)
