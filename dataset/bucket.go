package dataset

import (
	"fmt"
	"net/netip"
)

// defaultBuckets keeps folders of small captures small and lets readers of large ones work in parallel.
const defaultBuckets = 16

// maxBuckets is what three digits can name.
const maxBuckets = 1000

// bucketOf returns the bucket of a host: FNV-1a, 64 bits, over the 4 or 16 bytes of its address, modulo n.
func bucketOf(host netip.Addr, n int) int {
	hash := uint64(14695981039346656037)
	if host.Is4() {
		for _, b := range host.As4() {
			hash = (hash ^ uint64(b)) * 1099511628211
		}
	} else {
		for _, b := range host.As16() {
			hash = (hash ^ uint64(b)) * 1099511628211
		}
	}
	return int(hash % uint64(n))
}

// bucketFile returns the path of a bucket's data file inside the folder, with slashes.
func bucketFile(bucket int, format string) string {
	extension := "parquet"
	if format != FormatParquet {
		extension = findFormat(format).extension
	}
	return fmt.Sprintf("bucket=%03d/part-00000.%s", bucket, extension)
}
