// log - what Go's sumdb says of an evidence file's checkpoint, inclusion and consistency proofs
//
//	log DIRECTORY...        # unpacked containers; one line each, "yes" or "no: reason"
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type proof struct {
	Seq     int64    `json:"seq"`
	Size    int64    `json:"size"`
	OldSize int64    `json:"old_size"`
	OldRoot string   `json:"old_root"`
	Hashes  []string `json:"hashes"`
}

type checkpoint struct {
	size int64
	root tlog.Hash
}

func hash(text string) (h tlog.Hash, err error) {
	octets, err := hex.DecodeString(text)
	if err != nil || len(octets) != tlog.HashSize {
		octets, err = base64.StdEncoding.DecodeString(text)
	}
	if err == nil && len(octets) != tlog.HashSize {
		err = errors.New("a hash of another length")
	}
	copy(h[:], octets)
	return h, err
}

func (p proof) path() (list []tlog.Hash, err error) {
	for _, text := range p.Hashes {
		h, err := hash(text)
		if err != nil {
			return nil, err
		}
		list = append(list, h)
	}
	return list, nil
}

func load(name string) (p proof, path []tlog.Hash, err error) {
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err == nil {
		path, err = p.path()
	}
	return p, path, err
}

func verifier(name, origin string) (note.Verifier, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM in " + name)
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	raw, ok := key.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("no Ed25519 key")
	}
	encoded, err := note.NewEd25519VerifierKey(origin, raw)
	if err != nil {
		return nil, err
	}
	return note.NewVerifier(encoded)
}

func open(signed []byte, key note.Verifier) (c checkpoint, err error) {
	n, err := note.Open(signed, note.VerifierList(key))
	if err != nil {
		return c, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != key.Name() {
		return c, errors.New("no checkpoint")
	}
	if c.size, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return c, err
	}
	c.root, err = hash(lines[2])
	return c, err
}

// The checkpoint that a reminder carried, nil when there is none.
func carried(name string) []byte {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	m, err := mail.ReadMessage(bytes.NewReader(text))
	if err != nil {
		return nil
	}
	value := strings.Join(strings.Fields(m.Header.Get("Temoin-Checkpoint")), "")
	signed, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(signed) == 0 {
		return nil
	}
	return signed
}

// Every checkpoint that went out with a reminder must have its proof; a batch's may.
func linked(head, old checkpoint, roots map[int64]tlog.Hash, must bool) error {
	if old.size == head.size && old.root == head.root {
		return nil
	}
	if root, known := roots[old.size]; (must || known) && root != old.root {
		return fmt.Errorf("no consistency proof from the checkpoint of size %d", old.size)
	}
	return nil
}

func judge(directory string) error {
	signed, err := os.ReadFile(filepath.Join(directory, "log/checkpoint"))
	if err != nil {
		return err
	}
	origin := strings.SplitN(string(signed), "\n", 2)[0]
	key, err := verifier(filepath.Join(directory, "log/log.pub.pem"), origin)
	if err != nil {
		return err
	}
	head, err := open(signed, key)
	if err != nil {
		return err
	}
	records := 0
	proofs, _ := filepath.Glob(filepath.Join(directory, "log/*.proof.json"))
	for _, name := range proofs {
		stem := strings.TrimSuffix(filepath.Base(name), ".proof.json")
		p, path, err := load(name)
		if err != nil {
			return fmt.Errorf("%s: %v", name, err)
		}
		record, err := os.ReadFile(filepath.Join(directory, "entries", stem+".json"))
		if err != nil {
			return err
		}
		if p.Size != head.size {
			return fmt.Errorf("%s: of another tree", name)
		}
		if err = tlog.CheckRecord(path, head.size, head.root, p.Seq-1, tlog.RecordHash(record)); err != nil {
			return fmt.Errorf("%s: %v", name, err)
		}
		records++
	}
	entries, _ := filepath.Glob(filepath.Join(directory, "entries/*.json.p7s"))
	if records == 0 || records != len(entries) {
		return fmt.Errorf("%d inclusion proofs for %d entries", records, len(entries))
	}
	roots := map[int64]tlog.Hash{}
	links, _ := filepath.Glob(filepath.Join(directory, "log/consistency-*.json"))
	for _, name := range links {
		p, path, err := load(name)
		if err != nil {
			return fmt.Errorf("%s: %v", name, err)
		}
		old, err := hash(p.OldRoot)
		if err != nil || p.Size != head.size {
			return fmt.Errorf("%s: of another tree", name)
		}
		if err = tlog.CheckTree(path, head.size, head.root, p.OldSize, old); err != nil {
			return fmt.Errorf("%s: %v", name, err)
		}
		roots[p.OldSize] = old
	}
	earlier, _ := filepath.Glob(filepath.Join(directory, "batches/*.checkpoint"))
	messages, _ := filepath.Glob(filepath.Join(directory, "entries/*.eml"))
	for _, name := range append(earlier, messages...) {
		text := carried(name)
		if strings.HasSuffix(name, ".checkpoint") {
			if text, err = os.ReadFile(name); err != nil {
				return err
			}
		}
		if text == nil {
			continue
		}
		old, err := open(text, key)
		if err == nil {
			err = linked(head, old, roots, !strings.HasPrefix(filepath.Base(filepath.Dir(name)), "batches"))
		}
		if err != nil {
			return fmt.Errorf("%s: %v", name, err)
		}
	}
	return nil
}

func main() {
	for _, directory := range os.Args[1:] {
		if err := judge(directory); err != nil {
			fmt.Println("no:", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("yes")
		}
	}
}
