package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"github.com/flynn/noise"
)

// What the Swift tests read: the same form as the transcripts of the Python package.
type transcript struct {
	Pattern            string      `json:"pattern"`
	Prologue           string      `json:"prologue"`
	Psk                *string     `json:"psk"`
	InitiatorStatic    *string     `json:"initiatorStatic"`
	ResponderStatic    *string     `json:"responderStatic"`
	InitiatorEphemeral string      `json:"initiatorEphemeral"`
	ResponderEphemeral string      `json:"responderEphemeral"`
	Messages           []message   `json:"messages"`
	HandshakeHash      string      `json:"handshakeHash"`
	Transport          []transport `json:"transport"`
}

type message struct {
	Payload string `json:"payload"`
	Message string `json:"message"`
}

type transport struct {
	Initiator  bool   `json:"initiator"`
	Rekey      bool   `json:"rekey"`
	Plaintext  string `json:"plaintext"`
	Ciphertext string `json:"ciphertext"`
}

var fundamental = []noise.HandshakePattern{noise.HandshakeN, noise.HandshakeK, noise.HandshakeX, noise.HandshakeNN, noise.HandshakeNK,
	noise.HandshakeNX, noise.HandshakeXN, noise.HandshakeXK, noise.HandshakeXX, noise.HandshakeKN, noise.HandshakeKK, noise.HandshakeKX,
	noise.HandshakeIN, noise.HandshakeIK, noise.HandshakeIX}

// derive makes bytes from a label, so that the file comes out the same every time.
func derive(size int, label ...interface{}) []byte {
	output := []byte{}
	for counter := 0; len(output) < size; counter++ {
		sum := sha256.Sum256([]byte(fmt.Sprint("flynn/noise", label, counter)))
		output = append(output, sum[:]...)
	}
	return output[:size]
}

func text(bytes []byte) *string {
	text := hex.EncodeToString(bytes)
	return &text
}

func contains(tokens [][]noise.MessagePattern, token noise.MessagePattern, initiator bool) bool {
	for index, message := range tokens {
		for _, found := range message {
			if found == token && (index%2 == 0) == initiator {
				return true
			}
		}
	}
	return false
}

// record runs both sides of a handshake; psk is the place of the pre-shared key, or -1.
func record(pattern noise.HandshakePattern, psk int) transcript {
	name := pattern.Name
	if psk >= 0 {
		name += fmt.Sprint("psk", psk)
	}
	result := transcript{Pattern: name, Prologue: hex.EncodeToString(derive(len(name)*7, name, "prologue"))}
	private := map[string][]byte{}
	for _, key := range []string{"is", "ie", "rs", "re"} {
		private[key] = derive(32, name, key)
	}
	result.InitiatorEphemeral, result.ResponderEphemeral = *text(private["ie"]), *text(private["re"])
	initiatorHas := contains(pattern.Messages, noise.MessagePatternS, true) || len(pattern.InitiatorPreMessages) > 0
	responderHas := contains(pattern.Messages, noise.MessagePatternS, false) || len(pattern.ResponderPreMessages) > 0
	configs := make([]noise.Config, 2)
	for index, role := range []string{"i", "r"} {
		configs[index] = noise.Config{CipherSuite: suite, Pattern: pattern, Initiator: index == 0, Prologue: derive(len(name)*7, name, "prologue"),
			Random: bytes.NewReader(private[role+"e"])}
		if psk >= 0 {
			key := derive(32, name, "psk")
			configs[index].PresharedKey, configs[index].PresharedKeyPlacement = key, psk
			result.Psk = text(key)
		}
	}
	if initiatorHas {
		configs[0].StaticKeypair = pair(private["is"])
		result.InitiatorStatic = text(private["is"])
	}
	if responderHas {
		configs[1].StaticKeypair = pair(private["rs"])
		result.ResponderStatic = text(private["rs"])
	}
	if len(pattern.ResponderPreMessages) > 0 {
		configs[0].PeerStatic = pair(private["rs"]).Public
	}
	if len(pattern.InitiatorPreMessages) > 0 {
		configs[1].PeerStatic = pair(private["is"]).Public
	}
	states := make([]*noise.HandshakeState, 2)
	for index := range configs {
		state, err := noise.NewHandshakeState(configs[index])
		check(err)
		states[index] = state
	}
	var ciphers [2][2]*noise.CipherState
	for turn := range pattern.Messages {
		payload := derive(turn*19, name, "payload", turn)
		written, first, second, err := states[turn%2].WriteMessage(nil, payload)
		check(err)
		ciphers[turn%2] = [2]*noise.CipherState{first, second}
		read, first, second, err := states[1-turn%2].ReadMessage(nil, written)
		check(err)
		ciphers[1-turn%2] = [2]*noise.CipherState{first, second}
		require(bytes.Equal(read, payload), "payload")
		result.Messages = append(result.Messages, message{hex.EncodeToString(payload), hex.EncodeToString(written)})
	}
	result.HandshakeHash = hex.EncodeToString(states[0].ChannelBinding())
	for step := 0; step < 6; step++ {
		// The first cipher is the initiator's; a pattern of one message knows no other.
		side, direction := step%2, step%2
		if len(pattern.Messages) == 1 {
			side, direction = 0, 0
		}
		rekey := step == 2 || step == 3
		if rekey {
			ciphers[0][direction].Rekey()
			ciphers[1][direction].Rekey()
		}
		plaintext := derive(step*37, name, "transport", step)
		ciphertext, err := ciphers[side][direction].Encrypt(nil, nil, plaintext)
		check(err)
		opened, err := ciphers[1-side][direction].Decrypt(nil, nil, ciphertext)
		check(err)
		require(bytes.Equal(opened, plaintext), "transport")
		result.Transport = append(result.Transport, transport{side == 0, rekey, hex.EncodeToString(plaintext), hex.EncodeToString(ciphertext)})
	}
	return result
}

// vectors prints a transcript of each fundamental pattern, without and with a pre-shared key at each place that it can have.
func vectors() {
	all := []transcript{}
	for _, pattern := range fundamental {
		for psk := -1; psk <= len(pattern.Messages); psk++ {
			all = append(all, record(pattern, psk))
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "")
	check(encoder.Encode(all))
}
