package dataset

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/netsampler/goflow2/v2/decoders/netflow"
)

// maxExporters bounds what is kept of exporters.
const maxExporters = 1024

// exporter is what is known of an exporter.
type exporter struct {
	templates
	started map[uint32]uint64 // ms since 1970 at which it began, by IPFIX's observation domain
}

// maxDomains bounds an exporter's observation domains.
const maxDomains = 4096

// systemInit is the element that tells in IPFIX when an exporter began, in ms since 1970; elements 21 and 22 count from it.
const systemInit = 160

// maxUptime is longer than exporters stay up, and shorter than since 1970, where one began whose clock was not set.
const maxUptime = 10 * 366 * 24 * time.Hour

// learnStart keeps when an exporter began, if a record of a message says so: the last one holds, as it may have begun anew.
// One that lies behind the message by more than a minute, or far before it, is none.
func (e *exporter) learnStart(message *netflow.IPFIXPacket, record []netflow.DataField) {
	for _, v := range record {
		raw, ok := v.Value.([]byte)
		if !ok || v.Type != systemInit || v.PenProvided || len(raw) != 8 {
			continue
		}
		began, sent := binary.BigEndian.Uint64(raw), uint64(message.ExportTime)*1000
		if began > sent+60_000 || began+uint64(maxUptime.Milliseconds()) < sent {
			continue
		}
		domain := message.ObservationDomainId
		if _, known := e.started[domain]; known || len(e.started) < maxDomains {
			e.started[domain] = began
		}
	}
}

// clockAt returns the clock of a message.
func (e *exporter) clockAt(message *netflow.IPFIXPacket) exportClock {
	began, told := e.started[message.ObservationDomainId]
	return exportClock{
		seconds: int64(message.ExportTime), uptime: uint32(uint64(message.ExportTime)*1000 - began), counted: told,
	}
}

// templates are those of one exporter, by version, domain and number.
type templates map[templateKey]interface{}

type templateKey struct {
	version uint16
	domain  uint32
	id      uint16
}

// maxTemplates bounds an exporter's templates.
const maxTemplates = 4096

// AddTemplate refuses a template with a field of no bytes: a message could hold any number of records of it. One without
// fields withdraws.
func (t templates) AddTemplate(version uint16, domain uint32, id uint16, template interface{}) error {
	key := templateKey{version, domain, id}
	var fields []netflow.Field
	switch template := template.(type) {
	case netflow.TemplateRecord:
		fields = template.Fields
	case netflow.NFv9OptionsTemplateRecord:
		fields = slices.Concat(template.Scopes, template.Options)
	case netflow.IPFIXOptionsTemplateRecord:
		fields = slices.Concat(template.Scopes, template.Options)
	}
	if len(fields) == 0 {
		t.withdraw(key)
		return nil
	}
	if slices.ContainsFunc(fields, func(f netflow.Field) bool { return f.Length == 0 }) {
		return fmt.Errorf("template %d: a field of 0 bytes", id)
	}
	if len(t) >= maxTemplates {
		return fmt.Errorf("template %d: more than %d templates", id, maxTemplates)
	}
	t[key] = template
	return nil
}

// withdraw forgets a template, or all of a domain by the number of a set of templates (RFC 7011, section 8.1).
func (t templates) withdraw(key templateKey) {
	const ofTemplates = 2
	if key.id > 3 {
		delete(t, key)
		return
	}
	maps.DeleteFunc(t, func(k templateKey, template interface{}) bool {
		_, ofData := template.(netflow.TemplateRecord)
		return k.version == key.version && k.domain == key.domain && ofData == (key.id == ofTemplates)
	})
}

func (t templates) GetTemplate(version uint16, domain uint32, id uint16) (interface{}, error) {
	if template, known := t[templateKey{version, domain, id}]; known {
		return template, nil
	}
	return nil, netflow.ErrorTemplateNotFound
}

// RemoveTemplate and GetTemplates complete the decoder's interface; it calls neither.
func (t templates) RemoveTemplate(uint16, uint32, uint16) (interface{}, error) {
	return nil, netflow.ErrorTemplateNotFound
}

func (t templates) GetTemplates() netflow.FlowBaseTemplateSet { return nil }

// exportClock makes times of what records count from: the exporter's start or the message.
type exportClock struct {
	seconds int64  // when the message was sent, since 1970
	micros  int64  // of that second
	uptime  uint32 // ms since the exporter's start, then
	counted bool   // whether that is known
}

// at returns µs since 1970 of a time in ms since the exporter's start, which may have wrapped since.
func (c exportClock) at(uptime uint32) int64 {
	return c.seconds*1e6 + c.micros + int64(int32(uptime-c.uptime))*1000
}
