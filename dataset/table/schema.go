package table

import (
	"fmt"
	"slices"
	"unicode"
	"unicode/utf8"
)

// Column is one attribute of a row.
type Column struct {
	Name string `json:"name"`

	// Classes is the number of classes of a discrete column, whose values are the whole numbers from 0 below it; 0 for a
	// continuous column, whose values are any finite numbers.
	Classes int `json:"classes,omitempty"`

	// ClassNames are what files spell the classes, where they are text; then there are Classes of them.
	ClassNames []string `json:"class_names,omitempty"`
}

// Discrete reports whether the column holds classes.
func (c Column) Discrete() bool { return c.Classes > 0 }

// Check tells whether v is a value of the column.
func (c Column) Check(v float64) error {
	switch {
	case c.Discrete() && !(v >= 0 && v < float64(c.Classes) && v == float64(int(v))):
		return fmt.Errorf("%g, want a class of 0 to %d", v, c.Classes-1)
	case v-v != 0:
		return fmt.Errorf("%g, want a finite number", v)
	}
	return nil
}

// Schema describes a table's files: two columns tell whose row it is and when, the others hold its values.
type Schema struct {
	Entity  string   `json:"entity"`
	Time    string   `json:"time"`
	Columns []Column `json:"columns"`
}

// Bounds of a schema, so that none asks for more than a table can be.
const (
	maxColumns = 500
	maxClasses = 1 << 16
	maxName    = 256 // bytes
)

// Validate tells the first thing that no table can have.
func (s Schema) Validate() error {
	if n := len(s.Columns); n < 1 || n > maxColumns {
		return fmt.Errorf("%d columns of values, want 1 to %d", n, maxColumns)
	}
	names := map[string]bool{}
	for _, name := range s.Names() {
		if !ValidName(name) {
			return fmt.Errorf("column name %.300q, want 1 to %d bytes of printable text", name, maxName)
		}
		if names[name] {
			return fmt.Errorf("column %q twice", name)
		}
		names[name] = true
	}
	for _, c := range s.Columns {
		if err := c.validate(); err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
	}
	return nil
}

func (c Column) validate() error {
	if c.Classes < 0 || c.Classes > maxClasses {
		return fmt.Errorf("%d classes, want 1 to %d, or 0 for a continuous column", c.Classes, maxClasses)
	}
	if n := len(c.ClassNames); n != 0 && n != c.Classes {
		return fmt.Errorf("%d class names, want one for each of %d classes", n, c.Classes)
	}
	seen := make(map[string]bool, len(c.ClassNames))
	for _, name := range c.ClassNames {
		if seen[name] || len(name) > maxName || !utf8.ValidString(name) {
			return fmt.Errorf("class name %.300q, want each once, of at most %d bytes", name, maxName)
		}
		seen[name] = true
	}
	return nil
}

// Names lists the columns of a file.
func (s Schema) Names() []string {
	names := []string{s.Entity, s.Time}
	for _, c := range s.Columns {
		names = append(names, c.Name)
	}
	return names
}

// ValidName tells whether text can name a column or an entity.
func ValidName(text string) bool {
	if len(text) < 1 || len(text) > maxName || !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// Equal tells whether rows of both schemas can stand in one table.
func (s Schema) Equal(o Schema) bool {
	return s.Entity == o.Entity && s.Time == o.Time && slices.EqualFunc(s.Columns, o.Columns, func(c, d Column) bool {
		return c.Name == d.Name && c.Classes == d.Classes && slices.Equal(c.ClassNames, d.ClassNames)
	})
}
