package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"stan/dataset/table"
)

// maxManifestBytes bounds what a reader takes into memory: about a million files.
const maxManifestBytes = 256 << 20

// maxFileRows is far above any real file, and keeps sums from overflowing.
const maxFileRows = 1 << 40

// Manifest describes a folder of flows, or of a table, whose entities stand for hosts. It holds nothing that differs between two runs on the same rows.
type Manifest struct {
	SchemaVersion int               `json:"schema_version"`
	Format        string            `json:"format"`             // one of WriteFormats
	Tool          string            `json:"tool"`               // what wrote the folder, with its version
	Internal      []netip.Prefix    `json:"internal,omitempty"` // of flows
	Buckets       int               `json:"buckets,omitempty"`  // of flows
	Table         *table.Schema     `json:"table,omitempty"`    // of a table
	Rows          int64             `json:"rows"`
	Hosts         int64             `json:"hosts"`
	First         time.Time         `json:"first"` // earliest start, UTC
	Last          time.Time         `json:"last"`  // latest end, UTC
	Files         []FileInfo        `json:"files"`
	Ingest        *Summary          `json:"ingest,omitempty"` // what was read, where ingest wrote the folder
	TableIngest   *TableSummary     `json:"table_ingest,omitempty"`
	Metadata      map[string]string `json:"metadata,omitempty"` // of the generator: model digest, seed ...
}

// FileInfo describes one data file.
type FileInfo struct {
	Path   string `json:"path"` // below the folder, with slashes
	Bytes  int64  `json:"bytes"`
	Rows   int64  `json:"rows"`
	Hosts  int64  `json:"hosts"`
	SHA256 string `json:"sha256"` // of the whole file, hexadecimal
}

// readManifest reads and checks dir's manifest. The errors say what is wrong with it, not yet where.
func readManifest(dir string) (Manifest, error) {
	var m Manifest
	file, err := os.Open(filepath.Join(dir, manifestName))
	if err != nil {
		return m, readError(err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxManifestBytes+1))
	if err != nil {
		return m, readError(err)
	}
	if len(content) > maxManifestBytes {
		return m, fmt.Errorf("%w: more than %d bytes", ErrInput, maxManifestBytes)
	}
	if err := json.Unmarshal(content, &m); err != nil {
		return m, fmt.Errorf("%w: %w", ErrInput, err)
	}
	if err := m.check(); err != nil {
		return m, fmt.Errorf("%w: %w", ErrInput, err)
	}
	return m, nil
}

// check returns the first contradiction in m.
func (m *Manifest) check() error {
	if m.SchemaVersion != SchemaVersion {
		return fmt.Errorf("schema version %d, want %d", m.SchemaVersion, SchemaVersion)
	}
	if !slices.Contains(WriteFormats(), m.Format) {
		return fmt.Errorf("format %q, want one of %s", m.Format, strings.Join(WriteFormats(), ", "))
	}
	if m.Table != nil {
		if err := m.Table.Validate(); err != nil {
			return fmt.Errorf("table: %w", err)
		}
	}
	if m.Last.Before(m.First) {
		return fmt.Errorf("last flow ends %v, before the first starts, %v", m.Last, m.First)
	}
	var rows, hosts int64
	seen := make(map[string]bool)
	for _, f := range m.Files {
		switch {
		case !filepath.IsLocal(filepath.FromSlash(f.Path)) || strings.HasPrefix(f.Path, "_"):
			return fmt.Errorf("file %q is not a data file below the folder", f.Path)
		case seen[f.Path]:
			return fmt.Errorf("file %q stands twice", f.Path)
		case f.Rows < 1 || f.Hosts < 1 || f.Bytes < 1:
			return fmt.Errorf("file %q: %d rows, %d hosts, %d bytes, want at least 1 of each", f.Path, f.Rows, f.Hosts, f.Bytes)
		case f.Rows > maxFileRows || f.Hosts > f.Rows:
			return fmt.Errorf("file %q: %d rows of %d hosts, want at most %d and no more hosts than rows",
				f.Path, f.Rows, f.Hosts, int64(maxFileRows))
		case len(f.SHA256) != 64:
			return fmt.Errorf("file %q: digest %q, want 64 hexadecimal digits", f.Path, f.SHA256)
		}
		seen[f.Path] = true
		rows += f.Rows
		hosts += f.Hosts
	}
	if rows != m.Rows || hosts != m.Hosts {
		return fmt.Errorf("%d rows of %d hosts, but its files add up to %d of %d", m.Rows, m.Hosts, rows, hosts)
	}
	if rows == 0 {
		return errors.New("no rows")
	}
	return nil
}

// footer returns what every data file repeats of m.
func (m *Manifest) footer() map[string]string {
	networks := make([]string, len(m.Internal))
	for i, prefix := range m.Internal {
		networks[i] = prefix.String()
	}
	footer := map[string]string{"tool": m.Tool, "internal": strings.Join(networks, ",")}
	maps.Copy(footer, m.Metadata)
	return footer
}

// encode returns m as JSON that ends with a line feed.
func (m *Manifest) encode() ([]byte, error) {
	content, err := json.MarshalIndent(m, "", "  ")
	return append(content, '\n'), err
}
