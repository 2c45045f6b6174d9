// Layers checks which package may import which, in every file of the repository whatever its build tags:
//
//	cmd -> torchmodel, evaluate -> gotorch -> gotorch/libtorch    cmd, torchmodel, evaluate -> dataset
//
// and that each heavy dependency stays in its one layer. It prints `file:line: what is wrong` and exits with 1.
package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
)

const gotorch = "github.com/wangkuiyi/gotorch"

// layers maps a folder to the packages of ours that it may import besides its own subfolders. A file belongs to the
// longest folder that holds it, a folder that is not listed may import none.
var layers = map[string][]string{
	"cmd":                  {"stan/torchmodel", "stan/evaluate", "stan/dataset", gotorch},
	"torchmodel":           {"stan/dataset", gotorch},
	"evaluate":             {"stan/dataset", gotorch},
	"dataset":              {},
	"scripts/paper":        {"stan/dataset"},
	"cgo/gotorch":          {gotorch},
	"cgo/gotorch/libtorch": {},
}

// only maps an import, of others, to the one folder that may have it.
var only = map[string]string{
	"C":                     "cgo/gotorch/libtorch",
	"github.com/urfave/cli": "cmd",
	"github.com/parquet-go": "dataset",
	"stan/cmd":              "cmd",
	gotorch + "/libtorch":   "cgo/gotorch",
}

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	faults, err := check(os.DirFS(root))
	if err != nil {
		fmt.Fprintln(os.Stderr, "layers:", err)
		os.Exit(2)
	}
	for _, f := range faults {
		fmt.Println(f)
	}
	if len(faults) > 0 {
		os.Exit(1)
	}
}

// check returns one line for each import that breaks a rule.
func check(tree fs.FS) ([]string, error) {
	var faults []string
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") {
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, name, source, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := refuse(name, imported); why != "" {
				faults = append(faults, fmt.Sprintf("%s: imports %q: %s", files.Position(spec.Pos()), imported, why))
			}
		}
		return nil
	})
	return faults, err
}

// refuse says why the file may not have the import, or returns "".
func refuse(file, imported string) string {
	for path, folder := range only {
		if within(imported, path) && !within(file, folder) {
			return "only " + folder + " may"
		}
	}
	if !within(imported, "stan") && !within(imported, gotorch) {
		return ""
	}
	layer := ""
	for folder := range layers {
		if within(file, folder) && len(folder) > len(layer) {
			layer = folder
		}
	}
	if within(imported, "stan/"+layer) {
		return ""
	}
	if !slices.ContainsFunc(layers[layer], func(p string) bool { return within(imported, p) }) {
		return fmt.Sprintf("%s may import of ours only %v", layer, layers[layer])
	}
	return ""
}

// within reports whether path is folder or lies below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}
