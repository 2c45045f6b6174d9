package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/urfave/cli/v2"
)

func newManCommand(con *console) *cli.Command {
	return &cli.Command{
		Name:  "man",
		Usage: "print the manual page of all commands: stan man | man -l -",
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return usagef("man", "argument %q, want none", c.Args().First())
			}
			_, err := fmt.Fprint(con.out, manual(c.App))
			return err
		},
	}
}

// manual returns the page in man(7)'s form. That of urfave/cli lacks what commands say of themselves.
func manual(app *cli.App) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH STAN 1 \"\" \"stan %s\"\n.SH NAME\nstan \\- %s\n", roff(version), roff(app.Usage))
	b.WriteString(".SH SYNOPSIS\n\\fBstan\\fR \\fICOMMAND\\fR [\\fIFLAG\\fR ...] [\\fIFILE\\fR ...]\n.SH DESCRIPTION\n")
	b.WriteString(paragraphs(about))
	b.WriteString(".SH COMMANDS\n")
	for _, command := range app.VisibleCommands() {
		fmt.Fprintf(&b, ".SS %s\n", strings.TrimSpace("stan "+command.Name+" "+roff(command.ArgsUsage)))
		b.WriteString(paragraphs(strings.ToUpper(command.Usage[:1]) + command.Usage[1:] + ".\n\n" + command.Description))
		for _, flag := range command.VisibleFlags() {
			b.WriteString(flagEntry(flag))
		}
	}
	b.WriteString(".SH ENVIRONMENT\n" + paragraphs(aboutSettings))
	b.WriteString(".SH EXIT STATUS\n" + paragraphs(aboutStatus))
	return b.String()
}

var placeholder = regexp.MustCompile("`([^`]*)`")

// flagEntry describes a flag; the word of its usage between backquotes stands for the value.
func flagEntry(flag cli.Flag) string {
	var names []string
	for _, name := range flag.Names() {
		dashes := "--"
		if len(name) == 1 {
			dashes = "-"
		}
		names = append(names, `\fB`+roff(dashes+name)+`\fR`)
	}
	entry := strings.Join(names, ", ")
	doc, ok := flag.(cli.DocGenerationFlag)
	if !ok {
		return ".TP\n" + entry + "\n"
	}
	usage := doc.GetUsage()
	if value := placeholder.FindStringSubmatch(usage); value != nil {
		entry += ` \fI` + roff(value[1]) + `\fR`
	}
	text := placeholder.ReplaceAllString(usage, "$1")
	if value := doc.GetDefaultText(); doc.TakesValue() && value != "" {
		text += " (default: " + value + ")"
	}
	return ".TP\n" + entry + "\n" + roff(text) + "\n"
}

// paragraphs sets text whose paragraphs stand apart by empty lines; those that begin with a blank keep their lines.
func paragraphs(text string) string {
	parts := strings.Split(strings.TrimRight(text, "\n"), "\n\n")
	for i, part := range parts {
		if parts[i] = roff(part); strings.HasPrefix(part, " ") {
			parts[i] = ".nf\n" + parts[i] + "\n.fi"
		}
	}
	return strings.Join(parts, "\n.PP\n") + "\n"
}

// roff escapes what means something to the typesetter.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(text)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, ".") || strings.HasPrefix(line, "'") {
			lines[i] = `\&` + line
		}
	}
	return strings.Join(lines, "\n")
}
