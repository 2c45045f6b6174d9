package machine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"
	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// Disk is what a folder's file system has.
type Disk struct {
	Kind       string // ext4, nfs4, tmpfs, ...
	Free       int64  // bytes for this user
	FreeInodes uint64 // 0 where the file system does not count them
	Inodes     uint64
}

// ReadDisk describes the file system of dir, which must be there.
func ReadDisk(dir string, mounts []*procfs.MountInfo) (Disk, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return Disk{}, fmt.Errorf("%s: %w", dir, err)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return Disk{}, err
	}
	if real, err = filepath.Abs(real); err != nil {
		return Disk{}, err
	}
	return Disk{
		Kind: mountKind(real, mounts), Free: int64(s.Bavail) * s.Bsize, FreeInodes: s.Ffree, Inodes: s.Files,
	}, nil
}

// mountKind returns the type of the innermost mount that holds an absolute path; of two at one place the later hides the other.
func mountKind(dir string, mounts []*procfs.MountInfo) string {
	kind, longest := "", 0
	for _, m := range mounts {
		at := strings.TrimSuffix(m.MountPoint, "/")
		if (dir == at || strings.HasPrefix(dir, at+"/")) && len(m.MountPoint) >= longest {
			kind, longest = m.FSType, len(m.MountPoint)
		}
	}
	return kind
}

// TryWriting does in dir what a run does to a result: locks, writes, syncs and renames a file; and removes it.
func TryWriting(dir string) (err error) {
	file, err := os.CreateTemp(dir, ".stan-doctor-*")
	if err != nil {
		return err
	}
	name := file.Name()
	defer func() {
		err = errors.Join(err, file.Close(), os.Remove(name))
	}()
	lock := flock.New(name)
	if _, err := lock.TryLock(); err != nil {
		return fmt.Errorf("lock: %w", err)
	}
	if err := lock.Unlock(); err != nil {
		return fmt.Errorf("unlock: %w", err)
	}
	if _, err := file.Write(make([]byte, 64<<10)); err != nil { // a quota that is used up shows
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := os.Rename(name, name+"-renamed"); err != nil {
		return err
	}
	name += "-renamed"
	return nil
}
