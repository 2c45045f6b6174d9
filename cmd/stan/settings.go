package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"go.yaml.in/yaml/v3"
)

// addSettings gives a command what all commands share: --config and --log-format, the environment STAN_*, and usage
// errors that carry errUsage. A setting is looked for as flag, then in the environment, then in the file.
func addSettings(command *cli.Command, con *console) {
	command.Flags = append(command.Flags,
		&cli.StringFlag{Name: "config", Usage: "read settings from this YAML `FILE`: one key a flag"},
		&cli.StringFlag{Name: "log-format", Value: "auto",
			Usage: "progress as `auto|text|json`: auto draws a bar on a terminal and writes JSON lines elsewhere"},
	)
	command.OnUsageError = func(_ *cli.Context, err error, _ bool) error {
		return usagef(command.Name, "%w", explained(err, command.Flags))
	}
	command.Before = func(c *cli.Context) error {
		given := make(map[string]bool) // flags of the command line or the environment, by their first name
		for _, flag := range command.Flags {
			name := flag.Names()[0]
			if err := setFromEnvironment(c, command.Name, name); err != nil {
				return err
			}
			given[name] = c.IsSet(name)
		}
		if path := c.String("config"); path != "" {
			if err := setFromFile(c, command, path, given); err != nil {
				return err
			}
		}
		if err := con.SetFormat(c.String("log-format")); err != nil {
			return usagef(command.Name, "--log-format: %w", err)
		}
		if err := con.StartMetrics(command.Name, c.String("metrics-file"), c.String("metrics-listen")); err != nil {
			return err
		}
		return checkOrder(c, command.Name)
	}
}

// setFromEnvironment sets a flag that the command line lacks from STAN_NAME.
func setFromEnvironment(c *cli.Context, command, name string) error {
	variable := variableOf(name)
	value, found := os.LookupEnv(variable)
	if !found || c.IsSet(name) {
		return nil
	}
	if err := c.Set(name, value); err != nil {
		return usagef(command, "environment %s=%q: %w", variable, value, err)
	}
	return nil
}

// variableOf returns the environment variable of a flag.
func variableOf(flag string) string {
	return "STAN_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// setFromFile sets the flags that neither command line nor environment gave from a YAML mapping of flag names. A key
// that is no flag, or stands twice, or has a value of the wrong type is an error that names its line.
func setFromFile(c *cli.Context, command *cli.Command, path string, given map[string]bool) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return usagef(command.Name, "--config: %w", err)
	}
	settings, err := parseSettings(content)
	if err != nil {
		return usagef(command.Name, "%s: %w", path, err)
	}
	var names []string
	for _, flag := range command.Flags {
		if name := flag.Names()[0]; name != "config" {
			names = append(names, name)
		}
	}
	for _, s := range settings {
		if !slices.Contains(names, s.key) {
			return usagef(command.Name, "%s: line %d: key %q is no setting of %s%s",
				path, s.line, s.key, command.Name, didYouMean(s.key, names))
		}
		if given[s.key] {
			continue
		}
		if err := c.Set(s.key, s.value); err != nil {
			return usagef(command.Name, "%s: line %d: key %q, value %q: %w", path, s.line, s.key, s.value, err)
		}
	}
	return nil
}

type setting struct {
	key, value string
	line       int
}

// parseSettings reads one YAML mapping of keys to scalars or lists of scalars; a list becomes its comma-separated form.
func parseSettings(content []byte) ([]setting, error) {
	decoder := yaml.NewDecoder(strings.NewReader(string(content)))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, errors.New("the file holds no settings, want at least one `key: value`")
	} else if err != nil {
		return nil, err
	}
	var second yaml.Node
	if err := decoder.Decode(&second); err == nil {
		return nil, fmt.Errorf("line %d: a second document begins, want one", second.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, err
	}
	root := document.Content[0]
	if root.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("line %d: want a mapping of `key: value`", root.Line)
	}
	var settings []setting
	lines := make(map[string]int)
	for i := 0; i < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if before, twice := lines[key.Value]; twice {
			return nil, fmt.Errorf("line %d: key %q stands twice, first in line %d", key.Line, key.Value, before)
		}
		lines[key.Value] = key.Line
		text, err := scalarText(value)
		if err != nil {
			return nil, fmt.Errorf("line %d: key %q: %w", value.Line, key.Value, err)
		}
		settings = append(settings, setting{key.Value, text, key.Line})
	}
	return settings, nil
}

func scalarText(node *yaml.Node) (string, error) {
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag != "!!null":
		return node.Value, nil
	case node.Kind == yaml.SequenceNode:
		items := make([]string, len(node.Content))
		for i, item := range node.Content {
			if item.Kind != yaml.ScalarNode || item.Tag == "!!null" {
				return "", errors.New("want a list of plain values")
			}
			items[i] = item.Value
		}
		return strings.Join(items, ","), nil
	default:
		return "", errors.New("want a value or a list of values")
	}
}

// checkOrder refuses a flag that stands after the first file: the flag package would take it for a file.
func checkOrder(c *cli.Context, command string) error {
	for _, arg := range c.Args().Slice() {
		if len(arg) > 1 && arg[0] == '-' {
			return usagef(command, "flag %q stands after a file, want flags first (or ./%s for a file of that name)", arg, arg)
		}
	}
	return nil
}

// didYouMean returns `, did you mean "x"?` for the nearest of the candidates, or nothing when none is near.
func didYouMean(word string, candidates []string) string {
	best, bestDistance := "", 1+len(word)/2
	for _, candidate := range candidates {
		if d := editDistance(word, candidate); d < bestDistance {
			best, bestDistance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %q?", best)
}

// editDistance returns the Levenshtein distance of two words in bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitution := diagonal
			if a[i] != b[j] {
				substitution++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitution, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
