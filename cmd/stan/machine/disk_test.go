package machine

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/procfs"
)

func TestDiskOfAFolder(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	mounts := []*procfs.MountInfo{
		{MountPoint: "/", FSType: "ext4"}, {MountPoint: dir, FSType: "tmpfs"}, {MountPoint: dir, FSType: "nfs4"},
		{MountPoint: dir + "x", FSType: "xfs"},
	}
	for place, kind := range map[string]string{dir: "nfs4", link: "nfs4", filepath.Dir(dir): "ext4"} {
		disk, err := ReadDisk(place, mounts)
		if err != nil || disk.Kind != kind || disk.Free <= 0 {
			t.Errorf("ReadDisk(%s) = %+v, %v, want %s with room", place, disk, err, kind)
		}
	}
	if _, err := ReadDisk(filepath.Join(dir, "missing"), mounts); err == nil {
		t.Error("a folder that is missing has a disk")
	}
}

func TestTryWritingLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	if err := TryWriting(dir); err != nil {
		t.Error(err)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) > 0 {
		t.Errorf("left %v, %v", names, err)
	}
	if err := TryWriting(filepath.Join(dir, "missing")); err == nil {
		t.Error("a folder that is missing was written to")
	}
	if err := TryWriting("/proc"); err == nil { // root may write to any other read-only folder
		t.Error("/proc was written to")
	}
}
