package dataset

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
)

// Source is one capture that ingest read.
type Source struct {
	Name   string `json:"name,omitempty"` // as it was given; none where addresses are replaced, as names often hold some
	Flows  int64  `json:"flows"`
	Digest string `json:"digest"` // hexadecimal: SHA-256 of the file as it stands; keyed where addresses are replaced
}

// newSourceDigest returns what makes a Source's digest. Under a key of pseudonyms it is keyed as well: whoever guesses
// the lines of a small capture could otherwise confirm the guess.
func newSourceDigest(key *PseudonymKey) hash.Hash {
	if key == nil {
		return sha256.New()
	}
	digest := hmac.New(sha256.New, key[:])
	digest.Write([]byte("stan source "))
	return digest
}

// sources lists the files that were read to their end.
func (g *ingester) sources() []Source {
	var list []Source
	for i, digest := range g.digests {
		s := Source{Flows: g.tally.perInput[i], Digest: hex.EncodeToString(digest)}
		if g.pseudonyms == nil {
			s.Name = g.inputName(i)
		}
		list = append(list, s)
	}
	return list
}

// checkTwice returns an error if a capture was read that stands among earlier ones, or twice now: its flows would count
// twice. Captures without a flow may well be equal.
func (g *ingester) checkTwice(earlier, now []Source) error {
	known := make(map[string]string)
	for i, s := range earlier {
		name := s.Name
		if name == "" {
			name = fmt.Sprintf("number %d of its captures", i+1)
		}
		known[s.Digest] = name + ", which the folder has already"
	}
	for i, s := range now {
		if s.Flows == 0 {
			continue
		}
		if first, twice := known[s.Digest]; twice {
			return fmt.Errorf("dataset: %s: %w: the same content as %s, want each capture once", g.inputName(i), ErrInput, first)
		}
		known[s.Digest] = g.inputName(i)
	}
	return nil
}
