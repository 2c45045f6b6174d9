package main

import (
	"os"
	"slices"
	"testing"
	"testing/fstest"
)

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		file, source string
		want         []string
	}{
		"a command may use everything below it": {
			file: "cmd/stan/a.go",
			source: "package main\nimport (\n_ \"stan/dataset\"\n_ \"stan/evaluate\"\n" +
				"_ \"github.com/wangkuiyi/gotorch\"\n_ \"github.com/urfave/cli/v2\"\n)",
		},
		"the data layer may not know tensors": {
			file:   "dataset/a.go",
			source: "package dataset\nimport \"github.com/wangkuiyi/gotorch/nn\"",
			want:   []string{`dataset/a.go:2:8: imports "github.com/wangkuiyi/gotorch/nn": dataset may import of ours only []`},
		},
		"a build tag hides nothing": {
			file:   "torchmodel/a.go",
			source: "//go:build ignore\n\npackage torchmodel\nimport \"C\"",
			want:   []string{`torchmodel/a.go:4:8: imports "C": only cgo/gotorch/libtorch may`},
		},
		"the bridge may call C": {
			file:   "cgo/gotorch/libtorch/a.go",
			source: "package libtorch\nimport \"C\"",
		},
		"the bridge may not look up": {
			file:   "cgo/gotorch/libtorch/a.go",
			source: "package libtorch\nimport \"github.com/wangkuiyi/gotorch\"",
			want: []string{`cgo/gotorch/libtorch/a.go:2:8: imports "github.com/wangkuiyi/gotorch": ` +
				`cgo/gotorch/libtorch may import of ours only []`},
		},
		"Parquet stays in the data layer": {
			file:   "evaluate/a.go",
			source: "package evaluate\nimport \"github.com/parquet-go/parquet-go\"",
			want:   []string{`evaluate/a.go:2:8: imports "github.com/parquet-go/parquet-go": only dataset may`},
		},
		"a longer name is another package": {
			file:   "evaluate/a.go",
			source: "package evaluate\nimport \"github.com/parquet-goose/x\"",
		},
		"test data are not ours": {
			file:   "dataset/testdata/a.go",
			source: "package x\nimport \"C\"",
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := check(fstest.MapFS{tc.file: {Data: []byte(tc.source)}})
			if err != nil || !slices.Equal(got, tc.want) {
				t.Errorf("check: got %q, %v, want %q", got, err, tc.want)
			}
		})
	}
}

func TestRepositoryKeepsItsLayers(t *testing.T) {
	got, err := check(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range got {
		t.Error(fault)
	}
}
